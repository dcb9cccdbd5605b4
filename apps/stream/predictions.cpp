#include "apps/stream/predictions.h"

#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "framework/base/error.h"
#include "models/stream/io/kafka_sink.h"
#include "models/stream/io/kafka_url.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// A class's name, quoted where CSV asks for it.
std::string csv_word(std::string_view word) {
  if (word.find_first_of(",\"\n") == std::string_view::npos) return std::string(word);
  std::string quoted = "\"";
  for (const char c : word) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

class CsvFile final : public Predictions {
 public:
  CsvFile(const std::string& path, bool with_origin, int64_t keep) : path_(path), with_origin_(with_origin) {
    if (path == "-") {
      file_.reset(stdout);
      file_.get_deleter() = [](std::FILE*) { return 0; };
    } else {
      file_.reset(std::fopen(path.c_str(), "a"));
      require(file_ != nullptr, "{} cannot be written: {}", path, std::strerror(errno));
      // Two runs that go on from one snapshot would write between each other's lines.
      require(::flock(::fileno(file_.get()), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK,
              "{}: another run is writing it", path);
      cut(keep);
    }
    if (keep == 0)
      fmt::print(file_.get(), "row,{}class,prediction\n", with_origin ? "partition,offset," : "");
  }
  void add(const Prediction& p) override {
    fmt::print(file_.get(), "{},", p.row);
    if (with_origin_) fmt::print(file_.get(), "{},{},", p.origin->partition, p.origin->offset);
    fmt::print(file_.get(), "{},{}\n", csv_word(p.label), csv_word(p.prediction));
  }
  int64_t flush() override {
    require(std::fflush(file_.get()) == 0, "{} cannot be written: {}", path_, std::strerror(errno));
    return path_ == "-" ? 0 : std::ftell(file_.get());
  }

 private:
  void cut(int64_t keep) const {
    if (!fs::is_regular_file(path_)) return;  // a pipe, a device
    std::error_code error;
    const auto there = fs::file_size(path_, error);
    require(!error && static_cast<int64_t>(there) >= keep,
            "{}: the predictions that the snapshot knows are not there", path_);
    fs::resize_file(path_, static_cast<uintmax_t>(keep));
  }

  std::string path_;
  bool with_origin_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_{nullptr, &std::fclose};
};

class Topic final : public Predictions {
 public:
  explicit Topic(const std::string& url) : sink_(url) {}
  void add(const Prediction& p) override {
    Json line;
    std::string key;
    if (p.origin) {
      key = fmt::format("{}/{}", p.origin->partition, p.origin->offset);
      line = {{"partition", p.origin->partition}, {"offset", p.origin->offset}};
    } else {
      key = std::to_string(p.row);
      line = {{"row", p.row}};
    }
    if (!p.label.empty()) line["class"] = p.label;
    line["prediction"] = p.prediction;
    sink_.add(key, line.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  int64_t flush() override {
    sink_.flush();
    return 0;
  }

 private:
  stream::KafkaSink sink_;
};

}  // namespace

std::unique_ptr<Predictions> open_predictions(const std::string& where, bool with_origin, int64_t keep) {
  if (stream::is_kafka(where)) return std::make_unique<Topic>(where);
  return std::make_unique<CsvFile>(where, with_origin, keep);
}

}  // namespace conclave
