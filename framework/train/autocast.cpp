#include "framework/train/autocast.h"

#include <ATen/autocast_mode.h>

namespace conclave {

AutocastScope::AutocastScope(bool on, at::DeviceType device) : on_(on), device_(device) {
  if (!on_) return;
  before_ = at::autocast::is_autocast_enabled(device_);
  dtype_before_ = at::autocast::get_autocast_dtype(device_);
  at::autocast::set_autocast_enabled(device_, true);
  at::autocast::set_autocast_dtype(device_, at::kBFloat16);
  at::autocast::increment_nesting();
}

AutocastScope::~AutocastScope() {
  if (!on_) return;
  // The outermost scope forgets the cast weights: they change with the next step.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, before_);
  at::autocast::set_autocast_dtype(device_, dtype_before_);
}

}  // namespace conclave
