#include "ui/routing/probe_view.h"

#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QScrollArea>
#include <QSlider>
#include <QSplitter>
#include <QTableView>
#include <algorithm>
#include <cmath>

#include "ui/data/format.h"
#include "ui/data/run_model.h"
#include "ui/data/table_view.h"
#include "ui/process/programs.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kDrawnGap = 12, kStripHeight = 150;

QString heading_of(const Probe& probe) {
  if (!probe.answer.error.isEmpty()) return probe.answer.question + " — " + probe.answer.error;
  return ProbeView::tr("%1  →  %2, %3 %")
      .arg(probe.answer.question, probe.answer.text.trimmed())
      .arg(std::round(100 * probe.answer.confidence));
}

}  // namespace

ProbeView::ProbeView(Context& context, QWidget* parent)
    : QWidget(parent),
      context_(context),
      list_({tr("Question"), tr("Answer")}),
      tokens_({tr("Token"), tr("Experts")}),
      models_(new ModelChooser(context, {"vqa", "model"})),
      questions_(new QPushButton),
      ask_(new QPushButton(tr("Ask"))),
      cancel_(new QPushButton(tr("Cancel"))),
      state_(new QLabel),
      layer_label_(new QLabel),
      token_label_(new QLabel),
      question_label_(new QLabel),
      layer_(new QSlider(Qt::Horizontal)),
      list_view_(make_table(&list_, tr("Questions of the probe set"))),
      tokens_view_(make_table(&tokens_, tr("Tokens and their experts"))),
      canvas_(new PictureCanvas),
      strip_(new TokenStrip),
      scroll_(new QScrollArea) {
  build();
  connect(&process_, &LineProcess::line, this, &ProbeView::take_line);
  connect(&process_, &LineProcess::line_too_long, this, [this] {
    problem_ = tr("What the program said is no answer: a line without an end.");
    process_.cancel();
  });
  connect(&process_, &LineProcess::ended, this, &ProbeView::on_end);
  connect(models_, &ModelChooser::changed, this, [this] {
    no_model_.clear();
    forget();
  });
  connect(list_view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          [this](const QModelIndex& at) {
            if (filling_) return;
            chosen_ = at.row();
            show_probe();
          });
  connect(tokens_view_->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
          &ProbeView::show_row);
  connect(layer_, &QSlider::valueChanged, this, &ProbeView::show_layer);
  connect(strip_, &TokenStrip::token_chosen, this, [this](int token) {
    if (token >= 0) choose_row(*tokens_view_, token);
  });
  connect(canvas_, &PictureCanvas::patch_chosen, this, [this](int patch) {
    choose_row(*tokens_view_, static_cast<int>(strip_->tokens().size()) + patch);
  });
  connect(canvas_, &PictureCanvas::expert_chosen, this, [this](int expert) {
    const bool again =
        !tokens_view_->currentIndex().isValid() && canvas_->shown_experts() == std::set<int>{expert};
    tokens_view_->setCurrentIndex({});
    show_experts(expert < 0 || again ? std::set<int>() : std::set<int>{expert});
  });
  connect(canvas_, &PictureCanvas::dropped, this,
          [this](const QStringList& files) { set_questions(files[0]); });
  const QString samples = find_asset("samples");
  const QString standard = samples.isEmpty() ? QString() : samples + "/questions.jsonl";
  set_questions(context_.preferences.value("routing/questions", standard).toString());
  models_->refresh();
}

void ProbeView::build() {
  list_view_->setObjectName("routing.probes");
  list_view_->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  tokens_view_->setObjectName("routing.tokenTable");
  tokens_view_->setMinimumWidth(150);
  list_view_->setMinimumWidth(150);
  state_->setObjectName("routing.probeState");
  state_->setWordWrap(true);
  state_->setForegroundRole(QPalette::PlaceholderText);
  auto* split = new QSplitter;
  split->addWidget(list_view_);
  split->addWidget(make_middle());
  split->addWidget(tokens_view_);
  split->setHandleWidth(12);
  split->setStretchFactor(1, 1);
  split->setSizes({240, 500, 290});
  tokens_view_->setColumnWidth(0, 84);
  setFocusProxy(list_view_);
  auto* all = new QVBoxLayout(this);
  all->setContentsMargins(0, 8, 0, 0);
  all->addWidget(make_controls());
  all->addWidget(split, 1);
  all->addWidget(state_);
}

