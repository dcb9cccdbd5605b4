#include "datasets/scenes/generator.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <unordered_set>

#include "datasets/scenes/english.h"
#include "datasets/scenes/holds.h"
#include "datasets/scenes/words.h"
#include "framework/base/error.h"

namespace conclave::scenes {
namespace {

constexpr int kProbes = 48;  // scenes on which a statement must be neither always true nor always false

Words split(const std::string& line) {
  std::istringstream in(line);
  Words out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

/// Whether the words make sense of this kind of scene.
bool sensible(const Words& words, Kind kind) {
  static const std::unordered_set<std::string> tower_only{"tower", "block", "stacked"};
  static const std::unordered_set<std::string> scattered_only{
      "circle", "triangle", "small", "medium", "big", "edge", "wall", "corner", "side", "roof"};
  for (size_t i = 2; i < words.size(); ++i)
    if (words[i] == words[i - 2] && words[i - 1] == "and") return false;  // black and black
  const auto& wrong = kind == Kind::kTower ? scattered_only : tower_only;
  return std::ranges::none_of(words, [&](const std::string& word) { return wrong.contains(word); });
}

/// Which of `weights` (cumulative) a draw falls on.
size_t choose(const std::vector<double>& cumulative, Random& random) {
  const double at = random.uniform() * cumulative.back();
  return static_cast<size_t>(std::ranges::upper_bound(cumulative, at) - cumulative.begin());
}

}  // namespace

SceneGenerator::SceneGenerator(uint64_t seed, GeneratorOptions options)
    : seed_(seed), options_(options), grammar_(kEnglishGrammar) {
  require<UsageError>(options.pool >= 100, "scenes: pool is {}, at least 100 is needed", options.pool);
  std::istringstream lines{std::string(kSkeletons)};
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    Words words = split(line);  // count among scattered scenes, count among towers, the words
    require(words.size() > 2, "skeletons: the line \"{}\" is too short", line);
    Skeleton skeleton;
    for (size_t kind = 0; kind < 2; ++kind) skeleton.weight[kind] = std::sqrt(std::stod(words[kind]));
    words.erase(words.begin(), words.begin() + 2);
    skeleton.derivation = grammar_.parse(words);
    require(skeleton.derivation != nullptr, "skeletons: the grammar does not read \"{}\"", line);
    grammar_.learn(*skeleton.derivation, 1);
    skeletons_.push_back(std::move(skeleton));
  }
  for (const Kind kind : {Kind::kScattered, Kind::kTower}) fill_pool(kind);
}

Words SceneGenerator::skeleton_words(int skeleton) const {
  return grammar_.words(*skeletons_.at(static_cast<size_t>(skeleton)).derivation);
}

void SceneGenerator::fill_pool(Kind kind) {
  const auto k = static_cast<size_t>(kind);
  Random random(seed_, kind == Kind::kTower ? "scenes/pool/tower" : "scenes/pool/scattered");
  std::vector<Scene> probes;
  for (int i = 0; i < kProbes; ++i) probes.push_back(sample_scene(kind, random));
  std::vector<double> cumulative;
  for (const Skeleton& skeleton : skeletons_)
    cumulative.push_back((cumulative.empty() ? 0 : cumulative.back()) + skeleton.weight[k]);
  require(!cumulative.empty() && cumulative.back() > 0, "skeletons: none is for this kind of scene");
  std::unordered_set<std::string> seen;
  std::vector<Ready>& pool = pool_[k];
  for (int tries = 0; pool.size() < static_cast<size_t>(options_.pool) && tries < 40 * options_.pool;
       ++tries) {
    const size_t skeleton = choose(cumulative, random);
    const double vary = random.chance(0.5) ? options_.vary : 0;
    const DerivationPtr filled = grammar_.fill(skeletons_[skeleton].derivation, vary, random);
    if (!filled) continue;
    Words words = grammar_.words(*filled);
    if (!sensible(words, kind)) continue;
    std::string key;
    for (const std::string& word : words) key += word + " ";
    if (seen.contains(key)) continue;
    Expression meaning = grammar_.meaning(*filled);
    const auto always_the_same = [&] {
      const bool first = holds(meaning, probes[0]);
      return std::ranges::none_of(probes, [&](const Scene& scene) { return holds(meaning, scene) != first; });
    };
    if (always_the_same()) continue;
    // With its slots filled a statement may be read in another way than it was put together: the reading
    // counts.
    meaning = grammar_.meaning(*grammar_.parse(words));
    if (always_the_same()) continue;
    check_places(meaning);
    seen.insert(std::move(key));
    pool.push_back({std::move(meaning), std::move(words), static_cast<int>(skeleton)});
  }
}

Scene SceneGenerator::contrast(const Scene& scene, Kind kind, Random& random) const {
  const double choice = random.uniform();
  if (choice < 0.3) return sample_scene(kind, random);
  if (choice < 0.65) return reshuffled(scene, kind, random);
  Scene out = scene;
  for (uint64_t edits = 1 + random.below(4); edits > 0; --edits) out = edited(out, kind, random);
  return out;
}

std::array<Sample, 2> SceneGenerator::pair(uint64_t number, int questions) const {
  require<UsageError>(questions >= 0 && questions <= 64,
                      "scenes: {} statements per scene, at most 64 can be had", questions);
  Random random(seed_, fmt::format("scenes/{}", number));
  const Kind kind = random.chance(2.0 / 3) ? Kind::kTower : Kind::kScattered;
  const std::vector<Ready>& pool = pool_[static_cast<size_t>(kind)];
  std::array<Sample, 2> out;
  std::vector<const Ready*> taken;
  // A statement whose truth hangs on whether a gap of one unit is touching says nothing.
  const auto clear = [](const Ready& ready, const Scene& scene) {
    return holds(ready.meaning, scene, 0) == holds(ready.meaning, scene, kWallGap);
  };
  const auto differs = [&](const Ready& ready) {
    return holds(ready.meaning, out[0].scene) != holds(ready.meaning, out[1].scene) &&
           clear(ready, out[0].scene) && clear(ready, out[1].scene);
  };
  out[0].scene = sample_scene(kind, random);
  out[1].scene = contrast(out[0].scene, kind, random);
  if (random.chance(options_.focus)) {
    const Ready& focus = pool[random.below(pool.size())];
    for (int tries = 0; tries < 80 && !differs(focus); ++tries) {
      // Ever larger changes until the truth flips.
      Scene changed = out[0].scene;
      for (int edits = 0; edits <= tries / 20; ++edits) changed = edited(changed, kind, random);
      out[1].scene = changed;
    }
    if (differs(focus)) taken.push_back(&focus);
  }
  // Half of the statements are true of the first scene, the others of the second.
  for (int round = 0; taken.size() < static_cast<size_t>(questions); ++round) {
    auto true_first =
        std::ranges::count_if(taken, [&](const Ready* r) { return holds(r->meaning, out[0].scene); });
    for (int tries = 0; tries < 60 * questions && taken.size() < static_cast<size_t>(questions); ++tries) {
      const Ready& ready = pool[random.below(pool.size())];
      const bool first = holds(ready.meaning, out[0].scene);
      if (first ? 2 * true_first >= questions
                : 2 * (static_cast<long>(taken.size()) - true_first) >= questions)
        continue;
      if (!differs(ready) || std::ranges::find(taken, &ready) != taken.end()) continue;
      taken.push_back(&ready);
      true_first += first;
    }
    if (taken.size() == static_cast<size_t>(questions)) break;
    // The scenes are too much alike: change the second further and keep what still differs.
    out[1].scene = round < 4 ? edited(out[1].scene, kind, random) : sample_scene(kind, random);
    std::erase_if(taken, [&](const Ready* ready) { return !differs(*ready); });
  }
  for (size_t i = taken.size(); i > 1; --i) std::swap(taken[i - 1], taken[random.below(i)]);
  for (size_t member = 0; member < 2; ++member) {
    out[member].index = 2 * number + member;
    out[member].kind = kind;
  }
  for (const Ready* ready : taken) {
    const std::string text = sentence(ready->words, options_.noise, random);
    for (Sample& sample : out)
      sample.statements.push_back({text, holds(ready->meaning, sample.scene), ready->skeleton,
                                   evidence_of(ready->meaning, sample.scene)});
  }
  return out;
}

Sample SceneGenerator::next(int questions) {
  const uint64_t index = next_++;
  if (index % 2 == 0 || questions != last_questions_) last_ = pair(index / 2, questions);
  last_questions_ = questions;
  return last_[index % 2];
}

}  // namespace conclave::scenes
