#include "models/checkpoint/stop_texts.h"

#include <algorithm>
#include <utility>

#include "framework/base/error.h"

namespace conclave {

StopTexts::StopTexts(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const auto& stop : stops_) require<UsageError>(!stop.empty(), "a stop text is empty");
}

std::string StopTexts::push(std::string_view more) {
  if (found_) return {};
  held_ += more;
  size_t end = held_.npos;
  for (const auto& stop : stops_) end = std::min(end, held_.find(stop));
  if (end != held_.npos) {
    found_ = true;
    return std::exchange(held_, {}).substr(0, end);
  }
  size_t kept = 0;  // the longest end that begins a stop
  for (const auto& stop : stops_)
    for (size_t n = std::min(stop.size() - 1, held_.size()); n > kept; --n)
      if (held_.ends_with(std::string_view(stop).substr(0, n))) kept = n;
  std::string ready = held_.substr(0, held_.size() - kept);
  held_.erase(0, held_.size() - kept);
  return ready;
}

std::string StopTexts::finish() {
  return std::exchange(held_, {});
}

}  // namespace conclave
