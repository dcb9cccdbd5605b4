#include "framework/media/musicxml_file.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <pugixml.hpp>
#include <tuple>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int64_t kLeastDivision = 480, kMostDivision = 32767, kFineDivision = 10080;
constexpr double kMostQuarters = 1e6;             // of a piece: a week of music
constexpr double kLeastTempo = 60e6 / (1 << 24);  // MIDI has 24 bits for a quarter note's microseconds
constexpr int kSnare = 38, kUsualVelocity = 80;

struct OpenTie {
  size_t note;  // its place
  std::string voice;
};

struct PartState {
  std::string id;
  std::vector<pugi::xml_node> measures;
  std::map<std::string, int> unpitched;  // by instrument: percussion key
  int channel = 0;
  double divisions = 1;  // of a quarter note
  int transposed = 0;
  double last_start = -1;  // of the last note that is no further note of a chord
  // By key and end, as voices come one after another.
  std::multimap<std::pair<int, int64_t>, OpenTie> open_ties;
};

class ScoreReader {
 public:
  ScoreReader(std::string_view bytes, const std::string& name) : name_(name) {
    if (bytes.starts_with("PK"))
      throw DataError(name, "", "is a packed score (.mxl): unpack it and give the .musicxml inside");
    if (bytes.size() > kLargestMusicXml)
      throw DataError(name, "", fmt::format("has {} bytes, more than {}", bytes.size(), kLargestMusicXml));
    const auto parsed = document_.load_buffer(bytes.data(), bytes.size());
    if (!parsed) throw DataError(name, fmt::format("byte {}", parsed.offset), parsed.description());
  }

  MidiFile read() {
    collect();
    midi_.division = static_cast<int>(division());
    size_t measures = 0;
    for (const auto& part : parts_) measures = std::max(measures, part.measures.size());
    for (size_t i = 0; i < measures; ++i) {
      double end = begin_;
      bool any = false;
      for (size_t p = 0; p < parts_.size(); ++p) {
        if (i >= parts_[p].measures.size()) continue;
        part_ = static_cast<int>(p);
        where_ = fmt::format("part {}, measure {}", parts_[p].id, i + 1);
        any = measure(parts_[p], parts_[p].measures[i], end) || any;
      }
      begin_ = any ? end : begin_ + bar_;
      limit(begin_);
    }
    finish();
    return std::move(midi_);
  }

 private:
  [[noreturn]] void fault(const std::string& what) const { throw DataError(name_, where_, what); }

  double number(const pugi::xml_node& node, const char* what) const {
    return number(node.text().get(), what);
  }
  double number(std::string_view text, const char* what) const {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
      fault(fmt::format("{} \"{}\" is no number", what, text.substr(0, 40)));
    return value;
  }
  int integer(const pugi::xml_node& node, const char* what, int least, int most) const {
    const double value = number(node, what);
    if (value != std::floor(value) || value < least || value > most)
      fault(fmt::format("{} {} is not from {} to {}", what, value, least, most));
    return static_cast<int>(value);
  }
  void limit(double quarters) const {
    if (quarters > kMostQuarters) fault(fmt::format("lasts longer than {} quarter notes", kMostQuarters));
  }

  void collect() {
    const auto root = document_.document_element();
    const std::string kind = root.name();
    const bool timewise = kind == "score-timewise";
    if (!timewise && kind != "score-partwise")
      throw DataError(name_, "", fmt::format("is no MusicXML score: its root is <{}>", kind));
    std::map<std::string, size_t> place;
    for (const auto& listed : root.child("part-list").children("score-part")) {
      where_ = fmt::format("part {}", listed.attribute("id").value());
      PartState part;
      part.id = listed.attribute("id").value();
      const auto index = static_cast<int>(parts_.size());
      part.channel = index % 15 + (index % 15 >= kPercussionChannel);  // all but the one of percussion
      for (const auto& instrument : listed.children("midi-instrument")) {
        if (const auto channel = instrument.child("midi-channel"))
          part.channel = integer(channel, "midi-channel", 1, 16) - 1;
        if (const auto program = instrument.child("midi-program"))
          midi_.programs.push_back({part.channel, integer(program, "midi-program", 1, 128) - 1});
        if (const auto key = instrument.child("midi-unpitched"))
          part.unpitched[instrument.attribute("id").value()] = integer(key, "midi-unpitched", 1, 128) - 1;
      }
      if (!place.emplace(part.id, parts_.size()).second) fault("is listed twice");
      parts_.push_back(std::move(part));
    }
    const auto part_of = [&](const pugi::xml_node& node) -> PartState& {
      const auto found = place.find(node.attribute("id").value());
      where_ = fmt::format("part {}", node.attribute("id").value());
      if (found == place.end()) fault("is not in the list of parts");
      return parts_[found->second];
    };
    if (timewise) {
      for (const auto& measure : root.children("measure"))
        for (const auto& node : measure.children("part")) part_of(node).measures.push_back(node);
    } else {
      for (const auto& node : root.children("part")) {
        auto& part = part_of(node);
        for (const auto& measure : node.children("measure")) part.measures.push_back(measure);
      }
    }
    if (parts_.empty()) throw DataError(name_, "", "has no part");
  }

