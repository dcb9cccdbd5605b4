/// Text that a person has written and not used yet: it is there again after a crash.
#pragma once

#include <QLineEdit>
#include <QTimer>
#include <functional>

#include "ui/app/preferences.h"

namespace conclave::ui {

/// Calls `save` half a second after the last call of what it returns, and at the end of `owner`.
std::function<void()> saved_soon(QObject* owner, std::function<void()> save);

/// Fills `edit` with what was written there last, and keeps what is written from here on.
void keep_draft(QLineEdit* edit, Preferences& preferences, const QString& key);

}  // namespace conclave::ui
