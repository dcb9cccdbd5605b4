#include <algorithm>
#include <array>
#include <map>
#include <pugixml.hpp>
#include <sstream>
#include <tuple>

#include "framework/base/error.h"
#include "framework/media/musicxml_file.h"

namespace conclave {
namespace {

constexpr size_t kMostBars = 100'000;
constexpr int kMiddleC = 60;
constexpr int64_t kVoicesOfStaff = 4;  // at least; the second staff's voices count on from there

// Note values in 128th parts of a quarter note, dotted ones beside plain ones.
struct NoteValue {
  int64_t parts;
  const char* type;
  bool dotted;
};
constexpr NoteValue kValues[] = {{768, "whole", true}, {512, "whole", false},  {384, "half", true},
                                 {256, "half", false}, {192, "quarter", true}, {128, "quarter", false},
                                 {96, "eighth", true}, {64, "eighth", false},  {48, "16th", true},
                                 {32, "16th", false},  {24, "32nd", true},     {16, "32nd", false},
                                 {12, "64th", true},   {8, "64th", false}};

struct Bar {
  int64_t begin = 0, end = 0;
};

// Notes that begin and end together.
struct XmlChord {
  int64_t start = 0, end = 0;
  std::vector<MidiNote> notes;
};
using XmlVoice = std::vector<XmlChord>;

struct XmlPart {
  int track = 0, channel = 0;
  std::vector<MidiNote> notes;
  std::vector<std::vector<XmlVoice>> staves;
  std::vector<int> percussion;  // keys, in order
  bool is_percussion() const { return channel == kPercussionChannel; }
};

std::vector<Bar> bars_of(const MidiFile& midi) {
  std::vector<Bar> bars;
  MidiMeter meter;
  size_t next = 0;
  const int64_t length = std::max<int64_t>(midi.length(), 1);
  for (int64_t begin = 0; begin < length;) {
    while (next < midi.meters.size() && midi.meters[next].tick <= begin) meter = midi.meters[next++];
    int64_t end = begin + std::max<int64_t>(int64_t{4} * midi.division * meter.beats / meter.unit, 1);
    if (next < midi.meters.size()) end = std::min(end, midi.meters[next].tick);
    require(bars.size() < kMostBars, "[musicxml] more than {} bars", kMostBars);
    bars.push_back({begin, end});
    begin = end;
  }
  return bars;
}

// Each chord goes to the first voice that is silent by then.
std::vector<XmlVoice> voices_of(const std::vector<MidiNote>& notes) {
  std::map<std::pair<int64_t, int64_t>, XmlChord> chords;
  for (const auto& note : notes) {
    auto& chord = chords[{note.start, -note.length}];
    chord.start = note.start;
    chord.end = note.start + note.length;
    chord.notes.push_back(note);
  }
  std::vector<XmlVoice> voices;
  for (auto& entry : chords) {
    XmlChord& chord = entry.second;  // clang 14 captures no structured binding
    auto voice = std::find_if(voices.begin(), voices.end(),
                              [&](const XmlVoice& v) { return v.back().end <= chord.start; });
    if (voice == voices.end()) voice = voices.emplace(voices.end());
    voice->push_back(std::move(chord));
  }
  return voices;
}

std::vector<XmlPart> parts_of(const MidiFile& midi) {
  std::map<std::pair<int, int>, XmlPart> parts;
  if (midi.notes.empty()) parts[{0, 0}];
  for (const auto& note : midi.notes) {
    auto& part = parts[{note.track, note.channel}];
    part.track = note.track;
    part.channel = note.channel;
    part.notes.push_back(note);
  }
  std::vector<XmlPart> list;
  for (auto& [which, part] : parts) {
    if (part.is_percussion()) {
      for (const auto& note : part.notes) part.percussion.push_back(note.key);
      std::sort(part.percussion.begin(), part.percussion.end());
      part.percussion.erase(std::unique(part.percussion.begin(), part.percussion.end()),
                            part.percussion.end());
      part.staves.push_back(voices_of(part.notes));
    } else {
      std::vector<MidiNote> high, low;
      for (const auto& note : part.notes) (note.key >= kMiddleC ? high : low).push_back(note);
      // A few notes across middle C stay on the staff of the others.
      if (high.size() >= 4 * low.size()) high = part.notes, low.clear();
      if (low.size() >= 4 * high.size() && !low.empty()) low = part.notes, high.clear();
      if (!high.empty() || low.empty()) part.staves.push_back(voices_of(high));
      if (!low.empty()) part.staves.push_back(voices_of(low));
    }
    list.push_back(std::move(part));
  }
  return list;
}

bool lies_low(const std::vector<XmlVoice>& staff) {
  int64_t high = 0;  // notes from middle C up, less those below
  for (const auto& voice : staff)
    for (const auto& chord : voice)
      for (const auto& note : chord.notes) high += note.key >= kMiddleC ? 1 : -1;
  return high < 0;
}

class ScoreWriter {
 public:
  explicit ScoreWriter(const MidiFile& midi) : midi_(midi), bars_(bars_of(midi)), parts_(parts_of(midi)) {}

