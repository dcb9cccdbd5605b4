#include "apps/stream/confusion_table.h"

#include <algorithm>
#include <numeric>

#include "framework/base/error.h"

namespace conclave {

void ConfusionTable::add(int label, int predicted) {
  label = std::clamp(label, 0, kMostCounted);
  predicted = std::clamp(predicted, 0, kMostCounted);
  const auto needed = static_cast<size_t>(std::max(label, predicted)) + 1;
  if (counts_.size() < needed) {
    counts_.resize(needed);
    for (auto& row : counts_) row.resize(needed);
  }
  ++counts_[static_cast<size_t>(label)][static_cast<size_t>(predicted)];
}

Json ConfusionTable::to_json(const std::vector<std::string>& names) const {
  const size_t classes = counts_.size();
  std::vector<size_t> order(classes);
  std::iota(order.begin(), order.end(), size_t{0});
  const bool lumps = classes > kMostCounted, many = classes > kMostTold;
  if (many) {
    const auto rows = [&](size_t c) {
      // What is lumped already stays with the others, however much it is.
      return lumps && c == kMostCounted ? -1
                                        : std::accumulate(counts_[c].begin(), counts_[c].end(), int64_t{0});
    };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return rows(a) > rows(b); });
    std::sort(order.begin(), order.begin() + kMostTold - 1);
  }
  const size_t told = many ? kMostTold : classes;
  std::vector<size_t> place(classes, told - 1);
  Json called = Json::array();
  for (size_t i = 0; i < told - (many ? 1 : 0); ++i) {
    place[order[i]] = i;
    called.push_back(order[i] < names.size() ? names[order[i]] : std::to_string(order[i]));
  }
  if (many) called.push_back("others");
  std::vector<std::vector<int64_t>> counts(told, std::vector<int64_t>(told));
  for (size_t label = 0; label < classes; ++label)
    for (size_t predicted = 0; predicted < classes; ++predicted)
      counts[place[label]][place[predicted]] += counts_[label][predicted];
  Json json = {{"classes", called}, {"counts", counts}};
  if (many) json["others"] = true;
  return json;
}

void ConfusionTable::set_state(const Json& state) {
  try {
    counts_ = state.get<std::vector<std::vector<int64_t>>>();
  } catch (const Json::exception& e) {
    throw Error(std::string("confusion: ") + e.what());
  }
  require(counts_.size() <= kMostCounted + 1 &&
              std::all_of(counts_.begin(), counts_.end(),
                          [&](const auto& row) { return row.size() == counts_.size(); }),
          "confusion: is no square of at most {} classes", kMostCounted + 1);
}

}  // namespace conclave
