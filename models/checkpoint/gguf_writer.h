/// A published model as one .gguf file, its matrices in blocks where wanted.
#pragma once

#include "models/checkpoint/checkpoint.h"

namespace conclave {

struct GgufWritten {
  int64_t tensors = 0, packed = 0;  ///< packed: those in blocks
  uint64_t bytes = 0;
};

/// Writes the model of `folder` to `file`: with `packing` the projections and experts of the layers and the
/// head in blocks of 8 or 4 bits (Q8_0, Q4_0), the bytes that `--weights` computes with; all else, and
/// everything without `packing`, in the type it was published in. The vocabulary is left out ("no_vocab"): a
/// tokenizer.json beside the file is what readers here take. Written whole or not at all. Throws UsageError
/// for an architecture that GGUF files are not read of here, or when `file` exists.
GgufWritten write_gguf(const CheckpointFolder& folder, const std::filesystem::path& file,
                       std::optional<kernels::Packing> packing);

}  // namespace conclave
