// TensorBoard's event files: framed records (length, its sum, data, its sum), each an Event in
// protocol-buffer wire format. Written and read by hand: six fields of four messages.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/crc32c.h"
#include "framework/history/exchange/foreign_run.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kLargestRecord = uint64_t{1} << 28;
constexpr int kFloat = 1, kDouble = 2, kInt32 = 3, kString = 7, kInt64 = 9;  // TensorFlow's data types

uint32_t masked(std::string_view bytes) {
  const uint32_t sum = crc32c(bytes);
  return ((sum >> 15) | (sum << 17)) + 0xa282ead8u;
}

template <class T>
std::string raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

// The writing side of the wire format.
std::string varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string field(int number, std::string_view bytes) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}
std::string field_varint(int number, uint64_t value) {
  return varint(static_cast<uint64_t>(number) << 3) + varint(value);
}
std::string field_double(int number, double value) {
  return varint(static_cast<uint64_t>(number) << 3 | 1) + raw(value);
}
std::string field_float(int number, float value) {
  return varint(static_cast<uint64_t>(number) << 3 | 5) + raw(value);
}

std::string framed(const std::string& event) {
  const std::string length = raw(static_cast<uint64_t>(event.size()));
  return length + raw(masked(length)) + event + raw(masked(event));
}
std::string event(double time, int64_t step, const std::string& rest) {
  return framed(field_double(1, time) + field_varint(2, static_cast<uint64_t>(step)) + rest);
}

// The reading side: fields one after the other; false at the end, DataError when they run over it.
class Fields {
 public:
  Fields(std::string_view bytes, const std::string& file) : bytes_(bytes), file_(file) {}
  int number = 0, kind = 0;
  uint64_t value = 0;      // kinds 0, 1, 5
  std::string_view bytes;  // kind 2

  bool next() {
    if (bytes_.empty()) return false;
    const uint64_t tag = take_varint();
    number = static_cast<int>(tag >> 3);
    kind = static_cast<int>(tag & 7);
    switch (kind) {
      case 0:
        value = take_varint();
        return true;
      case 1:
      case 5: {
        const size_t size = kind == 1 ? 8 : 4;
        value = 0;
        std::memcpy(&value, take(size).data(), size);
        return true;
      }
      case 2:
        bytes = take(take_varint());
        return true;
      default:
        throw DataError(file_, "", fmt::format("an event with a field of unknown kind {}", kind));
    }
  }
  double real() const { return std::bit_cast<double>(value); }
  float real32() const { return std::bit_cast<float>(static_cast<uint32_t>(value)); }

 private:
  std::string_view take(uint64_t n) {
    if (n > bytes_.size()) throw DataError(file_, "", "an event's field is longer than the event");
    const std::string_view part = bytes_.substr(0, n);
    bytes_.remove_prefix(n);
    return part;
  }
  uint64_t take_varint() {
    uint64_t all = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<uint8_t>(take(1)[0]);
      all |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return all;
    }
    throw DataError(file_, "", "an event's number does not end");
  }
  std::string_view bytes_;
  const std::string& file_;
};

// A tensor of one number, as newer writers keep scalars.
std::optional<double> scalar(std::string_view tensor, const std::string& file) {
  int type = 0;
  std::vector<double> values;
  std::string_view content;
  for (Fields f(tensor, file); f.next();) {
    if (f.number == 1 && f.kind == 0) type = static_cast<int>(f.value);
    if (f.number == 4 && f.kind == 2) content = f.bytes;
    if (f.kind == 2 && f.number == 5 && f.bytes.size() == 4) {  // packed
      float one;
      std::memcpy(&one, f.bytes.data(), 4);
      values.push_back(one);
    } else if (f.kind == 2 && f.number == 6 && f.bytes.size() == 8) {
      double one;
      std::memcpy(&one, f.bytes.data(), 8);
      values.push_back(one);
    } else if (f.kind == 5 && f.number == 5) {
      values.push_back(f.real32());
    } else if (f.kind == 1 && f.number == 6) {
      values.push_back(f.real());
    }
  }
  const auto whole = [&]<class T>(T one) {
    if (content.size() != sizeof one) return std::optional<double>();
    std::memcpy(&one, content.data(), sizeof one);
    return std::optional(static_cast<double>(one));
  };
  if (values.size() == 1 && (type == kFloat || type == kDouble)) return values[0];
  return type == kFloat    ? whole(float{})
         : type == kDouble ? whole(double{})
         : type == kInt32  ? whole(int32_t{})
         : type == kInt64  ? whole(int64_t{})
                           : std::nullopt;
}

struct Point {
  double time;
  int64_t step;
};

void read_value(std::string_view bytes, const std::string& file, const Point& at, double begin,
                Curves& curves) {
  std::string tag;
  std::optional<double> value;
  for (Fields f(bytes, file); f.next();) {
    if (f.number == 1 && f.kind == 2) tag = std::string(f.bytes);
    if (f.number == 2 && f.kind == 5) value = f.real32();
    if (f.number == 8 && f.kind == 2) value = scalar(f.bytes, file);
  }
  if (!value || tag.empty()) return;
  Series& series = curves[tag];
  series.steps.push_back(at.step);
  series.seconds.push_back(static_cast<float>(at.time - begin));
  series.values.push_back(*value);
}

