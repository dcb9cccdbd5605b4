#include "ui/ultrasound/readers_panel.h"

#include <QComboBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <algorithm>

#include "framework/base/error.h"
#include "ui/data/table_view.h"
#include "ui/process/programs.h"
#include "ui/theme/theme.h"
#include "ui/ultrasound/value_delegate.h"

namespace conclave::ui {
namespace {

constexpr int kColumnWidth = 80;

}  // namespace

ReadersPanel::ReadersPanel(const Lexicon& lexicon, QWidget* parent)
    : QWidget(parent),
      lexicon_(lexicon),
      organ_(new QComboBox),
      drawn_(new QLabel),
      agreement_(new QLabel),
      save_(new QPushButton(tr("Save as mine"))),
      clear_(new QPushButton(tr("Draw anew"))),
      join_(new QPushButton(tr("Adjudicate"))),
      draft_(new QPushButton(tr("Draft from it"))) {
  organ_->setObjectName("ultrasound.readers.organ");
  organ_->setAccessibleName(tr("Organ"));
  drawn_->setObjectName("ultrasound.readers.drawn");
  agreement_->setObjectName("ultrasound.readers.agreement");
  save_->setObjectName("ultrasound.readers.save");
  clear_->setObjectName("ultrasound.readers.clear");
  join_->setObjectName("ultrasound.readers.join");
  draft_->setObjectName("ultrasound.readers.draft");
  for (QLabel* label : {drawn_, agreement_}) label->setWordWrap(true);
  auto* table = make_table(&table_, tr("Readers"));
  table->setObjectName("ultrasound.readers.table");
  table->horizontalHeader()->setDefaultSectionSize(kColumnWidth);
  table->setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed |
                         QAbstractItemView::SelectedClicked);
  table->setItemDelegate(new ValueDelegate([this](int row) { return table_.values(row); }, table));
  auto* mine = new QHBoxLayout;
  mine->addWidget(save_);
  mine->addWidget(clear_);
  auto* both = new QHBoxLayout;
  both->addWidget(join_);
  both->addWidget(draft_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 8, 0, 0);
  layout->addWidget(organ_);
  layout->addWidget(drawn_);
  layout->addWidget(table, 1);
  layout->addLayout(mine);
  layout->addWidget(agreement_);
  layout->addLayout(both);
  // Another organ has other fields; what is drawn stays.
  connect(organ_, &QComboBox::currentIndexChanged, this, [this] { show_keeping({}); });
  connect(save_, &QPushButton::clicked, this, &ReadersPanel::save);
  connect(clear_, &QPushButton::clicked, this, [this] { draw(mine_.frame, {}, false); });
  connect(join_, &QPushButton::clicked, this, &ReadersPanel::adjudicate);
  connect(draft_, &QPushButton::clicked, this, [this] { Q_EMIT draft_wanted(folder_.joined_file()); });
  connect(&process_, &LineProcess::line, this, [this](const QByteArray& line) { line_ = line; });
  connect(&process_, &LineProcess::ended, this,
          [this](int, const QString& problem) { take_joined(problem); });
  connect(&table_, &QAbstractItemModel::dataChanged, this, [this] { unsaved_ = true; });
  show_table();
}

QString ReadersPanel::organ() const {
  return organ_->currentData().toString();
}

void ReadersPanel::offer_organs(const QString& wanted) {
  const QString chosen = readers_.empty() ? wanted : readers_.front().organ;
  const QSignalBlocker quiet(organ_);
  if (organ_->count() == 0)
    for (auto kind = lexicon_.kinds.begin(); kind != lexicon_.kinds.end(); ++kind)
      organ_->addItem(QString(kind.value()).replace('_', ' '), kind.key());
  if (const int at = organ_->findData(chosen); at >= 0) organ_->setCurrentIndex(at);
  show_table();
}

void ReadersPanel::open(const QString& reports, const QString& study_file) {
  folder_ = ReaderFolder(reports, study_file);
  table_.forget_decisions();
  QStringList problems;
  readers_ = folder_.load(problems);
  offer_organs(organ());
  for (const QString& problem : problems) Q_EMIT said(problem, true);
}

// What was not saved yet stays with whoever goes on typing the name.
void ReadersPanel::set_reader(const QString& name) {
  const auto fields = table_.mine();
  reader_ = name.trimmed();
  show_keeping(fields);
}

void ReadersPanel::show_keeping(const QMap<QString, QString>& fields) {
  const bool keep = unsaved_;
  const Annotation drawn = mine_;
  show_table();
  if (!keep) return;
  if (!fields.isEmpty()) table_.set_mine(fields);
  draw(drawn.frame, drawn.outline, drawn.is_box);
}

