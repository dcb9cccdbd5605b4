#include "framework/media/midi_file.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "framework/media/byte_view.h"

namespace conclave {
namespace {

constexpr int64_t kDefaultTempo = 500000;
constexpr int64_t kLongestTick = int64_t{1} << 40;  // a sum of delta times; far beyond any music
constexpr int kChannels = 16, kKeys = 128;

auto order_of(const MidiNote& n) {
  return std::tuple(n.start, n.key, n.channel, n.track, n.length);
}

// One track chunk, event by event.
class TrackReader {
 public:
  TrackReader(const ByteView& view, uint64_t begin, uint64_t end, const std::string& name, int track,
              MidiFile& midi)
      : view_(view), at_(begin), end_(end), name_(name), track_(track), midi_(midi) {}

  void read() {
    while (at_ < end_ && !done_) {
      tick_ += variable();
      if (tick_ > kLongestTick) fail("the track is endless");
      event();
    }
    for (auto& [which, starts] : open_)
      for (const auto& [start, velocity] : starts) finish(which, start, velocity);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(name_, fmt::format("offset {}", at_), fmt::format("track {}: {}", track_, what));
  }
  uint8_t byte() {
    if (at_ >= end_) fail("the track is cut off");
    return view_.u8(at_++);
  }
  uint8_t data() {
    const uint8_t value = byte();
    if (value > 0x7f) fail(fmt::format("the byte {:#x} where 0..127 is expected", value));
    return value;
  }
  int64_t variable() {
    int64_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const uint8_t part = byte();
      value = value << 7 | (part & 0x7f);
      if (part < 0x80) return value;
    }
    fail("a number of more than four bytes");
  }
  // Bytes of a message that says its own length.
  uint64_t message() {
    const auto length = static_cast<uint64_t>(variable());
    if (length > end_ - at_) fail(fmt::format("a message of {} bytes where {} are left", length, end_ - at_));
    const uint64_t from = at_;
    at_ += length;
    return from;
  }

  void event() {
    const uint8_t first = byte();
    if (first == 0xff) return meta();
    if (first == 0xf0 || first == 0xf7) {
      message();
      running_ = 0;
      return;
    }
    if (first > 0xf0) fail(fmt::format("the message {:#x}, which no file may hold", first));
    if (first >= 0x80)
      running_ = first;
    else
      --at_;  // the status is that of the message before
    if (running_ == 0) fail("data without a status before it");
    const int kind = running_ >> 4, channel = running_ & 0xf;
    const uint8_t one = data();
    const uint8_t two = kind == 0xc || kind == 0xd ? 0 : data();
    if (kind == 0x9 && two > 0)
      open_[{channel, one}].emplace_back(tick_, two);
    else if (kind == 0x8 || kind == 0x9)
      end_note({channel, one});
    else if (kind == 0xc && tick_ == 0)
      midi_.programs.push_back({channel, one});
  }

  void meta() {
    const uint8_t kind = byte();
    const uint64_t from = message(), length = at_ - from;
    if (kind == 0x2f) {
      done_ = true;
    } else if (kind == 0x51) {
      if (length != 3) fail(fmt::format("a tempo of {} bytes", length));
      const auto tempo = static_cast<int64_t>(view_.number(from, 3));
      if (tempo == 0) fail("a tempo of 0 microseconds a quarter note");
      midi_.tempos.push_back({tick_, tempo});
    } else if (kind == 0x58) {
      if (length < 2) fail(fmt::format("a meter of {} bytes", length));
      const int beats = view_.u8(from), power = view_.u8(from + 1);
      if (beats == 0 || power > 7) fail(fmt::format("a meter of {}/2^{}", beats, power));
      midi_.meters.push_back({tick_, beats, 1 << power});
    } else if (kind == 0x59 && length == 2) {
      const int fifths = static_cast<int8_t>(view_.u8(from)), minor = view_.u8(from + 1);
      if (fifths >= -7 && fifths <= 7 && minor <= 1) midi_.keys.push_back({tick_, fifths, minor == 1});
    }
  }