QWidget* ProbeView::make_controls() {
  models_->setObjectName("routing.model");
  questions_->setObjectName("routing.questions");
  questions_->setAccessibleName(tr("Choose the probe set"));
  ask_->setObjectName("primary");
  connect(questions_, &QPushButton::clicked, this, &ProbeView::choose_questions);
  connect(ask_, &QPushButton::clicked, this, &ProbeView::ask);
  connect(cancel_, &QPushButton::clicked, this, &ProbeView::cancel);
  auto* controls = new QWidget;
  auto* layout = new QHBoxLayout(controls);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(models_);
  layout->addWidget(questions_);
  layout->addWidget(ask_);
  layout->addWidget(cancel_);
  layout->addStretch(1);
  return controls;
}

QWidget* ProbeView::make_middle() {
  question_label_->setObjectName("routing.probeQuestion");
  question_label_->setWordWrap(true);
  canvas_->setObjectName("routing.canvas");
  canvas_->setMinimumSize(200, 160);
  canvas_->say_when_empty(tr("The pictures of the chosen question stand here"));
  layer_->setObjectName("routing.layer");
  layer_->setAccessibleName(tr("Layer"));
  layer_->setPageStep(1);
  layer_->setEnabled(false);
  token_label_->setObjectName("routing.token");
  token_label_->setWordWrap(true);
  QScrollArea* scroll = scroll_;
  scroll->setWidget(strip_);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->setMinimumHeight(kStripHeight);
  strip_->setAutoFillBackground(false);
  connect(strip_, &TokenStrip::token_chosen, scroll, [this, scroll](int token) {
    if (token < 0) return;
    const QPoint middle = strip_->area_of(token, strip_->width()).center();
    scroll->ensureVisible(middle.x(), middle.y());
  });
  auto* layers = new QHBoxLayout;
  layers->addWidget(layer_label_);
  layers->addWidget(layer_, 1);
  auto* middle = new QWidget;
  auto* layout = new QVBoxLayout(middle);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(question_label_);
  layout->addWidget(canvas_, 1);
  layout->addLayout(layers);
  layout->addWidget(scroll);
  layout->addWidget(token_label_);
  return middle;
}

void ProbeView::show_run(const RunDetail& run) {
  const bool readable = run.app == "vqa" || run.app == "model";
  const QString folder = readable ? model_folder(run) : QString();
  if (!folder.isEmpty())
    return models_->choose(folder,
                           ModelChooser::name_of_run(run.id, QString::fromStdString(run.name), folder));
  no_model_ = readable
                  ? tr("Run %1 names no model. Choose one above.").arg(run.id)
                  : tr("Run %1 is of conclave-%2; models that read pictures or text are shown here. Choose "
                       "one above.")
                        .arg(run.id)
                        .arg(QString::fromStdString(run.app));
  forget();
}

void ProbeView::set_questions(const QString& file) {
  questions_file_ = file;
  questions_->setText(file.isEmpty() ? tr("Choose questions ...")
                                     : tr("Questions: %1").arg(QFileInfo(file).fileName()));
  questions_->setToolTip(file);
  forget();
}

void ProbeView::choose_questions() {
  const QString file =
      QFileDialog::getOpenFileName(this, tr("Questions to ask every model"), questions_file_,
                                   tr("Questions (*.jsonl *.json)") + ";;" + tr("All files (*)"));
  if (file.isEmpty()) return;
  context_.preferences.setValue("routing/questions", file);
  set_questions(file);
}

void ProbeView::ask() {
  if (process_.running()) return;
  if (!no_model_.isEmpty()) return Q_EMIT message(no_model_, true);
  if (questions_file_.isEmpty()) return Q_EMIT message(tr("Choose the questions first"), true);
  forget();
  const QString program = program_.isEmpty() ? find_program(command_[0]) : program_;
  if (program.isEmpty())
    return on_end(-1, tr("%1 is neither beside this program nor on PATH").arg(command_[0]));
  process_.start(
      program,
      command_.mid(1) +
          QStringList{"--history",
                      QString::fromStdString(std::filesystem::absolute(context_.history.path()).string())});
  say_state();
}

// What was answered is of another model or other questions.
void ProbeView::forget() {
  probes_.clear();
  tokens_read_ = 0;
  chosen_ = -1;
  problem_.clear();
  list_probes();
  show_probe();
  // Models as others publish them are read by another program; pictures where they read some.
  if (const QString folder = models_->folder(); !folder.isEmpty() && is_published_model(folder))
    command_ = QStringList{"conclave-model", "inspect", folder, "--prompts", questions_file_, "--json"};
  else
    command_ = QStringList{"conclave-vqa", "inspect", questions_file_, "--json"} + models_->words();
  Q_EMIT command_changed();
  if (process_.running()) process_.cancel();
  say_state();
}