  std::string write() {
    auto declaration = document_.append_child(pugi::node_declaration);
    declaration.append_attribute("version") = "1.0";
    declaration.append_attribute("encoding") = "UTF-8";
    document_.append_child(pugi::node_doctype)
        .set_value(
            "score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 Partwise//EN\" "
            "\"http://www.musicxml.org/dtds/partwise.dtd\"");
    auto score = document_.append_child("score-partwise");
    score.append_attribute("version") = "4.0";
    auto list = score.append_child("part-list");
    for (size_t i = 0; i < parts_.size(); ++i) list_part(list, i);
    for (size_t i = 0; i < parts_.size(); ++i) write_part(score, i);
    std::ostringstream out;
    document_.save(out, "  ");
    return out.str();
  }

 private:
  static std::string part_id(size_t i) { return fmt::format("P{}", i + 1); }
  static void text(pugi::xml_node parent, const char* name, const std::string& value) {
    parent.append_child(name).text().set(value.c_str());
  }
  static void text(pugi::xml_node parent, const char* name, int64_t value) {
    text(parent, name, std::to_string(value));
  }

  std::string instrument(size_t part, int key) const {
    return part_id(part) + (parts_[part].is_percussion() ? fmt::format("-I{}", key + 1) : "-I1");
  }

  void list_part(pugi::xml_node list, size_t i) const {
    const auto& part = parts_[i];
    auto node = list.append_child("score-part");
    node.append_attribute("id") = part_id(i).c_str();
    text(node, "part-name", part.is_percussion() ? "Percussion" : fmt::format("Part {}", i + 1));
    const std::vector<int> keys = part.is_percussion() ? part.percussion : std::vector<int>{0};
    for (const int key : keys) {
      auto named = node.append_child("score-instrument");
      named.append_attribute("id") = instrument(i, key).c_str();
      text(named, "instrument-name", part.is_percussion() ? fmt::format("Key {}", key) : "Instrument");
    }
    for (const int key : keys) {
      auto sound = node.append_child("midi-instrument");
      sound.append_attribute("id") = instrument(i, key).c_str();
      text(sound, "midi-channel", part.channel + 1);
      for (const auto& program : midi_.programs)
        if (program.channel == part.channel) {
          text(sound, "midi-program", program.program + 1);
          break;
        }
      if (part.is_percussion()) text(sound, "midi-unpitched", key + 1);
    }
  }

  void write_part(pugi::xml_node score, size_t i) {
    auto node = score.append_child("part");
    node.append_attribute("id") = part_id(i).c_str();
    const auto& part = parts_[i];
    std::vector<std::vector<size_t>> next;  // by staff and voice: the chord that is written next
    for (const auto& staff : part.staves) next.emplace_back(staff.size(), 0);
    size_t meter = 0, key = 0, tempo = 0;
    fifths_ = 0;
    for (size_t b = 0; b < bars_.size(); ++b) {
      const Bar& bar = bars_[b];
      measure_ = node.append_child("measure");
      measure_.append_attribute("number") = std::to_string(b + 1).c_str();
      attributes(part, bar, b == 0, meter, key);
      if (i == 0) tempos(bar, tempo);
      bool first = true;
      int64_t voices = 0;  // of the staves above
      for (size_t s = 0; s < part.staves.size(); ++s) {
        for (size_t v = 0; v < part.staves[s].size(); ++v) {
          if (!first) backup(bar.end - bar.begin);
          first = false;
          voice_ = voices + static_cast<int64_t>(v) + 1;
          staff_ = part.staves.size() > 1 ? static_cast<int64_t>(s) + 1 : 0;
          bar_of_voice(i, part.staves[s][v], next[s][v], bar, v == 0);
        }
        voices += std::max(kVoicesOfStaff, static_cast<int64_t>(part.staves[s].size()));
      }
      if (first) rest(bar.begin, bar.end, bar);
    }
  }

