#include "ui/ultrasound/annotation.h"

#include <QDir>
#include <QFileInfo>
#include <QSaveFile>
#include <QUrl>

#include "framework/base/error.h"
#include "ui/ultrasound/mask_runs.h"

namespace conclave::ui {
namespace {

constexpr qint64 kMostBytes = 64 << 20;
constexpr const char* kEnding = ".findings.json";

std::string words(const QString& text) {
  return text.toStdString();
}

}  // namespace

Json findings_json(const Annotation& annotation, const QSize& size) {
  Json fields = Json::array();
  for (auto field = annotation.fields.begin(); field != annotation.fields.end(); ++field)
    fields.push_back({{"name", words(field.key())},
                      {"value", words(field.value())},
                      {"confidence", 1.0},
                      {"abstained", false}});
  Json finding = {{"kind", words(annotation.kind)},
                  {"confidence", 1.0},
                  {"evidence", {{"source", ""}, {"frame", annotation.frame}}},
                  {"fields", fields},
                  {"measurements", Json::array()}};
  if (!annotation.outline.isEmpty()) {
    const QRectF box = annotation.outline.boundingRect();
    finding["evidence"]["box"] = {box.left() + 0.5, box.top() + 0.5, box.width(), box.height()};
    Json line = Json::array();
    for (const QPointF& point : annotation.outline) line.push_back({point.x(), point.y()});
    finding["outline"] = line;
    finding["outline_is_box"] = annotation.is_box;
    if (!annotation.is_box) finding["mask"] = mask_json(inside_of(annotation.outline, size));
  }
  return {{"reader", words(annotation.reader)},
          {"organ", words(annotation.organ)},
          {"model", ""},
          {"findings", Json::array({finding})}};
}

Annotation parse_annotation(const QByteArray& json, const QString& file) {
  const std::string name = words(file);
  const Json parsed = parse_json({json.constData(), static_cast<size_t>(json.size())}, name);
  try {
    const auto text = [](const Json& object, const char* key) {
      return QString::fromStdString(object.at(key).get<std::string>());
    };
    const Json& finding = parsed.at("findings").at(0);
    Annotation annotation{text(parsed, "reader"),
                          text(parsed, "organ"),
                          text(finding, "kind"),
                          finding.at("evidence").at("frame").get<int64_t>(),
                          {},
                          false,
                          {}};
    annotation.is_box = finding.value("outline_is_box", false);
    for (const Json& point : finding.value("outline", Json::array()))
      annotation.outline << QPointF(point.at(0).get<double>(), point.at(1).get<double>());
    for (const Json& field : finding.at("fields"))
      annotation.fields[text(field, "name")] = text(field, "value");
    return annotation;
  } catch (const Json::exception& e) {
    throw DataError(name, "", e.what());
  }
}

ReaderFolder::ReaderFolder(const QString& reports, const QString& study_file)
    : folder_(reports + "/" + QFileInfo(study_file).fileName() + ".readers") {}

QString ReaderFolder::file_of(const QString& reader) const {
  return folder_ + "/" + QString::fromLatin1(QUrl::toPercentEncoding(reader, " ")) + kEnding;
}

QString ReaderFolder::joined_file() const {
  return folder_ + "/joined.json";
}

std::vector<Annotation> ReaderFolder::load(QStringList& problems) const {
  std::vector<Annotation> all;
  for (const QFileInfo& info :
       QDir(folder_).entryInfoList({QString("*") + kEnding}, QDir::Files, QDir::Name)) {
    QFile file(info.filePath());
    try {
      if (info.size() > kMostBytes) throw DataError(words(info.filePath()), "", "is too large");
      if (!file.open(QIODevice::ReadOnly)) throw DataError(words(info.filePath()), "", "cannot be read");
      all.push_back(parse_annotation(file.readAll(), info.filePath()));
    } catch (const std::exception& e) {
      problems << QString::fromUtf8(e.what());
    }
  }
  return all;
}

QString ReaderFolder::save(const Annotation& annotation, const QSize& size) const {
  QSaveFile file(file_of(annotation.reader));
  const QByteArray text = QByteArray::fromStdString(findings_json(annotation, size).dump(2)) + "\n";
  if (QDir().mkpath(folder_) && file.open(QIODevice::WriteOnly) && file.write(text) == text.size() &&
      file.commit())
    return {};
  return QStringLiteral("%1: %2").arg(file.fileName(), file.errorString());
}

}  // namespace conclave::ui
