/// The state of ATen's own generators (dropout, noise): saved with a checkpoint and around an evaluation.
#pragma once

#include "framework/tensor/safetensors.h"

namespace conclave {

/// One uint8 tensor for each generator: "cpu", "cuda.0", ...
TensorList random_state();
/// Throws DataError when the states do not fit this build's generators.
void set_random_state(const TensorSource& state);

/// What runs within the scope leaves the generators as they were.
class RandomStateScope {
 public:
  RandomStateScope();
  ~RandomStateScope();
  RandomStateScope(const RandomStateScope&) = delete;
  RandomStateScope& operator=(const RandomStateScope&) = delete;

 private:
  TensorList state_;
};

}  // namespace conclave
