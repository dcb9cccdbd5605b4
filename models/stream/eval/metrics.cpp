#include "models/stream/eval/metrics.h"

#include <cmath>
#include <limits>

namespace conclave::stream {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// How far `share` lies between chance and 1; chance that is always right leaves 0.
double above(double share, double chance) {
  return chance < 1 ? (share - chance) / (1 - chance) : 0;
}

}  // namespace

Json Scores::to_json() const {
  return {{"accuracy", accuracy},
          {"kappa", kappa},
          {"kappa_t", kappa_t},
          {"kappa_m", kappa_m},
          {"g_mean", g_mean}};
}

void Confusion::grow_classes(int classes) {
  labels_.resize(classes);
  predictions_.resize(classes);
  hits_.resize(classes);
}

void Confusion::add(int label, int predicted, int before, int most_frequent, double weight) {
  rows_ += weight;
  right_ += label == predicted ? weight : 0;
  no_change_ += label == before ? weight : 0;
  majority_ += label == most_frequent ? weight : 0;
  labels_[label] += weight;
  predictions_[predicted] += weight;
  hits_[label] += label == predicted ? weight : 0;
}

Scores Confusion::scores() const {
  Scores s{kNan, kNan, kNan, kNan, kNan, {}, {}};
  if (rows_ <= 0) return s;
  s.accuracy = right_ / rows_;
  double chance = 0, logs = 0;
  int came = 0;
  for (size_t c = 0; c < labels_.size(); ++c) {
    chance += labels_[c] / rows_ * predictions_[c] / rows_;
    s.recall.push_back(labels_[c] > 0 ? hits_[c] / labels_[c] : kNan);
    s.precision.push_back(predictions_[c] > 0 ? hits_[c] / predictions_[c] : kNan);
    if (labels_[c] <= 0) continue;
    ++came;
    logs += std::log(hits_[c] / labels_[c]);
  }
  s.kappa = above(s.accuracy, chance);
  s.kappa_t = above(s.accuracy, no_change_ / rows_);
  s.kappa_m = above(s.accuracy, majority_ / rows_);
  s.g_mean = std::exp(logs / came);
  return s;
}

void Prequential::add(int label, int predicted, int classes) {
  if (counts_.size() < static_cast<size_t>(classes)) {
    counts_.resize(classes);
    all_.grow_classes(classes);
    recent_.grow_classes(classes);
  }
  counts_[label] += 1;
  if (counts_[label] > counts_[most_frequent_]) most_frequent_ = label;
  const Row row{label, predicted, before_, most_frequent_};
  before_ = label;
  all_.add(row.label, row.predicted, row.before, row.most_frequent);
  recent_.add(row.label, row.predicted, row.before, row.most_frequent);
  if (rows_.size() < window_) {
    rows_.push_back(row);
  } else {
    const Row& old = rows_[next_];
    recent_.add(old.label, old.predicted, old.before, old.most_frequent, -1);
    rows_[next_] = row;
    next_ = (next_ + 1) % window_;
  }
  adwin_.add(label == predicted ? 1 : 0);
  fading_right_ = fading_ * fading_right_ + (label == predicted ? 1 : 0);
  fading_rows_ = fading_ * fading_rows_ + 1;
}

void Prequential::fields(Archive& archive) {
  archive(window_, adwin_, fading_, fading_right_, fading_rows_, all_, recent_, rows_, next_, counts_,
          before_, most_frequent_);
  archive.check(rows_.size() <= window_ && (next_ == 0 || next_ < rows_.size()) &&
                    static_cast<size_t>(most_frequent_) < std::max<size_t>(1, counts_.size()),
                "an evaluation that does not fit");
  for (const Row& row : rows_)
    for (const int32_t c : {row.label, row.predicted})
      archive.check(c >= 0 && static_cast<size_t>(c) < counts_.size(), "a class that is none");
}

}  // namespace conclave::stream
