#include "models/checkpoint/read_inputs.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/nn/labels.h"

namespace conclave {
namespace {

bool follows(const std::vector<int64_t>& ids, size_t place, const std::vector<int64_t>& marker) {
  return !marker.empty() && place + marker.size() <= ids.size() &&
         std::equal(marker.begin(), marker.end(), ids.begin() + static_cast<int64_t>(place));
}

// What the assistant says is asked for, the markers themselves are not.
std::vector<int64_t> spoken(const std::vector<int64_t>& ids, const Json& conversation) {
  const auto user = conversation["user"].get<std::vector<int64_t>>(),
             assistant = conversation["assistant"].get<std::vector<int64_t>>();
  std::vector<int64_t> labels(ids.size(), kNoLabel);
  bool speaking = false;
  for (size_t i = 0; i < ids.size();) {
    if (follows(ids, i, user)) speaking = false;
    if (follows(ids, i, assistant)) {
      speaking = true;
      i += assistant.size();
      continue;
    }
    if (speaking) labels[i] = ids[i];
    ++i;
  }
  return labels;
}

Inputs read_conversation(const TensorSource& source, const std::string& prefix, const Json& config) {
  const auto name = [&](const char* what, size_t row) {
    const auto plain = prefix + what;
    return source.contains(plain) ? plain : plain + "." + std::to_string(row);
  };
  std::vector<std::vector<int64_t>> rows;
  std::vector<Tensor> pictures;
  const bool single = source.contains(prefix + "instruction");
  bool answered = false;
  for (size_t row = 0; row < (single ? 1 : 4096) && source.contains(name("instruction", row)); ++row) {
    std::vector<int64_t> ids;
    for (const char* part : {"instruction", "answer"}) {
      if (!source.contains(name(part, row))) continue;
      answered = answered || part[0] == 'a';
      const Tensor read = source.tensor(name(part, row)).to(at::kLong).contiguous();
      ids.insert(ids.end(), read.const_data_ptr<int64_t>(), read.const_data_ptr<int64_t>() + read.numel());
    }
    rows.push_back(std::move(ids));
    if (source.contains(name("image", row))) pictures.push_back(source.tensor(name("image", row)));
  }
  size_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, row.size());
  std::vector<Tensor> ids, valid, labels;
  for (const auto& row : rows) {
    const std::vector<int64_t> pad = {0, static_cast<int64_t>(longest - row.size())};
    ids.push_back(at::constant_pad_nd(at::tensor(row, at::kLong), pad, 0));
    valid.push_back(
        at::constant_pad_nd(at::ones({static_cast<int64_t>(row.size())}, at::kLong), pad, 0).to(at::kBool));
    if (answered)
      labels.push_back(
          at::constant_pad_nd(at::tensor(spoken(row, config["conversation"]), at::kLong), pad, kNoLabel));
  }
  Inputs inputs;
  inputs.ids_NL = at::stack(ids);
  inputs.valid_NL = at::stack(valid);
  if (answered) inputs.labels_NL = at::stack(labels);
  if (!pictures.empty()) inputs.pictures["images"] = at::cat(pictures);
  if (source.contains(prefix + "is_text_only"))
    inputs.pictures["text_only"] = source.tensor(prefix + "is_text_only");
  return inputs;
}

}  // namespace

std::vector<std::string> recorded_cases(const TensorSource& source) {
  std::vector<std::string> passes, generations;
  for (const auto& name : source.names()) {
    for (const std::string first : {"input_ids", "instruction", "instruction.0"}) {
      if (!name.ends_with(first) || name.ends_with("decoder_input_ids")) continue;
      const auto prefix = name.substr(0, name.size() - first.size());
      if (!prefix.empty() && prefix.back() != '.') continue;
      (prefix.starts_with("gen") ? generations : passes).push_back(prefix);
    }
  }
  passes.insert(passes.end(), generations.begin(), generations.end());
  return passes;
}

Inputs read_inputs(const TensorSource& source, const std::string& prefix, const Json& config) {
  if (config.contains("conversation") && !source.contains(prefix + "input_ids"))
    return read_conversation(source, prefix, config);
  Inputs inputs;
  const auto take = [&](const char* name) {
    return source.contains(prefix + name) ? source.tensor(prefix + name) : Tensor();
  };
  inputs.ids_NL = source.tensor(prefix + "input_ids");
  inputs.valid_NL = take("attention_mask");
  inputs.labels_NL = take("labels");
  // MeteoRA's second row says which adapter each token is for.
  if (inputs.labels_NL.defined() && inputs.labels_NL.dim() == 3)
    inputs.labels_NL = inputs.labels_NL.select(1, 0);
  inputs.position = take("position_ids");
  inputs.importance_NL = take("aux_balance_weight");
  if (inputs.ids_NL.dim() != 2) throw DataError(source.origin(), prefix + "input_ids", "must be [N,L]");
  if (inputs.valid_NL.defined()) inputs.valid_NL = inputs.valid_NL.to(at::kBool);
  for (const char* name :
       {"pixel_values", "image_grid_thw", "pixel_values_videos", "video_grid_thw", "second_per_grid_ts",
        "images", "images_spatial_crop", "images_seq_mask", "token_type_ids"}) {
    if (const Tensor found = take(name); found.defined()) inputs.pictures[name] = found;
  }
  return inputs;
}

}  // namespace conclave
