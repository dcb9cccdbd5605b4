// One QApplication for the whole program, on no display.
#include <gtest/gtest.h>

#include <QApplication>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

class Application : public ::testing::Environment {
 public:
  void SetUp() override {
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    static int count = 1;
    static char name[] = "test_ui";
    static char* words[] = {name, nullptr};
    app_ = std::make_unique<QApplication>(count, words);
    apply_theme(*app_, Theme::light);
  }
  void TearDown() override { app_.reset(); }

 private:
  std::unique_ptr<QApplication> app_;
};

[[maybe_unused]] const auto* const application = ::testing::AddGlobalTestEnvironment(new Application);

}  // namespace
}  // namespace conclave::ui
