/// How good predictions are, as they come: over all rows, over the newest, and fading.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/base/json.h"
#include "models/stream/base/archive.h"
#include "models/stream/drift/adwin.h"

namespace conclave::stream {

/// Shares, 0 to 1 (kappas may be negative). NaN before the first row.
struct Scores {
  double accuracy, kappa;
  double kappa_t;                 ///< against the class of the row before (of the first row: class 0)
  double kappa_m;                 ///< against the most frequent class so far, the row at hand included
  double g_mean;                  ///< geometric mean of the recalls of the classes that came
  std::vector<double> recall;     ///< by class; NaN for one that did not come
  std::vector<double> precision;  ///< by class; NaN for one that was never predicted
  Json to_json() const;
};

/// Sums over rows, for Scores.
class Confusion {
 public:
  void grow_classes(int classes);
  void add(int label, int predicted, int before, int most_frequent, double weight = 1);
  double rows() const { return rows_; }
  Scores scores() const;
  void fields(Archive& archive) {
    archive(rows_, right_, no_change_, majority_, labels_, predictions_, hits_);
  }

 private:
  double rows_ = 0, right_ = 0, no_change_ = 0, majority_ = 0;
  std::vector<double> labels_, predictions_, hits_;  // by class
};

/// Test-then-train evaluation: every labelled row counts once, before it is learned.
class Prequential {
 public:
  /// `window` rows for windowed(); fading() forgets by a factor `fading` per row.
  explicit Prequential(size_t window = 1000, double fading = 0.999) : window_(window), fading_(fading) {}
  void add(int label, int predicted, int classes);
  int64_t rows() const { return static_cast<int64_t>(all_.rows()); }
  Scores cumulative() const { return all_.scores(); }
  /// Of the newest `window` rows.
  Scores windowed() const { return recent_.scores(); }
  double fading_accuracy() const { return fading_rows_ > 0 ? fading_right_ / fading_rows_ : 0; }
  /// Over the rows since accuracy last changed, by an ADWIN of delta 0.002.
  double adwin_accuracy() const { return adwin_.mean(); }
  void fields(Archive& archive);

 private:
  struct Row {
    int32_t label, predicted, before, most_frequent;
    void fields(Archive& archive) { archive(label, predicted, before, most_frequent); }
  };
  size_t window_;
  Adwin adwin_;
  double fading_, fading_right_ = 0, fading_rows_ = 0;
  Confusion all_, recent_;
  std::vector<Row> rows_;  // a ring
  size_t next_ = 0;
  std::vector<double> counts_;
  int32_t before_ = 0, most_frequent_ = 0;
};

}  // namespace conclave::stream
