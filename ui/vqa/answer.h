/// What conclave-vqa says about pictures, read from its JSON lines.
#pragma once

#include <QByteArray>
#include <QRectF>
#include <QString>
#include <QStringList>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ui {

/// Exit code of conclave-vqa when some questions have no answer; their records say why.
inline constexpr int kSomeUnanswered = 1;

struct VqaAnswer {
  QString question, text, error;                ///< error: in place of a text
  QString warning;                              ///< words that the model never learnt
  double confidence = 0;                        ///< probability of the answer
  std::vector<std::pair<QString, double>> top;  ///< the best first
  double latency_ms = 0;
  QString id;
  QStringList images;    ///< as they were given to the program
  QStringList expected;  ///< right answers, where the input names them
  /// Tiles that each picture was cut to, in its own pixels.
  std::vector<std::vector<QRect>> tiles;
  /// In place of tiles, of published models: the patches of a picture as rows and columns.
  struct PatchGrid {
    int picture = 0;
    QRectF area;  ///< in the picture's pixels
    int rows = 0, columns = 0;
  };
  std::vector<PatchGrid> grids;
};

/// Throws Error when the line is no such record.
VqaAnswer parse_answer(const QByteArray& line);
/// The same of a record that is read already. Throws Json's errors, too.
VqaAnswer answer_of(const Json& record);

}  // namespace conclave::ui