  using Which = std::pair<int, int>;  // channel and key
  void end_note(const Which& which) {
    const auto found = open_.find(which);
    if (found == open_.end() || found->second.empty()) return;  // ended twice
    const auto [start, velocity] = found->second.front();
    found->second.erase(found->second.begin());
    finish(which, start, velocity);
  }
  void finish(const Which& which, int64_t start, int velocity) {
    midi_.notes.push_back(
        {start, std::max<int64_t>(tick_ - start, 1), which.second, velocity, which.first, track_});
  }

  const ByteView& view_;
  uint64_t at_, end_;
  const std::string& name_;
  int track_;
  MidiFile& midi_;
  int64_t tick_ = 0;
  uint8_t running_ = 0;
  bool done_ = false;
  std::map<Which, std::vector<std::pair<int64_t, int>>> open_;  // start and velocity of notes that sound
};

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = bytes; i-- > 0;) out += static_cast<char>(value >> (8 * i) & 0xff);
}

void put_variable(std::string& out, int64_t value) {
  require(value >= 0 && value < (int64_t{1} << 28), "[midi] {} ticks between two events do not fit", value);
  for (int shift = 21; shift > 0; shift -= 7)
    if (value >> shift) out += static_cast<char>((value >> shift & 0x7f) | 0x80);
  out += static_cast<char>(value & 0x7f);
}

struct Event {
  int64_t tick;
  int rank;  // at one tick: settings, then ends, then beginnings
  std::string bytes;
};

void put_track(std::string& out, std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return std::tie(a.tick, a.rank) < std::tie(b.tick, b.rank);
  });
  std::string body;
  int64_t tick = 0;
  for (const auto& event : events) {
    put_variable(body, event.tick - tick);
    body += event.bytes;
    tick = event.tick;
  }
  body += std::string("\x00\xff\x2f\x00", 4);
  out += "MTrk";
  put(out, body.size(), 4);
  out += body;
}

std::string meta(int kind, std::string_view bytes) {
  std::string out{static_cast<char>(0xff), static_cast<char>(kind), static_cast<char>(bytes.size())};
  return out += bytes;
}

int power_of(int unit) {
  int power = 0;
  while (power < 8 && 1 << power != unit) ++power;
  require(power < 8, "[midi] a meter's unit of {} is no power of two", unit);
  return power;
}

std::vector<Event> conductor(const MidiFile& midi) {
  std::vector<Event> events;
  for (const auto& tempo : midi.tempos) {
    require(tempo.microseconds > 0 && tempo.microseconds < 1 << 24,
            "[midi] a tempo of {} microseconds does not fit", tempo.microseconds);
    std::string bytes;
    put(bytes, static_cast<uint64_t>(tempo.microseconds), 3);
    events.push_back({tempo.tick, 0, meta(0x51, bytes)});
  }
  for (const auto& meter : midi.meters) {
    require(meter.beats > 0 && meter.beats < 256, "[midi] a meter of {} beats does not fit", meter.beats);
    const std::string bytes{static_cast<char>(meter.beats), static_cast<char>(power_of(meter.unit)), 24, 8};
    events.push_back({meter.tick, 0, meta(0x58, bytes)});
  }
  for (const auto& key : midi.keys) {
    require(key.fifths >= -7 && key.fifths <= 7, "[midi] a key of {} fifths does not fit", key.fifths);
    const std::string bytes{static_cast<char>(key.fifths), static_cast<char>(key.minor)};
    events.push_back({key.tick, 0, meta(0x59, bytes)});
  }
  return events;
}

}  // namespace

int64_t MidiFile::length() const {
  int64_t end = 0;
  for (const auto& note : notes) end = std::max(end, note.start + note.length);
  return end;
}

double MidiFile::seconds(int64_t tick) const {
  double total = 0;
  int64_t from = 0, tempo = kDefaultTempo;
  for (const auto& change : tempos) {
    if (change.tick >= tick) break;
    total += static_cast<double>(change.tick - from) * static_cast<double>(tempo);
    from = change.tick;
    tempo = change.microseconds;
  }
  total += static_cast<double>(tick - from) * static_cast<double>(tempo);
  return total / division / 1e6;
}

