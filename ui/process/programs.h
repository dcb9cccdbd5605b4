/// The programs that the window starts, and what comes with them.
#pragma once

#include <QStringList>

namespace conclave::ui {

/// The program's path: beside this program, or else on PATH; empty when it is in neither.
QString find_program(const QString& name);

/// The programs whose verbs work: what is put into the queue.
QStringList application_programs();

/// "samples" -> its place under share/conclave beside the installed program, or under assets/ of the source
/// tree; empty when it is in neither.
QString find_asset(const QString& name);

}  // namespace conclave::ui
