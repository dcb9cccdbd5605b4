/// Where predictions go: a CSV file, stdout or a Kafka topic.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "models/stream/io/kafka_source.h"

namespace conclave {

/// One row's.
struct Prediction {
  int64_t row = 0;                            ///< from 1
  const stream::RowOrigin* origin = nullptr;  ///< of a row from Kafka
  std::string_view label, prediction;         ///< classes; empty when not known
};

class Predictions {
 public:
  virtual ~Predictions() = default;
  virtual void add(const Prediction& prediction) = 0;
  /// Returns when nothing can be lost any more. What a resume has to give to open_predictions as `keep`.
  virtual int64_t flush() = 0;
};

/// `where`: a file, - for stdout, or kafka://BROKER/TOPIC. Files get CSV: row, partition and offset
/// (`with_origin`), class, prediction. A topic gets JSON objects of the same, whose keys are the same for the
/// same row, so that what was sent again after a resume can be told. `keep`: bytes of a file that are gone on
/// with; 0 begins anew. Throws Error.
std::unique_ptr<Predictions> open_predictions(const std::string& where, bool with_origin, int64_t keep = 0);

}  // namespace conclave
