#include "ui/app/page.h"

#include <QLabel>
#include <QToolButton>

#include "ui/plots/plot_export.h"

namespace conclave::ui {

Page::Page(const PageInfo& info, Context& context)
    : context_(context), info_(info), label_(new QLabel(info.title)) {
  setObjectName("page." + info.id);
  setAccessibleName(info.title);
  label_->setObjectName("title");
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(24, 16, 24, 12);
  all->setSpacing(12);
  header_ = new QHBoxLayout;
  header_->setSpacing(8);
  header_->addWidget(label_);
  header_->addStretch(1);
  all->addLayout(header_);
  body_ = new QVBoxLayout;
  body_->setSpacing(12);
  all->addLayout(body_, 1);
}

void Page::set_title(const QString& text) {
  label_->setText(text);
}

void Page::set_command(const QStringList& words) {
  if (words == command_) return;
  command_ = words;
  Q_EMIT command_changed();
}

void Page::take_along(const Takeaway& what) {
  const QString suffixes = what.suffixes();
  const QString file = ask_export_file(this, what.name + "." + suffixes.section(' ', 0, 0), suffixes);
  if (file.isEmpty()) return;
  const QString error = export_to(what, file);
  Q_EMIT message(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
}

QAction* Page::add_action(const QString& id, const QString& text, const QKeySequence& key,
                          std::function<void()> what, bool button, QWidget* widget) {
  QAction* action = context_.actions.add({info_.id + "." + id, text, info_.id, key}, widget ? widget : this,
                                         std::move(what));
  if (button) {
    auto* shown = new QToolButton;
    shown->setDefaultAction(action);
    shown->setObjectName("button." + id);
    connect(action, &QAction::changed, shown, [action, shown] { shown->setVisible(action->isVisible()); });
    header_->addWidget(shown);
  }
  return action;
}

}  // namespace conclave::ui
