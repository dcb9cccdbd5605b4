#include "ui/form/verb_form.h"

#include <QCheckBox>
#include <QComboBox>
#include <QEvent>
#include <QFileDialog>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QScrollArea>
#include <QToolButton>

#include "framework/base/error.h"
#include "ui/app/preferences.h"
#include "ui/data/draft.h"
#include "ui/form/preset.h"
#include "ui/process/programs.h"

namespace conclave::ui {
namespace {

constexpr int kChoicesAsText = 40;
constexpr int kRowHeight = 28;

// "drift-attributes" -> "Drift attributes".
QString caption(const QString& name) {
  QString text = QString(name).replace('-', ' ').replace('_', ' ');
  if (!text.isEmpty()) text[0] = text[0].toUpper();
  return text;
}

}  // namespace

VerbForm::VerbForm(QString program, QString verb, QStringList first, QStringList hidden, QWidget* parent)
    : QWidget(parent),
      program_(std::move(program)),
      verb_(std::move(verb)),
      first_(std::move(first)),
      hidden_(std::move(hidden)),
      filter_(new QLineEdit),
      state_(new QLabel) {
  setObjectName("form." + verb_);
  filter_->setObjectName("form.filter");
  filter_->setPlaceholderText(tr("Find a setting"));
  filter_->setAccessibleName(tr("Find a setting"));
  filter_->setClearButtonEnabled(true);
  state_->setObjectName("form.state");
  state_->setWordWrap(true);
  state_->hide();
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(filter_);
  layout->addWidget(state_);
  layout->addStretch(1);
  connect(filter_, &QLineEdit::textChanged, this, &VerbForm::filter);
  connect(&process_, &LineProcess::line, this, [this](const QByteArray& line) { described_ = line; });
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) {
    try {
      require(problem.isEmpty(), "{}: {}", problem.toStdString(), process_.errors().toStdString());
      description_ = parse_description(described_);
      build();
    } catch (const std::exception& e) {
      state_->setText(
          tr("The settings of %1 cannot be shown: %2").arg(program_, QString::fromUtf8(e.what())));
      state_->show();
    }
  });
}

void VerbForm::when_ready(std::function<void()> what) {
  if (ready()) return what();
  connect(this, &VerbForm::became_ready, this, std::move(what), Qt::SingleShotConnection);
  prepare();
}

void VerbForm::prepare() {
  if (ready() || process_.running()) return;
  const QString program = find_program(program_);
  if (program.isEmpty()) {
    state_->setText(tr("%1 is neither beside this program nor on PATH").arg(program_));
    return state_->show();
  }
  process_.start(program, {verb_, "--describe"});
}

void VerbForm::build() {
  state_->hide();
  fields_widget_ = new QWidget;
  auto* all = new QVBoxLayout(fields_widget_);
  all->setContentsMargins(0, 0, 8, 0);
  const auto make_group = [&](const QString& title) {
    auto* heading = new QLabel(title);
    heading->setObjectName("heading");
    auto* rows = new QFormLayout;
    rows->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
    rows->setRowWrapPolicy(QFormLayout::DontWrapRows);
    if (!title.isEmpty()) all->addWidget(heading);
    all->addLayout(rows);
    return std::pair(rows, heading);
  };
  auto* top = make_group("").first;
  for (const QString& name : first_)
    if (const VerbOption* option = description_.find(name)) add_field(*option, top, true);
  auto* more = new QToolButton;
  more->setObjectName("form.more");
  more->setText(tr("All settings"));
  more->setCheckable(true);
  more->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  all->addWidget(more);
  connect(more, &QToolButton::toggled, this, [this] { filter(filter_->text()); });
  std::map<QString, QFormLayout*> groups;
  for (const VerbOption& option : description_.options) {
    if (first_.contains(option.name) || hidden_.contains(option.name)) continue;
    if (!groups.count(option.group)) {
      const auto [rows, heading] = make_group(option.group);
      groups[option.group] = rows;
      folded_.push_back(heading);
    }
    add_field(option, groups[option.group], false);
  }
  all->addStretch(1);
  auto* scroll = new QScrollArea;
  scroll->setWidgetResizable(true);
  scroll->setFocusPolicy(Qt::NoFocus);  // its fields take the keyboard
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setWidget(fields_widget_);
  auto* layout = static_cast<QVBoxLayout*>(this->layout());
  delete layout->takeAt(layout->count() - 1);
  layout->addWidget(scroll, 1);
  if (waiting_.empty()) restore_draft();
  const Json waiting = std::exchange(waiting_, Json::object());
  for (const auto& [name, value] : waiting.items()) set_value(QString::fromStdString(name), value);
  filter({});
  mark();
  Q_EMIT became_ready();
  Q_EMIT changed();
}

