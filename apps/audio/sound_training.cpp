#include "apps/audio/sound_training.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "apps/audio/recordings.h"
#include "apps/audio/sound_model.h"
#include "apps/audio/training_run.h"
#include "apps/common/app.h"
#include "framework/base/config_object.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/tensor/state.h"
#include "models/audio/clip_classifier.h"
#include "models/audio/codec_task.h"
#include "models/audio/speaking.h"
#include "models/audio/speech_task.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr double kEdgePause = 0.06;  // seconds of a phrase's pauses that are learned
constexpr double kTakeSpeed = 0.05;  // takes are played faster or slower by up to this share

// What a recipe of any kind has.
struct SoundRecipe {
  std::string name, kind;
  Json model, task, balance, sources, validation;
  int64_t takes = 4;  ///< variants of each recording whose codes are learned
  bool half = true;
  TrainOptions train;
};

SoundRecipe parse(const Json& json) {
  ConfigObject c(json, "recipe");
  SoundRecipe r;
  r.name = c.need<std::string>("name");
  r.kind = c.one_of("kind", {"codec", "classifier", "speech", "pronouncer"});
  r.model = c.part("model");
  r.task = c.part("task");
  r.sources = c.part("sources");
  r.validation = c.part("validation");
  r.balance = c.part("balance");
  r.takes = c.get_integer("takes", r.takes, 1);
  r.half = c.get("half", true);
  const Json& train = c.part("train");
  r.train = parse_train_options(train);
  if (!train.contains("metric"))
    r.train.metric = r.kind == "codec" ? "mel_distance" : r.kind == "classifier" ? "loss" : "nll";
  c.finish();
  require<UsageError>(r.sources.is_array() && !r.sources.empty() && r.validation.is_array(),
                      "recipe: sources and validation must be lists");
  return r;
}

struct Prepared {
  Ptr<Module> model;
  std::unique_ptr<TrainTask> task;
  int64_t clips = 0, samples = 0, sample_rate = 0;
};

class Builder {
 public:
  Builder(const SoundRecipe& recipe, const SoundFolders& folders) : recipe_(recipe), folders_(folders) {}

  Prepared build() {
    if (recipe_.kind == "codec")
      codec();
    else if (recipe_.kind == "classifier")
      classifier();
    else if (recipe_.kind == "pronouncer")
      pronouncer();
    else
      speech();
    if (!folders_.from.empty()) {
      LoadOptions sound;
      sound.finite = true;
      load_state(*made_.model, Safetensors(folders_.from / "model.safetensors"), sound);
    }
    return std::move(made_);
  }

 private:
  using Sources = std::vector<std::vector<Recording>>;

  Sources load(const Json& list, const char* name) const {
    Sources all;
    for (size_t i = 0; i < list.size(); ++i)
      all.push_back(load_recordings(list[i], folders_.data, folders_.more, made_.sample_rate,
                                    fmt::format("{}[{}]", name, i)));
    return all;
  }
  Sources to_learn() {
    auto sources = load(recipe_.sources, "sources");
    for (const auto& source : sources)
      for (const auto& one : source) {
        ++made_.clips;
        made_.samples += one.samples_N.size(0);
      }
    return sources;
  }

  void codec() {
    const auto model = make_spectral_codec(recipe_.model);
    made_.model = model;
    made_.sample_rate = model->sample_rate;
    std::vector<std::vector<Tensor>> sources;
    for (const auto& source : to_learn()) {
      sources.emplace_back();
      for (const auto& one : source) sources.back().push_back(one.samples_N);
    }
    std::vector<Tensor> held_out;
    for (const auto& source : load(recipe_.validation, "validation"))
      for (const auto& one : source) held_out.push_back(one.samples_N);
    made_.task = std::make_unique<CodecTask>(model, std::move(sources), std::move(held_out),
                                             parse_codec_task(recipe_.task));
  }

