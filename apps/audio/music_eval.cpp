#include "apps/audio/music_eval.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "apps/audio/routing_figures.h"
#include "apps/common/app.h"
#include "apps/routing/routing_rows.h"
#include "datasets/music_set.h"
#include "datasets/pop909.h"
#include "framework/base/file.h"
#include "framework/base/signals.h"
#include "framework/media/beats.h"
#include "framework/media/midi_roll.h"
#include "framework/score/median.h"
#include "models/audio/music/music_model.h"
#include "models/audio/music/music_scores.h"

namespace conclave {
namespace {

NullExperts nulls_of(const MusicLm& model) {
  NullExperts nulls;
  const auto look = [&](const Ptr<Layer>& moe) {
    if (moe) nulls[moe->site] = moe->nulls;
  };
  for (const auto& block : model.frames->layers) look(block->moe);
  for (const auto& block : model.voices) look(block->moe);
  return nulls;
}

// {"<site>": [load of each expert, nulls last]}.
Json loads(const Trace& trace) {
  Json by_site = Json::object();
  for (const auto& [site, totals] : trace.sites()) by_site[std::to_string(site)] = load_of(totals);
  return by_site;
}

std::string place_name(size_t place, size_t last) {
  return place == last ? fmt::format("{}+", place + 1) : std::to_string(place + 1);
}

}  // namespace

int evaluate_music(const MusicEvaluation& asked, Invocation& call) {
  const auto model = load_music_lm(asked.model);
  const MusicSet set = load_music_set(asked.dataset, asked.data, asked.split);
  const int64_t style = model->style(music_set_style(asked.dataset));
  auto& history = call.history();
  const auto protocol = asked.protocol == "sigmoid" ? MusicProtocol::independent : MusicProtocol::factored;
  const MusicScores scores = score_music(*model, set.pieces, style, {protocol, asked.shifts});
  history.metric("nll", 0, scores.per_frame());
  history.routing(asked.split, 0, routing_rows(scores.trace));

  const MusicParameters parameters = music_parameters(*model, scores.trace);
  const NullExperts null_experts = nulls_of(*model);
  const double nulls = null_rate(scores.trace, null_experts);
  if (call.json()) {
    Json by_note = Json::object(), null_by_note = Json::object();
    for (size_t place = 0; place < scores.by_place.size(); ++place) {
      const Trace& trace = scores.by_place[place];
      if (trace.sites().empty()) continue;
      const std::string name = place_name(place, scores.by_place.size() - 1);
      by_note[name] = loads(trace);
      null_by_note[name] = null_rate(trace, null_experts);
    }
    call.out().write({{"task", "music-nll"},
                      {"dataset", asked.dataset},
                      {"split", asked.split},
                      {"protocol", asked.protocol},
                      {"shifts", asked.shifts},
                      {"pieces", set.pieces.size()},
                      {"frames", scores.frames},
                      {"first_frame_nll", scores.first / static_cast<double>(set.pieces.size())},
                      {"parameters", parameters.total},
                      {"active_parameters", std::llround(parameters.active)},
                      {"null_rate", nulls},
                      {"load", loads(scores.trace)},
                      {"load_by_note", by_note},
                      {"null_rate_by_note", null_by_note},
                      {"nll", scores.per_frame()}});
    return kExitDone;
  }
  fmt::print("{} {}, {} protocol: {:.3f} nats a frame over {} frames (first frames: {:.3f})\n", asked.dataset,
             asked.split, asked.protocol, scores.per_frame(), scores.frames,
             scores.first / static_cast<double>(set.pieces.size()));
  if (!scores.trace.sites().empty())
    fmt::print("{} parameters, {:.0f} of them work on a token; {:.1f} % of the slots went to null experts\n",
               parameters.total, parameters.active, 100 * nulls);
  for (size_t place = 0; place < scores.by_place.size(); ++place) {
    for (const auto& [site, totals] : scores.by_place[place].sites())
      fmt::print("  layer {}, note {} from the top: {:.2f}\n", site,
                 place_name(place, scores.by_place.size() - 1), fmt::join(load_of(totals), " "));
  }
  return kExitDone;
}

int evaluate_key_finding(const std::filesystem::path& data, Invocation& call) {
  const auto songs = load_pop909(data);
  auto& history = call.history();
  int64_t exact = 0, tonic = 0, relative = 0;
  constexpr int kFramesPerBeat = 4, kMinorThird = 3;
  for (const auto& song : songs) {
    throw_if_interrupted();
    const MidiFile midi = read_midi(read_file(song.midi), song.midi.string());
    const MusicalKey found = find_key(roll_of(midi, kFramesPerBeat, song.midi.string()));
    exact += found == song.key ? 1 : 0;
    tonic += found.tonic == song.key.tonic ? 1 : 0;
    // A minor and C major have the same notes.
    const int to_relative = song.key.minor ? kMinorThird : -kMinorThird;
    relative +=
        found.minor != song.key.minor && semitones_between(song.key.tonic, found.tonic) == to_relative;
  }
  const auto share = [&](int64_t count) {
    return static_cast<double>(count) / static_cast<double>(songs.size());
  };
  history.metric("accuracy", 0, share(exact));
  if (call.json())
    call.out().write({{"task", "music-key"},
                      {"songs", songs.size()},
                      {"same_tonic", share(tonic)},
                      {"relative_key", share(relative)},
                      {"accuracy", share(exact)}});
  else
    fmt::print("POP909, {} songs: key and mode right in {:.1f} %, the relative key in {:.1f} %\n",
               songs.size(), 100 * share(exact), 100 * share(relative));
  return kExitDone;
}

int evaluate_beat_finding(const std::filesystem::path& data, Invocation& call) {
  constexpr double kNear = 0.04;  // share of the annotated tempo
  const auto songs = load_pop909(data);
  double f_measure = 0;
  int64_t same = 0, related = 0;
  for (const auto& song : songs) {
    throw_if_interrupted();
    const auto annotated = pop909_beats(song);
    const Beats found = find_beats(read_midi(read_file(song.midi), song.midi.string()));
    std::vector<double> steps;
    for (size_t i = 1; i < annotated.size(); ++i) steps.push_back(annotated[i] - annotated[i - 1]);
    const double tempo = 60 / std::max(median(steps), 1e-3);
    const auto is = [&](double times) {
      return std::abs(found.per_minute - times * tempo) <= kNear * times * tempo;
    };
    same += is(1);
    related += is(1) || is(2) || is(3) || is(1.0 / 2) || is(1.0 / 3);
    f_measure += beat_f_measure(found.times, annotated) / static_cast<double>(songs.size());
  }
  const double first = static_cast<double>(same) / static_cast<double>(songs.size());
  const double second = static_cast<double>(related) / static_cast<double>(songs.size());
  call.history().metric("beat_f_measure", 0, f_measure);
  if (call.json())
    call.out().write({{"task", "music-beat"},
                      {"songs", songs.size()},
                      {"beat_f_measure", f_measure},
                      {"tempo_accuracy_1", first},
                      {"tempo_accuracy_2", second}});
  else
    fmt::print(
        "POP909, {} songs: beats F-measure {:.3f}; tempo right in {:.1f} %, or a simple multiple in {:.1f} "
        "%\n",
        songs.size(), f_measure, 100 * first, 100 * second);
  return kExitDone;
}

}  // namespace conclave
