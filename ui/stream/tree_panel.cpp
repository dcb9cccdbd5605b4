#include "ui/stream/tree_panel.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QTreeWidget>
#include <QVBoxLayout>

#include "ui/data/format.h"

namespace conclave::ui {
namespace {

constexpr int kOpenDepth = 3;  // branches that are seen at first

QString word(const Json& node, const char* key) {
  return QString::fromStdString(node.value(key, std::string()));
}

void add_branch(QTreeWidgetItem* item, const Json& node, int depth) {
  if (node.contains("leaf"))
    item->setText(1, word(node, "leaf"));
  else
    item->setText(1, TreePanel::tr("by %1").arg(word(node, "split")));
  if (node.contains("left_out"))
    item->setText(1, item->text(1) + "  " +
                         TreePanel::tr("(%1 nodes below)").arg(count_text(node["left_out"].get<int64_t>())));
  if (!node.contains("then")) return;
  for (const Json& branch : node["then"]) {
    auto* below = new QTreeWidgetItem(item, {word(branch, "if")});
    add_branch(below, branch, depth + 1);
  }
  item->setExpanded(depth < kOpenDepth);
}

}  // namespace

TreePanel::TreePanel(QWidget* parent)
    : QWidget(parent), which_(new QComboBox), hint_(new QLabel), tree_(new QTreeWidget) {
  which_->setObjectName("stream.tree.which");
  which_->setAccessibleName(tr("Which tree"));
  hint_->setForegroundRole(QPalette::PlaceholderText);
  hint_->setWordWrap(true);
  hint_->setObjectName("stream.tree.hint");
  tree_->setObjectName("stream.tree");
  tree_->setAccessibleName(tr("Tree of the expert"));
  tree_->setColumnCount(2);
  tree_->setHeaderLabels({tr("Where"), tr("Decides, or says")});
  tree_->header()->setSectionResizeMode(0, QHeaderView::ResizeToContents);
  tree_->setUniformRowHeights(true);
  tree_->setAlternatingRowColors(true);
  auto* again = new QPushButton(tr("As it stands now"));
  again->setObjectName("stream.tree.again");
  connect(again, &QPushButton::clicked, this, &TreePanel::wanted);
  connect(which_, &QComboBox::currentIndexChanged, this, &TreePanel::fill);
  auto* line = new QHBoxLayout;
  line->addWidget(which_);
  line->addWidget(hint_, 1);
  line->addWidget(again);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 8, 0, 0);
  layout->addLayout(line);
  layout->addWidget(tree_, 1);
  show_trees(Json::array(), 0);
}

void TreePanel::show_trees(Json trees, int64_t rows) {
  const QVariant before = which_->currentData();
  trees_ = std::move(trees);
  {
    const QSignalBlocker quiet(which_);
    which_->clear();
    for (const Json& tree : trees_) {
      const bool expert = tree.contains("expert");
      const auto number = tree.value(expert ? "expert" : "tree", int64_t{0});
      which_->addItem(expert ? tr("Expert %1").arg(number) : tr("Tree %1").arg(number), qlonglong{number});
    }
    which_->setCurrentIndex(std::max(which_->findData(before), which_->count() > 0 ? 0 : -1));
  }
  which_->setEnabled(which_->count() > 0);
  hint_->setText(trees_.empty() ? tr("No trees yet, or a learner that has none. Pause, or wait for the end.")
                                : tr("as it stood after row %1").arg(count_text(rows)));
  fill();
}

bool TreePanel::choose_expert(int64_t expert) {
  const int at = which_->findData(qlonglong{expert});
  if (at >= 0) which_->setCurrentIndex(at);
  return at >= 0;
}

void TreePanel::fill() {
  tree_->clear();
  const int at = which_->currentIndex();
  if (at < 0) return;
  auto* root = new QTreeWidgetItem(tree_, {tr("all rows")});
  add_branch(root, trees_[static_cast<size_t>(at)], 0);
}

}  // namespace conclave::ui
