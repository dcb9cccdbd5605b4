#include "ui/settings/settings_page.h"

#include <QComboBox>
#include <QDesktopServices>
#include <QFileInfo>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>
#include <QUrl>

#include "framework/base/error.h"
#include "framework/base/json.h"
#include "framework/base/paths.h"
#include "ui/audio/sound_player.h"
#include "ui/data/table_view.h"
#include "ui/plots/plot_export.h"
#include "ui/process/programs.h"

namespace conclave::ui {

PageInfo SettingsPage::info() {
  return {"settings", tr("Settings"), "settings"};
}

SettingsPage::SettingsPage(Context& context)
    : Page(info(), context),
      model_({tr("Verb"), tr("Setting"), tr("Value"), tr("From"), tr("Where")}),
      theme_(new QComboBox),
      program_(new QComboBox),
      filter_(new QLineEdit),
      alert_command_(new QLineEdit),
      alert_test_(new QPushButton(tr("Try it"))),
      state_(new QLabel),
      places_(new QLabel),
      alert_state_(new QLabel),
      table_(make_table(&found_, tr("Settings of the programs"))) {
  found_.setSourceModel(&model_);
  found_.setFilterKeyColumn(-1);
  found_.setFilterCaseSensitivity(Qt::CaseInsensitive);
  build();
  add_action("filter", tr("Find a setting"), QKeySequence("Ctrl+F"), [this] { filter_->setFocus(); });
  add_action(
      "edit", tr("Open the settings file"), {}, [this] { open_user_file(); }, true);
  connect(&process_, &LineProcess::line, this, &SettingsPage::take_line);
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) {
    const QString said = process_.errors().section('\n', -1).trimmed();
    state_->setText(problem.isEmpty() ? tr("%1 settings").arg(rows_.size())
                                      : "⚠ " + (said.isEmpty() ? problem : said));
    model_.set_rows(std::move(rows_));
    rows_.clear();
  });
}

void SettingsPage::build() {
  auto* top = new QFormLayout;
  theme_->setObjectName("settings.theme");
  theme_->addItem(tr("As the system has it"), "system");
  theme_->addItem(tr("Light"), "light");
  theme_->addItem(tr("Dark"), "dark");
  theme_->setCurrentIndex(
      std::max(0, theme_->findData(context_.preferences.value("window/theme", "system"))));
  theme_->setMaximumWidth(260);
  connect(theme_, &QComboBox::currentIndexChanged, this, [this] {
    if (QAction* action = context_.actions.find("theme." + theme_->currentData().toString()))
      action->trigger();
  });
  top->addRow(tr("Colours"), theme_);
  places_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  places_->setWordWrap(true);
  const QStringList player = SoundPlayer::system_player();
  places_->setText(
      tr("history: %1\nsettings: %2\nsound is played by: %3")
          .arg(QString::fromStdString(std::filesystem::absolute(context_.history.path()).string()),
               user_file(), player.isEmpty() ? tr("nothing that was found") : player[0]));
  top->addRow(tr("Places"), places_);
  top->addRow(tr("On an alert"), make_alert_line());
  program_->setObjectName("settings.program");
  program_->addItems(application_programs() + QStringList{"conclave-history"});
  connect(program_, &QComboBox::currentIndexChanged, this, [this] { read(); });
  filter_->setObjectName("settings.filter");
  filter_->setPlaceholderText(tr("Find a setting, a value, a place"));
  filter_->setAccessibleName(tr("Find a setting"));
  filter_->setClearButtonEnabled(true);
  connect(filter_, &QLineEdit::textChanged, &found_, &QSortFilterProxyModel::setFilterFixedString);
  state_->setObjectName("settings.state");
  table_->setObjectName("settings.table");
  const int widths[] = {100, 190, 260, 90};
  for (int i = 0; i < 4; ++i) table_->setColumnWidth(i, widths[i]);
  auto* line = new QHBoxLayout;
  line->addWidget(program_);
  line->addWidget(filter_, 1);
  line->addWidget(state_);
  body()->addLayout(top);
  body()->addLayout(line);
  body()->addWidget(table_, 1);
}

QWidget* SettingsPage::make_alert_line() {
  alert_command_->setObjectName("settings.alert");
  alert_command_->setAccessibleName(tr("Command for alerts"));
  alert_command_->setPlaceholderText(tr("no command; for instance: mail -s \"a run wants attention\" me"));
  alert_command_->setToolTip(
      tr("A program with arguments, run once for each new alert while the window is open: a loss that is not "
         "finite, a dead expert, a lost run, a full disk. The alert comes as JSON on its stdin."));
  alert_command_->setText(context_.preferences.value(kAlertCommand).toString());
  alert_test_->setObjectName("settings.alert-test");
  alert_state_->setObjectName("settings.alert-state");
  alert_state_->setWordWrap(true);
  alert_state_->setTextFormat(Qt::PlainText);
  connect(alert_command_, &QLineEdit::editingFinished, this, [this] {
    context_.preferences.setValue(kAlertCommand, alert_command_->text());
    Q_EMIT alert_command_changed(alert_command_->text());
  });
  connect(alert_test_, &QPushButton::clicked, this, &SettingsPage::wants_alert_test);
  auto* whole = new QWidget;
  auto* lines = new QVBoxLayout(whole);
  lines->setContentsMargins(0, 0, 0, 0);
  auto* line = new QHBoxLayout;
  line->addWidget(alert_command_, 1);
  line->addWidget(alert_test_);
  lines->addLayout(line);
  lines->addWidget(alert_state_);
  return whole;
}

void SettingsPage::show_alert_state(const QString& text) {
  alert_state_->setText(text);
  alert_state_->setVisible(!text.isEmpty());
  alert_test_->setEnabled(!text.isEmpty());
}

QString SettingsPage::user_file() {
  return QString::fromStdString((config_home() / "config.toml").string());
}

void SettingsPage::refresh() {
  if (model_.rowCount() == 0) read();
}

QWidget* SettingsPage::first_focus() {
  return filter_;
}

void SettingsPage::read() {
  if (process_.running()) return process_.cancel();
  set_command({program_->currentText(), "inspect", "config"});
  model_.set_rows({});
  rows_.clear();
  const QString program = find_program(program_->currentText());
  if (program.isEmpty())
    return state_->setText(tr("%1 is neither beside this program nor on PATH").arg(program_->currentText()));
  process_.start(program, {"inspect", "config", "--json"});
}

void SettingsPage::take_line(const QByteArray& line) {
  try {
    const Json json = parse_json({line.constData(), static_cast<size_t>(line.size())}, "inspect config");
    const auto text = [&](const char* key) {
      const Json& value = json.at(key);
      return QString::fromStdString(value.is_string() ? value.get<std::string>() : value.dump());
    };
    const QString layer = text("layer");
    rows_.push_back({{text("verb"), text("name"), text("value"), layer, text("origin")}, layer != "default"});
  } catch (const std::exception&) {  // a program of another version: what is understood is shown
  }
}

void SettingsPage::open_user_file() {
  const QString file = user_file();
  if (!QFileInfo::exists(file)) {
    QDir().mkpath(QFileInfo(file).path());
    const QString error = write_text(file, tr("# Settings of all programs, in sections [app] and [app.verb]; "
                                              "“inspect config” of each program lists "
                                              "the keys.\n"));
    if (!error.isEmpty()) return Q_EMIT message(error, true);
  }
  if (!QDesktopServices::openUrl(QUrl::fromLocalFile(file))) Q_EMIT message(tr("It lies at %1").arg(file));
}

}  // namespace conclave::ui