void ProbeView::take_line(const QByteArray& line) {
  if (process_.cancelling()) return;
  try {
    probes_.push_back(parse_probe(line, questions_file_));
  } catch (const std::exception& e) {
    problem_ = tr("What the program said is no answer: %1").arg(QString::fromUtf8(e.what()).left(200));
    return;
  }
  tokens_read_ += probes_.back().tokens.size();
  list_probes();
  if (probes_.size() == 1) {
    chosen_ = 0;
    show_probe();
  }
  say_state();
  if (probes_.size() < kMostProbes && tokens_read_ < kMostTokens) return;
  problem_ = tr("Only the first %1 questions are shown: a probe set is small").arg(probes_.size());
  process_.cancel();
}

void ProbeView::on_end(int code, const QString& problem) {
  const bool told =
      code == kSomeUnanswered && std::any_of(probes_.begin(), probes_.end(), [](const Probe& probe) {
        return !probe.answer.error.isEmpty();
      });  // in their rows
  if (problem_.isEmpty() && !problem.isEmpty() && !told) {
    const QString said = process_.errors().section('\n', -1).trimmed();
    problem_ = said.isEmpty() ? problem : problem + ": " + said;
  }
  if (problem_.isEmpty() && probes_.empty()) problem_ = tr("There was no question in the probe set.");
  say_state();
}

void ProbeView::list_probes() {
  std::vector<TextTableModel::Row> rows;
  for (const Probe& probe : probes_)
    rows.push_back({{probe.answer.question,
                     probe.answer.error.isEmpty() ? probe.answer.text.trimmed() : "⚠ " + probe.answer.error},
                    !probe.answer.error.isEmpty()});
  filling_ = true;
  list_.set_rows(std::move(rows));
  if (chosen_ >= 0) choose_row(*list_view_, chosen_);
  filling_ = false;
}

const Probe* ProbeView::probe() const {
  return chosen_ >= 0 && static_cast<size_t>(chosen_) < probes_.size()
             ? &probes_[static_cast<size_t>(chosen_)]
             : nullptr;
}

int ProbeView::site() const {
  const auto place = static_cast<size_t>(layer_->value());
  return place < sites_.size() ? sites_[place] : -1;
}

void ProbeView::show_probe() {
  if (chosen_ >= 0 && list_view_->currentIndex().row() != chosen_) {
    filling_ = true;
    choose_row(*list_view_, chosen_);
    filling_ = false;
  }
  const Probe* shown = probe();
  const int before = site();
  sites_.clear();
  if (shown) {
    const auto sites = shown->sites();
    sites_.assign(sites.begin(), sites.end());
  }
  filling_ = true;
  layer_->setEnabled(sites_.size() > 1);
  layer_->setRange(0, std::max(0, static_cast<int>(sites_.size()) - 1));
  const auto same = std::find(sites_.begin(), sites_.end(), before);
  layer_->setValue(same == sites_.end() ? layer_->maximum() : static_cast<int>(same - sites_.begin()));
  filling_ = false;
  // Without pictures the words have all the room.
  const bool pictures = !shown || !shown->pictures.isEmpty();
  canvas_->setVisible(pictures);
  scroll_->setMaximumHeight(pictures ? kStripHeight : QWIDGETSIZE_MAX);
  canvas_->set_pictures({});
  question_label_->setText(shown ? heading_of(*shown) : QString());
  show_layer();
  loader_.load(shown ? shown->pictures : QStringList(),
               [this](std::vector<ShownPicture> pictures, const QString& problem) {
                 canvas_->set_pictures(std::move(pictures));
                 show_layer();
                 if (!problem.isEmpty()) Q_EMIT message(problem, true);
               });
}

