#include "models/audio/speech_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "framework/base/config_object.h"
#include "framework/base/random.h"

namespace conclave {
namespace {

constexpr int64_t kControls = 5;
constexpr int64_t kMarks = 3;         // end, padding and begin behind the codes
constexpr int64_t kLongestUnit = 60;  // frames

// A draw from the `top_k` largest of `allowed` logits at a temperature; 0: the largest one.
int64_t drawn(const float* logits, int64_t allowed, const SpeechRequest& request, Random& random) {
  std::vector<int64_t> order(static_cast<size_t>(allowed));
  std::iota(order.begin(), order.end(), 0);
  const auto keep = std::min(request.top_k > 0 ? request.top_k : allowed, allowed);
  std::partial_sort(order.begin(), order.begin() + keep, order.end(), [&](int64_t a, int64_t b) {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  });
  if (request.temperature == 0) return order[0];
  std::vector<double> mass;
  double total = 0;
  for (int64_t i = 0; i < keep; ++i) {
    const auto at = static_cast<size_t>(i);
    mass.push_back(std::exp((logits[order[at]] - logits[order[0]]) / request.temperature));
    total += mass.back();
  }
  double rest = random.uniform() * total;
  for (size_t i = 0; i < mass.size(); ++i)
    if ((rest -= mass[i]) < 0) return order[i];
  return order[static_cast<size_t>(keep - 1)];
}

class WordSpeaker {
 public:
  WordSpeaker(const SpeechModel& model, const SpeechRequest& request)
      : model_(model),
        request_(request),
        pattern_(model.lm->pattern),
        books_(model.books()),
        random_(request.seed, "say word") {}

  int64_t run(const std::function<bool(const Tensor&)>& visit) {
    read(with_, request_.words, request_.log);
    if (request_.guidance != 1) read(without_, {}, nullptr);
    std::vector<int64_t> input(static_cast<size_t>(books_), pattern_.bos);
    const int64_t longest = pattern_.longest();
    for (int64_t step = 0; ended_ < 0 || step < ended_ + longest; ++step) {
      const Tensor features = forward(with_, input, request_.words, request_.log);
      Tensor logits_CV = model_.lm->codec_logits(features)[0][0].contiguous();
      if (request_.guidance != 1) {
        const Tensor without_CV = model_.lm->codec_logits(forward(without_, input, {}, nullptr))[0][0];
        logits_CV = (without_CV + request_.guidance * (logits_CV - without_CV)).contiguous();
      }
      const bool last = model_.free_text() && ended_ < 0 && goes_on(features, step);
      for (int64_t c = 0; c < books_; ++c)
        input[static_cast<size_t>(c)] = next(logits_CV, c, step - pattern_.delay[static_cast<size_t>(c)]);
      if (last) ended_ = step + 1;
      const int64_t whole = step - longest;  // the frame whose last code this step gave
      if (whole < 0 || (ended_ >= 0 && whole >= ended_)) continue;
      if (!visit(at::tensor(frames_[static_cast<size_t>(whole)], at::kLong))) return whole + 1;
    }
    return ended_;
  }

 private:
  void read(std::optional<DecodeState>& state, const std::vector<int64_t>& words, RoutingLog* log) const {
    Inputs inputs;
    const int64_t sample = request_.sample_FK.defined() ? request_.sample_FK.size(0) : 0;
    const auto ids = model_.prompt(words, request_.speaker, sample);
    inputs.ids_NL = at::tensor(ids, at::kLong).unsqueeze(0);
    if (sample > 0) inputs.pictures["codec_input_ids"] = request_.sample_FK;
    state = model_.lm->lm->text->new_state();
    TokenContext context;
    context.phase = Phase::prefill;
    context.past = &*state;
    context.log = log;
    model_.lm->lm->forward(model_.lm->lm->read(inputs), {}, context);
  }

  // What follows a step of codes: features [1,1,D].
  Tensor forward(std::optional<DecodeState>& state, const std::vector<int64_t>& input,
                 const std::vector<int64_t>& words, RoutingLog* log) const {
    TokenContext context;
    context.phase = Phase::decode;
    context.past = &*state;
    context.log = log;
    context.modality_T = at::full({1}, static_cast<int64_t>(Modality::audio), at::kLong);
    Tensor x_11D = model_.lm->codes->embed(at::tensor(input, at::kLong).view({1, 1, -1}));
    if (model_.free_text()) x_11D = x_11D + model_.cues->embed(words, {&place_, 1});
    return model_.lm->lm->text->forward(x_11D, {}, context);
  }

  // Moves on in the text: a unit ends where it is as likely to have ended as not. True at the end of the
  // text.
  bool goes_on(const Tensor& features, int64_t frame) {
    const auto count = std::ssize(request_.words);
    lasting_ *= 1 / (1 + std::exp(model_.cues->ends(features).item<double>()));
    ++place_.age;
    const bool too_long = place_.age >= kLongestUnit || frame + 1 >= request_.most_frames;
    if (lasting_ > 0.5 && !too_long) return false;
    if (request_.unit_ends) request_.unit_ends->push_back(frame + 1);
    place_ = {place_.unit + 1, 0};
    lasting_ = 1;
    if (frame + 1 >= request_.most_frames) place_.unit = count;
    return place_.unit >= count;
  }

