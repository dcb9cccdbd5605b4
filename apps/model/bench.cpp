#include "apps/model/bench.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <sstream>

#include "apps/common/app.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/paths.h"
#include "framework/base/process_memory.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/generate/generate.h"
#include "framework/score/median.h"
#include "framework/tensor/device.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/pack.h"
#include "models/checkpoint/random_model.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

struct Speeds {
  std::vector<double> prefill, decode;  // tokens a second, by round
  std::vector<int64_t> tokens;
};
using ByPeer = std::map<std::string, Speeds>;

// The same prompt for everyone: a fixed walk over the vocabulary.
std::vector<int64_t> prompt_ids(int64_t count, int64_t vocabulary) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back((i * 7919 + 11) % vocabulary);
  return ids;
}

void measure(const Multimodal& model, const std::vector<int64_t>& ids, int64_t tokens, Speeds& speeds) {
  const at::NoGradGuard no_grad;
  Inputs inputs;
  inputs.ids_NL = at::tensor(ids, at::kLong).unsqueeze(0);
  const Stopwatch reading;
  const Prompt prompt = model.prompt(inputs);
  speeds.prefill.push_back(static_cast<double>(ids.size()) / reading.seconds());
  GenerateOptions options;
  options.max_tokens = tokens + 1;  // the first comes from the prompt
  const Stopwatch writing;
  speeds.tokens = generate(*model.text, prompt, options).front().tokens;
  speeds.decode.push_back(static_cast<double>(tokens) / writing.seconds());
}

// One line for each peer that could be measured; a warning for the others, once.
void measure_peers(const std::vector<std::string>& words, std::map<std::string, ByPeer>& found,
                   std::set<std::string>& warned) {
  const auto done = run_child(words);
  if (done.code != 0) log_warning("the peers' program ended with code {}", done.code);
  std::istringstream lines(done.out);
  for (std::string text; std::getline(lines, text);) {
    const Json line = Json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("peer")) continue;  // the other library's own words
    const auto peer = line["peer"].get<std::string>();
    if (line.contains("missing")) {
      if (warned.insert(peer).second)
        log_warning("{} was not measured: {}", peer, line["missing"].get<std::string>());
      continue;
    }
    Speeds& speeds = found[line["weights"].get<std::string>()][peer];
    speeds.prefill.push_back(line["prefill_tokens_per_s"].get<double>());
    speeds.decode.push_back(line["decode_tokens_per_s"].get<double>());
    speeds.tokens = line["tokens"].get<std::vector<int64_t>>();
  }
}

size_t equal_tokens(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

void tell(Invocation& call, const std::string& weights, const ByPeer& peers, int threads) {
  const Speeds& own = peers.at("conclave");
  for (const auto& [peer, speeds] : peers) {
    const double prefill = median(speeds.prefill), decode = median(speeds.decode);
    Json line = {{"by", peer},
                 {"weights", weights},
                 {"threads", threads},
                 {"prefill_tokens_per_s", prefill},
                 {"decode_tokens_per_s", decode}};
    if (peer != "conclave") {
      line["prefill_ratio"] = median(own.prefill) / prefill;
      line["decode_ratio"] = median(own.decode) / decode;
      line["equal_tokens"] = equal_tokens(own.tokens, speeds.tokens);
    }
    if (call.json()) {
      call.out().write(line);
      continue;
    }
    fmt::print("{:<9} {:<26} prefill {:>7.0f} tokens/s   decode {:>6.1f} tokens/s", weights, peer, prefill,
               decode);
    if (peer != "conclave")
      fmt::print("   conclave {:.2f}x and {:.2f}x, {} of {} tokens equal",
                 line["prefill_ratio"].get<double>(), line["decode_ratio"].get<double>(),
                 line["equal_tokens"].get<size_t>(), own.tokens.size());
    fmt::print("\n");
    std::fflush(stdout);
  }
}

}  // namespace

std::string ModelBenchVerb::examples() const {
  return "conclave-model bench --threads 2\n"
         "CONCLAVE_PEERS=venv/bin/python scripts/bench model --threads 2 --json";
}

void ModelBenchVerb::declare(Options& options) {
  options.add("folder", folder_,
              "A model to measure; otherwise a random Qwen3-MoE, made in the cache folder");
  options.add("layers", layers_, "Layers of the random model, about 0.2 GB each").range(1, 64);
  options.add("weights", weights_, "Types to measure").choices({"float32", "bfloat16", "int8", "int4"});
  options.add("prompt-tokens", prompt_, "Tokens that are read").range(1, 4000);
  options.add("tokens", tokens_, "Tokens that are written").range(1, 1000);
  options.add("rounds", rounds_, "Turns that everyone gets; the median counts").range(1, 100);
  options.add("peers", peers_, "The program that measures the others (scripts/model-peers)");
  options.add("python", python_, "The Python to run it with");
}

int ModelBenchVerb::run(Invocation& call) {
  const int threads = call.common().thread_count();
  set_threads(threads);
  fs::path folder = folder_;
  if (folder.empty()) {
    RandomModelShape shape;
    shape.layers = layers_;
    folder = cache_home() / fmt::format("random-qwen3-moe-{}", layers_);
    if (!fs::exists(folder / "config.json")) {
      log_info("making a random model in {}", folder.string());
      write_random_model(folder, shape, 0);
    }
  }
  const CheckpointFolder opened = open_checkpoint(folder);
  std::map<std::string, ByPeer> found;
  std::set<std::string> warned;
  std::map<std::string, Ptr<Multimodal>> models;
  for (const auto& weights : weights_) {
    const auto packing = packing_named(weights);
    models[weights] = load_checkpoint(opened, packing ? at::kFloat : parse_dtype(weights), packing);
  }
  const auto ids = prompt_ids(prompt_, models.begin()->second->text->embed_tokens.count());
  if (peers_.empty()) log_warning("no peers measured: --peers names none");
  for (int64_t round = 0; round < rounds_; ++round) {
    for (const auto& [weights, model] : models) {
      throw_if_interrupted();
      if (round == 0) {  // pages of the file come in, and pools of threads start
        Speeds unused;
        measure(*model, ids, 1, unused);
      }
      measure(*model, ids, tokens_, found[weights]["conclave"]);
    }
    if (peers_.empty()) continue;
    std::vector<std::string> words = {"/usr/bin/env",          python_,
                                      peers_.string(),         folder.string(),
                                      std::to_string(threads), std::to_string(prompt_),
                                      std::to_string(tokens_)};
    for (const auto& weights : weights_) words.push_back(weights);
    measure_peers(words, found, warned);
  }
  for (const auto& weights : weights_) tell(call, weights, found.at(weights), threads);
  return kExitDone;
}

}  // namespace conclave