  // Ticks of a quarter note, in which all durations are whole numbers where that is possible.
  int64_t division() {
    int64_t common = kLeastDivision;
    for (const auto& part : parts_) {
      for (const auto& measure : part.measures) {
        for (const auto& attributes : measure.children("attributes")) {
          if (!attributes.child("divisions")) continue;
          where_ = fmt::format("part {}", part.id);
          const double value = number(attributes.child("divisions"), "divisions");
          if (value <= 0 || value > 1e6) fault(fmt::format("divisions {} are not from 1 to 1000000", value));
          if (value == std::floor(value)) common = std::lcm(common, static_cast<int64_t>(value));
          if (common > kMostDivision) return kFineDivision;
        }
      }
    }
    return common;
  }

  int64_t tick(double quarters) const { return std::llround(quarters * midi_.division); }

  // Gives whether anything moved the time on.
  bool measure(PartState& part, const pugi::xml_node& node, double& end) {
    double now = begin_;
    bool moved = false;
    part.last_start = -1;
    for (const auto& event : node.children()) {
      const std::string_view kind = event.name();
      if (kind == "note") {
        note(part, event, now);
      } else if (kind == "backup" || kind == "forward") {
        const double by = duration(part, event);
        now += kind == "backup" ? -by : by;
        if (now < begin_ - 1e-9) fault("a backup goes to before the measure");
        now = std::max(now, begin_);
      } else if (kind == "attributes") {
        attributes(part, event, now);
      } else if (kind == "direction" || kind == "sound") {
        tempo(event, now);
      }
      limit(now);
      moved = moved || now > begin_;
      end = std::max(end, now);
    }
    return moved;
  }

  double duration(const PartState& part, const pugi::xml_node& node) const {
    const double value = number(node.child("duration"), "duration");
    if (value < 0 || value / part.divisions > kMostQuarters)
      fault(fmt::format("a duration of {} is not allowed", value));
    return value / part.divisions;
  }

  void note(PartState& part, const pugi::xml_node& node, double& now) {
    if (node.child("grace")) return;
    const double length = duration(part, node);
    double start = now;
    if (node.child("chord")) {
      if (part.last_start < 0) fault("a note of a chord has none before it");
      start = part.last_start;
    } else {
      part.last_start = now;
      now += length;
    }
    if (node.child("rest") || node.child("cue")) return;
    MidiNote made;
    made.start = tick(start);
    made.length = std::max<int64_t>(tick(start + length) - made.start, 1);
    made.channel = part.channel;
    made.track = part_;
    made.velocity = kUsualVelocity;
    if (const auto dynamics = node.attribute("dynamics"))
      made.velocity = static_cast<int>(
          std::clamp(std::round(number(dynamics.value(), "dynamics") * kForteVelocity / 100), 1.0, 127.0));
    if (node.child("unpitched")) {
      const auto found = part.unpitched.find(node.child("instrument").attribute("id").value());
      made.channel = kPercussionChannel;
      made.key = found == part.unpitched.end() ? kSnare : found->second;
    } else {
      made.key = key_of(part, node.child("pitch"));
    }
    add(part, made, node);
  }

  int key_of(const PartState& part, const pugi::xml_node& pitch) const {
    static const std::map<std::string, int> kSteps = {{"C", 0}, {"D", 2}, {"E", 4}, {"F", 5},
                                                      {"G", 7}, {"A", 9}, {"B", 11}};
    const std::string name = pitch.child("step").text().get();
    const auto step = kSteps.find(name);
    if (step == kSteps.end())
      fault(fmt::format("a note has no step from A to G but \"{}\"", name.substr(0, 20)));
    const double alter = pitch.child("alter") ? number(pitch.child("alter"), "alter") : 0;
    if (std::abs(alter) > 4) fault(fmt::format("a note is altered by {}", alter));
    // What is written for the keys below 12 has octave -1, or -2 as a B sharp.
    const int key = 12 * (integer(pitch.child("octave"), "octave", -2, 9) + 1) + step->second +
                    static_cast<int>(std::floor(alter)) + part.transposed;
    if (key < 0 || key > 127) fault(fmt::format("the pitch {} is outside of MIDI's 0 to 127", key));
    return key;
  }

  // Of several that are held at one pitch the one of the same voice.
  static auto find_tie(PartState& part, const MidiNote& made, const std::string& voice) {
    const auto [first, last] = part.open_ties.equal_range({made.key, made.start});
    const auto same = std::find_if(first, last, [&](const auto& tie) { return tie.second.voice == voice; });
    return same != last ? same : first != last ? first : part.open_ties.end();
  }

