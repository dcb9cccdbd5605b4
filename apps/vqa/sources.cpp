#include "apps/vqa/sources.h"

#include <ATen/ATen.h>

#include <map>

#include "datasets/scenes/brief.h"
#include "datasets/scenes/render.h"
#include "framework/base/error.h"
#include "models/vlm/question_tiles.h"

namespace conclave {
namespace {

constexpr int64_t kTextSamples = 16000;

// What a source of endless questions says, as far as a tokenizer needs it.
std::vector<std::string> texts_of(VqaSource& source) {
  Random random(0, "texts");
  std::vector<std::string> texts;
  for (const auto& draw : source.draw(random, kTextSamples / 8, 8)) {
    for (const auto& asked : draw.questions) {
      texts.push_back(asked.text);
      texts.push_back(asked.answer);
    }
  }
  return texts;
}

// As StatementSource::hint_classes says.
std::vector<int64_t> hints_of(const scenes::Evidence& evidence) {
  std::vector<int64_t> hints;
  for (const auto& counts : evidence.counts) hints.insert(hints.end(), counts.begin(), counts.end());
  hints.insert(hints.end(), evidence.boxes.begin(), evidence.boxes.end());
  return hints;
}

}  // namespace

Tensor scene_tiles(const scenes::Scene& scene, const PictureInputConfig& picture) {
  auto rgb = scenes::render(scene);
  const Tensor shown_HW3 =
      at::from_blob(rgb.data(), {scenes::kPictureHeight, scenes::kPictureWidth, 3}, at::kByte);
  return prepare_picture(shown_HW3, picture).pixels_N3SS;
}

SetSource::SetSource(VqaSet set, PictureInputConfig picture, SetPart part)
    : set_(std::move(set)), picture_(std::move(picture)), blank_(part.blank) {
  std::map<std::vector<std::filesystem::path>, std::vector<size_t>> by_pictures;
  for (size_t i = 0; i < set_.samples.size(); ++i) {
    require<UsageError>(!set_.samples[i].answers.empty(), "{} {}: sample {} has no answer to learn from",
                        set_.name, set_.split, set_.samples[i].id);
    by_pictures[set_.samples[i].images].push_back(i);
  }
  const auto count = static_cast<double>(by_pictures.size());
  double place = 0;
  for (auto& [images, members] : by_pictures) {
    if (place >= part.from * count && place < part.to * count) groups_.push_back(std::move(members));
    ++place;
  }
  require<UsageError>(!groups_.empty(), "{} {} has no samples", set_.name, set_.split);
  kept_.resize(groups_.size());
}

Tensor SetSource::tiles_of(size_t group) {
  if (kept_[group].defined()) return kept_[group];
  Tensor tiles = question_tiles(set_.samples[groups_[group].front()].images, picture_);
  if (blank_) tiles.zero_();
  if (room_ >= tiles.nbytes()) {
    room_ -= tiles.nbytes();
    kept_[group] = tiles;
  }
  return tiles;
}

std::vector<VqaDraw> SetSource::draw(Random& random, int64_t pictures, int64_t questions) {
  std::vector<VqaDraw> draws;
  for (int64_t i = 0; i < pictures; ++i) {
    const auto chosen = random.below(groups_.size());
    const auto& group = groups_[chosen];
    VqaDraw draw{tiles_of(chosen), {}};
    // Without replacement while there are enough.
    std::vector<int64_t> order;
    while (static_cast<int64_t>(draw.questions.size()) < questions) {
      if (order.empty()) order = random.permutation(static_cast<int64_t>(group.size()));
      const auto& sample = set_.samples[group[static_cast<size_t>(order.back())]];
      order.pop_back();
      draw.questions.push_back({sample.question, sample.answers[random.below(sample.answers.size())]});
    }
    draws.push_back(std::move(draw));
  }
  return draws;
}

std::vector<std::string> SetSource::texts() {
  std::vector<std::string> texts;
  for (const auto& group : groups_) {
    for (const size_t i : group) {
      const auto& sample = set_.samples[i];
      texts.push_back(sample.question);
      texts.insert(texts.end(), sample.answers.begin(), sample.answers.end());
    }
  }
  return texts;
}

std::vector<VqaDraw> StatementSource::draw(Random& random, int64_t pictures, int64_t questions) {
  std::vector<VqaDraw> draws;
  while (static_cast<int64_t>(draws.size()) < pictures) {
    for (const auto& sample : generator_.pair(random.below(uint64_t{1} << 40), static_cast<int>(questions))) {
      if (static_cast<int64_t>(draws.size()) == pictures) break;
      const int order = static_cast<int>(random.below(6));
      VqaDraw draw{scene_tiles(scenes::permuted(sample.scene, order), picture_), {}};
      for (const auto& s : sample.statements)
        draw.questions.push_back(
            {s.text, s.label ? "true" : "false", hints_of(scenes::permuted(s.evidence, order))});
      draws.push_back(std::move(draw));
    }
  }
  return draws;
}

std::vector<std::string> StatementSource::texts() {
  return texts_of(*this);
}

std::vector<int64_t> StatementSource::hint_classes() const {
  std::vector<int64_t> classes(scenes::kEvidenceCounts * scenes::kBoxes, scenes::kMaxItems + 1);
  classes.insert(classes.end(), scenes::kBoxes, 2);
  return classes;
}

std::vector<VqaDraw> PerceptionSource::draw(Random& random, int64_t pictures, int64_t questions) {
  std::vector<VqaDraw> draws;
  for (int64_t i = 0; i < pictures; ++i) {
    const auto scene =
        scenes::sample_scene(random.chance(0.5) ? scenes::Kind::kTower : scenes::Kind::kScattered, random);
    VqaDraw draw{scene_tiles(scene, picture_), {}};
    if (brief_) {
      for (const auto& q : scenes::brief_questions(scene, static_cast<int>(questions), random))
        draw.questions.push_back({q.text, q.answer, {q.fitting.begin(), q.fitting.end()}});
    }
    while (static_cast<int64_t>(draw.questions.size()) < questions) {
      const auto missing = static_cast<int>(questions) - static_cast<int>(draw.questions.size());
      for (const auto& q : scenes::perception_questions(scene, missing, random))
        draw.questions.push_back({q.text, q.answer});
    }
    draws.push_back(std::move(draw));
  }
  return draws;
}

std::vector<std::string> PerceptionSource::texts() {
  return texts_of(*this);
}

std::vector<int64_t> PerceptionSource::hint_classes() const {
  return brief_ ? std::vector<int64_t>(scenes::kBoxes, scenes::kMaxItems + 1) : std::vector<int64_t>();
}

}  // namespace conclave
