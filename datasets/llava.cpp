#include "datasets/llava.h"

#include <unordered_set>

#include "framework/base/error.h"

namespace conclave {
VqaSample llava_sample(const JsonRecord& record, const std::filesystem::path& image_dir) {
  VqaSample sample;
  sample.id = record.id("question_id");
  for (const auto& name : record.texts("image", "images")) {
    if (name.find('\0') != std::string::npos) record.fail("a picture's name holds a zero byte");
    sample.images.push_back(image_dir / name);
    if (sample.group.empty()) sample.group = name;
  }
  sample.question = record.text("text");
  sample.answers = record.texts("answer", "answers");
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
