#include "ui/app/rail.h"

#include <QButtonGroup>
#include <QToolButton>
#include <QVBoxLayout>

#include "ui/theme/glyphs.h"

namespace conclave::ui {
namespace {
constexpr int kWide = 168, kNarrow = 60;
}

Rail::Rail(QWidget* parent)
    : QWidget(parent), layout_(new QVBoxLayout(this)), group_(new QButtonGroup(this)) {
  setObjectName("rail");
  setAttribute(Qt::WA_StyledBackground);
  layout_->setContentsMargins(8, 12, 8, 12);
  layout_->setSpacing(4);
  layout_->addStretch(1);
  set_collapsed(false);
}

void Rail::add(const QString& id, const QString& title, const QString& glyph_name) {
  auto* button = new QToolButton;
  button->setObjectName("rail." + id);
  button->setAccessibleName(title);
  button->setIcon(glyph(glyph_name));
  button->setIconSize({20, 20});
  button->setCheckable(true);
  button->setFocusPolicy(Qt::TabFocus);
  button->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  group_->addButton(button);
  connect(button, &QToolButton::clicked, this, [this, id] { Q_EMIT chosen(id); });
  layout_->insertWidget(layout_->count() - 1, button);
  label(items_[id] = {button, title, ""});
}

void Rail::select(const QString& id) {
  if (const auto found = items_.find(id); found != items_.end()) found->second.button->setChecked(true);
}

void Rail::set_badge(const QString& id, const QString& text) {
  if (const auto found = items_.find(id); found != items_.end()) {
    found->second.badge = text;
    label(found->second);
  }
}

void Rail::set_collapsed(bool collapsed) {
  collapsed_ = collapsed;
  setFixedWidth(collapsed ? kNarrow : kWide);
  for (const auto& [id, item] : items_) label(item);
}

void Rail::label(const Item& item) const {
  const QString text = item.badge.isEmpty() ? item.title : item.title + "  " + item.badge;
  item.button->setText(collapsed_ ? item.badge : " " + text);
  item.button->setToolTip(text);
  item.button->setToolButtonStyle(collapsed_ ? Qt::ToolButtonIconOnly : Qt::ToolButtonTextBesideIcon);
}

}  // namespace conclave::ui
