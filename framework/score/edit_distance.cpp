#include "framework/score/edit_distance.h"

#include <algorithm>
#include <numeric>

namespace conclave {

int64_t edit_distance(const std::vector<std::string>& wanted, const std::vector<std::string>& got) {
  std::vector<int64_t> cost(got.size() + 1);
  std::iota(cost.begin(), cost.end(), 0);
  for (size_t i = 0; i < wanted.size(); ++i) {
    int64_t diagonal = cost[0];
    cost[0] = static_cast<int64_t>(i) + 1;
    for (size_t j = 0; j < got.size(); ++j) {
      const int64_t exchanged = diagonal + (wanted[i] != got[j]);
      diagonal = cost[j + 1];
      cost[j + 1] = std::min({exchanged, cost[j] + 1, cost[j + 1] + 1});
    }
  }
  return cost.back();
}

}  // namespace conclave
