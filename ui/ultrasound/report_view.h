/// A report of conclave-ultrasound as the page shows it.
#pragma once

#include <QAbstractTableModel>
#include <QImage>
#include <QLineF>
#include <QMap>
#include <QRectF>
#include <QStringList>
#include <map>
#include <optional>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ui {

struct ReportField {
  int finding = 0;
  QString kind, name, value, reason;
  double confidence = 0;
  bool abstained = false;
};

struct ReportEllipse {
  QPointF center;
  double a = 0, b = 0, angle = 0;  ///< half axes in pixels, radians
};

/// Where a sentence comes from.
struct ReportEvidence {
  QString source;  ///< name of the file; empty: the only one
  int64_t frame = 0;
  std::optional<QRectF> box;  ///< in pixels, whose middles are whole numbers
};

struct ReportSentence {
  QString section, text;
  std::vector<ReportEvidence> evidence;
  bool edited = false;  ///< a reader's own words
};

/// What a report says lies on one frame.
struct ReportMarks {
  std::vector<QImage> masks;  ///< 255 inside, the size of the picture
  std::vector<ReportEllipse> ellipses;
  std::vector<QLineF> lines;
};

struct ReportStep {
  QString state, by, time;
  QStringList changes;  ///< "/findings/0/fields/1/value: oval"
};

struct ReportView {
  QString file, state, organ, model, reason, notice;
  bool abstained = false;
  std::vector<ReportField> fields;  ///< the least sure first
  QStringList measurements;         ///< "head circumference: 45.1 mm"
  QStringList categories;
  QString findings, impression;  ///< a line for each sentence
  std::vector<ReportSentence> sentences;
  std::map<std::pair<QString, int64_t>, ReportMarks> marks;  ///< by source and frame
  std::vector<ReportStep> steps;
  QStringList sources;  ///< names of the files that it is of
};

/// Throws DataError for what is no such report, also for a mask that does not fill its picture.
ReportView parse_report(const QByteArray& json, const QString& file);

/// A line that conclave-ultrasound wrote. Throws DataError for anything but JSON.
Json ultrasound_json(const QByteArray& line);

/// What a report can say, in the program's order.
struct Lexicon {
  struct Field {
    QString organ, name;
    QStringList values;
  };
  std::vector<Field> fields;
  QMap<QString, QString> kinds;  ///< what a finding of an organ is called

  QStringList values(const QString& organ, const QString& field) const;
};
/// A line of conclave-ultrasound inspect lexicon --json.
void add_to_lexicon(Lexicon& lexicon, const QByteArray& line);

/// Fields of a report; the values can be changed, and what was changed is remembered until it is kept.
class FieldModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  void set_fields(std::vector<ReportField> fields);
  const ReportField& at(int row) const { return fields_.at(static_cast<size_t>(row)); }
  /// "0.margin=spiculated" for each changed value.
  QStringList changes() const;

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  QVariant data(const QModelIndex& index, int role) const override;
  bool setData(const QModelIndex& index, const QVariant& value, int role) override;
  Qt::ItemFlags flags(const QModelIndex& index) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 Q_SIGNALS:
  void edited();

 private:
  std::vector<ReportField> fields_;
  std::vector<QString> before_;
};

}  // namespace conclave::ui
