#include "models/vlm/vlm_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int64_t kUnknown = -1;  // a hint that is not given
constexpr double kHintWeight = 2;

}  // namespace

VlmTask::VlmTask(Vlm& model, const Tokenizer& tokenizer, std::vector<VqaShare> shares,
                 std::vector<Ptr<Loss>> losses)
    : model_(model),
      tokenizer_(tokenizer),
      tokens_(VlmTokens::of(tokenizer)),
      shares_(std::move(shares)),
      losses_(std::move(losses)) {
  require<UsageError>(!shares_.empty(), "training needs at least one source of questions");
  parts_.vlm = &model_;
  for (const auto& share : shares_) {
    const auto classes = share.source->hint_classes();
    if (classes.empty()) continue;
    Linear head(model_.decoder->width, std::accumulate(classes.begin(), classes.end(), int64_t{0}));
    parts_.hint_heads.emplace(share.name, std::move(head));
    set_trainable(parts_, true, "hints." + share.name);
  }
}

const VqaShare& VlmTask::choose(Random& random) const {
  double total = 0;
  for (const auto& share : shares_) total += share.weight;
  double at = random.uniform() * total;
  for (const auto& share : shares_) {
    at -= share.weight;
    if (at < 0) return share;
  }
  return shares_.back();
}

VlmTask::Answers VlmTask::answers(const VqaShare& share, Random& random, const TokenContext& context) const {
  const auto encode = [&](const std::string& text) {
    return tokenizer_.encode(text, {.add_special = false, .parse_special = false});
  };
  std::vector<Tensor> tiles;
  std::vector<QuestionRow> rows;
  std::vector<int64_t> hints;
  for (auto& draw : share.source->draw(random, share.pictures, share.questions)) {
    tiles.push_back(draw.tiles_N3SS);
    for (const auto& asked : draw.questions) {
      rows.push_back({question_ids(tokenizer_, tokens_, asked.text), encode(asked.answer)});
      rows.back().answer.push_back(tokens_.eos);
      hints.insert(hints.end(), asked.hints.begin(), asked.hints.end());
    }
  }
  const auto count = static_cast<int64_t>(rows.size());
  const VlmBatch batch = make_batch(tiles, rows, tokens_.pad);
  DecodeState state = Vlm::share(
      model_.read_pictures(batch.pictures.tiles_BN3SS, batch.pictures.valid_BN, context), share.questions);
  std::vector<Tensor> layers;
  const Tensor hidden = model_.read_text(batch.text.ids_NL, batch.text.valid_NL, state, context, &layers);
  Answers found{model_.logits(hidden.flatten(0, 1).index_select(0, batch.place_A)),
                batch.target_A,
                batch.row_A,
                count,
                {},
                {}};
  if (hints.empty()) return found;
  std::vector<int64_t> last;
  for (int64_t n = 0; n < count; ++n) {
    const auto asked = static_cast<int64_t>(rows[static_cast<size_t>(n)].question.size());
    last.push_back(n * hidden.size(1) + asked - 1);
  }
  found.halfway_ND =
      layers[layers.size() * 2 / 3 - 1].flatten(0, 1).index_select(0, at::tensor(last, at::kLong));
  found.hints_NH = at::tensor(hints, at::kLong).view({count, -1});
  return found;
}

Tensor VlmTask::hint_loss(const VqaShare& share, const Answers& found, Metrics& metrics) const {
  const Tensor told_NC = parts_.hint_heads.at(share.name).forward(found.halfway_ND).to(at::kFloat);
  std::vector<Tensor> losses, right;
  int64_t first = 0, hint = 0;
  for (const int64_t classes : share.source->hint_classes()) {
    const Tensor told = told_NC.narrow(1, first, classes), fact_N = found.hints_NH.select(1, hint++);
    losses.push_back(at::cross_entropy_loss(told, fact_N, {}, at::Reduction::None, kUnknown));
    right.push_back(told.argmax(1).eq(fact_N));
    first += classes;
  }
  const Tensor known = found.hints_NH.ne(kUnknown).sum().clamp_min(1);
  metrics["hints." + share.name] = (at::stack(right).sum() / known).item<double>();
  return at::stack(losses).sum() / known;
}

namespace {

// Share of rows all of whose answer tokens are the likeliest ones.
double whole_answers_right(const Tensor& logits_AV, const Tensor& target_A, const Tensor& row_A,
                           int64_t rows) {
  const Tensor wrong_A = logits_AV.detach().argmax(1).ne(target_A).to(at::kLong);
  return at::zeros({rows}, at::kLong)
      .index_add_(0, row_A, wrong_A)
      .eq(0)
      .to(at::kDouble)
      .mean()
      .item<double>();
}

}  // namespace

StepLoss VlmTask::loss(MicroBatch& batch) {
  const VqaShare& share = choose(batch.random);
  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  const Answers found = answers(share, batch.random, context);
  const Tensor answer_loss = at::cross_entropy_loss(found.logits_AV, found.target_A);

  counts_.add(log.records);
  for (const auto& record : log.records) trace_.add(record);

  StepLoss result;
  result.loss = answer_loss;
  if (found.hints_NH.defined())
    result.loss = result.loss + kHintWeight * hint_loss(share, found, result.metrics);
  for (const auto& auxiliary : losses_) result.loss = result.loss + (*auxiliary)(log.records);
  result.metrics["loss." + share.name] = answer_loss.item<double>();
  result.metrics["accuracy." + share.name] =
      whole_answers_right(found.logits_AV, found.target_A, found.row_A, found.rows);
  return result;
}

double VlmTask::accuracy(const VqaShare& share, int64_t batches, uint64_t seed) const {
  at::NoGradGuard no_grad;
  double sum = 0;
  for (int64_t i = 0; i < batches; ++i) {
    Random random(seed, fmt::format("evaluate/{}/{}", share.name, i));
    const Answers found = answers(share, random, {});
    sum += whole_answers_right(found.logits_AV, found.target_A, found.row_A, found.rows);
  }
  return sum / static_cast<double>(batches);
}

void VlmTask::after_step(int64_t step) {
  for (const auto& block : model_.decoder->layers) {
    if (block->moe) block->moe->router->after_step(counts_.window(block->moe->site, step));
  }
  counts_.clear();
}

}  // namespace conclave
