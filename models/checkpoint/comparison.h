/// Recorded outputs of an original, ticked off one by one.
#pragma once

#include <set>

#include "framework/moe/kernels/packed.h"
#include "framework/moe/routing.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/verify.h"

namespace conclave {

/// Which of a batch's tokens count. Recorded rows are [N,L,...] or flattened [N·L,...]; some originals pad a
/// batch by more columns than it needs.
struct TokenRows {
  int64_t rows = 0, columns = 0;
  Tensor valid_T;  ///< bool, false for padding; undefined: all valid

  TokenRows() = default;
  /// `valid_NL` may be undefined.
  TokenRows(int64_t rows, int64_t columns, const Tensor& valid_NL);
  /// The rows of valid tokens, [V,...].
  Tensor kept(const Tensor& x) const;
};

class Comparison {
 public:
  /// Reads inputs.safetensors and expected.safetensors of `folder`. Throws DataError when they are not there.
  Comparison(const std::filesystem::path& folder, std::string architecture, const VerifyBounds& bounds,
             const std::string& weights = "float32");

  const Safetensors& in() const { return in_; }
  const VerifyBounds& bounds() const { return bounds_; }
  VerifyResult& result() { return result_; }

  /// Whether an output is recorded and was not compared yet.
  bool open(const std::string& name) const { return unseen_.contains(name); }
  std::vector<std::string> open_with(const std::string& prefix) const;
  bool recorded(const std::string& name) const { return out_.contains(name); }
  std::vector<int64_t> shape(const std::string& name) const { return out_.shape(name); }
  /// A recorded output, which counts as compared from now on.
  Tensor take(const std::string& name);

  /// Compares an output of kind `group` when it is recorded and open.
  void values(const std::string& name, const std::string& group, const Tensor& ours, double bound);
  void values(const std::string& name, const std::string& group, const Tensor& ours);
  void loss(const std::string& name, const Tensor& ours) { values(name, "loss", ours, bounds_.loss); }
  /// The same for valid tokens alone.
  void tokens(const std::string& name, const std::string& group, const Tensor& ours, const TokenRows& rows);
  /// Chosen experts [T,K] as sets; what both hold is cut to valid tokens already. `score_TE` are the
  /// original's scores, for the margins of differences.
  void experts(const std::string& name, const Tensor& ours_TK, const Tensor& theirs_TK, int64_t count,
               const Tensor& score_TE = {});
  /// Another pass begins, whose choices are judged from its first layer on.
  void begin_pass() { parted_ = false; }
  at::ScalarType dtype() const { return dtype_; }
  std::optional<kernels::Packing> packing() const { return packing_; }
  bool exact() const { return dtype_ == at::kFloat && !packing_; }
  /// Ids or codes that must be equal.
  void ids(const std::string& name, const Tensor& ours);

  /// What a difference amounts to.
  void note(const std::string& name, const std::string& group, double difference, double bound);
  void differs(const std::string& name);
  VerifyResult finish();

 private:
  void near_ties(const std::string& name, const Tensor& ours_TE, const Tensor& theirs_TE,
                 const Tensor& score_TE);

  VerifyBounds bounds_;
  at::ScalarType dtype_ = at::kFloat;
  std::optional<kernels::Packing> packing_;
  bool parted_ = false;  // a layer of this pass chose otherwise
  Safetensors in_, out_;
  std::set<std::string> unseen_;
  VerifyResult result_;
};

/// The largest absolute difference; infinite where shapes differ or a value is no number.
double largest_difference(const Tensor& a, const Tensor& b);

/// Values [T,K] of slots in a column for each expert [T,count]: the order of slots does not matter.
Tensor by_expert(const Tensor& expert_TK, const Tensor& value_TK, int64_t count);

}  // namespace conclave