  // The code of a codebook for a frame: begin before the first one, end and padding behind the last.
  int64_t next(const Tensor& logits_CV, int64_t book, int64_t frame) {
    if (frame < 0) return pattern_.bos;
    if (ended_ >= 0 && frame >= ended_) return frame == ended_ ? pattern_.eos : pattern_.pad;
    const bool may_end = book == 0 && frame >= request_.least_frames && !model_.free_text();
    const float* row = logits_CV.const_data_ptr<float>() + book * logits_CV.size(1);
    int64_t code = drawn(row, model_.book_size + may_end, request_, random_);
    if (book == 0 && (code == pattern_.eos || (frame >= request_.most_frames && !model_.free_text()))) {
      ended_ = frame;
      return pattern_.eos;
    }
    if (book == 0) frames_.emplace_back(static_cast<size_t>(books_));
    return frames_[static_cast<size_t>(frame)][static_cast<size_t>(book)] = code;
  }

  const SpeechModel& model_;
  const SpeechRequest& request_;
  const DelayPattern& pattern_;
  int64_t books_, ended_ = -1;
  UnitPlace place_;                            // of the frame that is drawn next, in free text
  double lasting_ = 1;                         // the probability that its unit has not ended
  std::optional<DecodeState> with_, without_;  // the text
  std::vector<std::vector<int64_t>> frames_;
  Random random_;
};

}  // namespace

std::vector<int64_t> SpeechModel::prompt(const std::vector<int64_t>& said, int64_t speaker,
                                         int64_t sample_frames) const {
  std::vector<int64_t> ids = {speaker < 0 ? nobody() : this->speaker(speaker)};
  if (sample_frames > 0) {
    ids.push_back(voice());
    ids.insert(ids.end(), static_cast<size_t>(sample_frames), frame());
  }
  ids.push_back(say());
  for (const int64_t one : said) ids.push_back(word(one));
  ids.push_back(sound());
  return ids;
}

void SpeechModel::visit(Visitor& v) {
  lm->visit(v);
  if (cues) v.child("cues", *cues);
}

Ptr<SpeechModel> make_speech_model(const Json& config) {
  ConfigObject c(config, "speech");
  c.one_of("kind", {"speech"});
  auto model = std::make_shared<SpeechModel>();
  model->words = c.need<std::vector<std::string>>("words");
  model->speakers = c.need<std::vector<std::string>>("speakers");
  require<UsageError>(!model->words.empty() && model->words.size() + model->speakers.size() < 100'000,
                      "{}: between one and 100000 words and speakers are allowed", c.name("words"));
  const auto books = c.need_integer("books");
  model->book_size = c.need_integer("book_size");
  require<UsageError>(books <= 32 && model->book_size <= 65536, "{}: up to 32 codebooks of 65536 are allowed",
                      c.name("books"));
  const bool free_text = c.get("free_text", false);
  const double dropped = c.get("dropped", 0.0);
  require<UsageError>(dropped >= 0 && dropped < 1, "{} = {}: must be from 0 to below 1", c.name("dropped"),
                      dropped);
  model->guided = dropped > 0;
  model->temperature = c.get("temperature", model->temperature);
  model->guidance = c.get("guidance", model->guidance);
  require<UsageError>(model->temperature >= 0 && model->temperature <= 10, "{} = {}: must be from 0 to 10",
                      c.name("temperature"), model->temperature);
  require<UsageError>(
      model->guidance == 1 || (model->guided && model->guidance >= 0 && model->guidance <= 20),
      "{} = {}: must be from 0 to 20, and needs \"dropped\"", c.name("guidance"), model->guidance);
  const Json text = c.part("text");
  c.finish();
  std::vector<int64_t> delay(static_cast<size_t>(books));
  std::iota(delay.begin(), delay.end(), 0);
  const int64_t size = model->book_size;
  model->lm = make_audio_lm({{"vocabulary", model->control(kControls)},
                             {"tied", true},
                             {"text", text},
                             {"codec",
                              {{"channels", books},
                               {"vocabulary", size + kMarks},
                               {"placeholder", model->frame()},
                               {"delay", delay},
                               {"eos", size},
                               {"pad", size + 1},
                               {"bos", size + 2}}}});
  if (free_text)
    model->cues = std::make_shared<UnitCues>(std::ssize(model->words), model->lm->lm->text->model->width);
  return model;
}

int64_t say_word(const SpeechModel& model, const SpeechRequest& request,
                 const std::function<bool(const Tensor& frame_K)>& visit) {
  const auto count = [](const auto& list) { return static_cast<int64_t>(list.size()); };
  for (const int64_t word : request.words)
    require<UsageError>(word >= 0 && word < count(model.words), "[speech] word {} of {}", word,
                        model.words.size());
  require<UsageError>(request.speaker >= -1 && request.speaker < count(model.speakers),
                      "[speech] speaker {} of {}", request.speaker, model.speakers.size());
  require<UsageError>(request.guidance == 1 || model.guided,
                      "guidance {}: this model was not trained without the text (dropped)", request.guidance);
  require<UsageError>(request.temperature >= 0 && request.least_frames >= 1 &&
                          request.most_frames >= request.least_frames && request.most_frames <= 3000,
                      "[speech] temperature {}, {} to {} frames", request.temperature, request.least_frames,
                      request.most_frames);
  const at::NoGradGuard no_grad;
  return WordSpeaker(model, request).run(visit);
}

}  // namespace conclave
