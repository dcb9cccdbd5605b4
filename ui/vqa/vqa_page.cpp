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
#include <QPushButton>
#include <QSlider>
#include <QSplitter>
#include <QThreadPool>
#include <QTimer>

#include "ui/data/format.h"
#include "ui/plots/plot_export.h"
#include "ui/process/programs.h"

namespace conclave::ui {
namespace {

constexpr qsizetype kMostPictures = 16;
constexpr qint64 kMostRouting = 16 << 20;
constexpr int kTellAfterSeconds = 2;

QString last_line(const QString& text) {
  return text.section('\n', -1).trimmed();
}

}  // namespace

PageInfo VqaPage::info() {
  return {"vqa", tr("Picture QA"), "picture"};
}

VqaPage::VqaPage(Context& context)
    : Page(info(), context),
      canvas_(new PictureCanvas),
      list_(new QListView),
      question_(new QLineEdit),
      ask_(new QPushButton(tr("Ask"))),
      cancel_(new QPushButton(tr("Cancel"))),
      state_(new QLabel),
      layer_label_(new QLabel),
      layer_(new QSlider(Qt::Horizontal)),
      paint_(new QCheckBox(tr("Paint patches by expert"))),
      tick_(new QTimer(this)) {
  build();
  add_actions();
  connect(&process_, &LineProcess::line, this, &VqaPage::take_line);
  connect(&process_, &LineProcess::ended, this, &VqaPage::on_end);
  connect(&process_, &LineProcess::line_too_long, this, [this] {
    answers_.update_last([](Exchange& exchange) {
      exchange.waiting = false;
      exchange.answer.error = tr("What the program said is no answer: a line without an end.");
    });
    process_.cancel();
  });
  connect(canvas_, &PictureCanvas::dropped, this, &VqaPage::set_pictures);
  connect(tick_, &QTimer::timeout, this, [this] {
    ++waited_s_;
    say_state();
  });
  set_command({"conclave-vqa", "run"});
  say_state();
  show_exchange();
}

void VqaPage::build() {
  auto* split = new QSplitter;
  split->addWidget(make_left());
  split->addWidget(make_right());
  split->setHandleWidth(12);
  split->setSizes({620, 420});
  body()->addWidget(split, 1);
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
      "open", tr("Open pictures"), QKeySequence("Ctrl+O"), [this] { choose_files(); }, true);
  add_action(
      "paste", tr("Paste a picture"), QKeySequence("Ctrl+V"), [this] { paste(); }, false, canvas_);
  add_action("clear", tr("Take the pictures away"), {}, [this] { set_pictures({}); });
  add_action("ask", tr("Ask"), QKeySequence("Ctrl+Return"), [this] { ask(question_->text()); });
  add_action("cancel", tr("Cancel the question"), QKeySequence("Esc"), [this] { process_.cancel(); });
  add_action("take", tr("Take the picture along"), QKeySequence("Ctrl+S"), [this] {
    const QString file = ask_export_file(this, "experts.png", "png svg pdf");
    if (file.isEmpty()) return;
    const QSize size = canvas_->size();
    const QString error = export_drawing(
        size, [&](QPainter& painter) { canvas_->draw(painter, size); }, file);
    Q_EMIT message(error.isEmpty() ? tr("%1 is written").arg(file) : error, !error.isEmpty());
  });
  canvas_->setFocusPolicy(Qt::StrongFocus);
}

QWidget* VqaPage::first_focus() {
  return question_;
}

void VqaPage::set_pictures(const QStringList& files) {
  const QStringList wanted = files.mid(0, kMostPictures);
  const uint64_t mine = ++*pictures_question_.newest();
  if (files.size() > kMostPictures)
    Q_EMIT message(tr("Only the first %1 pictures are taken").arg(kMostPictures), true);
  ++reading_;
  // Pictures may be large: they are read beside the window.
  QThreadPool::globalInstance()->start(
      [this, wanted, mine, newest = pictures_question_.newest(), alive = QPointer<VqaPage>(this)] {
        auto shown = std::make_shared<std::vector<ShownPicture>>();
        auto problem = std::make_shared<QString>();
        for (const QString& file : wanted)
          if (QImage image = read_picture(file, *problem); !image.isNull()) shown->push_back({file, image});
        QMetaObject::invokeMethod(
            qApp,
            [this, alive, newest, mine, shown, problem] {
              if (!alive) return;
              --reading_;
              if (*newest != mine) return;
              files_.clear();
              for (const ShownPicture& picture : *shown) files_ << picture.file;
              canvas_->set_pictures(*shown);
              list_->setCurrentIndex({});
              show_exchange();
              Q_EMIT message(*problem, !problem->isEmpty());
              if (!ask_then_.isEmpty()) ask(std::exchange(ask_then_, {}));
            },
            Qt::QueuedConnection);
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

void VqaPage::try_sample() {
  const QString folder = find_asset("samples");
  if (folder.isEmpty()) return Q_EMIT message(tr("The samples are not installed"), true);
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
  set_command(QStringList("conclave-vqa") + words);
  routing_file_ = folder_.filePath(QString("routing-%1.jsonl").arg(++asked_));
  words << "--json"
        << "--routing-out" << routing_file_ << "--history"
        << QString::fromStdString(std::filesystem::absolute(context_.history.path()).string());
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
      if (exchange.answer.error.isEmpty() && !exchange.pictures.isEmpty())
        exchange.patches = parse_patches(lines, exchange.answer.id, exchange.answer.tiles);
    } catch (const std::exception& e) {
      Q_EMIT message(tr("The experts cannot be shown: %1").arg(QString::fromUtf8(e.what())), true);
    }
  });
}

// The chosen question's patches, when its pictures are those that are shown.
void VqaPage::show_exchange() {
  const QModelIndex at = list_->currentIndex();
  const bool has =
      at.isValid() && answers_.at(at.row()).pictures == files_ && !answers_.at(at.row()).patches.empty();
  const auto layers = has ? static_cast<int>(answers_.at(at.row()).patches.size()) : 0;
  paint_->setEnabled(has);
  layer_->setEnabled(layers > 1);
  const int before = layer_->maximum();
  layer_->setRange(0, std::max(0, layers - 1));
  if (layers - 1 != before) layer_->setValue(layers - 1);
  paint_layer();
}

void VqaPage::paint_layer() {
  const QModelIndex at = list_->currentIndex();
  layer_label_->setText(layer_->isEnabled() ? tr("Layer %1").arg(layer_->value()) : tr("Layer"));
  if (!at.isValid() || !paint_->isEnabled() || !paint_->isChecked()) return canvas_->clear_patches();
  const auto& patches = answers_.at(at.row()).patches;
  const auto layer = static_cast<size_t>(layer_->value());
  if (layer < patches.size()) canvas_->set_patches(patches[layer]);
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
  else
    state_->setText(tr(
        "The model that is shipped knows box scenes and single coloured shapes; on photographs it guesses."));
}

}  // namespace conclave::ui
