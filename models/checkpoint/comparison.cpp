#include "models/checkpoint/comparison.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "framework/base/error.h"
#include "models/checkpoint/pack.h"

namespace conclave {
namespace {

const std::filesystem::path& with_records(const std::filesystem::path& folder) {
  for (const char* file : {"inputs.safetensors", "expected.safetensors"}) {
    if (!std::filesystem::exists(folder / file))
      throw DataError(folder.string(), "", fmt::format("has no {} to compare with", file));
  }
  return folder;
}

}  // namespace

double largest_difference(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return INFINITY;
  if (a.numel() == 0) return 0;
  // Infinite logits (tokens that are not allowed) must be infinite in both.
  const Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  const double difference = at::where(x == y, at::zeros_like(x), (x - y).abs()).max().item<double>();
  return std::isnan(difference) ? INFINITY : difference;
}

Tensor by_expert(const Tensor& expert_TK, const Tensor& value_TK, int64_t count) {
  const Tensor column = at::where(expert_TK < 0, count, expert_TK).to(at::kLong);
  return at::zeros({expert_TK.size(0), count + 1})
      .scatter_add(1, column, value_TK.to(at::kFloat))
      .narrow(1, 0, count);
}

TokenRows::TokenRows(int64_t rows, int64_t columns, const Tensor& valid_NL)
    : rows(rows), columns(columns), valid_T(valid_NL.defined() ? valid_NL.reshape({-1}) : Tensor()) {}

Tensor TokenRows::kept(const Tensor& x) const {
  Tensor flat = x;
  const bool by_row = x.dim() >= 3 || (x.dim() == 2 && x.size(0) != rows * columns);
  if (by_row && x.size(0) == rows && x.size(1) >= columns) flat = x.narrow(1, 0, columns).flatten(0, 1);
  if (flat.size(0) != rows * columns) return x;  // and the comparison of shapes fails
  return valid_T.defined() ? flat.index({valid_T}) : flat;
}

Comparison::Comparison(const std::filesystem::path& folder, std::string architecture,
                       const VerifyBounds& bounds, const std::string& weights)
    : bounds_(bounds),
      in_(with_records(folder) / "inputs.safetensors"),
      out_(folder / "expected.safetensors"),
      unseen_(out_.names().begin(), out_.names().end()) {
  result_.folder = folder.string();
  result_.architecture = std::move(architecture);
  result_.weights = weights;
  constexpr double kSteps = 8;  // roundings that may add up before a score
  if (weights == "bfloat16") {
    dtype_ = at::kBFloat16;
    result_.agreement.bound = kSteps / 256;
  } else if (weights == "float16") {
    dtype_ = at::kHalf;
    result_.agreement.bound = kSteps / 2048;
  } else if ((packing_ = packing_named(weights))) {
    result_.agreement.bound = kSteps / (weights == "int8" ? 256 : 16);
  } else {
    require<UsageError>(weights == "float32",
                        "weights = {}: must be float32, bfloat16, float16, int8 or int4", weights);
  }
}

std::vector<std::string> Comparison::open_with(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& name : unseen_)
    if (name.starts_with(prefix)) names.push_back(name);
  return names;
}

Tensor Comparison::take(const std::string& name) {
  unseen_.erase(name);
  return out_.tensor(name);
}

void Comparison::values(const std::string& name, const std::string& group, const Tensor& ours, double bound) {
  if (!open(name) || !ours.defined()) return;
  const Tensor theirs = take(name);
  note(name, group, largest_difference(ours, ours.dim() == 0 ? theirs.reshape({}) : theirs), bound);
}

void Comparison::values(const std::string& name, const std::string& group, const Tensor& ours) {
  values(name, group, ours, bounds_.values);
}

void Comparison::tokens(const std::string& name, const std::string& group, const Tensor& ours,
                        const TokenRows& rows) {
  if (!open(name) || !ours.defined()) return;
  note(name, group, largest_difference(rows.kept(ours), rows.kept(take(name))), bounds_.values);
}

void Comparison::experts(const std::string& name, const Tensor& ours_TK, const Tensor& theirs_TK,
                         int64_t count, const Tensor& score_TE) {
  const auto chosen = [&](const Tensor& e) { return by_expert(e, at::ones(e.sizes()), count); };
  const Tensor ours_TE = chosen(ours_TK), theirs_TE = chosen(theirs_TK);
  if (!exact()) return near_ties(name, ours_TE, theirs_TE, score_TE);
  if (at::equal(ours_TE, theirs_TE)) return;
  result_.experts_equal = false;
  differs(name);
}

void Comparison::near_ties(const std::string& name, const Tensor& ours_TE, const Tensor& theirs_TE,
                           const Tensor& score_TE) {
  const Tensor differs_T = (ours_TE != theirs_TE).any(1);
  const auto different = differs_T.sum().item<int64_t>();
  auto& agreement = result_.agreement;
  agreement.tokens += differs_T.size(0);
  agreement.equal += differs_T.size(0) - different;
  if (different == 0) return;
  result_.experts_equal = false;
  if (parted_) return;
  parted_ = true;
  if (!score_TE.defined()) return differs(name);
  // What was given up against what came in its place, token by token.
  const Tensor score = score_TE.to(at::kFloat);
  const Tensor lost = score.masked_fill((theirs_TE > ours_TE).logical_not(), -INFINITY).amax(1);
  const Tensor gained = score.masked_fill((ours_TE > theirs_TE).logical_not(), INFINITY).amin(1);
  const Tensor margin_T = (lost - gained).abs() / score.abs().amax(1).clamp_min(1e-20);
  const Tensor swapped_T = margin_T.isfinite().logical_and(differs_T);  // else one more or one fewer
  if (swapped_T.sum().item<int64_t>() == 0) return;
  const double widest = margin_T.index({swapped_T}).max().item<double>();
  agreement.widest_margin = std::max(agreement.widest_margin, widest);
  if (widest > agreement.bound) differs(name);
}

void Comparison::ids(const std::string& name, const Tensor& ours) {
  if (!open(name)) return;
  const Tensor theirs = take(name).to(at::kLong);
  if (ours.sizes() == theirs.sizes() && at::equal(ours.to(at::kLong), theirs)) return;
  result_.tokens_equal = false;
  if (exact()) differs(name);
}

void Comparison::note(const std::string& name, const std::string& group, double difference, double bound) {
  auto& largest = result_.largest[group];
  largest = std::max(largest, difference);
  // In a narrower type all but what is no number is told alone.
  if (!(difference <= (exact() ? bound : std::numeric_limits<double>::max()))) differs(name);
}

void Comparison::differs(const std::string& name) {
  if (result_.first_difference.empty()) result_.first_difference = name;
}

VerifyResult Comparison::finish() {
  result_.unchecked.assign(unseen_.begin(), unseen_.end());
  return result_;
}

}  // namespace conclave
