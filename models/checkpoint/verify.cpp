#include "models/checkpoint/verify.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <set>

#include "framework/base/error.h"
#include "framework/generate/generate.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/name_map.h"
#include "models/checkpoint/text_case.h"

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
      if (own.sizes() == theirs.sizes()) {
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
    const TextCase input = read_case(in_, prefix);
    const bool plain = prefix.empty();
    TextOutputs got;
    {
      const at::NoGradGuard no_grad;
      got = run_case(*model_, folder_.config, input);
    }
    const Tensor rows = input.valid_NL.defined() ? input.valid_NL.reshape({-1}) : Tensor();
    const auto number = [](size_t i) { return std::to_string(i); };
    if (!plain) compare(prefix + "hidden.0", "hidden", got.embedded_NLD, bounds_.values, rows);
    for (size_t i = 0; i < got.layers.size(); ++i) {
      for (const auto& routed : got.routings)
        if (routed.layer == static_cast<int64_t>(i)) check_routing(prefix, routed, rows);
      const auto name = plain ? "hidden." + number(i) : prefix + "hidden." + number(i + 1);
      compare(name, "hidden", got.layers[i], bounds_.values, rows);
    }
    compare(prefix + (plain ? "final_norm" : "norm"), "hidden", got.normed_NLD, bounds_.values, rows);
    compare(prefix + "logits", "logits", got.logits_NLV, bounds_.values, rows);
    if (got.aux_loss.defined()) compare(prefix + "aux_loss", "loss", got.aux_loss, bounds_.loss);
    if (got.loss.defined()) compare(prefix + "loss", "loss", got.loss, bounds_.loss);
    check_gradients(prefix, input);
  }

  void check_routing(const std::string& prefix, const LayerRouting& routed, const Tensor& rows) {
    const auto layer = std::to_string(routed.layer);
    const bool plain = prefix.empty();
    const auto name = [&](const char* first, const char* second) {
      return plain ? first + ("." + layer) : prefix + "router." + layer + "." + second;
    };
    compare(name("router_logits", "logits"), "router_logits", routed.routing.logits_TE, bounds_.values, rows);
    const auto experts = name("expert_ids", "experts"), weights = name("combine_weights", "weights");
    if (!unseen_.erase(experts)) return;
    const auto kept = [&](const Tensor& t) { return rows.defined() ? t.index({rows}) : t; };
    const Tensor theirs = kept(out_.tensor(experts)), ours = kept(routed.routing.expert_TK);
    const int64_t pool = routed.experts;
    const auto chosen = [&](const Tensor& e) { return by_expert(e, at::ones(e.sizes()), pool); };
    if (!at::equal(chosen(ours), chosen(theirs))) {
      result_.experts_equal = false;
      differs(experts);
    }
    if (!unseen_.erase(weights)) return;
    note(weights, "weights",
         largest_difference(by_expert(ours, kept(routed.routing.weight_TK), pool),
                            by_expert(theirs, kept(out_.tensor(weights)), pool)),
         bounds_.values);
  }

  // Gradients of the loss, with the names of the files or of the original's fused parameters.
  void check_gradients(const std::string& prefix, const TextCase& input) {
    std::vector<std::string> names;
    for (const auto& name : unseen_)
      if (name.starts_with(prefix + "grad.")) names.push_back(name);
    if (names.empty() || !input.labels_NL.defined()) return;
    std::map<std::string, Tensor> tensors;
    for (auto& t : named_tensors(*model_)) tensors[t.name] = t.tensor;
    const NameMap map(*folder_.architecture);
    for (const auto& name : names) {
      for (const auto& ours : map.ours(name.substr(prefix.size() + 5)).ours)
        if (tensors.contains(ours)) tensors[ours].set_requires_grad(true);
    }
    const at::AutoGradMode with_gradients(true);
    run_case(*model_, folder_.config, input).loss.backward();
    for (const auto& name : names) {
      std::vector<Tensor> parts;
      for (const auto& ours : map.ours(name.substr(prefix.size() + 5)).ours)
        if (tensors.contains(ours) && tensors[ours].grad().defined()) parts.push_back(tensors[ours].grad());
      if (parts.empty()) continue;
      const Tensor own = at::cat(parts, parts[0].dim() == 3 ? 1 : 0);
      unseen_.erase(name);
      const Tensor theirs = out_.tensor(name);
      const double scale = std::max(theirs.abs().max().item<double>(), 1e-20);
      note(name, "gradients", largest_difference(own, theirs) / scale, bounds_.gradients);
    }
    for (auto& [name, tensor] : tensors) {
      tensor.mutable_grad() = Tensor();
      tensor.set_requires_grad(false);
    }
  }

  void check_generation(const std::string& prefix, const std::string& name) {
    unseen_.erase(name);
    const TextCase input = read_case(in_, prefix);
    const Tensor theirs = out_.tensor(name);
    const int64_t prompt = name == "generated" ? 0 : input.ids_NL.size(1);
    GenerateOptions options;
    options.max_tokens = theirs.size(1) - prompt;
    const auto rows =
        generate(*model_, read_prompt(*model_, input.ids_NL, input.valid_NL, model_->new_state()), options);
    for (size_t i = 0; i < rows.size(); ++i) {
      const Tensor row = theirs[static_cast<int64_t>(i)].narrow(0, prompt, options.max_tokens);
      if (at::equal(at::tensor(rows[i].tokens, at::kLong), row)) continue;
      result_.tokens_equal = false;
      differs(name);
    }
  }

  const CheckpointFolder& folder_;
  const VerifyBounds& bounds_;
  Safetensors in_, out_;
  Ptr<CausalLm> model_;
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
