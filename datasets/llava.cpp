#include "datasets/llava.h"

#include <unordered_set>

#include "framework/base/error.h"

namespace conclave {
namespace {

/// The strings under `one` or, as a list, under `many`; none when both are absent.
std::vector<std::string> one_or_many(const JsonRecord& record, const char* one, const char* many) {
  if (record.has(one) && record.has(many)) record.fail(fmt::format("has both '{}' and '{}'", one, many));
  if (record.has(one)) return {record.text(one)};
  std::vector<std::string> all;
  if (!record.has(many)) return all;
  const Json& list = record.json().at(many);
  if (!list.is_array()) record.fail(fmt::format("'{}' is not a list", many));
  for (const auto& item : list) {
    if (!item.is_string()) record.fail(fmt::format("'{}' holds something that is not a string", many));
    all.push_back(item.get<std::string>());
  }
  return all;
}

}  // namespace

VqaSample llava_sample(const JsonRecord& record, const std::filesystem::path& image_dir) {
  VqaSample sample;
  sample.id = record.id("question_id");
  for (const auto& name : one_or_many(record, "image", "images")) {
    if (name.find('\0') != std::string::npos) record.fail("a picture's name holds a zero byte");
    sample.images.push_back(image_dir / name);
    if (sample.group.empty()) sample.group = name;
  }
  sample.question = record.text("text");
  sample.answers = one_or_many(record, "answer", "answers");
  return sample;
}

std::vector<VqaSample> read_llava(const std::filesystem::path& file, const std::filesystem::path& image_dir) {
  std::vector<VqaSample> samples;
  std::unordered_set<std::string> seen;
  for_each_json_line(file, [&](const JsonRecord& record) {
    VqaSample sample = llava_sample(record, image_dir);
    if (!seen.insert(sample.id).second) record.fail(fmt::format("question_id {} came before", sample.id));
    samples.push_back(std::move(sample));
  });
  return samples;
}

VqaSet load_llava(const std::filesystem::path& dir, const std::string& split) {
  const auto images = dir / "images";
  return {"llava", split,
          read_llava(dir / (split + ".jsonl"), std::filesystem::is_directory(images) ? images : dir)};
}

}  // namespace conclave
