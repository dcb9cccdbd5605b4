#include "ui/vqa/vqa_page.h"

#include <QCheckBox>
#include <QClipboard>
#include <QFile>
#include <QFileDialog>
#include <QGuiApplication>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMimeData>
#include <QPainter>
#include <QPushButton>
#include <QSlider>
#include <QSplitter>
#include <QTabWidget>
#include <QTimer>

#include "ui/data/draft.h"
#include "ui/data/format.h"
#include "ui/data/run_model.h"
#include "ui/plots/plot_export.h"
#include "ui/process/programs.h"
#include "ui/vqa/word_view.h"

namespace conclave::ui {
namespace {

constexpr qsizetype kMostPictures = 16;
constexpr qint64 kMostRouting = 16 << 20;
constexpr int kTellAfterSeconds = 2;
constexpr double kZoom = 1.5;

QString last_line(const QString& text) {
  return text.section('\n', -1).trimmed();
}

}  // namespace

PageInfo VqaPage::info() {
  return {"vqa", tr("Picture QA"), "picture"};
}

VqaPage::VqaPage(Context& context)
    : Page(info(), context),
      models_(new ModelChooser(context, {"vqa"})),
      tabs_(new QTabWidget),
      batch_(new BatchView(context, *models_)),
      canvas_(new PictureCanvas),
      list_(new QListView),
      question_(new QLineEdit),
      ask_(new QPushButton(tr("Ask"))),
      cancel_(new QPushButton(tr("Cancel"))),
      state_(new QLabel),
      layer_label_(new QLabel),
      words_(new WordView(*canvas_)),
      layer_(new QSlider(Qt::Horizontal)),
      paint_(new QCheckBox(tr("Paint patches by expert"))),
      tick_(new QTimer(this)) {
  build();
  add_actions();
  add_batch_actions();
  connect(&process_, &LineProcess::line, this, &VqaPage::take_line);
  connect(&process_, &LineProcess::ended, this, &VqaPage::on_end);
  connect(&process_, &LineProcess::line_too_long, this, [this] {
    answers_.update_last([](Exchange& exchange) {
      exchange.waiting = false;
      exchange.answer.error = tr("What the program said is no answer: a line without an end.");
    });
    process_.cancel();
  });
  connect(canvas_, &PictureCanvas::dropped, this, &VqaPage::take_files);
  connect(tick_, &QTimer::timeout, this, [this] {
    ++waited_s_;
    say_state();
  });
  connect(batch_, &BatchView::message, this, &Page::message);
  connect(batch_, &BatchView::wants_jobs, this, &VqaPage::wants_jobs);
  connect(batch_, &BatchView::opened, this, &VqaPage::open_question);
  connect(batch_, &BatchView::command_changed, this, [this] {
    if (shows_batch()) set_command(batch_->command());
  });
  connect(models_, &ModelChooser::changed, this, &VqaPage::say_state);
  asked_command_ = QStringList{"conclave-vqa", "run"};
  tabs_->setCurrentIndex(context.preferences.value("vqa/tab", 0).toInt());
  connect(tabs_, &QTabWidget::currentChanged, this, &VqaPage::on_tab);
  on_tab();
  models_->refresh();
  say_state();
  show_exchange();
}

void VqaPage::build() {
  canvas_->say_when_empty(
      tr("Drop pictures here, paste one (Ctrl+V),\nopen files (Ctrl+O) or use the camera (Ctrl+Shift+P)"));
  auto* split = new QSplitter;
  split->addWidget(make_left());
  split->addWidget(make_right());
  split->setHandleWidth(12);
  split->setContentsMargins(0, 8, 0, 0);
  split->setSizes({620, 420});
  models_->setObjectName("vqa.model");
  tabs_->setObjectName("vqa.tabs");
  tabs_->addTab(split, tr("Ask"));
  tabs_->addTab(batch_, tr("Batch"));
  tabs_->setCornerWidget(models_);
  body()->addWidget(tabs_, 1);
}

QWidget* VqaPage::make_left() {
  paint_->setObjectName("vqa.paint");
  paint_->setChecked(true);
  layer_->setObjectName("vqa.layer");
  layer_->setAccessibleName(tr("Layer"));
  layer_->setPageStep(1);
  connect(layer_, &QSlider::valueChanged, this, &VqaPage::paint_layer);
  connect(paint_, &QCheckBox::toggled, this, &VqaPage::paint_layer);
  auto* tools = new QHBoxLayout;
  tools->addWidget(paint_);
  tools->addSpacing(12);
  tools->addWidget(layer_label_);
  tools->addWidget(layer_, 1);
  auto* left = new QWidget;
  auto* layout = new QVBoxLayout(left);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(canvas_, 1);
  layout->addLayout(tools);
  layout->addWidget(words_);
  return left;
}

QWidget* VqaPage::make_right() {
  list_->setObjectName("vqa.answers");
  list_->setAccessibleName(tr("Questions and answers"));
  list_->setModel(&answers_);
  list_->setItemDelegate(new AnswerDelegate(list_));
  list_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  list_->setResizeMode(QListView::Adjust);
  connect(list_->selectionModel(), &QItemSelectionModel::currentChanged, this, &VqaPage::show_exchange);
  question_->setObjectName("vqa.question");
  question_->setPlaceholderText(tr("What do you want to know?"));
  question_->setAccessibleName(tr("Question"));
  keep_draft(question_, context_.preferences, "vqa/question");
  connect(question_, &QLineEdit::returnPressed, this, [this] { ask(question_->text()); });
  ask_->setObjectName("primary");
  connect(ask_, &QPushButton::clicked, this, [this] { ask(question_->text()); });
  connect(cancel_, &QPushButton::clicked, this, [this] { process_.cancel(); });
  state_->setObjectName("vqa.state");
  state_->setWordWrap(true);
  state_->setMinimumHeight(2 * fontMetrics().lineSpacing() + 4);  // else it is cut where the window is low
  state_->setAlignment(Qt::AlignTop | Qt::AlignLeft);
  state_->setForegroundRole(QPalette::PlaceholderText);
  auto* line = new QHBoxLayout;
  line->addWidget(question_, 1);
  line->addWidget(ask_);
  line->addWidget(cancel_);
  auto* right = new QWidget;
  right->setMinimumWidth(300);
  auto* layout = new QVBoxLayout(right);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(list_, 1);
  layout->addLayout(line);
  layout->addWidget(state_);
  return right;
}

void VqaPage::add_actions() {
  add_action(
      "sample", tr("Try on a sample picture"), {}, [this] { try_sample(); }, true);
  add_action(
      "open", tr("Open"), QKeySequence("Ctrl+O"),
      [this] { shows_batch() ? batch_->choose_file() : choose_files(); }, true);
  add_action(
      "paste", tr("Paste a picture"), QKeySequence("Ctrl+V"), [this] { paste(); }, false, canvas_);
  add_action("camera", tr("Take a picture with the camera"), QKeySequence("Ctrl+Shift+P"),
             [this] { shoot(); });
  add_action("clear", tr("Take the pictures away"), {}, [this] { set_pictures({}); });
  add_action("ask", tr("Ask"), QKeySequence("Ctrl+Return"),
             [this] { shows_batch() ? batch_->run() : ask(question_->text()); });
  add_action("cancel", tr("Cancel the question"), QKeySequence("Esc"),
             [this] { shows_batch() ? batch_->cancel() : process_.cancel(); });
  add_action(
      "take", tr("Take along ..."), QKeySequence("Ctrl+S"), [this] { take_along(takeaway()); }, true);
  add_action("zoom-in", tr("Larger"), QKeySequence("Ctrl++"), [this] { canvas_->zoom_by(kZoom); });
  add_action("zoom-out", tr("Smaller"), QKeySequence("Ctrl+-"), [this] { canvas_->zoom_by(1 / kZoom); });
  add_action("zoom-all", tr("The whole picture"), QKeySequence("Ctrl+0"), [this] { canvas_->show_all(); });
}

void VqaPage::add_batch_actions() {
  add_action("tab", tr("One question, or a batch"), QKeySequence("Ctrl+T"),
             [this] { tabs_->setCurrentIndex(1 - tabs_->currentIndex()); });
  add_action("folder", tr("Ask about a folder of pictures"), QKeySequence("Ctrl+Shift+O"),
             [this] { batch_->choose_folder(); });
  add_action("answers", tr("Open the answers of an earlier run"), {}, [this] { batch_->choose_answers(); });
  add_action("queue", tr("Queue the batch"), QKeySequence("Ctrl+Shift+Return"), [this] { batch_->queue(); });
  add_action("filter", tr("Filter the batch"), QKeySequence("Ctrl+F"), [this] { batch_->focus_filter(); });
}

bool VqaPage::shows_batch() const {
  return tabs_->currentIndex() == 1;
}

// Each tab has its actions, so that a key means what is seen.
void VqaPage::on_tab() {
  for (const char* action : {"paste", "camera", "clear", "zoom-in", "zoom-out", "zoom-all"})
    context_.actions.find(QString("vqa.") + action)->setEnabled(!shows_batch());
  for (const char* action : {"folder", "answers", "queue", "filter"})
    context_.actions.find(QString("vqa.") + action)->setEnabled(shows_batch());
  context_.preferences.setValue("vqa/tab", tabs_->currentIndex());
  set_command(shows_batch() ? batch_->command() : asked_command_);
  if (isVisible()) first_focus()->setFocus();
}

// Pictures are looked at; a file of questions or a folder is a batch.
void VqaPage::take_files(const QStringList& files) {
  const QFileInfo first(files[0]);
  const bool questions = QStringList{"jsonl", "json", "csv"}.contains(first.suffix().toLower());
  if (files.size() > 1 || (!questions && !first.isDir())) return set_pictures(files);
  tabs_->setCurrentIndex(1);
  batch_->set_input(files[0]);
}

void VqaPage::open_question(const QStringList& pictures, const QString& question) {
  tabs_->setCurrentIndex(0);
  question_->setText(question);
  question_->setFocus();
  if (!process_.running()) ask_then_ = question;
  set_pictures(pictures);
}

Takeaway VqaPage::takeaway() const {
  if (shows_batch()) return {"answers", {}, {}, [this] { return batch_->answers().csv(); }};
  const QSize size = canvas_->size();
  const auto paint = [this, size](QPainter& painter) {
    painter.fillRect(QRect(QPoint(0, 0), size), palette().color(QPalette::Base));
    canvas_->draw(painter, size);
  };
  const QModelIndex at = list_->currentIndex();
  const auto layers = at.isValid() ? answers_.at(at.row()).patches : std::vector<PatchRouting>();
  return {"experts", size, paint, [layers] { return patches_csv(layers); }};
}

QWidget* VqaPage::first_focus() {
  return shows_batch() ? static_cast<QWidget*>(batch_) : question_;
}

void VqaPage::set_pictures(const QStringList& files) {
  const QStringList wanted = files.mid(0, kMostPictures);
  if (files.size() > kMostPictures)
    Q_EMIT message(tr("Only the first %1 pictures are taken").arg(kMostPictures), true);
  loader_.load(wanted, [this](std::vector<ShownPicture> shown, const QString& problem) {
    files_.clear();
    for (const ShownPicture& picture : shown) files_ << picture.file;
    canvas_->set_pictures(std::move(shown));
    list_->setCurrentIndex({});
    show_exchange();
    Q_EMIT message(problem, !problem.isEmpty());
    if (!ask_then_.isEmpty()) ask(std::exchange(ask_then_, {}));
  });
}

void VqaPage::choose_files() {
  const QString folder = context_.preferences.value("vqa/folder", find_asset("samples")).toString();
  const QStringList files = QFileDialog::getOpenFileNames(
      this, tr("Open pictures"), folder, tr("Pictures (*.png *.jpg *.jpeg *.webp *.bmp *.gif)"));
  if (files.isEmpty()) return;
  context_.preferences.setValue("vqa/folder", QFileInfo(files[0]).path());
  set_pictures(files);
}

void VqaPage::paste() {
  const QMimeData* data = QGuiApplication::clipboard()->mimeData();
  QStringList files;
  for (const QUrl& url : data->urls())
    if (url.isLocalFile()) files << url.toLocalFile();
  if (files.isEmpty() && data->hasImage()) {
    const QString file = folder_.filePath(QString("pasted-%1.png").arg(++asked_));
    if (qvariant_cast<QImage>(data->imageData()).save(file)) files << file;
  }
  if (files.isEmpty()) return Q_EMIT message(tr("There is no picture to paste"), true);
  set_pictures(files);
}

void VqaPage::shoot() {
  Q_EMIT message(tr("The camera is asked…"));
  camera_.shoot([this](const QString& file, const QString& problem) {
    file.isEmpty() ? Q_EMIT message(problem, true) : set_pictures({file});
  });
}

void VqaPage::try_sample() {
  const QString folder = find_asset("samples");
  if (folder.isEmpty()) return Q_EMIT message(tr("The samples are not installed"), true);
  if (shows_batch()) {
    batch_->set_input(folder + "/questions.jsonl");
    return batch_->run();
  }
  set_pictures({folder + "/nlvr-dev-3125-1-0.png"});
  question_->setText("There is a tower with four blocks.");
  question_->setFocus();
  ask_then_ = question_->text();
}

void VqaPage::ask(const QString& question) {
  if (process_.running() || question.trimmed().isEmpty()) return;
  const QString program = program_.isEmpty() ? find_program("conclave-vqa") : program_;
  Exchange exchange;
  exchange.answer.question = question.trimmed();
  exchange.pictures = files_;
  answers_.add(exchange);
  list_->setCurrentIndex(answers_.index(answers_.rowCount() - 1));
  list_->scrollToBottom();

  QStringList words{"run"};
  for (const QString& file : files_) words << "--image" << file;
  words << "--question" << question.trimmed();
  words += models_->words();
  asked_command_ = QStringList("conclave-vqa") + words;
  if (!shows_batch()) set_command(asked_command_);
  routing_file_ = folder_.filePath(QString("routing-%1.jsonl").arg(++asked_));
  if (models_->folder().isEmpty() || !is_published_model(models_->folder()))
    words << "--routing-out" << routing_file_;
  words << "--json"
        << "--history" << QString::fromStdString(std::filesystem::absolute(context_.history.path()).string());
  waited_s_ = 0;
  tick_->start(1000);
  if (program.isEmpty())
    on_end(-1, tr("conclave-vqa is neither beside this program nor on PATH"));
  else
    process_.start(program, words);
  question_->selectAll();
  say_state();
}

void VqaPage::take_line(const QByteArray& line) {
  VqaAnswer answer;
  try {
    answer = parse_answer(line);
  } catch (const std::exception& e) {
    answer.error = tr("What the program said is no answer: %1").arg(QString::fromUtf8(e.what()).left(200));
  }
  answers_.update_last([&](Exchange& exchange) {
    if (answer.question.isEmpty()) answer.question = exchange.answer.question;
    exchange.answer = answer;
    exchange.waiting = false;
  });
}

void VqaPage::on_end(int, const QString& problem) {
  tick_->stop();
  const QString said = last_line(process_.errors());
  answers_.update_last([&](Exchange& exchange) {
    if (!exchange.waiting) return;
    exchange.waiting = false;
    exchange.answer.error = problem.isEmpty() ? tr("The program ended without an answer.")
                            : said.isEmpty()  ? problem
                                              : problem + ": " + said;
  });
  take_routing();
  show_exchange();
  say_state();
}

void VqaPage::take_routing() {
  QFile file(routing_file_);
  if (!file.open(QIODevice::ReadOnly) || file.size() > kMostRouting) return;
  const QByteArray lines = file.readAll();
  file.remove();
  answers_.update_last([&](Exchange& exchange) {
    try {
      if (!exchange.answer.error.isEmpty()) return;
      auto tokens = parse_routing(lines, exchange.answer.id);
      const int experts = experts_of(tokens);
      exchange.words = tokens;
      std::erase_if(exchange.words, [](const RoutedToken& token) { return token.part == "pictures"; });
      if (!exchange.pictures.isEmpty()) exchange.patches = patches_of(tokens, exchange.answer);
      for (PatchRouting& layer : exchange.patches) layer.experts = experts;  // the words' colours, too
    } catch (const std::exception& e) {
      Q_EMIT message(tr("The experts cannot be shown: %1").arg(QString::fromUtf8(e.what())), true);
    }
  });
}

TokenStrip& VqaPage::words() const {
  return words_->strip();
}

const Exchange* VqaPage::exchange() const {
  const QModelIndex at = list_->currentIndex();
  return at.isValid() ? &answers_.at(at.row()) : nullptr;
}

// The chosen question's words, and its patches when its pictures are those that are shown.
void VqaPage::show_exchange() {
  const Exchange* shown = exchange();
  const bool painted = shown && shown->pictures == files_ && !shown->patches.empty();
  const int before = sites_.empty() ? -1 : sites_[static_cast<size_t>(layer_->value())];
  std::set<int> sites = shown ? sites_of(shown->words) : std::set<int>();
  if (painted)
    for (const PatchRouting& layer : shown->patches) sites.insert(layer.site);
  sites_.assign(sites.begin(), sites.end());
  paint_->setEnabled(painted);
  const QSignalBlocker quiet(layer_);
  layer_->setEnabled(sites_.size() > 1);
  layer_->setRange(0, std::max(0, static_cast<int>(sites_.size()) - 1));
  const auto same = std::find(sites_.begin(), sites_.end(), before);
  layer_->setValue(same == sites_.end() ? layer_->maximum() : static_cast<int>(same - sites_.begin()));
  words_->forget();
  paint_layer();
}

void VqaPage::paint_layer() {
  const Exchange* shown = exchange();
  const int site = sites_.empty() ? -1 : sites_[static_cast<size_t>(layer_->value())];
  layer_label_->setText(site >= 0 ? tr("Layer %1").arg(site) : tr("Layer"));
  const auto words = shown ? words_at(shown->words, site) : std::vector<RoutedToken>();
  canvas_->clear_patches();
  int known = shown ? experts_of(shown->words) : 0;
  if (shown && paint_->isEnabled())
    for (const PatchRouting& layer : shown->patches) {
      known = layer.experts;
      if (layer.site == site && paint_->isChecked()) canvas_->set_patches(layer);
    }
  words_->set_words(words, known);
}

void VqaPage::say_state() {
  const bool running = process_.running();
  ask_->setVisible(!running);
  cancel_->setVisible(running);
  if (running && process_.cancelling())
    state_->setText(tr("cancelling…"));
  else if (running)
    state_->setText(waited_s_ < kTellAfterSeconds
                        ? tr("asking…")
                        : tr("asking… %1; Esc cancels").arg(duration_text(waited_s_)));
  else if (!models_->folder().isEmpty())
    state_->setText(tr("The model in %1 answers.").arg(models_->folder()));
  else
    state_->setText(tr(
        "The model that is shipped knows box scenes and single coloured shapes; on photographs it guesses."));
}

}  // namespace conclave::ui
