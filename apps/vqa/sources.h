/// Where training questions come from: data sets on disk and generated box scenes.
#pragma once

#include "datasets/scenes/generator.h"
#include "datasets/vqa_sample.h"
#include "framework/media/picture_input.h"
#include "models/vlm/vlm_task.h"

namespace conclave {

/// A scene's picture as a model's input: its three boxes.
Tensor scene_tiles(const scenes::Scene& scene, const PictureInputConfig& picture);

/// Which of a set's samples are learned from, and how.
struct SetPart {
  double from = 0, to = 1;  ///< shares of its pictures in the order of their names, to hold some out
  bool blank = false;       ///< empty pictures instead: what can be learned from the words alone
};

/// Labelled samples, grouped by their pictures: a draw is one group with some of its questions. Of several
/// annotators' answers one is drawn.
class SetSource : public VqaSource {
 public:
  /// Throws UsageError for a set that is empty or has unlabelled samples.
  SetSource(VqaSet set, PictureInputConfig picture, SetPart part = {});
  std::vector<VqaDraw> draw(Random& random, int64_t pictures, int64_t questions) override;
  std::vector<std::string> texts() override;

 private:
  VqaSet set_;
  PictureInputConfig picture_;
  bool blank_;
  std::vector<std::vector<size_t>> groups_;
  std::vector<Tensor> kept_;  // tiles of each group, read once while there is room
  size_t room_ = size_t{512} << 20;

  Tensor tiles_of(size_t group);
};

/// Statements about generated scenes, to be called true or false. Scenes come in pairs that differ in little,
/// and every statement is true of one of them.
class StatementSource : public VqaSource {
 public:
  StatementSource(uint64_t seed, PictureInputConfig picture)
      : generator_(seed), picture_(std::move(picture)) {}
  std::vector<VqaDraw> draw(Random& random, int64_t pictures, int64_t questions) override;
  std::vector<std::string> texts() override;
  /// Of how many items of each box the statement's conditions are true, and of which boxes.
  std::vector<int64_t> hint_classes() const override;

 private:
  scenes::SceneGenerator generator_;
  PictureInputConfig picture_;
};

/// Questions on what is seen in a generated scene: counts, colours, places. Brief ones have no more words
/// than they need.
class PerceptionSource : public VqaSource {
 public:
  PerceptionSource(bool brief, PictureInputConfig picture) : brief_(brief), picture_(std::move(picture)) {}
  std::vector<VqaDraw> draw(Random& random, int64_t pictures, int64_t questions) override;
  std::vector<std::string> texts() override;
  /// Of how many items of each box a brief question's words are true.
  std::vector<int64_t> hint_classes() const override;

 private:
  bool brief_;
  PictureInputConfig picture_;
};

}  // namespace conclave