// One file's events in `run`; its first event sets the time when none has yet.
void read_events(const fs::path& path, ForeignRun& run, double& begin, double& end) {
  const std::string file = path.string();
  std::ifstream in(path, std::ios::binary);
  if (!in) throw DataError(file, "", "cannot be read");
  const uint64_t size = fs::file_size(path);
  std::string data;
  for (uint64_t place = 0; place + 16 <= size;) {
    char head[12];
    if (!in.read(head, 12)) return;
    uint64_t length;
    uint32_t sum;
    std::memcpy(&length, head, 8);
    std::memcpy(&sum, head + 8, 4);
    if (sum != masked({head, 8}) || length > kLargestRecord) {
      if (place == 0) throw DataError(file, "", "is not an event file");
      log_warning("{}: offset {}: a record that is none; the rest is left out", file, place);
      return;
    }
    if (length + 16 > size - place) return;  // still being written
    data.resize(length);
    in.read(data.data(), static_cast<std::streamsize>(length));
    in.read(head, 4);
    std::memcpy(&sum, head, 4);
    if (!in || sum != masked(data)) {
      log_warning("{}: offset {}: a record whose sum is wrong; the rest is left out", file, place);
      return;
    }
    place += length + 16;
    Point at{0, 0};
    std::vector<std::string_view> summaries;
    for (Fields f(data, file); f.next();) {
      if (f.number == 1 && f.kind == 1) at.time = f.real();
      if (f.number == 2 && f.kind == 0) at.step = static_cast<int64_t>(f.value);
      if (f.number == 5 && f.kind == 2) summaries.push_back(f.bytes);
    }
    if (!std::isfinite(at.time) || std::abs(at.time) > 1e11) at.time = begin;
    if (begin == 0) begin = at.time;
    end = std::max(end, at.time);
    for (const auto& summary : summaries)
      for (Fields f(summary, file); f.next();)
        if (f.number == 1 && f.kind == 2) read_value(f.bytes, file, at, begin, run.curves);
  }
}

bool is_event_file(const fs::path& path) {
  return path.filename().string().find("tfevents") != std::string::npos;
}

std::string folder_name(const RunDetail& run) {
  std::string name =
      run.name.empty() ? fmt::format("{}-{}", run.app, run.id) : fmt::format("{}-{}", run.name, run.id);
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_' && c != '.') c = '_';
  return name;
}

}  // namespace

void export_tensorboard(const Store& store, int64_t id, const fs::path& folder) {
  const RunDetail run = store.show(id);
  const fs::path place = folder / folder_name(run);
  const double begin = static_cast<double>(run.started_ms) / 1000;
  AtomicFile out(place / fmt::format("events.out.tfevents.{}.conclave", run.started_ms / 1000));
  out.write(event(begin, 0, field(3, "brain.Event:2")));
  if (!run.params.empty()) {
    std::string table = "| parameter | value |\n|---|---|\n";
    for (const auto& param : run.params)
      table += fmt::format("| {} | {} |\n", param.key,
                           param.value.dump(-1, ' ', false, Json::error_handler_t::replace));
    const std::string tensor = field_varint(1, kString) + field(2, "") + field(8, table);
    const std::string value =
        field(1, "parameters/text_summary") + field(9, field(1, field(1, "text"))) + field(8, tensor);
    out.write(event(begin, 0, field(5, field(1, value))));
  }
  for (const auto& metric : run.metrics) {
    const Series series = store.series(id, metric.name);
    std::string bytes;
    for (size_t i = 0; i < series.size(); ++i) {
      const std::string value = field(1, metric.name) + field_float(2, static_cast<float>(series.values[i]));
      bytes +=
          event(begin + static_cast<double>(series.seconds[i]), series.steps[i], field(5, field(1, value)));
    }
    out.write(bytes);
  }
  out.commit();
}

ImportResult import_tensorboard(Store& store, const fs::path& folder) {
  std::map<fs::path, std::vector<fs::path>> folders;
  if (fs::is_regular_file(folder))
    folders[folder.parent_path()].push_back(folder);
  else
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.is_regular_file() && is_event_file(entry.path()))
        folders[entry.path().parent_path()].push_back(entry.path());
  if (folders.empty()) throw DataError(folder.string(), "", "no event files (*tfevents*) lie here");
  ImportResult result;
  for (auto& [place, files] : folders) {
    std::sort(files.begin(), files.end());  // their names begin with the time
    ForeignRun run{.app = "tensorboard",
                   .name = fs::absolute(place).filename().string(),
                   .source = fs::absolute(place).string()};
    double begin = 0, end = 0;
    for (const auto& file : files) read_events(file, run, begin, end);
    run.origin = fmt::format("{} {}", files[0].filename().string(), begin);
    run.started_ms = static_cast<int64_t>(1000 * begin);
    run.finished_ms = static_cast<int64_t>(1000 * std::max(begin, end));
    take_in(store, run, result);
  }
  return result;
}

}  // namespace conclave