  void attributes(const XmlPart& part, const Bar& bar, bool first, size_t& meter, size_t& key) {
    pugi::xml_node node;
    const auto open = [&] {
      if (!node) node = measure_.append_child("attributes");
      return node;
    };
    if (first) text(open(), "divisions", midi_.division);
    const MidiKey* signature = nullptr;  // one in the middle of a bar is told at its beginning
    while (key < midi_.keys.size() && midi_.keys[key].tick < bar.end) signature = &midi_.keys[key++];
    if (signature && !part.is_percussion()) {
      fifths_ = signature->fifths;
      auto told = open().append_child("key");
      text(told, "fifths", signature->fifths);
      text(told, "mode", signature->minor ? "minor" : "major");
    }
    MidiMeter told_meter;
    bool tell = first;
    while (meter < midi_.meters.size() && midi_.meters[meter].tick <= bar.begin)
      told_meter = midi_.meters[meter++], tell = true;
    if (tell) {
      auto told = open().append_child("time");
      text(told, "beats", told_meter.beats);
      text(told, "beat-type", told_meter.unit);
    }
    if (!first) return;
    if (part.staves.size() > 1) text(open(), "staves", static_cast<int64_t>(part.staves.size()));
    for (size_t s = 0; s < part.staves.size(); ++s) {
      auto clef = open().append_child("clef");
      if (part.staves.size() > 1) clef.append_attribute("number") = std::to_string(s + 1).c_str();
      const auto& staff = part.staves[s];
      const bool bass = s == 1 || lies_low(staff);
      text(clef, "sign", part.is_percussion() ? "percussion" : bass ? "F" : "G");
      if (!part.is_percussion()) text(clef, "line", bass ? 4 : 2);
    }
  }

  void tempos(const Bar& bar, size_t& next) {
    int64_t now = bar.begin;
    for (; next < midi_.tempos.size() && midi_.tempos[next].tick < bar.end; ++next) {
      const auto& tempo = midi_.tempos[next];
      if (tempo.tick > now) move("forward", tempo.tick - now);
      now = std::max(now, tempo.tick);
      const double rate = 60e6 / static_cast<double>(tempo.microseconds);
      auto direction = measure_.append_child("direction");
      auto metronome = direction.append_child("direction-type").append_child("metronome");
      text(metronome, "beat-unit", "quarter");
      text(metronome, "per-minute", fmt::format("{:.4g}", rate));
      direction.append_child("sound").append_attribute("tempo") = fmt::format("{:.9g}", rate).c_str();
    }
    if (now > bar.begin) backup(now - bar.begin);
  }

  void move(const char* which, int64_t ticks) { text(measure_.append_child(which), "duration", ticks); }
  void backup(int64_t ticks) { move("backup", ticks); }

  void bar_of_voice(size_t part, const XmlVoice& voice, size_t& next, const Bar& bar, bool rests) {
    int64_t now = bar.begin;
    const auto silent_until = [&](int64_t until) {
      if (until <= now) return;
      if (rests)
        rest(now, until, bar);
      else
        move("forward", until - now);
      now = until;
    };
    while (next < voice.size() && voice[next].start < bar.end) {
      const auto& chord = voice[next];
      const int64_t begin = std::max(chord.start, bar.begin), end = std::min(chord.end, bar.end);
      silent_until(begin);
      for (const auto& [from, to] : pieces(begin, end)) sounding(part, chord, from, to);
      now = end;
      if (chord.end > bar.end) break;  // goes on behind the bar line
      ++next;
    }
    silent_until(bar.end);
  }

