#include "ui/audio/audio_page.h"

#include <QDragEnterEvent>
#include <QFile>
#include <QFileDialog>
#include <QLabel>
#include <QMimeData>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>
#include <QThreadPool>

#include "ui/audio/sound_view.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/plot_export.h"
#include "ui/process/programs.h"

namespace conclave::ui {
namespace {

constexpr double kSeekSeconds = 2;
constexpr size_t kMostVersions = 50, kMostBeside = 4;

}  // namespace

PageInfo AudioPage::info() {
  return {"audio", tr("Audio"), "wave"};
}

AudioPage::AudioPage(Context& context)
    : Page(info(), context),
      table_model_({tr("Version"), tr("Length"), tr("Made by")}, {1}),
      tabs_(new QTabWidget),
      table_(make_table(&table_model_, tr("Versions"))),
      state_(new QLabel),
      views_layout_(new QVBoxLayout) {
  build();
  add_actions();
  setAcceptDrops(true);
  connect(&process_, &LineProcess::line, this, [this](const QByteArray& line) { last_line_ = line; });
  connect(&process_, &LineProcess::ended, this, [this](int, const QString& problem) { take_end(problem); });
  connect(&player_, &SoundPlayer::moved, this, &AudioPage::set_playhead);
  connect(&player_, &SoundPlayer::ended, this, [this](const QString& problem) {
    if (!problem.isEmpty()) Q_EMIT message(problem, true);
    if (problem.isEmpty()) set_playhead(0);
    say_state();
  });
  connect(table_->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &AudioPage::show_current);
  connect(table_->selectionModel(), &QItemSelectionModel::selectionChanged, this, &AudioPage::show_chosen);
  set_command({"conclave-audio", "speak"});
  say_state();
}

void AudioPage::build() {
  const QStringList own{"json",   "history", "config", "dry-run", "quiet",
                        "output", "out",     "stream", "input",   "routing"};
  const auto add = [&](const QString& verb, const QString& title, const QStringList& first) {
    auto* form = new VerbForm("conclave-audio", verb, first, own);
    forms_.push_back(form);
    form->keep_draft(context_.preferences);
    tabs_->addTab(form, title);
    connect(form, &VerbForm::changed, this, [this, form] {
      if (form == &current_form()) set_command(form->command());
    });
    connect(form, &VerbForm::message, this, &AudioPage::message);
  };
  add("speak", tr("Speak"), {"text", "speaker", "voice", "temperature", "seed"});
  add("music", tr("New music"), {"style", "bars", "key", "temperature", "tempo", "seed"});
  add("continue", tr("Go on with a piece"), {"MIDI", "bars", "harmonise", "infill", "style", "seed"});
  tabs_->setObjectName("audio.tabs");
  tabs_->setMinimumWidth(270);
  tabs_->setDocumentMode(true);
  connect(tabs_, &QTabWidget::currentChanged, this, [this] {
    refresh();
    set_command(current_form().command());
  });
  state_->setObjectName("audio.state");
  state_->setWordWrap(true);
  table_->setObjectName("audio.versions");
  table_->setColumnWidth(0, 170);
  table_->setColumnWidth(1, 80);
  table_->setSelectionMode(QAbstractItemView::ExtendedSelection);
  table_->setToolTip(tr("Several chosen ones (Ctrl or Shift) stand below each other under one playhead"));
  auto* middle = new QWidget;
  auto* layout = new QVBoxLayout(middle);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(state_);
  auto* views = new QWidget;
  views->setLayout(views_layout_);
  views_layout_->setContentsMargins(0, 0, 0, 0);
  views_layout_->setSpacing(10);
  add_view();
  layout->addWidget(views, 3);
  layout->addWidget(table_, 1);
  auto* split = new QSplitter;
  split->addWidget(tabs_);
  split->addWidget(middle);
  split->setHandleWidth(12);
  split->setStretchFactor(1, 1);
  split->setSizes({300, 760});
  body()->addWidget(split, 1);
}

void AudioPage::add_actions() {
  add_action(
      "sample", tr("Try on a phone number"), {}, [this] { try_sample(); }, true);
  add_action(
      "make", tr("Make"), QKeySequence("Ctrl+Return"), [this] { make(); }, true);
  add_action(
      "cancel", tr("Cancel"), QKeySequence("Esc"), [this] { process_.cancel(); }, true);
  add_action(
      "play", tr("Play"), QKeySequence("Ctrl+P"), [this] { play_or_stop(); }, true);
  add_action("back", tr("Two seconds back"), QKeySequence("Ctrl+Left"),
             [this] { seek(view().playhead() - kSeekSeconds); });
  add_action("forward", tr("Two seconds on"), QKeySequence("Ctrl+Right"),
             [this] { seek(view().playhead() + kSeekSeconds); });
  add_action("begin", tr("To the beginning"), QKeySequence("Ctrl+Home"), [this] { seek(0); });
  const auto choose = [this](int by) {
    const int rows = table_model_.rowCount();
    if (rows > 0) choose_row(*table_, std::clamp(current() + by, 0, rows - 1));
  };
  add_action("next", tr("Next version"), QKeySequence("Ctrl+Down"), [choose] { choose(1); });
  add_action("previous", tr("Previous version"), QKeySequence("Ctrl+Up"), [choose] { choose(-1); });
  add_action(
      "open", tr("Open"), QKeySequence("Ctrl+O"),
      [this] {
        const QString file = QFileDialog::getOpenFileName(
            this, tr("Open a recording or notes"), find_asset("samples"),
            tr("Recordings and notes (*.wav *.mid *.midi *.musicxml *.mxl *.xml)"));
        if (!file.isEmpty()) open_file(file);
      },
      true);
  add_action("save", tr("Save these settings"), QKeySequence("Ctrl+Shift+S"),
             [this] { current_form().choose_preset(true); });
  add_action("load", tr("Load settings"), {}, [this] { current_form().choose_preset(false); });
  add_action("take", tr("Take this version along"), QKeySequence("Ctrl+S"), [this] { take_along(); });
}

VerbForm& AudioPage::current_form() {
  return *forms_[static_cast<size_t>(std::max(0, tabs_->currentIndex()))];
}

VerbForm& AudioPage::form(const QString& verb) {
  const int at = verb == "speak" ? 0 : verb == "music" ? 1 : 2;
  tabs_->setCurrentIndex(at);
  return current_form();
}

void AudioPage::refresh() {
  current_form().prepare();
}

bool AudioPage::settled() const {
  return !making() &&
         std::all_of(forms_.begin(), forms_.end(), [](const VerbForm* f) { return f->settled(); });
}

QWidget* AudioPage::first_focus() {
  return tabs_;
}

int AudioPage::current() const {
  return table_->currentIndex().row();
}

void AudioPage::make() {
  if (process_.running()) return;
  VerbForm& form = current_form();
  const QString program = find_program("conclave-audio"), wrong = form.problem();
  if (program.isEmpty())
    return Q_EMIT message(tr("conclave-audio is neither beside this program nor on PATH"), true);
  if (!form.ready()) return form.prepare();
  if (!wrong.isEmpty()) return Q_EMIT message(wrong, true);
  being_made_ = {};
  const QString name = folder_.filePath(QString("version-%1").arg(++made_));
  being_made_.title = tr("%1. %2").arg(made_).arg(tabs_->tabText(tabs_->currentIndex()));
  being_made_.wave_file = name + ".wav";
  being_made_.command = form.command();
  QStringList words = form.command().mid(1);
  if (words[0] == "speak") {
    words << "--output" << being_made_.wave_file;
  } else {
    being_made_.notes_file = name + ".mid";
    words << "--out" << being_made_.notes_file << "--out" << being_made_.wave_file;
  }
  words << "--json"
        << "--routing"
        << "--history" << QString::fromStdString(std::filesystem::absolute(context_.history.path()).string());
  last_line_.clear();
  trouble_.clear();
  process_.start(program, words);
  say_state();
}

void AudioPage::try_sample() {
  VerbForm& speak = form("speak");
  speak.set_value("text", "555-0123");
  speak.set_value("seed", 1);
  speak.when_ready([this] { make(); });
}

void AudioPage::take_end(const QString& problem) {
  if (!problem.isEmpty()) {
    const QString said = process_.errors().section('\n', -1).trimmed();
    trouble_ = process_.cancelling() || said.isEmpty() ? problem : said;
    return say_state();
  }
  try {
    being_made_.words = parse_words(last_line_);
    being_made_.routing = parse_routing(last_line_);
  } catch (const std::exception& e) {
    trouble_ = QString::fromUtf8(e.what());
  }
  load(std::move(being_made_));
}

void AudioPage::open_file(const QString& file) {
  const QString suffix = QFileInfo(file).suffix().toLower();
  if (suffix == "musicxml" || suffix == "mxl" ||
      suffix == "xml") {  // conclave-audio reads scores, the window does not
    form("continue").set_value("MIDI", file.toStdString());
    return Q_EMIT message(tr("%1 is chosen to go on from; its notes are seen in what is made").arg(file));
  }
  Version version;
  version.title = QFileInfo(file).fileName();
  const bool notes =
      file.endsWith(".mid", Qt::CaseInsensitive) || file.endsWith(".midi", Qt::CaseInsensitive);
  (notes ? version.notes_file : version.wave_file) = file;
  if (notes) form("continue").set_value("MIDI", file.toStdString());
  load(std::move(version));
}

// Files are read and spectrograms made beside the window.
void AudioPage::load(Version version) {
  ++loading_;
  say_state();
  auto made = std::make_shared<Version>(std::move(version));
  QThreadPool::globalInstance()->start([this, made, alive = QPointer<AudioPage>(this)] {
    load_version(*made);
    QMetaObject::invokeMethod(
        qApp,
        [this, alive, made] {
          if (!alive) return;
          --loading_;
          if (versions_.size() == kMostVersions) versions_.erase(versions_.begin());
          versions_.push_back(made);
          show_versions();
          choose_row(*table_, table_model_.rowCount() - 1);
          show_current();
        },
        Qt::QueuedConnection);
  });
}

void AudioPage::show_versions() {
  std::vector<TextTableModel::Row> rows;
  for (const auto& version : versions_)
    rows.push_back({{version->title, tr("%1 s").arg(version->seconds(), 0, 'f', 1),
                     version->command.isEmpty() ? tr("opened") : shell_text(version->command)},
                    false});
  table_model_.set_rows(std::move(rows));
}

SoundView* AudioPage::add_view() {
  auto* view = new SoundView;
  connect(view, &SoundView::sought, this, &AudioPage::seek);
  views_layout_->addWidget(view);
  views_.push_back(view);
  return view;
}

void AudioPage::set_playhead(double seconds) {
  for (SoundView* view : views_) view->set_playhead(seconds);
}

void AudioPage::show_current() {
  const bool was_playing = player_.playing();
  player_.stop();
  show_chosen();
  if (was_playing) play_or_stop();  // the other version, from the same place
  say_state();
}

// The current version stands above; the others that are chosen below it.
void AudioPage::show_chosen() {
  std::vector<std::shared_ptr<const Version>> shown;
  const auto add = [&](int row) {
    if (row >= 0 && row < static_cast<int>(versions_.size()) && shown.size() < kMostBeside)
      shown.push_back(versions_[static_cast<size_t>(row)]);
  };
  add(current());
  for (const QModelIndex& row : table_->selectionModel()->selectedRows())
    if (row.row() != current()) add(row.row());
  const double playhead = view().playhead();
  while (views_.size() > std::max<size_t>(1, shown.size())) {
    views_.back()->deleteLater();
    views_.pop_back();
  }
  while (views_.size() < shown.size()) add_view();
  for (size_t i = 0; i < views_.size(); ++i) {
    views_[i]->show_version(i < shown.size() ? shown[i] : nullptr);
    views_[i]->set_playhead(playhead);
    views_[i]->set_titled(shown.size() > 1);
  }
}

void AudioPage::play_or_stop() {
  const int row = current();
  if (player_.playing()) {
    player_.stop();
  } else if (row >= 0) {
    const Sound& sound = versions_[static_cast<size_t>(row)]->sound;
    const double from = view().playhead() >= sound.seconds() ? 0 : view().playhead();
    const QString problem = sound.samples.empty() ? tr("These notes have no sound: go on with them first")
                                                  : player_.play(sound, from);
    if (!problem.isEmpty()) Q_EMIT message(problem, true);
  }
  say_state();
}

void AudioPage::seek(double seconds) {
  set_playhead(seconds);
  if (!player_.playing()) return;
  player_.stop();
  play_or_stop();
}

void AudioPage::take_along() {
  const int row = current();
  if (row < 0) return;
  const Version& version = *versions_[static_cast<size_t>(row)];
  const QString file = ask_export_file(this, "sound.wav", "wav mid png svg pdf csv");
  if (file.isEmpty()) return;
  QString error;
  const QString from = file.endsWith(".mid") ? version.notes_file : version.wave_file;
  if (file.endsWith(".csv", Qt::CaseInsensitive)) {
    error = write_text(file, version_csv(version));
  } else if (file.endsWith(".wav") || file.endsWith(".mid")) {
    QFile::remove(file);  // the dialog has asked
    if (from.isEmpty() || !QFile::copy(from, file)) error = tr("%1: cannot be written").arg(file);
  } else {
    const QSize size(view().width(), view().height() * static_cast<int>(views_.size()));
    const auto draw_all = [&](QPainter& painter) {
      for (const SoundView* one : views_) {
        one->draw(painter, one->size());
        painter.translate(0, one->height());
      }
    };
    error = export_drawing(size, draw_all, file);
  }
  Q_EMIT message(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
}

void AudioPage::say_state() {
  const bool running = process_.running();
  QString text =
      running && process_.cancelling() ? tr("cancelling…")
      : running                        ? tr("making…")
      : loading_ > 0                   ? tr("reading…")
      : versions_.empty()
          ? tr("Say digits, make a piece, or go on with one. Each result becomes a version below; "
               "another seed gives another one, and the playhead stays where it is.")
          : tr("Click into the picture to move the playhead; choose several versions (Ctrl) to see "
               "them below each other.");
  if (!trouble_.isEmpty()) text = "⚠ " + trouble_;
  state_->setText(text);
  context_.actions.find("audio.make")->setVisible(!running);
  context_.actions.find("audio.cancel")->setVisible(running);
  QAction* play = context_.actions.find("audio.play");
  play->setText(player_.playing() ? tr("Stop") : tr("Play"));
  play->setEnabled(current() >= 0);
}

void AudioPage::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void AudioPage::dropEvent(QDropEvent* event) {
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) return open_file(url.toLocalFile());
}

}  // namespace conclave::ui
