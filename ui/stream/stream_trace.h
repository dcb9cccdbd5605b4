/// What a run over a stream has said so far: its curve, how much each expert counted, what happened.
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ui {

/// How often each class was taken for which.
struct ConfusionCounts {
  QStringList classes;
  std::vector<std::vector<double>> rows;  ///< [true class][predicted class]
};

/// One line of conclave-stream run --json.
struct StreamRecord {
  int64_t rows = 0;
  bool regression = false;
  bool paused = false;                 ///< it stands at this row and waits for a command
  double score = 0, window_score = 0;  ///< accuracy, or the mean absolute error
  double kappa = 0;                    ///< NaN of a regression
  double rows_per_s = 0, memory_bytes = 0;
  QStringList events;
  std::vector<double> weights;  ///< [expert], shares of the router's weight; empty without a router
  std::vector<double> led;      ///< [expert], shares of rows that it led
  bool only_trees = false;      ///< a line of trees that were asked for, no record
  // Kept of the newest record alone.
  ConfusionCounts confusion;
  std::vector<double> recall;
  Json model;
  Json trees;
};

/// Throws DataError for what is no such line.
StreamRecord parse_stream_record(const QByteArray& line);

/// Keeps at most kMostPoints records: then every second one goes, so an endless stream takes no more memory.
class StreamTrace {
 public:
  static constexpr size_t kMostPoints = 2048, kMostEvents = 2000;

  struct Event {
    int64_t rows;
    QString text;
  };

  void clear();
  void add(StreamRecord record);
  const std::vector<StreamRecord>& points() const { return points_; }
  const std::vector<Event>& events() const { return events_; }
  /// Of all events, also those that are not kept.
  int64_t event_count() const { return event_count_; }
  bool empty() const { return points_.empty(); }
  const StreamRecord& last() const { return points_.back(); }
  size_t experts() const;

 private:
  std::vector<StreamRecord> points_;
  std::vector<Event> events_;
  int64_t event_count_ = 0;
  size_t stride_ = 1, skipped_ = 0;
  bool last_is_extra_ = false;
};

}  // namespace conclave::ui