  // Note values that add up to a duration, the longest first; what no value fits is left as one piece.
  std::vector<std::pair<int64_t, int64_t>> pieces(int64_t from, int64_t to) const {
    std::vector<std::pair<int64_t, int64_t>> list;
    if (value_of(to - from, 3)) return {{from, to}};  // of a triplet
    for (const auto& value : kValues) {
      const int64_t ticks = value.parts * midi_.division / 128;
      if (ticks * 128 != value.parts * midi_.division || ticks > to - from) continue;
      list.emplace_back(from, from + ticks);
      from += ticks;
      if (from == to) return list;
    }
    list.emplace_back(from, to);
    return list;
  }
  // The note value of which these ticks are `of`/2... of a triplet (3): two thirds; plainly (1): all.
  const NoteValue* value_of(int64_t ticks, int64_t of) const {
    for (const auto& value : kValues)
      if (ticks * 128 * of == value.parts * midi_.division * (of == 3 ? 2 : 1)) return &value;
    return nullptr;
  }

  void rest(int64_t from, int64_t to, const Bar& bar) {
    if (from == bar.begin && to == bar.end) {
      auto note = measure_.append_child("note");
      note.append_child("rest").append_attribute("measure") = "yes";
      text(note, "duration", to - from);
      place(note, 0);
      return;
    }
    for (const auto& [begin, end] : pieces(from, to)) {
      auto note = measure_.append_child("note");
      note.append_child("rest");
      text(note, "duration", end - begin);
      place(note, end - begin);
    }
  }

  void sounding(size_t part, const XmlChord& chord, int64_t from, int64_t to) {
    bool further = false;
    for (const auto& sound : chord.notes) {
      auto note = measure_.append_child("note");
      note.append_attribute("dynamics") =
          fmt::format("{:.2f}", sound.velocity / kForteVelocity * 100).c_str();
      if (further) note.append_child("chord");
      further = true;
      if (parts_[part].is_percussion()) {
        auto where = note.append_child("unpitched");
        text(where, "display-step", "E");
        text(where, "display-octave", 4);
      } else {
        pitch(note, sound.key);
      }
      text(note, "duration", to - from);
      if (from > chord.start) note.append_child("tie").append_attribute("type") = "stop";
      if (to < chord.end) note.append_child("tie").append_attribute("type") = "start";
      if (parts_[part].is_percussion())
        note.append_child("instrument").append_attribute("id") = instrument(part, sound.key).c_str();
      place(note, to - from);
      if (from == chord.start && to == chord.end) continue;
      auto drawn = note.append_child("notations");
      if (from > chord.start) drawn.append_child("tied").append_attribute("type") = "stop";
      if (to < chord.end) drawn.append_child("tied").append_attribute("type") = "start";
    }
  }

  // Voice, value and staff, in the order that the schema wants.
  void place(pugi::xml_node note, int64_t ticks) {
    text(note, "voice", voice_);
    const auto* plain = value_of(ticks, 1);
    const auto* triplet = plain ? nullptr : value_of(ticks, 3);
    if (const auto* value = plain ? plain : triplet) {
      text(note, "type", value->type);
      if (value->dotted) note.append_child("dot");
    }
    if (triplet) {
      auto tuplet = note.append_child("time-modification");
      text(tuplet, "actual-notes", 3);
      text(tuplet, "normal-notes", 2);
    }
    if (staff_ > 0) text(note, "staff", staff_);
  }

  // On the line of fifths (C is 0, G is 1), the spelling that is nearest to the middle of the key's notes.
  void pitch(pugi::xml_node note, int key) const {
    constexpr std::array<const char*, 7> kSteps = {"F", "C", "G", "D", "A", "E", "B"};
    constexpr std::array<int, 7> kBases = {5, 0, 7, 2, 9, 4, 11};
    int fifth = fifths_ - 3;
    while (((7 * fifth - key) % 12 + 12) % 12 != 0) ++fifth;
    const int place = ((fifth + 1) % 7 + 7) % 7, alter = (fifth + 1 - place) / 7;
    const int base = kBases[static_cast<size_t>(place)];
    auto node = note.append_child("pitch");
    text(node, "step", kSteps[static_cast<size_t>(place)]);
    if (alter != 0) text(node, "alter", alter);
    text(node, "octave", (key - alter - base) / 12 - 1);
  }

  const MidiFile& midi_;
  const std::vector<Bar> bars_;
  const std::vector<XmlPart> parts_;
  pugi::xml_document document_;
  pugi::xml_node measure_;
  int fifths_ = 0;
  int64_t voice_ = 1, staff_ = 0;
};

}  // namespace

std::string write_musicxml(const MidiFile& midi) {
  return ScoreWriter(midi).write();
}

}  // namespace conclave
