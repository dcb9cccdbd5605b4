/// Losses added up, each with a weight.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "framework/moe/loss.h"

namespace conclave {

struct WeightedSum : Loss {
  struct Part {
    std::string kind;
    double weight = 1;
    Ptr<Loss> loss;
  };
  std::vector<Part> parts;

  Tensor operator()(std::span<const Record> records, const Tensor& target) override;
  /// Each part's value in the last call, before its weight, without gradient: for metrics.
  const std::vector<std::pair<std::string, Tensor>>& last() const { return last_; }

 private:
  std::vector<std::pair<std::string, Tensor>> last_;
};

}  // namespace conclave
