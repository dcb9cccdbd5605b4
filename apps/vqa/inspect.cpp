#include "apps/vqa/inspect.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/vqa/answer_record.h"
#include "apps/vqa/overlay.h"
#include "framework/base/error.h"
#include "models/vlm/active_parameters.h"

namespace conclave {
namespace {

// The experts of one token at one site as "e1 0.75 e2 0.25".
std::string token_experts(const Routing& routing, int64_t token, int64_t experts) {
  std::string text;
  for (int64_t k = 0; k < routing.slots(); ++k) {
    const int e = routing.expert_TK[token][k].item<int>();
    if (e < 0) continue;
    text += fmt::format("{}{} {:.2f}", text.empty() ? "" : "  ",
                        e < experts ? fmt::format("e{}", e) : fmt::format("null{}", e - experts),
                        routing.weight_TK[token][k].item<double>());
  }
  return text.empty() ? "-" : text;
}

void print_words(const VqaModel& model, const std::vector<int64_t>& ids, const PassRouting& pass) {
  fmt::print("{:<16}", "word");
  for (const auto& record : pass.records) fmt::print(" {:<18}", fmt::format("site {}", record.site));
  fmt::print("\n");
  for (size_t t = 0; t < ids.size(); ++t) {
    fmt::print("{:<16}", model.tokenizer.decode({ids[t]}, false));
    for (const auto& record : pass.records)
      fmt::print(" {:<18}", token_experts(record.routing, static_cast<int64_t>(t), record.experts));
    fmt::print("\n");
  }
}

}  // namespace

std::string InspectVerb::examples() const {
  return "conclave-vqa inspect\n"
         "conclave-vqa inspect --image A.png --question \"is there a red circle\" --overlay experts.png";
}

void InspectVerb::declare(Options& options) {
  options.add("image", questions_.images, "Picture; repeat for several in one question");
  options.add("question", questions_.questions, "Question; without one, the model itself is described");
  options.add("overlay", overlay_, "PNG file: the pictures with each patch painted by its first expert");
  options.add("site", site_, "MoE layer to paint, counted from 0; -1: the last one").at_least(-1);
  ask_.declare(options);
}

int InspectVerb::describe_model(Invocation& call, const VqaModel& model) const {
  const auto total = count_parameters(*model.vlm);
  const auto active_text = active_parameters(*model.vlm, Modality::text);
  const auto active_vision = active_parameters(*model.vlm, Modality::vision);
  Json line = {{"model", model.name},
               {"parameters", total},
               {"active_per_text_token", active_text},
               {"active_per_picture_token", active_vision},
               {"vocabulary", model.vlm->vocabulary()},
               {"tile_size", model.vlm->tile_size()},
               {"max_tiles", model.vlm->max_tiles()},
               {"config", model.vlm->config}};
  for (const auto& [site, experts] : model.pools())
    line["sites"].push_back({{"site", site}, {"experts", experts}});
  if (call.json()) {
    call.out().write(line);
    return kExitDone;
  }
  fmt::print("{}: {} parameters; {} work on a word, {} on a picture token\n", model.name, total, active_text,
             active_vision);
  fmt::print("tiles of {} x {}, up to {} a question; vocabulary {}\n", model.vlm->tile_size(),
             model.vlm->tile_size(), model.vlm->max_tiles(), model.vlm->vocabulary());
  for (const auto& [site, experts] : model.pools()) fmt::print("site {}: {} experts\n", site, experts);
  return kExitDone;
}

int InspectVerb::run(Invocation& call) {
  const VqaModel model = ask_.load(call);
  if (questions_.questions.empty()) {
    require<UsageError>(overlay_.empty(), "--overlay needs --image and --question");
    return describe_model(call, model);
  }
  VqaOptions options = ask_.engine;
  options.keep_routing = true;
  VqaEngine engine(model, options);
  const auto source = open_questions(questions_);
  while (auto asked = source->next()) {
    if (asked->error) std::rethrow_exception(asked->error);
    const VqaAnswer answer = engine.answer({&asked->query, 1}).front();
    if (answer.error) std::rethrow_exception(answer.error);
    if (call.json()) {
      call.out().write(answer_record(*asked, answer, model, call.common().seed));
    } else {
      fmt::print("{}", answer_text(*asked, answer));
      for (const auto& pass : answer.routing) {
        if (pass.part == "question")
          print_words(model, question_ids(model.tokenizer, model.tokens, asked->query.question), pass);
      }
    }
    if (overlay_.empty()) continue;
    const auto pools = model.pools();
    require<UsageError>(!pools.empty(), "--overlay: {} has no MoE layers", model.name);
    paint_experts(asked->query, answer, model, site_ < 0 ? pools.rbegin()->first : site_, overlay_);
    call.history().output(overlay_, "picture");
  }
  return kExitDone;
}

}  // namespace conclave
