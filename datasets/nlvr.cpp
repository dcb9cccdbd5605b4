#include "datasets/nlvr.h"

#include "datasets/json_records.h"
#include "framework/base/error.h"

namespace conclave {

VqaSet load_nlvr(const std::filesystem::path& dir, const std::string& split) {
  require<UsageError>(split == "train" || split == "dev" || split == "test",
                      "nlvr has no split '{}' (allowed: train, dev, test)", split);
  auto path = dir / split / (split + ".json");
  if (split == "train" && !std::filesystem::exists(path)) path = dir / "train" / "train-1000.json";
  VqaSet set{"nlvr", split, {}};
  for_each_json_line(path, [&](const JsonRecord& record) {
    const auto identifier = record.text("identifier");
    const auto folder = dir / split / "images" / record.id("directory");
    std::vector<std::string> answers;
    if (record.has("label")) {
      answers = {record.text("label")};
      if (answers[0] != "true" && answers[0] != "false")
        record.fail(fmt::format("'label' is '{}', neither 'true' nor 'false'", answers[0]));
    }
    for (int k = 0; k < kNlvrPictures; ++k) {
      const std::string id = fmt::format("{}-{}", identifier, k);
      const auto image = folder / fmt::format("{}-{}.png", split, id);
      set.samples.push_back({id, {image}, record.text("sentence"), answers, identifier});
    }
  });
  return set;
}

}  // namespace conclave