QWidget* VerbForm::make_editor(Field& field) {
  const VerbOption& option = *field.option;
  const QString fallback = option_text(option, option.fallback);
  const auto on_change = [this] {
    mark();
    Q_EMIT changed();
  };
  if (option.type == "boolean") {
    auto* box = new QCheckBox(tr("yes"));
    const bool usual = option.fallback.is_boolean() && option.fallback.get<bool>();
    box->setChecked(usual);
    field.text = [box, usual] {
      return box->isChecked() == usual ? QString() : QString(box->isChecked() ? "true" : "false");
    };
    field.set_text = [box, usual](const QString& text) {
      box->setChecked(text.isEmpty() ? usual : text == "true");
    };
    connect(box, &QCheckBox::toggled, this, on_change);
    return box;
  }
  if (!option.choices.isEmpty() && !option.list && option.choices.size() < kChoicesAsText) {
    auto* box = new QComboBox;
    box->setMinimumHeight(kRowHeight);
    if (!option.choices.contains(fallback)) box->addItem("");
    box->addItems(option.choices);
    box->setCurrentText(fallback);
    field.text = [box, fallback] { return box->currentText() == fallback ? QString() : box->currentText(); };
    field.set_text = [box, fallback](const QString& text) {
      box->setCurrentText(text.isEmpty() ? fallback : text);
    };
    connect(box, &QComboBox::currentIndexChanged, this, on_change);
    return box;
  }
  auto* line = new QLineEdit;
  line->setPlaceholderText(fallback);
  field.text = [line] { return line->text(); };
  field.set_text = [line](const QString& text) { line->setText(text); };
  connect(line, &QLineEdit::textChanged, this, on_change);
  if (option.type == "path" || option.name == "stream") {
    QAction* browse =
        line->addAction(style()->standardIcon(QStyle::SP_DirOpenIcon), QLineEdit::TrailingPosition);
    browse->setToolTip(tr("Choose a file"));
    connect(browse, &QAction::triggered, this, [this, line] {
      const QString file = QFileDialog::getOpenFileName(this, tr("Choose a file"), line->text());
      if (!file.isEmpty()) line->setText(file);
    });
  }
  return line;
}

void VerbForm::add_field(const VerbOption& option, QFormLayout* layout, bool first) {
  Field field{&option, new QLabel(caption(option.name)), nullptr, {}, {}, first};
  field.editor = make_editor(field);
  QString help = option.help;
  if (option.low || option.high)
    help += QString(" (%1 … %2)")
                .arg(option.low ? QString::number(*option.low, 'g', 10) : "",
                     option.high ? QString::number(*option.high, 'g', 10) : "");
  field.editor->setObjectName("form." + option.name);
  field.editor->setAccessibleName(caption(option.name));
  field.editor->setToolTip(help);
  field.label->setToolTip(help);
  field.label->setBuddy(field.editor);
  layout->addRow(field.label, field.editor);
  fields_.push_back(std::move(field));
}

// New colours come as a style sheet, which takes the fonts back.
void VerbForm::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::StyleChange)
    QMetaObject::invokeMethod(this, &VerbForm::mark, Qt::QueuedConnection);
}

// What differs from the default is bold; what cannot be taken is said below it.
void VerbForm::mark() {
  for (const Field& field : fields_) {
    QFont font = field.label->font();
    font.setBold(!field.text().isEmpty());
    field.label->setFont(font);
  }
  const QString wrong = problem();
  state_->setText("⚠ " + wrong);
  state_->setVisible(!wrong.isEmpty());
}

void VerbForm::filter(const QString& words) {
  const auto* more = findChild<QToolButton*>("form.more");
  const bool all = more && more->isChecked();
  for (const Field& field : fields_) {
    const bool found =
        words.isEmpty()
            ? field.first || all || !field.text().isEmpty()
            : (field.option->name + " " + field.option->help).contains(words.trimmed(), Qt::CaseInsensitive);
    field.label->setVisible(found);
    field.editor->setVisible(found);
  }
  for (QWidget* heading : folded_) heading->setVisible(all && words.isEmpty());
}

