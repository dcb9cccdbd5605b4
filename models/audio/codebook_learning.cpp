#include "models/audio/codebook_learning.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace conclave {
namespace {

constexpr int kMeansRounds = 5;

Tensor nearest(const Tensor& x_ND, const Tensor& rows_MD) {
  return (rows_MD.square().sum(1) - 2 * at::mm(x_ND, rows_MD.t())).argmin(1);
}

// Frames drawn with replacement.
Tensor drawn(const Tensor& x_ND, int64_t count, Random& random) {
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i)
    chosen.push_back(static_cast<int64_t>(random.below(static_cast<uint64_t>(x_ND.size(0)))));
  return x_ND.index_select(0, at::tensor(chosen, at::kLong));
}

struct Sums {
  Tensor sum_MD, count_M;
};

Sums gather(const Tensor& x_ND, const Tensor& weight_N, const Tensor& code_N, int64_t rows) {
  return {at::zeros({rows, x_ND.size(1)}).index_add(0, code_N, x_ND * weight_N.unsqueeze(1)),
          at::zeros({rows}).index_add(0, code_N, weight_N)};
}

void begin(Codebook& book, const Tensor& x_ND, Random& random) {
  const int64_t rows = book.sum_ND.size(0);
  Tensor rows_MD = drawn(x_ND, rows, random);
  for (int round = 0; round < kMeansRounds; ++round) {
    const auto sums = gather(x_ND, at::ones({x_ND.size(0)}), nearest(x_ND, rows_MD), rows);
    rows_MD = at::where((sums.count_M > 0).unsqueeze(1), sums.sum_MD / sums.count_M.clamp_min(1).unsqueeze(1),
                        drawn(x_ND, rows, random));
  }
  book.sum_ND.copy_(rows_MD);
  book.usage_N.fill_(1);
}

// Moves the rows towards their frames; returns how many begin anew.
int64_t move(Codebook& book, const Tensor& x_ND, const Tensor& weight_N, const Tensor& code_N,
             const CodebookLearning& options, Random& random) {
  const int64_t rows = book.sum_ND.size(0);
  const auto sums = gather(x_ND, weight_N, code_N, rows);
  book.usage_N.mul_(options.decay).add_(sums.count_M, 1 - options.decay);
  book.sum_ND.mul_(options.decay).add_(sums.sum_MD, 1 - options.decay);
  const double fair = static_cast<double>(x_ND.size(0)) / static_cast<double>(rows);
  const Tensor dead = (book.usage_N < options.dead * fair).nonzero().squeeze(1);
  if (dead.size(0) > 0) {
    const double start = 10 * options.dead * fair;
    book.sum_ND.index_copy_(0, dead, drawn(x_ND, dead.size(0), random) * start);
    book.usage_N.index_fill_(0, dead, start);
  }
  return dead.size(0);
}

}  // namespace

QuantisedFrames quantise_and_learn(ResidualQuantizer& quantizer, const Tensor& x_BDF, const Tensor& use_B,
                                   bool fresh, const CodebookLearning& options, Random& random) {
  const int64_t frames = x_BDF.size(2);
  const Tensor x_ND = x_BDF.transpose(1, 2).flatten(0, 1);
  const Tensor use_N = use_B.unsqueeze(1).expand({-1, frames}).flatten();
  QuantisedFrames result;
  Tensor quantised_ND = at::zeros_like(x_ND, at::kFloat);
  {
    const at::NoGradGuard no_grad;
    Tensor rest_ND = x_ND.detach();
    for (size_t k = 0; k < quantizer.layers.size(); ++k) {
      Codebook& book = *quantizer.layers[k];
      if (fresh) begin(book, rest_ND, random);
      const Tensor rows_MD = book.rows_ND(), code_N = nearest(rest_ND, rows_MD);
      const Tensor weight_N = (use_N > static_cast<int64_t>(k)).to(at::kFloat);
      const Tensor chosen_ND = rows_MD.index_select(0, code_N);
      quantised_ND = quantised_ND + chosen_ND * weight_N.unsqueeze(1);
      result.revived += move(book, rest_ND, weight_N, code_N, options, random);
      rest_ND = rest_ND - chosen_ND;
    }
  }
  result.commitment = (x_ND - quantised_ND).square().mean();
  result.frames_BDF =
      (x_ND + (quantised_ND - x_ND).detach()).view({x_BDF.size(0), frames, -1}).transpose(1, 2);
  return result;
}

}  // namespace conclave
