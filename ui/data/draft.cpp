#include "ui/data/draft.h"

namespace conclave::ui {
namespace {
constexpr int kDraftPauseMs = 500;
}

std::function<void()> saved_soon(QObject* owner, std::function<void()> save) {
  auto* timer = new QTimer(owner);
  timer->setSingleShot(true);
  timer->setInterval(kDraftPauseMs);
  QObject::connect(timer, &QTimer::timeout, owner, std::move(save));
  return [timer] { timer->start(); };
}

void keep_draft(QLineEdit* edit, Preferences& preferences, const QString& key) {
  const QString name = "draft/" + key;
  edit->setText(preferences.value(name).toString());
  const auto save = saved_soon(edit, [edit, &preferences, name] {
    edit->text().isEmpty() ? preferences.remove(name) : preferences.setValue(name, edit->text());
    preferences.sync();  // a crash may come at any time
  });
  QObject::connect(edit, &QLineEdit::textChanged, edit, [save] { save(); });
}

}  // namespace conclave::ui
