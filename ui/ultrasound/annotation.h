/// What one reader drew and chose on one picture, kept as a findings file of conclave-ultrasound.
#pragma once

#include <QMap>
#include <QPolygonF>
#include <QSize>
#include <QStringList>
#include <optional>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ui {

struct Annotation {
  QString reader, organ, kind;
  int64_t frame = 0;
  QPolygonF outline;              ///< in pixels, whose middles are whole numbers
  bool is_box = false;            ///< `outline` is the corners of a box: it has no mask
  QMap<QString, QString> fields;  ///< by name; without the open ones
};

/// A findings file that conclave-ultrasound report and adjudicate read. `size`: of the picture.
Json findings_json(const Annotation& annotation, const QSize& size);
/// Throws DataError that names `file` for anything but what findings_json makes.
Annotation parse_annotation(const QByteArray& json, const QString& file);

/// Where readers of a study are kept, each in a file of its own.
class ReaderFolder {
 public:
  ReaderFolder() = default;
  /// `reports`: the folder of the study's reports.
  ReaderFolder(const QString& reports, const QString& study_file);
  QString file_of(const QString& reader) const;
  QString joined_file() const;
  /// Sorted by name; files that cannot be read are left out and named in `problems`.
  std::vector<Annotation> load(QStringList& problems) const;
  /// Writes whole or not at all; the problem in one sentence, or nothing.
  QString save(const Annotation& annotation, const QSize& size) const;

 private:
  QString folder_;
};

}  // namespace conclave::ui