  void add(PartState& part, const MidiNote& made, const pugi::xml_node& node) {
    bool starts = false, stops = false;
    for (const auto& tie : node.children("tie")) {
      starts = starts || std::string_view(tie.attribute("type").value()) == "start";
      stops = stops || std::string_view(tie.attribute("type").value()) == "stop";
    }
    const std::string voice = node.child("voice").text().get();
    size_t place = midi_.notes.size();
    const auto before = stops ? find_tie(part, made, voice) : part.open_ties.end();
    if (before != part.open_ties.end()) {
      place = before->second.note;
      midi_.notes[place].length += made.length;
      part.open_ties.erase(before);
    } else {
      midi_.notes.push_back(made);
    }
    if (starts) part.open_ties.insert({{made.key, made.start + made.length}, {place, voice}});
  }

  void attributes(PartState& part, const pugi::xml_node& node, double now) {
    if (node.child("divisions")) part.divisions = number(node.child("divisions"), "divisions");
    if (const auto by = node.child("transpose")) {
      part.transposed = integer(by.child("chromatic"), "chromatic", -60, 60);
      if (by.child("octave-change"))
        part.transposed += 12 * integer(by.child("octave-change"), "octave-change", -5, 5);
    }
    if (const auto key = node.child("key"); key && key.child("fifths")) {
      // A transposing instrument is written in another key than it sounds in.
      const int fifths = integer(key.child("fifths"), "fifths", -7, 7);
      const bool minor = std::string_view(key.child("mode").text().get()) == "minor";
      if (part.transposed == 0) keys_.emplace(tick(now), MidiKey{tick(now), fifths, minor});
    }
    if (const auto time = node.child("time"); time && !time.child("senza-misura")) {
      MidiMeter meter{tick(now), 0, 0};
      std::string_view beats = time.child("beats").text().get();
      for (size_t plus = 0; plus != std::string_view::npos;) {  // 3+2
        plus = beats.find('+');
        const double value = number(beats.substr(0, plus), "beats");
        if (value < 1 || value > 128 || value != std::floor(value))
          fault(fmt::format("a meter of {} beats", value));
        meter.beats += static_cast<int>(value);
        if (plus != std::string_view::npos) beats.remove_prefix(plus + 1);
        if (meter.beats > 255) fault("a meter of more than 255 beats");
      }
      meter.unit = integer(time.child("beat-type"), "beat-type", 1, 128);
      if ((meter.unit & (meter.unit - 1)) != 0) fault(fmt::format("a meter of {}th notes", meter.unit));
      bar_ = 4.0 * meter.beats / meter.unit;
      meters_.emplace(meter.tick, meter);
    }
  }

  void tempo(const pugi::xml_node& node, double now) {
    const auto sound = std::string_view(node.name()) == "sound" ? node : node.child("sound");
    double rate = 0;
    if (sound.attribute("tempo")) {
      rate = number(sound.attribute("tempo").value(), "tempo");
    } else if (const auto metronome = node.child("direction-type").child("metronome")) {
      static const std::map<std::string, double> kUnits = {
          {"whole", 4}, {"half", 2}, {"quarter", 1}, {"eighth", 0.5}, {"16th", 0.25}};
      const auto unit = kUnits.find(metronome.child("beat-unit").text().get());
      const auto told = metronome.child("per-minute");
      if (unit == kUnits.end() || !told || !std::isdigit(static_cast<unsigned char>(told.text().get()[0])))
        return;
      rate = number(told, "per-minute") * unit->second * (metronome.child("beat-unit-dot") ? 1.5 : 1);
    } else {
      return;
    }
    if (rate <= kLeastTempo || rate > 60e6) fault(fmt::format("a tempo of {} quarter notes a minute", rate));
    tempos_.emplace(tick(now), MidiTempo{tick(now), std::llround(60e6 / rate)});
  }

  void finish() {
    std::stable_sort(midi_.notes.begin(), midi_.notes.end(), [](const MidiNote& a, const MidiNote& b) {
      return std::tie(a.start, a.key, a.channel, a.track) < std::tie(b.start, b.key, b.channel, b.track);
    });
    for (const auto& [tick, tempo] : tempos_) midi_.tempos.push_back(tempo);
    for (const auto& [tick, meter] : meters_) midi_.meters.push_back(meter);
    for (const auto& [tick, key] : keys_) midi_.keys.push_back(key);
  }

  const std::string& name_;
  std::string where_;
  pugi::xml_document document_;
  std::vector<PartState> parts_;
  MidiFile midi_;
  // Every part tells of changes that hold for all: the first is kept.
  std::map<int64_t, MidiTempo> tempos_;
  std::map<int64_t, MidiMeter> meters_;
  std::map<int64_t, MidiKey> keys_;
  int part_ = 0;
  double begin_ = 0, bar_ = 4;  // quarter notes: where the measure begins, and its nominal length
};

}  // namespace

MidiFile read_musicxml(std::string_view bytes, const std::string& name) {
  return ScoreReader(bytes, name).read();
}

}  // namespace conclave
