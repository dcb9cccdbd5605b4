#include "models/stream/eval/running_auc.h"

#include <limits>

namespace conclave::stream {

void RunningAuc::add(double score, bool positive) {
  const Scores& others = positive ? negatives_ : positives_;
  const auto below = static_cast<double>(others.order_of_key({score, -1}));
  const auto not_above =
      static_cast<double>(others.order_of_key({score, std::numeric_limits<int64_t>::max()}));
  const double half = (below + not_above) / 2;  // below, and half of the ties
  won_ += positive ? half : static_cast<double>(others.size()) - half;
  (positive ? positives_ : negatives_).insert({score, rows_++});
}

double RunningAuc::value() const {
  const double pairs = static_cast<double>(positives_.size()) * static_cast<double>(negatives_.size());
  return pairs > 0 ? won_ / pairs : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace conclave::stream
