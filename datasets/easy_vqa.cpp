#include "datasets/easy_vqa.h"

#include "framework/base/error.h"

namespace conclave {

VqaSet load_easy_vqa(const std::filesystem::path& dir, const std::string& split) {
  require<UsageError>(split == "train" || split == "test",
                      "easy-vqa has no split '{}' (allowed: train, test)", split);
  const auto path = dir / split / "questions.json";
  const Json entries = read_json(path);
  if (!entries.is_array()) throw DataError(path.string(), "", "is not a JSON array");
  VqaSet set{"easy-vqa", split, {}};
  for (const auto& entry : entries) {
    const bool sound = entry.is_array() && entry.size() == 3 && entry[0].is_string() &&
                       entry[1].is_string() && entry[2].is_number_integer();
    if (!sound)
      throw DataError(path.string(), fmt::format("question {}", set.samples.size() + 1),
                      "is not [question, answer, picture number]");
    const std::string image = entry[2].dump();
    set.samples.push_back({std::to_string(set.samples.size()),
                           {dir / split / "images" / (image + ".png")},
                           entry[0].get<std::string>(),
                           {entry[1].get<std::string>()},
                           image});
  }
  return set;
}

}  // namespace conclave
