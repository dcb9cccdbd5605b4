#include "apps/vqa/inspect.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/vqa/answer_record.h"
#include "apps/vqa/overlay.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "models/vlm/active_parameters.h"
#include "models/vlm/routing_lines.h"

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

void print_words(const PassRouting& pass) {
  fmt::print("{:<16}", "word");
  for (const auto& record : pass.records) fmt::print(" {:<18}", fmt::format("site {}", record.site));
  fmt::print("\n");
  for (size_t t = 0; t < pass.words.size(); ++t) {
    fmt::print("{:<16}", printable(pass.words[t]));
    for (const auto& record : pass.records)
      fmt::print(" {:<18}", token_experts(record.routing, static_cast<int64_t>(t), record.experts));
    fmt::print("\n");
  }
}

// "e0" or "e1 to e3" or "e0, e2".
std::string expert_names(const std::vector<int64_t>& experts, int64_t count) {
  const auto name = [&](int64_t e) {
    return e < count ? fmt::format("e{}", e) : fmt::format("null{}", e - count);
  };
  if (experts.size() > 2 && experts.back() - experts.front() + 1 == static_cast<int64_t>(experts.size()))
    return fmt::format("{} to {}", name(experts.front()), name(experts.back()));
  std::vector<std::string> names;
  for (const int64_t e : experts) names.push_back(name(e));
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string site_text(Site site, const VqaModel::SitePools& pools) {
  const int64_t all = pools.experts + pools.nulls;
  std::string text = fmt::format("site {}: {} experts", site, pools.experts);
  if (pools.nulls > 0) text += fmt::format(" and {} null", pools.nulls);
  if (pools.slots > 0) text += fmt::format(", {} a token", pools.slots);
  const bool apart =
      static_cast<int64_t>(pools.pictures.size()) < all || static_cast<int64_t>(pools.words.size()) < all;
  if (apart)
    text +=
        fmt::format("; picture tokens choose among {}, words among {}",
                    expert_names(pools.pictures, pools.experts), expert_names(pools.words, pools.experts));
  return text;
}

}  // namespace

std::string InspectVerb::examples() const {
  return "conclave-vqa inspect\n"
         "conclave-vqa inspect --image A.png --question \"is there a red circle\" --overlay experts.png\n"
         "conclave-vqa inspect questions.jsonl --json";
}

void InspectVerb::declare(Options& options) {
  options.positional("INPUT", questions_.inputs, "Questions to look into, as run takes them");
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
  const auto sites = model.site_pools();
  for (const auto& [site, pools] : sites)
    line["sites"].push_back({{"site", site},
                             {"experts", pools.experts},
                             {"nulls", pools.nulls},
                             {"slots", pools.slots},
                             {"pictures", pools.pictures},
                             {"words", pools.words}});
  if (call.json()) {
    call.out().write(line);
    return kExitDone;
  }
  fmt::print("{}: {} parameters; {} work on a word, {} on a picture token\n", model.name, total, active_text,
             active_vision);
  fmt::print("tiles of {} x {}, up to {} a question; vocabulary {}\n", model.vlm->tile_size(),
             model.vlm->tile_size(), model.vlm->max_tiles(), model.vlm->vocabulary());
  for (const auto& [site, pools] : sites) fmt::print("{}\n", site_text(site, pools));
  return kExitDone;
}

// Checked before anything is answered.
Site InspectVerb::painted_site(const VqaModel& model) const {
  require<UsageError>(overlay_.extension() == ".png", "--overlay {}: a .png is wanted", overlay_.string());
  require<UsageError>(!questions_.images.empty() && questions_.inputs.empty(), "--overlay needs an --image");
  require<UsageError>(questions_.questions.size() == 1, "--overlay: one --question is painted, not {}",
                      questions_.questions.size());
  const auto pools = model.site_pools();
  require<UsageError>(!pools.empty(), "--overlay: {} has no MoE layers", model.name);
  require<UsageError>(site_ < 0 || pools.contains(site_), "--site {}: {} has sites {} to {}", site_,
                      model.name, pools.begin()->first, pools.rbegin()->first);
  return site_ < 0 ? pools.rbegin()->first : static_cast<Site>(site_);
}

void InspectVerb::tell(Invocation& call, const VqaModel& model, const VqaInput& asked,
                       const VqaAnswer& answer) const {
  if (!call.json()) {
    const std::string text = answer_text(asked, answer, model.words, !questions_.inputs.empty());
    fmt::print(answer.error ? stderr : stdout, "{}", text);
    for (const auto& pass : answer.routing) {
      if (pass.part == "question") print_words(pass);
    }
    return;
  }
  Json record = answer_record(asked, answer, model, call.common().seed);
  write_routing(asked.id, answer.routing, [&](Json line) {
    line.erase("question_id");
    record["routing"].push_back(std::move(line));
  });
  call.out().write(record);
}

int InspectVerb::run(Invocation& call) {
  const VqaModel model = ask_.load(call);
  if (questions_.questions.empty() && questions_.inputs.empty()) {
    require<UsageError>(overlay_.empty() && questions_.images.empty(), "{}: give a --question too",
                        overlay_.empty() ? "--image" : "--overlay");
    ask_.begin(call);
    return describe_model(call, model);
  }
  const Site site = overlay_.empty() ? 0 : painted_site(model);
  VqaOptions options = ask_.engine_of(model);
  options.keep_routing = true;
  VqaEngine engine(model, options);
  const auto source = open_questions(questions_);
  ask_.begin(call);
  int64_t failed = 0;
  while (auto asked = source->next()) {
    throw_if_interrupted();
    VqaAnswer answer;
    answer.error = asked->error;
    if (!answer.error) answer = engine.answer({&asked->query, 1}).front();
    if (answer.error && questions_.inputs.empty()) std::rethrow_exception(answer.error);
    failed += answer.error ? 1 : 0;
    tell(call, model, *asked, answer);
    if (overlay_.empty()) continue;
    paint_experts(asked->query, answer, model, site, overlay_);
    call.history().output(overlay_, "picture");
  }
  return failed > 0 ? kExitFailed : kExitDone;
}

}  // namespace conclave