Json VerbForm::values() const {
  if (!ready()) return waiting_;
  Json values = Json::object();
  for (const Field& field : fields_) {
    try {
      if (Json value = option_value(*field.option, field.text()); !value.is_null())
        values[field.option->name.toStdString()] = std::move(value);
    } catch (const UsageError&) {  // problem() says it
    }
  }
  return values;
}

Json VerbForm::value(const QString& name) const {
  const Json all = values();
  const auto found = all.find(name.toStdString());
  if (found != all.end()) return *found;
  const VerbOption* option = description_.find(name);
  return option ? option->fallback : Json();
}

void VerbForm::set_value(const QString& name, const Json& value) {
  if (!ready()) {
    waiting_[name.toStdString()] = value;
    return;
  }
  for (Field& field : fields_)
    if (field.option->name == name) field.set_text(option_text(*field.option, value));
  filter(filter_->text());
}

void VerbForm::clear() {
  for (Field& field : fields_) field.set_text({});
}

void VerbForm::show_everything() {
  if (auto* more = findChild<QToolButton*>("form.more")) more->setChecked(true);
}

void VerbForm::keep_draft(Preferences& preferences) {
  drafts_ = &preferences;
  const auto save = saved_soon(this, [this] {
    const QString name = "draft/" + program_ + "/" + verb_;
    const Json all = values();
    all.empty() ? drafts_->remove(name) : drafts_->setValue(name, QString::fromStdString(all.dump()));
    drafts_->sync();  // a crash may come at any time
  });
  connect(this, &VerbForm::changed, this, [save] { save(); });
}

// What an older program knew and this one does not is left out.
void VerbForm::restore_draft() {
  if (!drafts_) return;
  const std::string text = drafts_->value("draft/" + program_ + "/" + verb_).toString().toStdString();
  const Json draft = Json::parse(text, nullptr, false);
  if (!draft.is_object()) return;
  for (const auto& [name, value] : draft.items())
    if (description_.find(QString::fromStdString(name))) waiting_[name] = value;
}

QStringList VerbForm::command() const {
  QStringList words{program_, verb_}, places;
  const Json all = values();
  for (const Field& field : fields_) {
    const auto value = all.find(field.option->name.toStdString());
    if (value != all.end())
      (field.option->positional ? places : words) << option_words(*field.option, *value);
  }
  return words + places;
}

QString VerbForm::problem() const {
  for (const Field& field : fields_) {
    try {
      const Json value = option_value(*field.option, field.text());
      if (field.option->required && value.is_null())
        return tr("%1 is needed").arg(caption(field.option->name));
    } catch (const std::exception& e) {
      return QString::fromUtf8(e.what());
    }
  }
  return {};
}

QString VerbForm::save_preset(const QString& file) const {
  return write_preset(file, description_, values());
}

QString VerbForm::load_preset(const QString& file) {
  try {
    const Json loaded = read_preset(file, description_);
    clear();
    for (const auto& [name, value] : loaded.items()) set_value(QString::fromStdString(name), value);
  } catch (const std::exception& e) {
    return QString::fromUtf8(e.what());
  }
  return {};
}

void VerbForm::choose_preset(bool save) {
  if (!ready()) return;
  Preferences preferences;
  const QString place = preferences.value("form/folder", QDir::homePath()).toString();
  const QString kinds = tr("Settings (*.toml)");
  QString file =
      save ? QFileDialog::getSaveFileName(this, tr("Save these settings"),
                                          place + "/" + description_.app + "-" + verb_ + ".toml", kinds)
           : QFileDialog::getOpenFileName(this, tr("Load settings"), place, kinds);
  if (file.isEmpty()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += ".toml";
  preferences.setValue("form/folder", QFileInfo(file).path());
  const QString error = save ? save_preset(file) : load_preset(file);
  Q_EMIT message(!error.isEmpty() ? error
                 : save           ? tr("%1 is written").arg(file)
                                  : tr("%1 is loaded").arg(file),
                 !error.isEmpty());
}

}  // namespace conclave::ui
