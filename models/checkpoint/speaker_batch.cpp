// Replies to several prompts at once, each through the adapter that it names.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <memory>

#include "framework/base/error.h"
#include "models/checkpoint/reply_writer.h"

namespace conclave {

void Speaker::add_adapters(const NamedFolders& folders) {
  require<UsageError>(!adapted_,
                      "{} was loaded with an adapter; name it beside the others, with the base's "
                      "folder in its place",
                      folder_.path.string());
  require(adapters_.empty(), "[speaker] has adapters already");
  load_adapters(*model_, folder_, folders);
  for (const auto& [name, folder] : folders) adapters_.push_back(name);
}

Tensor Speaker::adapter_named(const std::string& name) const {
  if (name.empty() && adapters_.empty()) return {};
  const auto found = std::ranges::find(adapters_, name);
  require<UsageError>(name.empty() || found != adapters_.end(), "there is no adapter '{}' here{}", name,
                      adapters_.empty() ? "" : fmt::format(" (there are {})", fmt::join(adapters_, ", ")));
  return at::tensor({name.empty() ? int64_t{-1} : static_cast<int64_t>(found - adapters_.begin())},
                    at::kLong);
}

int64_t Speaker::most_tokens(int64_t prompt_tokens, const ReplyOptions& options) const {
  int64_t most = options.max_tokens;
  for (const Speaker* each : {this, draft_.get()})
    if (each && each->context_ > 0) most = std::min(most, each->context_ - prompt_tokens);
  return most;
}

void Speaker::answer_together(const std::vector<Request>& requests, const std::vector<size_t>& which,
                              const ReplyOptions& options, std::vector<Answered>& answered) const {
  const auto rows = std::ssize(which);
  std::vector<std::vector<int64_t>> ids;
  std::vector<Tensor> adapters;
  int64_t longest = 0;
  for (const size_t i : which) {
    ids.push_back(text_.tokenizer.encode(requests[i].prompt, {.add_special = requests[i].raw}));
    longest = std::max(longest, std::ssize(ids.back()));
    if (const Tensor adapter_1 = adapter_named(requests[i].adapter); adapter_1.defined())
      adapters.push_back(adapter_1);
  }
  Inputs inputs;
  inputs.ids_NL = at::zeros({rows, longest}, at::kLong);
  Tensor valid_NL = at::zeros({rows, longest}, at::kBool);
  for (int64_t n = 0; n < rows; ++n) {
    const auto& row = ids[static_cast<size_t>(n)];
    const int64_t padding = longest - std::ssize(row);  // before it: what is near in a row stays near
    inputs.ids_NL[n].narrow(0, padding, std::ssize(row)).copy_(at::tensor(row, at::kLong));
    valid_NL[n].narrow(0, padding, std::ssize(row)).fill_(true);
  }
  if (!valid_NL.all().item<bool>()) inputs.valid_NL = valid_NL;
  if (!adapters.empty()) inputs.adapter_N = at::cat(adapters);
  const at::NoGradGuard no_grad;
  Prompt read = model_->prompt(inputs);
  read.tokens = ids;

  ReplyOptions quiet = options;
  if (options.on_text) quiet.on_text = [&](std::string_view) { return options.on_text(""); };
  std::vector<std::unique_ptr<ReplyWriter>> writers;
  GenerateOptions generation;
  generation.max_tokens = 0;
  for (size_t n = 0; n < which.size(); ++n) {
    Reply& reply = answered[which[n]].reply;
    reply.prompt_tokens = reply.read_tokens = std::ssize(ids[n]);
    const int64_t most = most_tokens(reply.prompt_tokens, options);
    generation.max_tokens = std::max(generation.max_tokens, most);
    writers.push_back(std::make_unique<ReplyWriter>(text_, quiet, most));
  }
  generation.sampling = options.sampling;
  generation.stop = text_.stop;
  generation.seed = options.seed;
  generation.streams.assign(which.size(), 0);  // each as if it were alone
  const auto writer = [&](int64_t row) -> ReplyWriter& { return *writers[static_cast<size_t>(row)]; };
  generation.on_token = [&](int64_t row, int64_t token, double) { return writer(row).take(token); };
  generation.edit = [&](int64_t row, std::span<const int64_t>, std::span<float> logits) {
    writer(row).edit(logits);
  };
  const auto made = generate(*model_->text, read, generation);
  for (size_t n = 0; n < which.size(); ++n) writers[n]->finish(made[n], answered[which[n]].reply);
}

std::vector<Answered> Speaker::replies(const std::vector<Request>& requests,
                                       const ReplyOptions& options) const {
  std::vector<Answered> answered(requests.size());
  std::vector<size_t> together;
  for (size_t i = 0; i < requests.size(); ++i) {
    const Request& request = requests[i];
    try {
      if (draft_ || !request.sights.empty()) {
        ReplyOptions own = options;
        own.adapter = request.adapter;
        if (options.on_text) own.on_text = [&](std::string_view) { return options.on_text(""); };
        answered[i].reply = reply(request.prompt, request.raw, request.sights, own);
        continue;
      }
      adapter_named(request.adapter);
      check_length(std::ssize(text_.tokenizer.encode(request.prompt, {.add_special = request.raw})));
      together.push_back(i);
    } catch (const UsageError&) {
      answered[i].error = std::current_exception();
    }
  }
  try {
    if (!together.empty()) answer_together(requests, together, options, answered);
  } catch (const Error&) {  // a schema that one of them cannot keep to, say: which one is seen alone
    for (const size_t i : together) try {
        answered[i] = {};
        answer_together(requests, {i}, options, answered);
      } catch (const Error&) {
        answered[i].error = std::current_exception();
      }
  }
  return answered;
}

}  // namespace conclave
