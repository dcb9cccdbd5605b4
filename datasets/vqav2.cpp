#include "datasets/vqav2.h"

#include <unordered_map>

#include "datasets/json_records.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr size_t kAnswers = 10;

struct Split {
  const char *name, *questions, *images;
};
constexpr Split kSplits[] = {{"train", "train2014", "train2014"},
                             {"val", "val2014", "val2014"},
                             {"test", "test2015", "test2015"},
                             {"test-dev", "test-dev2015", "test2015"}};

const Json& member(const Json& object, const char* key) {
  static const Json none;
  return object.contains(key) ? object.at(key) : none;
}

using Answers = std::unordered_map<int64_t, std::vector<std::string>>;

Answers read_annotations(const std::filesystem::path& path) {
  Answers answers;
  if (!std::filesystem::exists(path)) return answers;
  const Json root = read_json(path, size_t{1} << 30);
  for_each_entry(member(root, "annotations"), path.string(), "annotation", [&](const JsonRecord& record) {
    auto& list = answers[record.integer("question_id")];
    for_each_entry(member(record.json(), "answers"), path.string(), "answer",
                   [&](const JsonRecord& answer) { list.push_back(answer.text("answer")); });
    if (list.size() != kAnswers)
      record.fail(fmt::format("has {} answers, {} are wanted", list.size(), kAnswers));
  });
  return answers;
}

}  // namespace

VqaSet load_vqav2(const std::filesystem::path& dir, const std::string& split) {
  const Split* known = nullptr;
  for (const auto& s : kSplits)
    if (split == s.name) known = &s;
  require<UsageError>(known != nullptr, "vqav2 has no split '{}' (allowed: train, val, test, test-dev)",
                      split);

  const auto path = dir / fmt::format("v2_OpenEnded_mscoco_{}_questions.json", known->questions);
  const Json root = read_json(path, size_t{1} << 30);
  const auto annotations = dir / fmt::format("v2_mscoco_{}_annotations.json", known->questions);
  const auto answers = read_annotations(annotations);
  VqaSet set{"vqav2", split, {}};
  for_each_entry(member(root, "questions"), path.string(), "question", [&](const JsonRecord& record) {
    const auto image = record.integer("image_id");
    VqaSample sample{record.id("question_id"),
                     {dir / known->images / fmt::format("COCO_{}_{:012}.jpg", known->images, image)},
                     record.text("question"),
                     {},
                     std::to_string(image)};
    if (!answers.empty()) {
      const auto found = answers.find(record.integer("question_id"));
      if (found == answers.end()) record.fail("has no entry in " + annotations.string());
      sample.answers = found->second;
    }
    set.samples.push_back(std::move(sample));
  });
  return set;
}

}  // namespace conclave
