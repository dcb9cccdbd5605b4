#include "ui/audio/version.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/media/midi_file.h"

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