// What was saved under the reader's name is what is drawn, until something else is.
void ReadersPanel::show_table() {
  const auto saved = std::find_if(readers_.begin(), readers_.end(), [this](const Annotation& each) {
    return each.reader == reader_ && each.organ == organ();
  });
  mine_ = saved == readers_.end() ? Annotation() : *saved;
  table_.set(lexicon_, organ(), reader_, readers_);
  unsaved_ = false;
  show_drawn();
  const auto count = std::count_if(readers_.begin(), readers_.end(),
                                   [this](const Annotation& each) { return each.organ == organ(); });
  join_->setEnabled(count > 1);
  draft_->setEnabled(QFileInfo::exists(folder_.joined_file()));
  const QStringList differing = table_.differing();
  agreement_->setText(count < 2 ? tr("A second reader, under another name, makes it possible to compare.")
                      : differing.isEmpty()
                          ? tr("%1 readers, who agree.").arg(count)
                          : tr("%1 readers, who differ in %2.").arg(count).arg(differing.join(", ")));
}

void ReadersPanel::draw(int64_t frame, const QPolygonF& outline, bool is_box) {
  mine_.frame = frame;
  mine_.outline = outline;
  mine_.is_box = is_box;
  unsaved_ = true;
  show_drawn();
}

void ReadersPanel::show_drawn() {
  const QSizeF size = mine_.outline.boundingRect().size();
  drawn_->setText(mine_.outline.isEmpty()
                      ? tr("Nothing is drawn: take Outline, Ellipse or Box above the picture.")
                      : tr("Drawn on frame %1: %2 x %3 pixels.")
                            .arg(mine_.frame + 1)
                            .arg(size.width(), 0, 'f', 0)
                            .arg(size.height(), 0, 'f', 0));
  clear_->setEnabled(!mine_.outline.isEmpty());
  Q_EMIT marks_changed();
}

std::vector<FrameMarks::Reader> ReadersPanel::marks(int64_t frame) const {
  std::vector<FrameMarks::Reader> all;
  int number = 0;
  for (const Annotation& each : readers_) {
    const QColor color = series_color(number++);
    if (each.frame == frame && each.reader != reader_ && !each.outline.isEmpty())
      all.push_back({each.reader, each.outline, color});
  }
  if (mine_.frame == frame && !mine_.outline.isEmpty())
    all.push_back({reader_.isEmpty() ? tr("you") : reader_, mine_.outline, Qt::white});
  return all;
}

void ReadersPanel::save() {
  if (reader_.isEmpty()) return Q_EMIT said(tr("Who reads? Write your name below"), true);
  if (organ().isEmpty()) return Q_EMIT said(tr("Choose what is seen first"), true);
  Annotation saved = mine_;
  saved.reader = reader_;
  saved.organ = organ();
  saved.kind = lexicon_.kinds.value(saved.organ);
  saved.fields = table_.mine();
  if (saved.fields.isEmpty() && saved.outline.isEmpty())
    return Q_EMIT said(tr("There is nothing to save: draw, or choose a value"), true);
  if (const QString problem = folder_.save(saved, size_); !problem.isEmpty())
    return Q_EMIT said(problem, true);
  QStringList problems;
  readers_ = folder_.load(problems);
  show_table();
  Q_EMIT said(tr("saved in %1").arg(folder_.file_of(reader_)), false);
}

void ReadersPanel::adjudicate() {
  if (process_.running()) return;
  const QStringList decisions = table_.decisions();
  if (!decisions.isEmpty() && reader_.isEmpty())
    return Q_EMIT said(tr("Who decides? Write your name below"), true);
  QStringList words{"adjudicate"};
  for (const Annotation& each : readers_)
    if (each.organ == organ()) words << folder_.file_of(each.reader);
  words << "--out" << folder_.joined_file();
  for (const QString& decision : decisions) words << "--set" << decision;
  if (!decisions.isEmpty()) words << "--by" << reader_;
  Q_EMIT command_used(words);
  line_.clear();
  process_.start(find_program("conclave-ultrasound"), words + QStringList{"--json", "--no-history"});
}

void ReadersPanel::take_joined(const QString& problem) {
  try {
    require(problem.isEmpty(), "{}", process_.errors().section('\n', -1).toStdString());
    const Json json = ultrasound_json(line_);
    QStringList open;
    for (const Json& each : json.at("disagreements")) open << QString::fromStdString(each.get<std::string>());
    draft_->setEnabled(true);
    agreement_->setText(open.isEmpty() ? tr("Joined: nothing is left to decide.")
                                       : tr("Left to decide: %1").arg(open.join("; ")));
    Q_EMIT said(tr("joined in %1").arg(folder_.joined_file()), false);
  } catch (const std::exception& e) {
    Q_EMIT said(QString::fromUtf8(e.what()), true);
  }
}

}  // namespace conclave::ui