  void classifier() {
    const auto model = make_clip_classifier(recipe_.model);
    made_.model = model;
    made_.sample_rate = model->sample_rate;
    const auto labelled = [&](const Sources& sources) {
      std::vector<LabelledClip> clips;
      const auto& labels = model->labels;
      for (const auto& source : sources)
        for (const auto& one : source) {
          auto found = std::find(labels.begin(), labels.end(), std::to_string(one.clip.digit));
          if (found == labels.end()) found = std::find(labels.begin(), labels.end(), one.clip.speaker);
          require<UsageError>(found != labels.end() && !one.clip.speaker.empty(),
                              "model.labels: neither the digit nor the speaker of {} is one",
                              one.clip.file.string());
          clips.push_back({one.samples_N, found - labels.begin()});
        }
      return clips;
    };
    auto clips = labelled(to_learn());
    made_.task = std::make_unique<ClassifierTask>(model, std::move(clips),
                                                  labelled(load(recipe_.validation, "validation")));
  }

  void pronouncer() {
    const auto model = make_pronouncer(recipe_.model);
    made_.model = model;
    const auto words = [&](const Json& list, const char* name) {
      std::vector<PronouncedWord> all;
      for (size_t i = 0; i < list.size(); ++i)
        for (auto& word : load_words(list[i], folders_.more, fmt::format("{}[{}]", name, i)))
          all.push_back(std::move(word));
      return all;
    };
    auto learned = words(recipe_.sources, "sources");
    made_.clips = std::ssize(learned);
    made_.task =
        std::make_unique<PronouncerTask>(model, std::move(learned), words(recipe_.validation, "validation"));
  }

  void speech() {
    require<UsageError>(!folders_.codec.empty(), "a speech model learns the codes of a codec: give --codec");
    const auto codec = open_codec(folders_.codec).codec;
    const auto model = make_speech_model(recipe_.model);
    require<UsageError>(model->books() <= codec->books && model->book_size == codec->book_size,
                        "model: {} codebooks of {} rows, but the codec has {} of {}", model->books(),
                        model->book_size, codec->books, codec->book_size);
    made_.model = model;
    made_.sample_rate = codec->sample_rate;
    Random random(recipe_.train.seed, "takes");
    const auto spoken = [&](const Sources& sources, int64_t takes) {
      std::vector<SpokenWord> words;
      for (const auto& source : sources)
        for (const auto& one : source) words.push_back(takes_of(one, *model, *codec, takes, random));
      return words;
    };
    auto words = spoken(to_learn(), recipe_.takes);
    made_.task = std::make_unique<SpeechTask>(
        model, std::move(words), spoken(load(recipe_.validation, "validation"), 1),
        recipe_.balance.empty() ? nullptr : make_loss(recipe_.balance),
        parse_speech_learning(recipe_.task, recipe_.model.value("dropped", 0.0)));
  }

  // The first take is the recording as it is, the others begin within a frame and are a little faster or
  // slower.
  static SpokenWord takes_of(const Recording& recording, const SpeechModel& model, const SpectralCodec& codec,
                             int64_t takes, Random& random) {
    const at::NoGradGuard no_grad;
    const auto speaker = std::find(model.speakers.begin(), model.speakers.end(), recording.clip.speaker);
    const bool known = model.free_text()
                           ? !recording.phones.empty()
                           : recording.phones.empty() && recording.clip.digit < std::ssize(model.words);
    require<UsageError>(speaker != model.speakers.end() && known,
                        "model: neither speaker nor word of {} is one of its own",
                        recording.clip.file.string());
    SpokenWord word{{recording.clip.digit}, speaker - model.speakers.begin(), {}};
    Tensor samples_N = recording.samples_N;
    std::vector<double> ends = recording.phone_ends;
    if (model.free_text()) {
      word.said = phones_of(recording, model);
      samples_N = between_pauses(recording, codec.sample_rate, ends);
    }
    const Tensor level_N = at_level(samples_N, kSpeechLevel);
    for (int64_t i = 0; i < takes; ++i) {
      Tensor take_N = level_N;
      double speed = 1, begin = 0;
      if (i > 0) {
        speed = 1 + kTakeSpeed * (2 * random.uniform() - 1);
        const auto length = static_cast<int64_t>(static_cast<double>(level_N.size(0)) / speed);
        take_N = at::upsample_linear1d(level_N.view({1, 1, -1}), {length}, /*align_corners=*/false).flatten();
        const auto shift = static_cast<int64_t>(random.below(static_cast<uint64_t>(codec.hop)));
        take_N = at::constant_pad_nd(take_N, {shift, 0});
        begin = static_cast<double>(shift) / static_cast<double>(codec.sample_rate);
      }
      SpokenTake take{codec.encode(take_N.view({1, 1, -1}), model.books())[0].t().contiguous()};
      std::vector<double> moved;
      for (const double end : ends) moved.push_back(begin + end / speed);
      const double rate = static_cast<double>(codec.sample_rate) / static_cast<double>(codec.hop);
      if (model.free_text()) take.places = places_of(moved, rate, take.codes_FK.size(0));
      word.takes.push_back(std::move(take));
    }
    return word;
  }

