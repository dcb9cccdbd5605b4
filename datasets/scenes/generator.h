/// Labelled statements about box scenes without end, for training. Scenes come in pairs, 2k and 2k + 1: every
/// statement of a pair is true of one scene and false of the other, so the text alone tells nothing.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "datasets/scenes/evidence.h"
#include "datasets/scenes/grammar.h"
#include "datasets/scenes/sampler.h"
#include "datasets/scenes/scene.h"

namespace conclave::scenes {

struct Statement {
  std::string text;
  bool label = false;
  int skeleton = 0;  ///< which line of the skeletons it was made from
  Evidence evidence;
};

struct Sample {
  uint64_t index = 0;
  Kind kind = Kind::kScattered;
  Scene scene;
  std::vector<Statement> statements;
};

struct GeneratorOptions {
  int pool = 8000;    ///< statements kept ready per kind of scene; drawn anew for every seed
  double vary = 0.1;  ///< how often a phrase of a skeleton is exchanged for another of its kind
  double noise = 1;   ///< how often annotators' slips show in the text, 1 = as in the training statements
  double focus =
      0.6;  ///< share of pairs whose second scene is the smallest change found that flips a statement
};

/// Sample i depends on (seed, i, questions, options) alone. make() and pair() may be called from many
/// threads.
class SceneGenerator {
 public:
  explicit SceneGenerator(uint64_t seed, GeneratorOptions options = {});

  /// Scenes 2 * number and 2 * number + 1 with `questions` statements each, half of them true.
  std::array<Sample, 2> pair(uint64_t number, int questions) const;
  Sample make(uint64_t index, int questions) const { return pair(index / 2, questions)[index % 2]; }
  /// The next sample in order, from 0; not thread-safe.
  Sample next(int questions);

  size_t skeleton_count() const { return skeletons_.size(); }
  /// The skeleton in plain words, slots in capitals.
  Words skeleton_words(int skeleton) const;

 private:
  struct Ready {
    Expression meaning;
    Words words;
    int skeleton;
  };
  struct Skeleton {
    DerivationPtr derivation;
    std::array<double, 2> weight{};  // by Kind
  };
  void fill_pool(Kind kind);
  Scene contrast(const Scene& scene, Kind kind, Random& random) const;

  uint64_t seed_;
  GeneratorOptions options_;
  Grammar grammar_;
  std::vector<Skeleton> skeletons_;
  std::array<std::vector<Ready>, 2> pool_;
  uint64_t next_ = 0;
  std::array<Sample, 2> last_;
  int last_questions_ = -1;
};

}  // namespace conclave::scenes
