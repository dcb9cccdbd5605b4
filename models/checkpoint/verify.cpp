#include "models/checkpoint/verify.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <set>

#include "framework/base/error.h"
#include "framework/generate/generate.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/name_map.h"
#include "models/checkpoint/run_case.h"

namespace conclave {
namespace {

double largest_difference(const Tensor& a, const Tensor& b) {
  if (a.sizes() != b.sizes()) return INFINITY;
  if (a.numel() == 0) return 0;
  const double difference = (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
  return std::isnan(difference) ? INFINITY : difference;
}

// Values of the slots in a column for each expert: the order of slots does not matter.
Tensor by_expert(const Tensor& expert_TK, const Tensor& value_TK, int64_t experts) {
  const Tensor column = at::where(expert_TK < 0, experts, expert_TK).to(at::kLong);
  return at::zeros({expert_TK.size(0), experts + 1})
      .scatter_add(1, column, value_TK.to(at::kFloat))
      .narrow(1, 0, experts);
}

class Verifier {
 public:
  /// `records`: the folder of the recorded files, that of an adapter or of the model itself.
  Verifier(const CheckpointFolder& folder, const std::filesystem::path& records, const VerifyBounds& bounds)
      : folder_(folder),
        records_(records),
        config_(folder.config),
        bounds_(bounds),
        in_(records / "inputs.safetensors"),
        out_(records / "expected.safetensors"),
        model_(load_checkpoint(folder, at::kFloat)),
        unseen_(out_.names().begin(), out_.names().end()) {
    result_.folder = records.string();
    result_.architecture = folder.architecture->name;
  }

  VerifyResult run() {
    const bool adapted = is_adapter(records_);
    if (adapted) {
      check_variant("logits_base_only");
      adapters_ = load_adapter(*model_, folder_, records_);
      // Auxiliary losses are part of the loss when the recording asked for them.
      if (!unseen_.contains("aux_loss")) config_.erase("aux_loss");
    }
    if (has_meteora(records_)) adapters_ = load_meteora(*model_, records_);
    for (const auto& prefix : cases()) {
      // Generations are recorded with the prompt (by case) or without it (plain).
      const bool plain = prefix == "gen." && unseen_.contains("generated");
      if (plain || unseen_.contains(prefix + "output_ids"))
        check_generation(prefix, plain ? "generated" : prefix + "output_ids");
      else
        check_pass(prefix);
    }
    // Continuations of a picture case are recorded without inputs of their own.
    if (in_.contains("image.input_ids")) check_generation("image.", "gen_image.output_ids");
    if (in_.contains("input_ids")) check_generation("", "generated");
    if (adapted && unseen_.contains("merged.logits")) {
      merge_adapters(*model_);
      check_variant("merged.logits");
      check_merged_weights();
    }
    result_.unchecked.assign(unseen_.begin(), unseen_.end());
    return result_;
  }

 private:
  // Everything in front of "input_ids", generations last.
  std::vector<std::string> cases() const {
    std::vector<std::string> passes, generations;
    for (const auto& name : in_.names()) {
      if (!name.ends_with("input_ids") || name.ends_with("decoder_input_ids")) continue;
      const auto prefix = name.substr(0, name.size() - 9);
      (prefix.starts_with("gen") ? generations : passes).push_back(prefix);
    }
    passes.insert(passes.end(), generations.begin(), generations.end());
    return passes;
  }

  // The logits of the plain case in another state of the model.
  void check_variant(const std::string& name) {
    if (!unseen_.contains(name)) return;
    const at::NoGradGuard no_grad;
    const CaseOutputs got = run_case(*model_, config_, read_inputs(in_, ""));
    compare(name, "logits", got.logits_NLV, bounds_.values,
            got.reading.valid_NL.defined() ? got.reading.valid_NL.reshape({-1}) : Tensor());
  }

  void check_merged_weights() {
    std::map<std::string, Tensor> tensors;
    for (auto& t : named_tensors(*model_)) tensors[t.name] = t.tensor;
    const std::string prefix = "merged.";
    for (const auto& name : std::vector<std::string>(unseen_.begin(), unseen_.end())) {
      if (!name.starts_with(prefix)) continue;
      std::vector<Tensor> parts;
      for (const auto& ours : NameMap(*folder_.architecture).ours(name.substr(prefix.size())).ours)
        if (tensors.contains(ours)) parts.push_back(tensors[ours]);
      if (parts.empty()) continue;
      unseen_.erase(name);
      note(name, "weights",
           largest_difference(at::cat(parts, parts[0].dim() == 3 ? 1 : 0), out_.tensor(name)),
           bounds_.values);
    }
  }

  // Compares one output of kind `group` when it is recorded; `rows` leaves padding out.
  void compare(const std::string& name, const std::string& group, const Tensor& ours, double bound,
               const Tensor& rows = {}) {
    if (!unseen_.erase(name)) return;
    Tensor theirs = out_.tensor(name), own = ours;
    if (own.dim() == 0) theirs = theirs.reshape({});
    if (rows.defined()) {
      const auto flat = [&](const Tensor& x) { return x.reshape({rows.size(0), -1}).index({rows}); };
      if (own.numel() == theirs.numel()) {
        own = flat(own);
        theirs = flat(theirs);
      }
    }
    note(name, group, largest_difference(own.detach(), theirs), bound);
  }

  void note(const std::string& name, const std::string& group, double difference, double bound) {
    auto& largest = result_.largest[group];
    largest = std::max(largest, difference);
    if (!(difference <= bound)) differs(name);
  }

  void differs(const std::string& name) {
    if (result_.first_difference.empty()) result_.first_difference = name;
  }

  void check_pass(const std::string& prefix) {
    const Inputs input = read_inputs(in_, prefix);
    if (!input.pictures.empty() && !model_->pictures) return;
    if (unrecorded(prefix)) return;
    const bool plain = prefix.empty();
    CaseOutputs got;
    {
      const at::NoGradGuard no_grad;
      got = run_case(*model_, config_, input, is_training(prefix));
    }
    const Tensor rows = got.reading.valid_NL.defined() ? got.reading.valid_NL.reshape({-1}) : Tensor();
    for (const auto& [name, features] : got.reading.features)
      compare(prefix + name, "features", features, bounds_.values);
    const auto number = [](size_t i) { return std::to_string(i); };
    if (!plain) compare(prefix + "hidden.0", "hidden", got.reading.x_NLD, bounds_.values, rows);
    for (size_t i = 0; i < got.layers.size(); ++i) {
      for (const auto& routed : got.routings)
        if (routed.layer == static_cast<int64_t>(i)) {
          check_routing(prefix, routed, rows);
          check_modality_routers(prefix, routed, got.reading);
        }
      check_adapter_routing("model.layers." + number(i) + ".", got, rows);
      const auto name = plain ? "hidden." + number(i) : prefix + "hidden." + number(i + 1);
      compare(name, "hidden", got.layers[i], bounds_.values, rows);
    }
    compare(prefix + (plain ? "final_norm" : "norm"), "hidden", got.normed_NLD, bounds_.values, rows);
    compare(prefix + "logits", "logits", got.logits_NLV, bounds_.values, rows);
    for (const auto& [name, value] : got.losses) compare(prefix + name, "loss", value, bounds_.loss);
    if (got.loss.defined()) compare(prefix + "loss", "loss", got.loss, bounds_.loss);
    check_gradients(prefix, input);
  }

  // Passes with random draws that a file cannot hold.
  bool unrecorded(const std::string& prefix) const { return prefix == "noise."; }
  static bool is_training(const std::string& prefix) { return prefix.starts_with("train"); }

  // Routers of one modality each (MoIIE): "router.L.TAG.logits" holds the rows of its tokens and the experts
  // that it reaches, counted from the first.
  void check_modality_routers(const std::string& prefix, const LayerRouting& routed, const Reading& reading) {
    if (!config_.contains("routers") || !reading.modality_T.defined()) return;
    for (const auto& [tag, router] : config_["routers"].items()) {
      const auto name = prefix + "router." + std::to_string(routed.layer) + "." + tag + ".";
      if (!unseen_.contains(name + "logits")) continue;
      const int64_t first = router["first"];
      const Tensor mine_T = reading.modality_T == router["modality"].get<int64_t>();
      const Tensor valid_R = reading.valid_NL.defined() ? reading.valid_NL.reshape({-1}).index({mine_T})
                                                        : at::ones({mine_T.sum().item<int64_t>()}, at::kBool);
      const auto ours = [&](const Tensor& t) { return t.index({mine_T}).index({valid_R}); };
      const auto theirs = [&](const char* what) {
        unseen_.erase(name + what);
        return out_.tensor(name + what).index({valid_R});
      };
      const Tensor logits = theirs("logits");
      if (logits.size(0) == 0) continue;  // no such token here, and nothing else is recorded
      const Tensor experts = theirs("experts") + first, weights = theirs("weights");
      note(name + "logits", "router_logits",
           largest_difference(ours(routed.routing.logits_TE).narrow(1, first, logits.size(1)), logits),
           bounds_.values);
      const Tensor chosen = ours(routed.routing.expert_TK), ones = at::ones(chosen.sizes());
      if (!at::equal(by_expert(chosen, ones, routed.experts), by_expert(experts, ones, routed.experts))) {
        result_.experts_equal = false;
        differs(name + "experts");
      }
      note(name + "weights", "weights",
           largest_difference(by_expert(chosen, ours(routed.routing.weight_TK), routed.experts),
                              by_expert(experts, weights, routed.experts)),
           bounds_.values);
    }
  }

  void check_routing(const std::string& prefix, const LayerRouting& routed, const Tensor& rows) {
    const auto layer = std::to_string(routed.layer);
    const Routing& ours = routed.routing;
    const auto name = [&](const char* first, const char* second) {
      return prefix.empty() ? first + ("." + layer) : prefix + "router." + layer + "." + second;
    };
    const auto kept = [&](const Tensor& t) { return rows.defined() ? t.index({rows}) : t; };
    const int64_t pool = routed.experts;
    const Tensor expert_TK = kept(ours.expert_TK);
    const auto chosen = [&](const Tensor& e) { return by_expert(e, at::ones(e.sizes()), pool); };

    const auto logits = name("router_logits", "logits");
    if (unseen_.erase(logits))
      // The columns of shared experts are behind; they show in global_weight.
      note(logits, "router_logits",
           largest_difference(kept(ours.logits_TE), kept(out_.tensor(logits)).narrow(1, 0, pool)),
           bounds_.values);
    if (const auto probabilities = "router_probs." + layer; prefix.empty() && unseen_.erase(probabilities))
      note(probabilities, "router_logits",
           largest_difference(kept(ours.prob_TE), kept(out_.tensor(probabilities))), bounds_.values);
    const auto experts = name("expert_ids", "experts");
    const auto their_experts = [&] {
      const auto slot = prefix + "router." + layer + ".slot";
      unseen_.erase(slot);
      const Tensor asked = kept(out_.tensor(experts));
      return out_.contains(slot) ? asked.masked_fill(kept(out_.tensor(slot)) < 0, -1) : asked;
    };
    if (unseen_.erase(experts) && !at::equal(chosen(expert_TK), chosen(their_experts()))) {
      result_.experts_equal = false;
      differs(experts);
    }
    const auto weights = name("combine_weights", "weights");
    if (unseen_.erase(weights))
      note(weights, "weights",
           largest_difference(by_expert(expert_TK, kept(ours.weight_TK), pool),
                              by_expert(their_experts(), kept(out_.tensor(weights)), pool)),
           bounds_.values);
    if (ours.shared_TS.defined()) {
      const int64_t shared = ours.shared_TS.size(1);
      if (const auto global = "global_weight." + layer; prefix.empty() && unseen_.erase(global))
        note(global, "weights",
             largest_difference(kept(ours.shared_TS), kept(out_.tensor(global)).narrow(1, pool, shared)),
             bounds_.values);
      const Tensor mask = at::cat({chosen(expert_TK), at::ones({expert_TK.size(0), shared})}, 1);
      if (const auto name = "expert_mask." + layer; prefix.empty() && unseen_.erase(name))
        note(name, "weights", largest_difference(mask, kept(out_.tensor(name))), 0);
      const Tensor before_TK = ours.chosen_TK.defined() ? kept(ours.chosen_TK) : expert_TK;
      if (const auto name = "dynamic_top_k." + layer; prefix.empty() && unseen_.erase(name))
        note(name, "weights", largest_difference((before_TK >= 0).sum(1), kept(out_.tensor(name))), 0);
    }
    if (ours.path_TP.defined())
      compare(prefix + "coefficient." + layer, "weights", ours.path_TP, bounds_.values, rows);
  }

  // Routers of single projections: "gate_logits.PROJECTION", "expert_ids.PROJECTION",
  // "combine_weights.PROJECTION".
  void check_adapter_routing(const std::string& stem, const CaseOutputs& got, const Tensor& rows) {
    const auto kept = [&](const Tensor& t) { return rows.defined() ? t.index({rows}) : t; };
    for (const auto& [name, routed] : got.adapters) {
      if (!name.starts_with(stem) || !unseen_.erase("gate_logits." + name)) continue;
      const auto theirs = [&](const std::string& what) {
        unseen_.erase(what + name);
        return kept(out_.tensor(what + name));
      };
      note("gate_logits." + name, "router_logits",
           largest_difference(kept(routed.routing.logits_TE), theirs("gate_logits.")), bounds_.values);
      const Tensor ours = kept(routed.routing.expert_TK), experts = theirs("expert_ids.");
      const Tensor ones = at::ones(ours.sizes());
      if (!at::equal(by_expert(ours, ones, routed.experts), by_expert(experts, ones, routed.experts))) {
        result_.experts_equal = false;
        differs("expert_ids." + name);
      }
      note("combine_weights." + name, "weights",
           largest_difference(by_expert(ours, kept(routed.routing.weight_TK), routed.experts),
                              by_expert(experts, theirs("combine_weights."), routed.experts)),
           bounds_.values);
    }
  }

  // Gradients of the loss, with the names of the files or of the original's fused parameters.
  void check_gradients(const std::string& prefix, const Inputs& input) {
    std::vector<std::string> names;
    for (const auto& name : unseen_)
      if (name.starts_with(prefix + "grad.")) names.push_back(name);
    if (names.empty() || !input.labels_NL.defined()) return;
    std::map<std::string, Tensor> tensors;
    for (auto& t : named_tensors(*model_)) tensors[t.name] = t.tensor;
    const NameMap map(*folder_.architecture);
    std::set<std::string> known;
    for (const auto& [name, tensor] : tensors) known.insert(name);
    // Where a published parameter is: tensors of ours, row below row, or one expert of a bank; or an
    // adapter's.
    const auto place = [&](const std::string& name) {
      std::string theirs = name.substr(prefix.size() + 5);
      if (theirs.ends_with("magnitude_vector.weight")) theirs.resize(theirs.size() - 7);
      if (const auto adapter = adapters_.find(theirs); adapter != adapters_.end()) return adapter->second;
      const PublishedName ours = map.ours(theirs, known);
      std::vector<Tensor> leaves;
      for (const auto& part : ours.ours)
        if (tensors.contains(part)) leaves.push_back(tensors[part]);
      return AdapterTensor{leaves, [leaves, expert = ours.expert] {
                             std::vector<Tensor> rows;
                             for (const auto& leaf : leaves)
                               if (leaf.grad().defined())
                                 rows.push_back(expert >= 0 ? leaf.grad()[expert] : leaf.grad());
                             return rows.empty() ? Tensor() : at::cat(rows, rows[0].dim() == 3 ? 1 : 0);
                           }};
    };
    for (const auto& name : names)
      for (auto& leaf : place(name).leaves) leaf.set_requires_grad(true);
    const at::AutoGradMode with_gradients(true);
    run_case(*model_, config_, input, is_training(prefix)).objective.backward();
    for (const auto& name : names) {
      const Tensor own = place(name).gradient();
      if (!own.defined()) continue;
      unseen_.erase(name);
      const Tensor theirs = out_.tensor(name);
      const double scale = std::max(theirs.abs().max().item<double>(), 1e-20);
      note(name, "gradients", largest_difference(own.reshape(theirs.sizes()), theirs) / scale,
           bounds_.gradients);
    }
    for (auto& [name, adapter] : adapters_)
      for (size_t i = 0; i < adapter.leaves.size(); ++i)
        tensors[name + std::to_string(i)] = adapter.leaves[i];
    for (auto& [name, tensor] : tensors) {
      tensor.mutable_grad() = Tensor();
      tensor.set_requires_grad(false);
    }
  }

  void check_generation(const std::string& prefix, const std::string& name) {
    if (!unseen_.erase(name)) return;
    const at::NoGradGuard no_grad;
    const Inputs input = read_inputs(in_, prefix);
    const Tensor theirs = out_.tensor(name);
    const int64_t prompt = name == "generated" ? 0 : theirs.size(1) - new_tokens(theirs, input);
    const auto rows = continued(input, theirs.size(1) - prompt);
    for (size_t i = 0; i < rows.size(); ++i) {
      const Tensor row = theirs[static_cast<int64_t>(i)].narrow(0, prompt, theirs.size(1) - prompt);
      if (at::equal(at::tensor(rows[i], at::kLong), row)) continue;
      result_.tokens_equal = false;
      differs(name);
    }
  }

  // Recorded ids hold the prompt, with a 0 for each placeholder, unless they were made from embeddings.
  static int64_t new_tokens(const Tensor& theirs, const Inputs& input) {
    const int64_t prompt = input.ids_NL.size(1);
    const bool with_prompt = theirs.size(1) > prompt &&
                             at::equal(theirs.narrow(1, 0, prompt).clamp_min(0), input.ids_NL.clamp_min(0));
    return theirs.size(1) - (with_prompt ? prompt : 0);
  }

  // The most probable continuations.
  std::vector<std::vector<int64_t>> continued(const Inputs& input, int64_t tokens) {
    if (config_.value("generate", "cached") == "recomputed") return recomputed(input, tokens);
    GenerateOptions options;
    options.max_tokens = tokens;
    std::vector<std::vector<int64_t>> rows;
    for (auto& row : generate(*model_->text, model_->prompt(input), options)) rows.push_back(row.tokens);
    return rows;
  }

  // A whole pass for each token, where the tokens of a pass compete for places with the experts.
  std::vector<std::vector<int64_t>> recomputed(Inputs input, int64_t tokens) {
    const int64_t count = input.ids_NL.size(0);
    std::vector<std::vector<int64_t>> rows(static_cast<size_t>(count));
    input.labels_NL = input.position = input.importance_NL = Tensor();
    for (int64_t t = 0; t < tokens; ++t) {
      const Tensor next_N1 = run_case(*model_, config_, input).logits_NLV.select(1, -1).argmax(-1, true);
      input.ids_NL = at::cat({input.ids_NL, next_N1}, 1);
      if (input.valid_NL.defined())
        input.valid_NL = at::cat({input.valid_NL, at::ones({count, 1}, at::kBool)}, 1);
      for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)].push_back(next_N1[i].item<int64_t>());
    }
    return rows;
  }