MidiFile read_midi(std::string_view bytes, const std::string& name) {
  const ByteView view(bytes, name, true);
  if (bytes.substr(0, 4) == "RIFF")
    throw DataError(name, "", "is a RIFF file; only plain MIDI files are read");
  if (bytes.substr(0, 4) != "MThd") throw DataError(name, "", "is no MIDI file");
  const uint32_t header = view.u32(4);
  if (header < 6) throw DataError(name, "offset 4", fmt::format("a header of {} bytes", header));
  view.need(8, header);
  MidiFile midi;
  const uint16_t format = view.u16(8), tracks = view.u16(10), division = view.u16(12);
  if (format > 2) throw DataError(name, "offset 8", fmt::format("format {}, not 0, 1 or 2", format));
  if (division & 0x8000) {
    const int rate = 256 - (division >> 8), ticks = division & 0xff;
    midi.division = rate * ticks / 2;  // half a second
  } else {
    midi.division = division;
  }
  if (midi.division <= 0) throw DataError(name, "offset 12", "a quarter note of 0 ticks");

  uint64_t at = 8 + uint64_t{header};
  int track = 0;
  while (track < tracks) {
    if (at == bytes.size())
      throw DataError(name, fmt::format("offset {}", at),
                      fmt::format("the header tells of {} tracks, the file ends after {}", tracks, track));
    const auto kind = view.text(at, 4);
    const uint64_t length = view.u32(at + 4), begin = at + 8;
    view.need(begin, length);
    if (kind == "MTrk") TrackReader(view, begin, begin + length, name, track++, midi).read();
    at = begin + length;
  }
  std::sort(midi.notes.begin(), midi.notes.end(),
            [](const MidiNote& a, const MidiNote& b) { return order_of(a) < order_of(b); });
  const auto by_tick = [](const auto& a, const auto& b) { return a.tick < b.tick; };
  std::stable_sort(midi.tempos.begin(), midi.tempos.end(), by_tick);
  std::stable_sort(midi.meters.begin(), midi.meters.end(), by_tick);
  std::stable_sort(midi.keys.begin(), midi.keys.end(), by_tick);
  return midi;
}

std::string write_midi(const MidiFile& midi) {
  require(midi.division > 0 && midi.division < 1 << 15, "[midi] a quarter note of {} ticks does not fit",
          midi.division);
  std::map<int, std::vector<Event>> tracks;
  if (midi.notes.empty()) tracks[0];
  for (const auto& note : midi.notes) {
    require(note.start >= 0 && note.length > 0 && note.key >= 0 && note.key < kKeys && note.velocity > 0 &&
                note.velocity < 128 && note.channel >= 0 && note.channel < kChannels,
            "[midi] a note does not fit: start {}, length {}, key {}, velocity {}, channel {}", note.start,
            note.length, note.key, note.velocity, note.channel);
    auto& events = tracks[note.track];
    const auto message = [&](int kind, int velocity) {
      return std::string{static_cast<char>(kind << 4 | note.channel), static_cast<char>(note.key),
                         static_cast<char>(velocity)};
    };
    events.push_back({note.start + note.length, 1, message(0x8, 0)});
    events.push_back({note.start, 2, message(0x9, note.velocity)});
  }
  for (const auto& program : midi.programs)
    tracks.begin()->second.push_back(
        {0, 0, {static_cast<char>(0xc0 | program.channel), static_cast<char>(program.program)}});
  require(tracks.size() < (1 << 16) - 1, "[midi] {} tracks do not fit", tracks.size());
  std::string out = "MThd";
  put(out, 6, 4);
  put(out, 1, 2);
  put(out, tracks.size() + 1, 2);
  put(out, static_cast<uint64_t>(midi.division), 2);
  put_track(out, conductor(midi));
  for (auto& [track, events] : tracks) put_track(out, std::move(events));
  return out;
}

}  // namespace conclave
