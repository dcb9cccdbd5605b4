/// The real window over a history of its own, on no display unless QT_QPA_PLATFORM names one.
#pragma once

#include <gtest/gtest.h>

#include <QApplication>
#include <QTest>
#include <memory>

#include "framework/history/run_writer.h"
#include "framework/history/store.h"
#include "testing/testing.h"
#include "ui/app/main_window.h"
#include "ui/theme/theme.h"

namespace conclave::ui {

class UiTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"})
      ::setenv(name, (dir_ / name).c_str(), 1);
  }
  void TearDown() override { window_.reset(); }

  std::filesystem::path history() const { return dir_ / "history.db"; }
  /// Where the window is opened; empty: where it opens by itself.
  virtual const char* first_page() const { return ""; }
  /// Made at the first call; what is in the history by then is listed when it returns.
  MainWindow& window() {
    if (!window_) {
      window_ = std::make_unique<MainWindow>(history());
      if (*first_page()) window_->open_page(first_page());
      window_->show();
      EXPECT_TRUE(QTest::qWaitForWindowActive(window_.get()));  // a window manager takes its time
      wait_settled();
    }
    return *window_;
  }
  /// False when it does not become so within ten seconds.
  static bool wait(const std::function<bool()>& holds) { return QTest::qWaitFor(holds, 10000); }
  bool wait_settled() {
    return wait([this] { return window_->current_page()->settled(); });
  }
  template <class T>
  T* child(const char* name) {
    T* found = window().findChild<T*>(name);
    EXPECT_NE(found, nullptr) << name;
    return found;
  }
  void trigger(const char* action) {
    QAction* found = window().actions().find(action);
    ASSERT_NE(found, nullptr) << action;
    found->trigger();
  }
  /// For people to look at: NAME-light.png and NAME-dark.png of the window, or of another widget, in the
  /// folder that CONCLAVE_SCREENSHOTS names, where it is set.
  void keep_picture(const QString& name, QWidget* of = nullptr) {
    const QString folder = qEnvironmentVariable("CONCLAVE_SCREENSHOTS");
    if (folder.isEmpty()) return;
    for (const auto& [theme, ending] : {std::pair(Theme::dark, "-dark.png"), {Theme::light, "-light.png"}}) {
      apply_theme(*qApp, theme);
      QTest::qWait(50);  // until what was shown last is laid out
      (of ? of : &window())->grab().save(folder + "/" + name + ending);
    }
  }
  /// A finished run; returns its number.
  int64_t add_run(const std::string& name, double accuracy, int points = 100, const std::string& app = "vqa",
                  double lr = 0.1) {
    RunWriter run(
        history(),
        {app, "train", name, "", {"conclave-" + app, "train", "--lr", std::to_string(lr)}, "0.1.0", 7, ""});
    run.param("lr", lr, "flag (--lr)");
    run.param("mode", "experts", "default");
    run.describe_metric("accuracy", "", "max");
    for (int step = 0; step < points; ++step) {
      run.metric("loss", step, 1.0 / (step + 1));
      run.metric("accuracy", step, accuracy * (step + 1) / points);
    }
    run.event("warning", "expert 3 is dead", 40);
    run.finish("finished", 0);
    const Store store = Store::open(history());
    return *store.find_uuid(run.uuid());
  }
  testing::TempDir dir_;
  std::unique_ptr<MainWindow> window_;
};

}  // namespace conclave::ui
