#include "ui/app/command_strip.h"

#include <QClipboard>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QToolButton>

#include "ui/data/format.h"
#include "ui/theme/glyphs.h"

namespace conclave::ui {

CommandStrip::CommandStrip(QWidget* parent) : QWidget(parent), text_(new QLineEdit) {
  setObjectName("strip");
  setAttribute(Qt::WA_StyledBackground);
  text_->setObjectName("strip.text");
  text_->setReadOnly(true);
  text_->setFrame(false);
  text_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  text_->setAccessibleName(tr("Command line of what is shown"));
  text_->setStyleSheet("QLineEdit { border: none; background: transparent; }");
  auto* button = new QToolButton;
  button->setObjectName("strip.copy");
  button->setIcon(glyph("copy"));
  button->setText(tr("Copy"));
  button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  button->setToolTip(tr("Copy the command line"));
  connect(button, &QToolButton::clicked, this, [this] { copy(); });
  auto* layout = new QHBoxLayout(this);
  layout->setContentsMargins(24, 4, 12, 4);
  auto* prompt = new QLabel("$");
  prompt->setFont(text_->font());
  layout->addWidget(prompt);
  layout->addWidget(text_, 1);
  layout->addWidget(button);
}

void CommandStrip::set_command(const QStringList& words) {
  text_->setText(short_shell_text(words));
  text_->setCursorPosition(0);
}

void CommandStrip::copy() const {
  QGuiApplication::clipboard()->setText(text_->text());
}

}  // namespace conclave::ui
