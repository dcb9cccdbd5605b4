#include "apps/ultrasound/inspect_reader.h"

#include <ATen/ATen.h>

#include "framework/media/picture.h"
#include "framework/moe/routing_log.h"
#include "models/ultrasound/canvas.h"
#include "models/ultrasound/reader_folder.h"
#include "models/ultrasound/reading.h"

namespace conclave {
using namespace ultrasound;
namespace {

struct Kept {
  Tensor chosen_E;  // slots of each expert
  double experts_path = 0;
  int64_t tokens = 0;
  bool mixed = false;
};

// By block, then by kind of token.
std::map<int, std::map<int64_t, Kept>> gather(const RoutingLog& log) {
  std::map<int, std::map<int64_t, Kept>> all;
  for (const auto& record : log.records) {
    const Tensor& task_T = record.context.task_T;
    for (const int64_t kind : {task_T.min().item<int64_t>(), task_T.max().item<int64_t>()}) {
      const Tensor here = task_T.eq(kind).nonzero().squeeze(1);
      Kept& kept = all[record.site][kind];
      const Tensor chosen = record.routing.expert_TK.index_select(0, here).flatten().to(at::kLong);
      const Tensor count = at::bincount(chosen.masked_select(chosen.ge(0)), {}, record.experts);
      kept.chosen_E = kept.chosen_E.defined() ? kept.chosen_E + count : count;
      kept.tokens += here.numel();
      kept.mixed = record.routing.path_TP.defined();
      if (kept.mixed)
        kept.experts_path += record.routing.path_TP.select(1, 0).index_select(0, here).sum().item<double>();
    }
  }
  return all;
}

Json shares(const Kept& kept) {
  Json loads = Json::array();
  const auto slots = std::max<int64_t>(kept.chosen_E.sum().item<int64_t>(), 1);
  for (int64_t e = 0; e < kept.chosen_E.numel(); ++e)
    loads.push_back(static_cast<double>(kept.chosen_E[e].item<int64_t>()) / static_cast<double>(slots));
  Json one = {{"tokens", kept.tokens}, {"experts", loads}};
  if (kept.mixed) one["weight_of_experts_path"] = kept.experts_path / static_cast<double>(kept.tokens);
  return one;
}

}  // namespace

Json describe_reader(const std::filesystem::path& folder,
                     const std::vector<std::filesystem::path>& pictures) {
  const SavedReader reader = load_reader(folder);
  Json tasks = Json::array();
  for (const auto& task : reader.model->config.tasks) {
    Json fields = Json::object();
    for (const auto& field : task.fields) fields[field.name] = field.values;
    tasks.push_back(
        {{"name", task.name}, {"width", task.width}, {"height", task.height}, {"fields", fields}});
  }
  Json about = {{"name", reader.name},
                {"parameters", count_parameters(*reader.model)},
                {"tasks", tasks},
                {"mixing", reader.model->config.mixing},
                {"training", reader.training},
                {"temperatures", reader.temperatures},
                {"known_from", reader.known_from}};
  RoutingLog log;
  for (const auto& picture : pictures) {
    const Tensor grey = grey_of(load_picture(picture));
    for (size_t t = 0; t < reader.model->config.tasks.size(); ++t) {
      const auto& task = reader.model->config.tasks[t];
      const Tensor canvas = fit_canvas(grey, task.height, task.width).grey_HW.unsqueeze(0);
      read_pictures(*reader.model, canvas, static_cast<int64_t>(t), &log);
    }
  }
  for (const auto& [site, kinds] : gather(log))
    for (const auto& [kind, kept] : kinds)
      about["routing"][fmt::format("block {}", site)][token_kind_name(reader.model->config, kind)] =
          shares(kept);
  return about;
}

}  // namespace conclave
