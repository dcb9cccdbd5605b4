#include "ui/form/command_dialog.h"

#include <QComboBox>
#include <QFontDatabase>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/data/format.h"
#include "ui/process/programs.h"

namespace conclave::ui {

CommandDialog::CommandDialog(QWidget* parent)
    : QDialog(parent),
      program_(new QComboBox),
      verb_(new QComboBox),
      place_(new QVBoxLayout),
      summary_(new QLabel),
      command_(new QLabel),
      take_(new QPushButton(tr("Take it"))) {
  setObjectName("command.dialog");
  setWindowTitle(tr("A command"));
  resize(560, 640);
  program_->setObjectName("command.program");
  program_->setAccessibleName(tr("Program"));
  program_->addItems(application_programs());
  verb_->setObjectName("command.verb");
  verb_->setAccessibleName(tr("Verb"));
  summary_->setWordWrap(true);
  summary_->setForegroundRole(QPalette::PlaceholderText);
  command_->setObjectName("command.text");
  command_->setWordWrap(true);
  command_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  command_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  take_->setObjectName("command.take");
  take_->setDefault(true);
  auto* choice = new QHBoxLayout;
  choice->addWidget(program_);
  choice->addWidget(verb_, 1);
  auto* load = new QPushButton(tr("Load settings"));
  auto* save = new QPushButton(tr("Save settings"));
  load->setAutoDefault(false);
  save->setAutoDefault(false);
  auto* line = new QHBoxLayout;
  line->addWidget(load);
  line->addWidget(save);
  line->addStretch(1);
  line->addWidget(take_);
  auto* all = new QVBoxLayout(this);
  all->addLayout(choice);
  all->addWidget(summary_);
  all->addLayout(place_, 1);
  all->addWidget(command_);
  all->addLayout(line);
  connect(load, &QPushButton::clicked, this, [this] {
    if (form_) form_->choose_preset(false);
  });
  connect(save, &QPushButton::clicked, this, [this] {
    if (form_) form_->choose_preset(true);
  });
  connect(take_, &QPushButton::clicked, this, [this] {
    Q_EMIT taken(form_->command());
    accept();
  });
  connect(program_, &QComboBox::currentIndexChanged, this, &CommandDialog::ask_verbs);
  connect(verb_, &QComboBox::currentIndexChanged, this, &CommandDialog::make_form);
  connect(&process_, &LineProcess::line, this, [this](const QByteArray& line) {
    try {
      const QSignalBlocker quiet(verb_);
      for (const VerbDescription& verb : parse_descriptions(line)) verb_->addItem(verb.verb, verb.summary);
    } catch (const std::exception& e) {
      summary_->setText(QString::fromUtf8(e.what()));
    }
  });
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) {
    if (!problem.isEmpty()) summary_->setText(problem);
    make_form();
  });
  ask_verbs();
}

void CommandDialog::choose_program(const QString& program) {
  program_->setCurrentText(program);
}

void CommandDialog::choose_verb(const QString& verb) {
  verb_->setCurrentText(verb);
}

void CommandDialog::ask_verbs() {
  if (process_.running()) return;
  {
    const QSignalBlocker quiet(verb_);
    verb_->clear();
  }
  const QString program = find_program(program_->currentText());
  if (program.isEmpty())
    return summary_->setText(
        tr("%1 is neither beside this program nor on PATH").arg(program_->currentText()));
  process_.start(program, {"--describe"});
}

void CommandDialog::make_form() {
  delete std::exchange(form_, nullptr);
  take_->setEnabled(false);
  if (verb_->currentIndex() < 0) return;
  summary_->setText(verb_->currentData().toString());
  form_ = new VerbForm(program_->currentText(), verb_->currentText(), {}, {"dry-run"});
  place_->addWidget(form_);
  connect(form_, &VerbForm::became_ready, form_, [this] { form_->show_everything(); });
  connect(form_, &VerbForm::changed, this, &CommandDialog::show_command);
  form_->prepare();
}

void CommandDialog::show_command() {
  command_->setText(shell_text(form_->command()));
  take_->setEnabled(form_->problem().isEmpty());
}

}  // namespace conclave::ui
