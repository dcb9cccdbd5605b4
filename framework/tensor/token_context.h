/// What travels beside the activations. Everything is optional; an undefined tensor means "not known".
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

namespace conclave {

using at::Tensor;

/// What kind of thing a token stands for. -1 in a modality tensor means "unknown".
enum class Modality : int8_t { text = 0, vision = 1, audio = 2, video = 3 };
constexpr int kModalities = 4;
const char* modality_name(Modality modality);

/// What the pass is for: schedules, capacity and caches depend on it.
enum class Phase { train, prefill, decode, score };

/// State handed from layer to layer within one pass (a recurrent router's hidden state, a momentum).
/// It is a value: recomputing a layer replays a copy of what the layer saw.
struct Carry {
  std::map<std::string, Tensor> across_layers;
};

struct Edits;         // framework/moe/edits.h: routing changed at run time
struct RoutingLog;    // framework/moe/routing_log.h: where layers leave their records for losses and views
struct DecodeState;   // framework/blocks: caches of a sequence being decoded
struct Communicator;  // framework/tensor/communicator.h: the ranks of a parallel run

/// T tokens, flattened over the batch in row-major order; B sequences.
struct TokenContext {
  Tensor token_T;       ///< int64 vocabulary ids (hash routers, masks by word)
  Tensor modality_T;    ///< int64 Modality values
  Tensor sequence_T;    ///< int64, which sequence of the batch a token is part of
  Tensor position_T;    ///< int64, place within its sequence
  Tensor unit_T;        ///< int64, routing unit (patch, chunk) when the unit is not the token
  Tensor task_T;        ///< int64, task or domain
  Tensor adapter_T;     ///< int64, which of a projection's adapters a token runs through (AdapterChoice)
  Tensor importance_T;  ///< float, weight of a token in selection and balance
  Tensor valid_T;       ///< bool, false for padding: routed nowhere and counted nowhere
  Tensor condition_BC;  ///< float, a condition of each sequence (noise level, user embedding)
  Phase phase = Phase::score;
  int64_t step = 0;  ///< optimiser step, for schedules
  Carry* carry = nullptr;
  DecodeState* past = nullptr;
  const Edits* edits = nullptr;
  RoutingLog* log = nullptr;
  Communicator* ranks = nullptr;

  bool training() const { return phase == Phase::train; }
};

}  // namespace conclave