void ProbeView::show_layer() {
  if (filling_) return;
  const Probe* shown = probe();
  layer_label_->setText(site() < 0 ? tr("Layer") : tr("Layer %1").arg(site()));
  const auto words = shown ? shown->words_at(site()) : std::vector<RoutedToken>();
  const PatchRouting* patches = shown ? shown->patches_at(site()) : nullptr;
  const int row = tokens_view_->currentIndex().row();
  strip_->set_tokens(words, shown ? shown->experts() : 0);
  const bool all_read = shown && canvas_->pictures().size() == static_cast<size_t>(shown->pictures.size());
  patches&& all_read ? canvas_->set_patches(*patches) : canvas_->clear_patches();
  std::vector<TextTableModel::Row> rows;
  for (const RoutedToken& word : words)
    rows.push_back({{shown_word(word.word), short_choices(word.choices)}});
  const bool several = shown && shown->pictures.size() > 1;
  for (size_t i = 0; patches && i < patches->patches.size(); ++i) {
    const auto& patch = patches->patches[i];
    const QString name =
        several ? tr("patch %1 of picture %2").arg(i).arg(patch.picture + 1) : tr("patch %1").arg(i);
    rows.push_back({{name, short_choices(patch.choices)}});
  }
  tokens_.set_rows(std::move(rows));
  if (row >= 0 && row < tokens_.rowCount()) choose_row(*tokens_view_, row);
  show_row();
}

void ProbeView::show_row() {
  const QModelIndex at = tokens_view_->currentIndex();
  const int words = static_cast<int>(strip_->tokens().size());
  const int row = at.isValid() ? at.row() : -1;
  strip_->choose(row < words ? row : -1);
  // Of the chosen word: which patches went to the same expert.
  const int expert = row >= 0 && row < words
                         ? shared_expert(strip_->tokens()[static_cast<size_t>(row)], canvas_->patches())
                         : -1;
  show_experts(expert < 0 ? std::set<int>() : std::set<int>{expert});
  canvas_->mark_patch(row < words ? -1 : row - words);
  const Probe* shown = probe();
  const PatchRouting* patches = shown ? shown->patches_at(site()) : nullptr;
  QString text;
  if (row >= 0 && row < words)
    text = choices_text(strip_->tokens()[static_cast<size_t>(row)].choices);
  else if (row >= 0 && patches && static_cast<size_t>(row - words) < patches->patches.size())
    text = choices_text(patches->patches[static_cast<size_t>(row - words)].choices);
  if (!text.isEmpty())
    text = at.siblingAtColumn(0).data().toString() + ": " + text;
  else if (shown && !shown->trouble.isEmpty())
    text = tr("The patches cannot be shown: %1").arg(shown->trouble);
  else if (shown && shown->answer.error.isEmpty() && shown->tokens.empty())
    text = tr("No layer of this model has experts");
  else if (shown)
    text = tr("Choose a word or a patch to see all its experts");
  token_label_->setText(text);
}

void ProbeView::show_experts(const std::set<int>& experts) {
  strip_->show_experts(experts);
  canvas_->show_experts(experts);
}

void ProbeView::say_state() {
  const bool running = process_.running();
  ask_->setVisible(!running);
  cancel_->setVisible(running);
  const auto failed = std::count_if(probes_.begin(), probes_.end(),
                                    [](const Probe& probe) { return !probe.answer.error.isEmpty(); });
  QString text;
  if (running && process_.cancelling())
    text = tr("cancelling…");
  else if (running)
    text = tr("asking… %1 answered; Esc cancels").arg(probes_.size());
  else if (!problem_.isEmpty())
    text = "⚠ " + problem_;
  else if (!no_model_.isEmpty())
    text = "⚠ " + no_model_;
  else if (probes_.empty())
    text =
        tr("The same few questions can be asked of every model: each word and each part of the pictures is "
           "painted by the expert that it goes to first, layer by layer.");
  else
    text = tr("%1 questions, %2 of them without an answer").arg(probes_.size()).arg(failed);
  state_->setText(text);
}

QSize ProbeView::drawn_size() const {
  const int width = scroll_->width();
  const int pictures = canvas_->isHidden() ? 0 : canvas_->height() + kDrawnGap;
  return {width, fontMetrics().height() + kDrawnGap + pictures + strip_->heightForWidth(width)};
}

void ProbeView::draw(QPainter& painter) const {
  const Probe* shown = probe();
  const int head = fontMetrics().height() + kDrawnGap;
  painter.fillRect(QRect(QPoint(0, 0), drawn_size()), palette().color(QPalette::Base));
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(QRect(0, 0, scroll_->width(), head), Qt::AlignLeft | Qt::AlignVCenter,
                   shown ? heading_of(*shown) : QString());
  painter.translate(0, head);
  if (!canvas_->isHidden()) {
    canvas_->draw(painter, canvas_->size());
    painter.translate(0, canvas_->height() + kDrawnGap);
  }
  strip_->draw(painter, scroll_->width());
}

}  // namespace conclave::ui
