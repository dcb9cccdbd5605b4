#include "framework/train/data_order.h"

#include "framework/base/random.h"

namespace conclave {

std::vector<int64_t> DataOrder::next(int64_t n) {
  std::vector<int64_t> items;
  items.reserve(static_cast<size_t>(n));
  for (; n > 0; --n, ++place_) {
    if (items_ == 0) {
      items.push_back(place_);
      continue;
    }
    if (place_ / items_ != epoch_) {
      epoch_ = place_ / items_;
      order_ = Random(seed_, "order/" + std::to_string(epoch_)).permutation(items_);
    }
    items.push_back(order_[place_ % items_]);
  }
  return items;
}

}  // namespace conclave
