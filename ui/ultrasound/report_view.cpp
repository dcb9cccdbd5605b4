#include "ui/ultrasound/report_view.h"

#include <QFont>
#include <algorithm>

#include "framework/base/error.h"
#include "ui/ultrasound/mask_runs.h"

namespace conclave::ui {
namespace {

QString said(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? QString::fromStdString(found->get<std::string>())
                                                     : QString();
}

QString spaced(QString name) {
  return name.replace('_', ' ');
}

ReportEvidence parse_evidence(const Json& json) {
  ReportEvidence evidence{said(json, "source"), json.value("frame", int64_t{0}), std::nullopt};
  if (json.contains("box") && json["box"].is_array()) {
    const auto box = json["box"].get<std::vector<double>>();
    if (box.size() == 4) evidence.box = QRectF(box[0] - 0.5, box[1] - 0.5, box[2], box[3]);
  }
  return evidence;
}

ReportMarks& marks_at(ReportView& view, const Json& object) {
  const auto at = object.contains("evidence") ? parse_evidence(object["evidence"]) : ReportEvidence{};
  return view.marks[{at.source, at.frame}];
}

void add_finding(ReportView& view, const Json& finding, int number) {
  const QString kind = spaced(said(finding, "kind"));
  for (const Json& field : finding.at("fields"))
    view.fields.push_back({number, kind, said(field, "name"), said(field, "value"), said(field, "reason"),
                           field.value("confidence", 0.0), field.value("abstained", false)});
  for (const Json& measured : finding.at("measurements")) {
    const bool mm = measured.contains("mm") && measured["mm"].is_number();
    QString text = spaced(said(measured, "name")) + ": ";
    text += mm ? QString("%1 mm").arg(measured["mm"].get<double>(), 0, 'f', 1)
               : QString("%1 px (%2)")
                     .arg(measured.at("pixels").get<double>(), 0, 'f', 1)
                     .arg(said(measured, "reason"));
    view.measurements << text;
    if (said(measured, "kind") == "ellipse") {
      const auto center = measured.at("center").get<std::vector<double>>();
      const auto axes = measured.at("half_axes").get<std::vector<double>>();
      if (center.size() == 2 && axes.size() == 2)
        marks_at(view, measured)
            .ellipses.push_back({{center[0], center[1]}, axes[0], axes[1], measured.value("angle", 0.0)});
    } else if (measured.contains("from") && measured.contains("to")) {
      const auto from = measured["from"].get<std::vector<double>>(),
                 to = measured["to"].get<std::vector<double>>();
      if (from.size() == 2 && to.size() == 2)
        marks_at(view, measured).lines.emplace_back(from[0], from[1], to[0], to[1]);
    }
  }
  for (const Json& category : finding.at("categories")) {
    const QString name = said(category, "category");
    view.categories << said(category, "table") + ": " + (name.isEmpty() ? said(category, "reason") : name);
  }
  if (finding.contains("mask") && finding["mask"].is_object())
    marks_at(view, finding).masks.push_back(parse_mask(finding["mask"]));
}

}  // namespace

ReportView parse_report(const QByteArray& json, const QString& file) {
  const std::string name = file.toStdString();
  const Json parsed = parse_json({json.constData(), static_cast<size_t>(json.size())}, name);
  try {
    require<Error>(parsed.is_object() && said(parsed, "schema").startsWith("conclave-ultrasound-report/"),
                   "is no report of conclave-ultrasound");
    ReportView view;
    view.file = file;
    view.state = said(parsed, "state");
    view.organ = said(parsed, "organ");
    view.model = said(parsed, "model");
    view.notice = said(parsed, "notice");
    view.reason = said(parsed, "reason");
    view.abstained = parsed.value("abstained", false);
    int number = 0;
    for (const Json& finding : parsed.at("findings")) add_finding(view, finding, number++);
    std::stable_sort(view.fields.begin(), view.fields.end(),
                     [](const auto& a, const auto& b) { return a.confidence < b.confidence; });
    for (const Json& sentence : parsed.at("sentences")) {
      ReportSentence shown{
          said(sentence, "section"), said(sentence, "text"), {}, sentence.value("edited", false)};
      if (sentence.contains("evidence"))
        for (const Json& evidence : sentence["evidence"]) shown.evidence.push_back(parse_evidence(evidence));
      QString& section = shown.section == "impression" ? view.impression : view.findings;
      section += (section.isEmpty() ? "" : "\n") + shown.text;
      view.sentences.push_back(std::move(shown));
    }
    if (parsed.contains("study") && parsed["study"].contains("sources"))
      for (const Json& source : parsed["study"]["sources"]) view.sources << said(source, "name");
    for (const Json& step : parsed.at("steps")) {
      ReportStep shown{said(step, "state"), said(step, "by"), said(step, "time"), {}};
      for (const Json& change : step.at("changes"))
        shown.changes << said(change, "path") + ": " +
                             (change.contains("value") ? QString::fromStdString(change["value"].dump())
                                                       : said(change, "op"));
      view.steps.push_back(std::move(shown));
    }
    return view;
  } catch (const Json::exception& e) {
    throw DataError(name, "", e.what());
  } catch (const DataError&) {
    throw;
  } catch (const Error& e) {
    throw DataError(name, "", e.what());
  }
}

Json ultrasound_json(const QByteArray& line) {
  return parse_json({line.constData(), static_cast<size_t>(line.size())}, "conclave-ultrasound");
}

QStringList Lexicon::values(const QString& organ, const QString& field) const {
  for (const Field& each : fields)
    if (each.organ == organ && each.name == field) return each.values;
  return {};
}

void add_to_lexicon(Lexicon& lexicon, const QByteArray& line) {
  const Json json = ultrasound_json(line);
  try {
    Lexicon::Field field{said(json, "organ"), said(json, "field"), {}};
    for (const Json& value : json.at("values")) field.values << said(value, "code");
    lexicon.kinds[field.organ] = said(json, "kind");
    lexicon.fields.push_back(std::move(field));
  } catch (const Json::exception& e) {
    throw DataError("lexicon", "", e.what());
  }
}

void FieldModel::set_fields(std::vector<ReportField> fields) {
  beginResetModel();
  fields_ = std::move(fields);
  before_.clear();
  for (const ReportField& field : fields_) before_.push_back(field.value);
  endResetModel();
}

QStringList FieldModel::changes() const {
  QStringList changes;
  for (size_t i = 0; i < fields_.size(); ++i)
    if (fields_[i].value != before_[i])
      changes << QString("%1.%2=%3").arg(fields_[i].finding).arg(fields_[i].name, fields_[i].value);
  return changes;
}

int FieldModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(fields_.size());
}

int FieldModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : 3;
}

QVariant FieldModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const ReportField& field = at(index.row());
  const bool changed = field.value != before_[static_cast<size_t>(index.row())];
  if (role == Qt::DisplayRole || role == Qt::EditRole) {
    if (index.column() == 0) return spaced(field.name);
    if (index.column() == 1) return role == Qt::EditRole ? field.value : spaced(field.value);
    if (changed) return tr("yours");
    return field.value.isEmpty() ? tr("open") : QString("%1 %").arg(100 * field.confidence, 0, 'f', 0);
  }
  if (role == Qt::ToolTipRole) return field.reason.isEmpty() ? field.kind : field.kind + ": " + field.reason;
  if (role == Qt::FontRole && changed) {
    QFont font;
    font.setBold(true);
    return font;
  }
  return {};
}

bool FieldModel::setData(const QModelIndex& index, const QVariant& value, int role) {
  if (!index.isValid() || index.column() != 1 || role != Qt::EditRole) return false;
  fields_[static_cast<size_t>(index.row())].value = value.toString();
  Q_EMIT dataChanged(this->index(index.row(), 0), this->index(index.row(), 2));
  Q_EMIT edited();
  return true;
}

Qt::ItemFlags FieldModel::flags(const QModelIndex& index) const {
  const auto usual = QAbstractTableModel::flags(index);
  return index.column() == 1 ? usual | Qt::ItemIsEditable : usual;
}

QVariant FieldModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  return section == 0 ? tr("Field") : section == 1 ? tr("Value") : tr("Sure");
}

}  // namespace conclave::ui
