#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "models/checkpoint/verify_gradients.h"
#include "models/checkpoint/verify_seq2seq.h"
#include "models/seq2seq/translator.h"

namespace conclave {
namespace {

class TranslatorVerifier {
 public:
  TranslatorVerifier(Comparison& with, const CheckpointFolder& folder)
      : with_(with),
        folder_(folder),
        model_(load_as(folder, make_translator, at::kFloat)),
        ids_NM_(with.in().tensor("input_ids")),
        valid_NM_(with.in().tensor("attention_mask").to(at::kBool)),
        target_NL_(with.in().tensor("decoder_input_ids")) {}

  void run() {
    {
      const at::NoGradGuard no_grad;
      check_pass();
      check_generation();
    }
    AdapterTensors none;
    check_gradients(with_, "", *model_, NameMap(*folder_.architecture), none, [&] { return pass().loss; });
  }

 private:
  struct Pass {
    std::vector<Tensor> encoder;
    CrossDecoder::Seen decoder;
    Tensor encoded, logits, loss;
    RoutingLog log;
  };

  Pass pass() {
    Pass made;
    made.log.keep_logits = true;
    TokenContext context;
    context.log = &made.log;
    made.encoded = model_->encode(ids_NM_, valid_NM_, context, &made.encoder);
    const Memory memory = model_->decoder->remember(made.encoded, valid_NM_);
    made.logits =
        model_->logits(model_->decoder->forward(model_->embed(target_NL_), memory, context, &made.decoder));
    made.loss = at::cross_entropy_loss(made.logits.flatten(0, 1), with_.in().tensor("labels").reshape({-1}));
    return made;
  }

  void check_pass() {
    const Pass made = pass();
    const TokenRows in{ids_NM_.size(0), ids_NM_.size(1), valid_NM_},
        out{target_NL_.size(0), target_NL_.size(1), {}};
    for (size_t i = 0; i < made.encoder.size(); ++i) {
      if (const auto& moe = model_->encoder->layers[i]->moe)
        check_layer("encoder", i, record_of(made.log, moe->site), in);
      with_.tokens(fmt::format("encoder.hidden.{}", i), "hidden", made.encoder[i], in);
    }
    with_.tokens("encoder.final_norm", "hidden", made.encoded, in);
    for (size_t i = 0; i < made.decoder.layers.size(); ++i) {
      if (const auto& moe = model_->decoder->layers[i]->moe)
        check_layer("decoder", i, record_of(made.log, moe->site), out);
      with_.tokens(fmt::format("decoder.hidden.{}", i), "hidden", made.decoder.layers[i], out);
    }
    with_.tokens("logits", "logits", made.logits, out);
    with_.loss("loss", made.loss);
    check_balance("encoder", made.log, *model_->encoder, ids_NM_.numel());
    check_balance("decoder", made.log, *model_->decoder, target_NL_.numel());
  }

  static const Record& record_of(const RoutingLog& log, Site site) {
    for (const auto& record : log.records)
      if (record.site == site) return record;
    throw Error(fmt::format("[verify] no record of site {}", site));
  }

  // The weights of a layer's experts before the scale that makes up for dropped tokens.
  Tensor unscaled(const Routing& routing) const {
    const Json& weigh = folder_.config["encoder"]["moe"]["router"]["weigh"];
    return routing.weight_TK / weigh.back()["by"].get<double>();
  }

  void check_layer(const char* side, size_t layer, const Record& record, const TokenRows& rows) {
    const auto name = [&](const char* what) { return fmt::format("{}.{}.{}", what, side, layer); };
    const Routing& routing = record.routing;
    with_.tokens(name("router_logits"), "router_logits", routing.logits_TE, rows);
    const Tensor& chosen_TK = routing.chosen_TK.defined() ? routing.chosen_TK : routing.expert_TK;
    const Tensor weight_TK = unscaled(routing);
    if (with_.open(name("expert_ids"))) {
      const Tensor theirs = rows.kept(with_.take(name("expert_ids")));
      // Some mark what capacity dropped, some tell it by the weight alone.
      const bool marked = (theirs < 0).any().item<bool>();
      with_.experts(name("expert_ids"), rows.kept(marked ? routing.expert_TK : chosen_TK), theirs,
                    record.experts);
    }
    with_.tokens(name("combine_full"), "weights", by_expert(routing.expert_TK, weight_TK, record.experts),
                 rows);
    with_.tokens(name("combine_weights"), "weights", weight_TK, rows);
    const Tensor first_T1 = routing.expert_TK.narrow(1, 0, 1);
    with_.tokens(name("top1_mask_after_capacity"), "weights",
                 by_expert(first_T1, at::ones(first_T1.sizes()), record.experts), rows);
  }

  // As the published class computes it: the experts of all layers side by side, and each layer's best expert
  // counted among the first of them.
  template <class Side>
  void check_balance(const std::string& side, const RoutingLog& log, const Side& stack, int64_t tokens) {
    std::vector<Tensor> weights, firsts;
    for (const auto& block : stack.layers) {
      if (!block->moe) continue;
      const Record& record = record_of(log, block->moe->site);
      weights.push_back(by_expert(record.routing.expert_TK, unscaled(record.routing), record.experts));
      firsts.push_back(record.routing.expert_TK.select(1, 0).clamp_min(0).to(at::kLong));
    }
    if (weights.empty()) return;
    const Tensor weight_TE = at::cat(weights, 1);
    const int64_t all = weight_TE.size(1);
    Tensor sum = at::zeros({});
    for (const auto& first : firsts)
      sum = sum + (at::one_hot(first, all).to(at::kFloat).mean(0) * weight_TE.mean(0)).mean();
    with_.loss(side + "_aux_loss", sum / static_cast<double>(firsts.size()) * static_cast<double>(all) *
                                       static_cast<double>(all));
  }

  void check_generation() {
    if (!with_.open("generated")) return;
    const Tensor theirs = with_.take("generated");
    const Tensor forced = with_.in().tensor("gen.forced_bos").reshape({-1});
    GenerateOptions options;
    // The recorded ids begin with the start and the target language.
    const int64_t first = 2;
    options.max_tokens = theirs.size(1) - first;
    const auto made = translate(*model_, with_.in().tensor("gen.input_ids"),
                                with_.in().tensor("gen.attention_mask"), forced[0].item<int64_t>(), options);
    std::vector<int64_t> ids = {model_->start, forced[0].item<int64_t>()};
    ids.insert(ids.end(), made[0].tokens.begin(), made[0].tokens.end());
    if (at::equal(at::tensor(ids, at::kLong), theirs[0])) return;
    with_.result().tokens_equal = false;
    with_.differs("generated");
  }

  Comparison& with_;
  const CheckpointFolder& folder_;
  Ptr<Translator> model_;
  Tensor ids_NM_, valid_NM_, target_NL_;
};

}  // namespace

void verify_translator(Comparison& with, const CheckpointFolder& folder) {
  TranslatorVerifier(with, folder).run();
}

}  // namespace conclave
