#include "ui/audio/version.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/media/midi_file.h"
#include "ui/data/text_table_model.h"

namespace conclave::ui {
namespace {
constexpr int kSpectrogramColumns = 1200;
constexpr size_t kMostNotes = 100000;
}  // namespace

double Version::seconds() const {
  double length = sound.seconds();
  for (const RollNote& note : notes) length = std::max(length, note.end);
  return length;
}

std::vector<RollNote> read_notes(const QString& midi_file) {
  const std::string name = midi_file.toStdString();
  const MidiFile midi = read_midi(read_file(name, kLargestMidi), name);
  std::vector<RollNote> notes;
  const bool tracks = std::any_of(midi.notes.begin(), midi.notes.end(),
                                  [&](const MidiNote& note) { return note.track != midi.notes[0].track; });
  for (const MidiNote& note : midi.notes) {
    if (notes.size() == kMostNotes) break;
    notes.push_back({midi.seconds(note.start), midi.seconds(note.start + note.length), note.key,
                     tracks ? note.track : note.channel});
  }
  return notes;
}

std::vector<SpokenWord> parse_words(const QByteArray& line) {
  std::vector<SpokenWord> words;
  try {
    const Json json = parse_json({line.constData(), static_cast<size_t>(line.size())}, "conclave-audio");
    if (json.is_object() && json.contains("words"))
      for (const Json& word : json["words"])
        words.push_back({word.at("begin").get<double>(), word.at("end").get<double>(),
                         QString::fromStdString(word.at("word").get<std::string>())});
  } catch (const Json::exception& e) {
    throw DataError("conclave-audio", "", e.what());
  }
  return words;
}

TimedRouting parse_routing(const QByteArray& line) {
  TimedRouting routing;
  const std::string where = "conclave-audio";
  try {
    const Json json = parse_json({line.constData(), static_cast<size_t>(line.size())}, where);
    if (!json.is_object() || !json.contains("routing")) return routing;
    routing.times = json["routing"].at("times").get<std::vector<double>>();
    for (const Json& layer : json["routing"].at("layers")) {
      RoutingStrip strip{QString::fromStdString(layer.at("name").get<std::string>()),
                         layer.at("experts").get<int>(),
                         layer.at("nulls").get<int>(),
                         {}};
      for (const Json& frame : layer.at("weights"))
        strip.weights.push_back(frame.is_null() ? std::vector<float>() : frame.get<std::vector<float>>());
      if (strip.weights.size() + 1 > routing.times.size())
        throw DataError(where, "", "routing has more frames than times");
      routing.layers.push_back(std::move(strip));
    }
  } catch (const Json::exception& e) {
    throw DataError(where, "", e.what());
  }
  return routing;
}

QString version_csv(const Version& version) {
  QString text = csv_line({"kind", "begin", "end", "name", "value"});
  const auto row = [&](const QString& kind, double begin, double end, const QString& name,
                       const QString& value) {
    text += csv_line({kind, QString::number(begin, 'f', 4), QString::number(end, 'f', 4), name, value});
  };
  for (const RollNote& note : version.notes)
    row("note", note.begin, note.end, QString("part %1").arg(note.part), QString::number(note.key));
  for (const SpokenWord& word : version.words) row("word", word.begin, word.end, word.text, {});
  for (const RoutingStrip& layer : version.routing.layers)
    for (size_t f = 0; f < layer.weights.size(); ++f)
      for (size_t e = 0; e < layer.weights[f].size(); ++e)
        if (layer.weights[f][e] > 0)
          row(static_cast<int>(e) < layer.experts ? "expert" : "no expert", version.routing.times[f],
              version.routing.times[f + 1], QString("%1:%2").arg(layer.name).arg(e),
              QString::number(layer.weights[f][e]));
  return text;
}

void load_version(Version& version) {
  try {
    if (!version.notes_file.isEmpty()) version.notes = read_notes(version.notes_file);
    if (!version.wave_file.isEmpty()) {
      version.sound = read_wav(version.wave_file);
      version.spectrogram = spectrogram(version.sound, kSpectrogramColumns);
    }
  } catch (const std::exception& e) {
    version.error = QString::fromUtf8(e.what());
  }
}

}  // namespace conclave::ui
