#include "ui/vqa/batch_input.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>

#include "framework/base/csv.h"
#include "framework/base/file.h"

namespace conclave::ui {
namespace {

constexpr qint64 kMostLine = 8 << 20;
constexpr size_t kLargestTable = size_t{64} << 20;

// Lines with something in them; a long one is taken in pieces.
int64_t count_lines(QFile& file) {
  int64_t lines = 0;
  bool something = false;
  QByteArray block;
  while (!(block = file.read(1 << 20)).isEmpty())
    for (const char c : block) {
      if (c == '\n') {
        lines += something ? 1 : 0;
        something = false;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        something = true;
      }
    }
  return lines + (something ? 1 : 0);
}

}  // namespace

std::optional<int64_t> count_questions(const QString& input) {
  const QFileInfo info(input);
  if (info.isDir())
    return QDir(input)
        .entryList({"*.png", "*.jpg", "*.jpeg", "*.webp", "*.tif", "*.tiff", "*.gif", "*.apng", "*.mp4",
                    "*.mov", "*.mkv", "*.webm", "*.avi", "*.mpg", "*.mpeg", "*.ogv", "*.y4m"},
                   QDir::Files)
        .size();
  QFile file(input);
  if (!info.isFile() || !file.open(QIODevice::ReadOnly)) return std::nullopt;
  if (info.suffix() != "csv") return count_lines(file);
  try {
    const auto rows = read_csv(read_file(input.toStdString(), kLargestTable), input.toStdString());
    return rows.empty() ? 0 : static_cast<int64_t>(rows.size()) - 1;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

QStringList picture_files(const QString& input, const QStringList& names) {
  const QFileInfo info(input);
  QDir folder = info.absoluteDir();
  if (folder.exists("images")) folder.cd("images");
  QStringList files;
  for (const QString& name : names)
    files << (info.isDir() ? name : QDir::cleanPath(folder.absoluteFilePath(name)));
  return files;
}

VqaAnswer row_of(const QByteArray& line) {
  try {
    return parse_answer(line);
  } catch (const std::exception& e) {
    VqaAnswer row;
    row.error = QCoreApplication::translate("Answers", "This is no answer: %1")
                    .arg(QString::fromUtf8(e.what()).left(200));
    return row;
  }
}

std::vector<VqaAnswer> read_answers(const QString& name, size_t most) {
  std::vector<VqaAnswer> answers;
  QFile file(name);
  if (!file.open(QIODevice::ReadOnly)) return answers;
  while (!file.atEnd() && answers.size() < most) {
    const QByteArray line = file.readLine(kMostLine).trimmed();
    if (!line.isEmpty()) answers.push_back(row_of(line));
  }
  return answers;
}

}  // namespace conclave::ui