  const CheckpointFolder& folder_;
  const std::filesystem::path records_;
  Json config_;
  AdapterTensors adapters_;
  const VerifyBounds& bounds_;
  Safetensors in_, out_;
  Ptr<Multimodal> model_;
  std::set<std::string> unseen_;
  VerifyResult result_;
};

}  // namespace

Json VerifyResult::json() const {
  Json line = {{"folder", folder}, {"architecture", architecture}, {"largest_difference", Json::object()}};
  for (const auto& [kind, value] : largest) line["largest_difference"][kind] = value;
  line["experts_equal"] = experts_equal;
  line["tokens_equal"] = tokens_equal;
  line["pass"] = pass();
  line["first_difference"] = first_difference.empty() ? Json() : Json(first_difference);
  line["unchecked"] = unchecked;
  return line;
}

VerifyResult verify_checkpoint(const std::filesystem::path& folder, const VerifyBounds& bounds) {
  const auto opened = open_checkpoint(is_adapter(folder) ? base_of_adapter(folder) : folder);
  for (const char* file : {"inputs.safetensors", "expected.safetensors"}) {
    if (!std::filesystem::exists(folder / file))
      throw DataError(folder.string(), "", fmt::format("has no {} to compare with", file));
  }
  return Verifier(opened, folder, bounds).run();
}

}  // namespace conclave
