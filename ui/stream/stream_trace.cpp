#include "ui/stream/stream_trace.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/base/error.h"

namespace conclave::ui {
namespace {

double number(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number() ? found->get<double>()
                                                   : std::numeric_limits<double>::quiet_NaN();
}

// Sums of weights as shares; experts that the pool distrusts have weights below 0 and no share.
std::vector<double> shares(std::vector<double> values) {
  for (double& value : values) value = std::isfinite(value) ? std::max(0.0, value) : 0.0;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (sum > 0)
    for (double& value : values) value /= sum;
  return values;
}

ConfusionCounts confusion_of(const Json& json) {
  ConfusionCounts counts;
  for (const Json& name : json.at("classes"))
    counts.classes << QString::fromStdString(name.get<std::string>());
  counts.rows = json.at("counts").get<std::vector<std::vector<double>>>();
  const auto classes = static_cast<size_t>(counts.classes.size());
  require(
      counts.rows.size() == classes && std::all_of(counts.rows.begin(), counts.rows.end(),
                                                   [&](const auto& row) { return row.size() == classes; }),
      "confusion: wants {} rows of {} numbers", classes, classes);
  return counts;
}

}  // namespace

StreamRecord parse_stream_record(const QByteArray& line) {
  const Json json = parse_json({line.constData(), static_cast<size_t>(line.size())}, "conclave-stream");
  try {
    StreamRecord record;
    record.rows = json.at("instances").get<int64_t>();
    record.regression = json.contains("mae");
    record.paused = json.value("paused", false);
    record.score = number(json, record.regression ? "mae" : "accuracy");
    record.window_score = number(json, record.regression ? "window_mae" : "window_accuracy");
    record.kappa = number(json, "kappa");
    record.rows_per_s = number(json, "instances_per_s");
    record.memory_bytes = number(json, "memory_bytes");
    if (json.contains("events"))
      for (const Json& event : json["events"])
        record.events << QString::fromStdString(event.get<std::string>());
    if (json.contains("routing")) {
      record.weights = shares(json["routing"].at("weights").get<std::vector<double>>());
      record.led = shares(json["routing"].at("led").get<std::vector<double>>());
    }
    if (json.contains("recall")) record.recall = json["recall"].get<std::vector<double>>();
    if (json.contains("confusion")) record.confusion = confusion_of(json["confusion"]);
    record.model = json.value("model", Json());
    record.trees = json.value("trees", Json());
    record.only_trees = record.trees.is_array() && !record.regression && !json.contains("accuracy");
    return record;
  } catch (const Json::exception& e) {
    throw DataError("conclave-stream", "", e.what());
  }
}

void StreamTrace::clear() {
  *this = {};
}

void StreamTrace::add(StreamRecord record) {
  for (const QString& event : record.events) {
    ++event_count_;
    if (events_.size() == kMostEvents) events_.erase(events_.begin(), events_.begin() + kMostEvents / 2);
    events_.push_back({record.rows, event});
  }
  if (!points_.empty()) points_.back().confusion = {}, points_.back().model = {}, points_.back().recall = {};
  // Records between two intervals, of a run that stands or ends, tell of no routing.
  if (!points_.empty() && record.weights.empty())
    record.weights = points_.back().weights, record.led = points_.back().led;
  if (!points_.empty() && points_.back().rows == record.rows) {  // the row is told again
    points_.back() = std::move(record);
    return;
  }
  // The newest is always there; it makes room for the next one unless it is one of those that are kept.
  if (last_is_extra_) points_.pop_back();
  points_.push_back(std::move(record));
  last_is_extra_ = ++skipped_ % stride_ != 0;
  if (points_.size() < kMostPoints) return;
  StreamRecord newest = points_.back();
  size_t kept = 0;
  for (size_t i = 0; i < points_.size(); i += 2) points_[kept++] = std::move(points_[i]);
  points_.resize(kept);
  stride_ *= 2;
  last_is_extra_ = points_.back().rows != newest.rows;
  if (last_is_extra_) points_.push_back(std::move(newest));
}

size_t StreamTrace::experts() const {
  size_t most = 0;
  for (const StreamRecord& point : points_) most = std::max(most, point.weights.size());
  return most;
}

}  // namespace conclave::ui
