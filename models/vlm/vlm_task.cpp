#include "models/vlm/vlm_task.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {

VlmTask::VlmTask(Vlm& model, const Tokenizer& tokenizer, std::vector<VqaShare> shares,
                 std::vector<Ptr<Loss>> losses)
    : model_(model),
      tokenizer_(tokenizer),
      tokens_(VlmTokens::of(tokenizer)),
      shares_(std::move(shares)),
      losses_(std::move(losses)) {
  require<UsageError>(!shares_.empty(), "training needs at least one source of questions");
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

StepLoss VlmTask::loss(MicroBatch& batch) {
  const VqaShare& share = choose(batch.random);
  std::vector<Tensor> tiles;
  std::vector<QuestionRow> rows;
  for (int64_t i = 0; i < share.pictures; ++i) {
    VqaDraw draw = share.source->draw(batch.random, share.questions);
    tiles.push_back(draw.tiles_N3SS);
    for (const auto& [question, answer] : draw.questions) {
      QuestionRow row{question_ids(tokenizer_, tokens_, question),
                      tokenizer_.encode(answer, {.add_special = false, .parse_special = false})};
      row.answer.push_back(tokens_.eos);
      rows.push_back(std::move(row));
    }
  }
  const VlmBatch input = make_batch(tiles, rows, tokens_.pad);

  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  DecodeState state = model_.read_pictures(input.pictures.tiles_BN3SS, input.pictures.valid_BN, context)
                          .fork(share.questions);
  const Tensor hidden = model_.read_text(input.text.ids_NL, input.text.valid_NL, state, context);
  const Tensor logits_AV = model_.logits(hidden.flatten(0, 1).index_select(0, input.place_A));
  const Tensor answer_loss = at::cross_entropy_loss(logits_AV, input.target_A);

  StepLoss result;
  result.loss = answer_loss;
  for (const auto& auxiliary : losses_) result.loss = result.loss + (*auxiliary)(log.records);
  const Tensor right_A = logits_AV.detach().argmax(1).eq(input.target_A).to(at::kLong);
  const int64_t n = static_cast<int64_t>(rows.size());
  const Tensor wrong_N = at::zeros({n}, at::kLong).index_add_(0, input.row_A, 1 - right_A);
  result.metrics["answer_loss." + share.name] = answer_loss.item<double>();
  result.metrics["accuracy." + share.name] = wrong_N.eq(0).to(at::kDouble).mean().item<double>();
  return result;
}

void VlmTask::after_step(int64_t) {}

}  // namespace conclave