  static std::vector<int64_t> phones_of(const Recording& recording, const SpeechModel& model) {
    std::vector<int64_t> said;
    for (const auto& phone : recording.phones) {
      const auto found = std::find(model.words.begin(), model.words.end(), phone);
      require<UsageError>(found != model.words.end(), "model.words: the phone {} of {} is none of them",
                          phone, recording.clip.file.string());
      said.push_back(found - model.words.begin());
    }
    return said;
  }

  // A phrase begins and ends with a pause: little of both is kept. Moves the phones' ends along.
  static Tensor between_pauses(const Recording& recording, int64_t rate, std::vector<double>& ends) {
    if (ends.size() < 3) return recording.samples_N;
    const double begin = std::max(0.0, ends.front() - kEdgePause);
    const double end = std::min(ends.back(), ends[ends.size() - 2] + kEdgePause);
    for (double& one : ends) one = std::min(one, end) - begin;
    const auto sample = [&](double seconds) {
      return static_cast<int64_t>(seconds * static_cast<double>(rate));
    };
    return recording.samples_N.slice(0, sample(begin), sample(end));
  }

  const SoundRecipe& recipe_;
  const SoundFolders& folders_;
  Prepared made_;
};

}  // namespace

bool is_sound_recipe(const Json& recipe) {
  const auto kind = recipe.is_object() ? recipe.value("kind", Json()) : Json();
  return kind == "codec" || kind == "classifier" || kind == "speech" || kind == "pronouncer";
}

int train_sound(const Json& json, const SoundFolders& folders, bool dry, Invocation& call) {
  SoundRecipe recipe = parse(json);
  prepare_training(recipe.train, json, folders.out, call);
  at::manual_seed(recipe.train.seed);
  Prepared made = Builder(recipe, folders).build();
  const double minutes =
      static_cast<double>(made.samples) / static_cast<double>(std::max<int64_t>(made.sample_rate, 1)) / 60;
  log_info("{}: {} parameters, {} clips of {:.1f} minutes in all", recipe.name, count_parameters(*made.model),
           made.clips, minutes);
  if (dry) {
    if (call.json())
      call.out().write({{"recipe", recipe.name},
                        {"steps", recipe.train.steps},
                        {"parameters", count_parameters(*made.model)},
                        {"clips", made.clips},
                        {"minutes", minutes}});
    return kExitDone;
  }
  run_training(*made.task, recipe.train, {json, folders.out}, call);
  set_trainable(*made.model, false);
  if (recipe.half) to_dtype(*made.model, at::kHalf, {"quantizer"});
  save_state(*made.model, folders.out / "model.safetensors",
             {{"recipe", recipe.name}, {"seed", std::to_string(recipe.train.seed)}});
  write_file(folders.out / "config.json", recipe.model.dump(2) + "\n");
  tell_trained(folders.out, call);
  return kExitDone;
}

}  // namespace conclave
