#include "ui/app/action_registry.h"

#include <QWidget>

#include "ui/app/session_log.h"
#include "ui/theme/glyphs.h"

namespace conclave::ui {

QAction* ActionRegistry::add(const ActionSpec& spec, QWidget* widget, std::function<void()> what) {
  Q_ASSERT(!find(spec.id));
  auto* action = new QAction(spec.text, widget);
  action->setObjectName(spec.id);
  action->setShortcut(spec.key);
  action->setShortcutContext(spec.page.isEmpty() ? Qt::WindowShortcut : Qt::WidgetWithChildrenShortcut);
  if (!spec.glyph.isEmpty()) action->setIcon(glyph(spec.glyph));
  const QString tip =
      spec.key.isEmpty() ? spec.text : spec.text + "  (" + spec.key.toString(QKeySequence::NativeText) + ")";
  action->setToolTip(tip);
  connect(action, &QAction::triggered, this, [id = spec.id, what = std::move(what)] {
    note("action " + id);
    what();
  });
  widget->addAction(action);
  entries_.push_back({spec, action});
  return action;
}

QAction* ActionRegistry::find(const QString& id) const {
  for (const auto& entry : entries_)
    if (entry.spec.id == id) return entry.action;
  return nullptr;
}

QStringList ActionRegistry::conflicts() const {
  QStringList found;
  for (size_t i = 0; i < entries_.size(); ++i)
    for (size_t j = i + 1; j < entries_.size(); ++j) {
      const ActionSpec &a = entries_[i].spec, &b = entries_[j].spec;
      const bool meet = a.page == b.page || a.page.isEmpty() || b.page.isEmpty();
      if (meet && !a.key.isEmpty() && a.key.matches(b.key) != QKeySequence::NoMatch)
        found << a.key.toString() + ": " + a.id + ", " + b.id;
    }
  return found;
}

}  // namespace conclave::ui
