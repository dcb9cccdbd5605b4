#include "datasets/scenes/training.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <sstream>

#include "datasets/scenes/holds.h"
#include "datasets/scenes/picture_file.h"
#include "datasets/scenes/render.h"
#include "datasets/scenes/words.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"

namespace conclave::scenes {
namespace fs = std::filesystem;

namespace {
// How often a skeleton stood with each kind of scene, and met or missed the label.
struct Evidence {
  int scattered = 0, tower = 0, agreed = 0, missed = 0;
};
}  // namespace

TrainingCheck check_training(const fs::path& nlvr, const Grammar& grammar) {
  const fs::path file = nlvr / "train" / "train-1000.json";
  std::istringstream lines(read_file(file, size_t{64} << 20));
  TrainingCheck check;
  std::map<std::string, Evidence> skeletons;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.empty()) continue;
    const Json entry = parse_json(line, file.string());
    if (!entry.is_object() || !entry.contains("sentence") || !entry.contains("label"))
      throw DataError(file.string(), fmt::format("line {}", number), "no sentence or no label");
    ++check.statements;
    const std::string statement = entry["sentence"].get<std::string>();
    const DerivationPtr derivation = grammar.parse(plain_words(statement));
    if (!derivation) {
      check.unread.push_back(statement);
      continue;
    }
    ++check.parsed;
    const bool label = entry["label"] == "true";
    const Expression meaning = grammar.meaning(*derivation);
    check_places(meaning);
    bool agrees = true, tower = false;
    for (int picture = 0; picture < 6; ++picture) {
      const Scene scene = segment(
          read_picture(nlvr / "train" / "images" / entry["directory"].get<std::string>() /
                       fmt::format("train-{}-{}.png", entry["identifier"].get<std::string>(), picture)));
      agrees = agrees && holds(meaning, scene) == label;
      tower = is_tower_scene(scene);
    }
    if (!agrees) check.disagreed.push_back(fmt::format("{}: {} => {}", label, statement, to_string(meaning)));
    check.agreed += agrees;
    std::string words;
    for (const std::string& word : grammar.words(*grammar.skeleton(derivation))) words += " " + word;
    Evidence& evidence = skeletons[words];
    ++(tower ? evidence.tower : evidence.scattered);
    ++(agrees ? evidence.agreed : evidence.missed);
  }
  for (const auto& [words, evidence] : skeletons) {
    if (evidence.agreed == 0 || evidence.agreed < evidence.missed) continue;
    check.kept += evidence.agreed + evidence.missed;
    check.kept_agreed += evidence.agreed;
    check.skeletons.push_back(fmt::format("{} {}{}", evidence.scattered, evidence.tower, words));
  }
  return check;
}

}  // namespace conclave::scenes
