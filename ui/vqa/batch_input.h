/// Files of questions and of answers.
#pragma once

#include <QStringList>
#include <optional>
#include <vector>

#include "ui/vqa/answer.h"

namespace conclave::ui {

/// How many answers conclave-vqa will give to `input`, a JSON-lines file, a .csv or a folder of pictures;
/// nothing where that cannot be told.
std::optional<int64_t> count_questions(const QString& input);

/// Where the pictures of a record lie: a file's are named as seen from images/ beside it, or from its own
/// folder; a folder's have their whole names.
QStringList picture_files(const QString& input, const QStringList& names);

/// What `conclave-vqa run --out` wrote; lines that are no answers become rows with an error. At most `most`.
std::vector<VqaAnswer> read_answers(const QString& file, size_t most);

/// A row that says what is wrong with a line.
VqaAnswer row_of(const QByteArray& line);

}  // namespace conclave::ui
