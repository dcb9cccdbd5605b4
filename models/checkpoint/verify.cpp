#include "models/checkpoint/verify.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <set>

#include "framework/base/error.h"
#include "framework/generate/generate.h"
#include "framework/tensor/safetensors.h"
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
  Verifier(const CheckpointFolder& folder, const VerifyBounds& bounds)
      : folder_(folder),
        bounds_(bounds),
        in_(folder.path / "inputs.safetensors"),
        out_(folder.path / "expected.safetensors"),
        model_(load_checkpoint(folder, at::kFloat)),
        unseen_(out_.names().begin(), out_.names().end()) {
    result_.folder = folder.path.string();
    result_.architecture = folder.architecture->name;
  }

  VerifyResult run() {
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
    const bool plain = prefix.empty();
    CaseOutputs got;
    {
      const at::NoGradGuard no_grad;
      got = run_case(*model_, folder_.config, input);
    }
    const Tensor rows = got.reading.valid_NL.defined() ? got.reading.valid_NL.reshape({-1}) : Tensor();
    for (const auto& [name, features] : got.reading.features)
      compare(prefix + name, "features", features, bounds_.values);
    const auto number = [](size_t i) { return std::to_string(i); };
    if (!plain) compare(prefix + "hidden.0", "hidden", got.reading.x_NLD, bounds_.values, rows);
    for (size_t i = 0; i < got.layers.size(); ++i) {
      for (const auto& routed : got.routings)
        if (routed.layer == static_cast<int64_t>(i)) check_routing(prefix, routed, rows);
      const auto name = plain ? "hidden." + number(i) : prefix + "hidden." + number(i + 1);
      compare(name, "hidden", got.layers[i], bounds_.values, rows);
    }
    compare(prefix + (plain ? "final_norm" : "norm"), "hidden", got.normed_NLD, bounds_.values, rows);
    compare(prefix + "logits", "logits", got.logits_NLV, bounds_.values, rows);
    for (const auto& [name, value] : got.losses) compare(prefix + name, "loss", value, bounds_.loss);
    if (got.loss.defined()) compare(prefix + "loss", "loss", got.loss, bounds_.loss);
    check_gradients(prefix, input);
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
    const auto experts = name("expert_ids", "experts");
    if (unseen_.erase(experts) && !at::equal(chosen(expert_TK), chosen(kept(out_.tensor(experts))))) {
      result_.experts_equal = false;
      differs(experts);
    }
    const auto weights = name("combine_weights", "weights");
    if (unseen_.erase(weights))
      note(weights, "weights",
           largest_difference(by_expert(expert_TK, kept(ours.weight_TK), pool),
                              by_expert(kept(out_.tensor(experts)), kept(out_.tensor(weights)), pool)),
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

  // Gradients of the loss, with the names of the files or of the original's fused parameters.
  void check_gradients(const std::string& prefix, const Inputs& input) {
    std::vector<std::string> names;
    for (const auto& name : unseen_)
      if (name.starts_with(prefix + "grad.")) names.push_back(name);
    if (names.empty() || !input.labels_NL.defined()) return;
    std::map<std::string, Tensor> tensors;
    for (auto& t : named_tensors(*model_)) tensors[t.name] = t.tensor;
    const NameMap map(*folder_.architecture);
    const auto place = [&](const std::string& name) { return map.ours(name.substr(prefix.size() + 5)); };
    for (const auto& name : names) {
      for (const auto& ours : place(name).ours)
        if (tensors.contains(ours)) tensors[ours].set_requires_grad(true);
    }
    const at::AutoGradMode with_gradients(true);
    run_case(*model_, folder_.config, input).loss.backward();
    for (const auto& name : names) {
      const PublishedName at = place(name);
      std::vector<Tensor> parts;
      for (const auto& ours : at.ours) {
        if (!tensors.contains(ours) || !tensors[ours].grad().defined()) continue;
        const Tensor& whole = tensors[ours].grad();
        parts.push_back(at.expert >= 0 ? whole[at.expert] : whole);
      }
      if (parts.empty()) continue;
      const Tensor own = at::cat(parts, parts[0].dim() == 3 ? 1 : 0);
      unseen_.erase(name);
      const Tensor theirs = out_.tensor(name);
      const double scale = std::max(theirs.abs().max().item<double>(), 1e-20);
      note(name, "gradients", largest_difference(own.reshape(theirs.sizes()), theirs) / scale,
           bounds_.gradients);
    }
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

  // Recorded ids hold the prompt, unless they were made from embeddings.
  static int64_t new_tokens(const Tensor& theirs, const Inputs& input) {
    const int64_t prompt = input.ids_NL.size(1);
    const bool with_prompt = theirs.size(1) > prompt && at::equal(theirs.narrow(1, 0, prompt), input.ids_NL);
    return theirs.size(1) - (with_prompt ? prompt : 0);
  }

  // The most probable continuations.
  std::vector<std::vector<int64_t>> continued(const Inputs& input, int64_t tokens) {
    if (folder_.config.value("generate", "cached") == "recomputed") return recomputed(input, tokens);
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
      const Tensor next_N1 =
          run_case(*model_, folder_.config, input).logits_NLV.select(1, -1).argmax(-1, true);
      input.ids_NL = at::cat({input.ids_NL, next_N1}, 1);
      if (input.valid_NL.defined())
        input.valid_NL = at::cat({input.valid_NL, at::ones({count, 1}, at::kBool)}, 1);
      for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)].push_back(next_N1[i].item<int64_t>());
    }
    return rows;
  }

  const CheckpointFolder& folder_;
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
  const auto opened = open_checkpoint(folder);
  for (const char* file : {"inputs.safetensors", "expected.safetensors"}) {
    if (!std::filesystem::exists(folder / file))
      throw DataError(folder.string(), "", fmt::format("has no {} to compare with", file));
  }
  return Verifier(opened, bounds).run();
}

}  // namespace conclave
