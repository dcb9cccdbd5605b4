#include "apps/stream/control.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <charconv>
#include <chrono>

#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "models/stream/generators/concept_drift.h"

namespace conclave {
namespace {

constexpr int kStandMs = 50;           // between two looks at the signals
constexpr double kLongestSleep = 0.1;  // seconds; commands are heard in between
constexpr size_t kMostCommand = 4096;  // bytes of a line
constexpr int64_t kMostLedDrift = 7;   // attributes

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::optional<int64_t> number(const std::string& word) {
  int64_t value = 0;
  const auto end = word.data() + word.size();
  const auto [at, error] = std::from_chars(word.data(), end, value);
  return error == std::errc() && at == end && value >= 0 ? std::optional(value) : std::nullopt;
}

// The concept that is in force: lists are at their last value.
Json last_concept(const Json& config) {
  if (const auto concepts = config.find("concepts"); concepts != config.end() && !concepts->empty())
    return concepts->back();
  Json last = Json::object();
  for (const auto& [key, value] : config.items())
    if (key != "positions" && key != "width" && key != "ramp")
      last[key] = value.is_array() ? value.back() : value;
  return last;
}

}  // namespace

ControlledSource::ControlledSource(stream::SourcePtr source, Json generator, int64_t every, Hooks hooks,
                                   int input)
    : source_(std::move(source)),
      generator_(std::move(generator)),
      every_(every),
      hooks_(std::move(hooks)),
      input_(input) {}

size_t ControlledSource::read(stream::RowBlock& block, size_t most) {
  take_commands(0);
  while (stands_ && input_ >= 0 && !interrupted()) {
    if (!std::exchange(told_, true)) hooks_.stands();
    take_commands(kStandMs);
  }
  if (interrupted()) {
    block.clear();
    return 0;
  }
  told_ = false;
  if (stand_at_ > 0) most = std::min(most, static_cast<size_t>(stand_at_ - rows_));
  if (speed_ > 0) most = std::min(most, std::max<size_t>(1, static_cast<size_t>(speed_ * kLongestSleep)));
  const size_t got = source_->read(block, most);
  rows_ += static_cast<int64_t>(got);
  if (stand_at_ > 0 && rows_ >= stand_at_) stands_ = true, stand_at_ = 0;
  keep_speed();
  return got;
}

void ControlledSource::keep_speed() {
  if (speed_ <= 0) return;
  while (!stands_ && speed_ > 0 && !interrupted()) {
    const double due = speed_begin_s_ + static_cast<double>(rows_ - speed_rows_) / speed_;
    const double left = due - now_s();
    if (left <= 0) return;
    take_commands(static_cast<int>(1000 * std::min(left, kLongestSleep)) + 1);
    if (input_ < 0) speed_ = 0;
  }
}

void ControlledSource::take_commands(int wait_ms) {
  while (input_ >= 0) {
    pollfd waiting{input_, POLLIN, 0};
    if (::poll(&waiting, 1, wait_ms) <= 0) return;
    char bytes[1024];
    const ssize_t got = ::read(input_, bytes, sizeof bytes);
    if (got <= 0) {
      input_ = -1;
      return;
    }
    part_.append(bytes, static_cast<size_t>(got));
    for (size_t end = part_.find('\n'); end != std::string::npos; end = part_.find('\n')) {
      const std::string line = part_.substr(0, end);
      part_.erase(0, end + 1);
      take(line);
    }
    if (part_.size() > kMostCommand) {
      hooks_.not_taken("a command without an end");
      part_.clear();
    }
    wait_ms = 0;
  }
}

void ControlledSource::take(const std::string& line) {
  const size_t first = line.find_first_not_of(" \t\r"), last = line.find_last_not_of(" \t\r");
  if (first == std::string::npos) return;
  const std::string text = line.substr(first, last - first + 1), verb = text.substr(0, text.find(' '));
  const std::string word = verb.size() == text.size() ? "" : text.substr(text.find_last_of(' ') + 1);
  try {
    const auto count = number(word);
    require<UsageError>(word.empty() || count, "'{}' is no whole number from 0", word);
    if (verb == "pause" && word.empty()) {
      stands_ = true;
    } else if (verb == "go" && word.empty()) {
      stands_ = false;
      stand_at_ = 0;
    } else if (verb == "step") {
      const int64_t rows = count.value_or(every_ - rows_ % every_);
      require<UsageError>(rows > 0, "a step of no row");
      stands_ = false;
      stand_at_ = rows_ + rows;
    } else if (verb == "speed" && count) {
      speed_ = static_cast<double>(*count);
      speed_begin_s_ = now_s();
      speed_rows_ = rows_;
    } else if (verb == "trees" && word.empty()) {
      hooks_.trees();
    } else if (verb == "drift") {
      drift(word);
    } else {
      throw UsageError(fmt::format("commands are: {}", kControlHelp));
    }
  } catch (const Error& e) {
    hooks_.not_taken(fmt::format("{}: {}", text.substr(0, 100), e.what()));
  }
}

void ControlledSource::drift(const std::string& word) {
  auto* generator = dynamic_cast<stream::Generator*>(source_.get());
  require<UsageError>(generator && generator_.is_object(),
                      "only a generated stream (--generator) can be told to drift");
  Json next = last_concept(generator_);
  const auto name = next.value("generator", "");
  std::string what;
  if (const int functions = stream::function_count(name); functions > 0) {
    const int before = next.value("function", 1);
    const auto asked =
        word.empty() ? before % functions + 1 : static_cast<int>(std::min<int64_t>(*number(word), 1000));
    next["function"] = asked;
    what = fmt::format("function {}", asked);
  } else {
    require<UsageError>(word.empty(), "{} has no functions; drift alone gives a new concept", name);
    require<UsageError>(name != "led", "led stays as it is: take led-drift");
    const std::string key = name == "led-drift"    ? "drift_attributes"
                            : name == "hyperplane" ? "seed"
                                                   : "model_seed";
    const int64_t before = next.value(key, int64_t{name == "led-drift" ? 0 : 1});
    next[key] = before % (name == "led-drift" ? kMostLedDrift : INT32_MAX) + 1;
    what = fmt::format("{} {}", key, next[key].get<int64_t>());
  }
  if (name != "hyperplane")
    next["seed"] = next.value("seed", int64_t{1}) + 1;  // rows go on, they do not begin again
  auto after = stream::make_generator(next);
  const double width = std::max(1.0, generator_.value("width", 1.0));
  stream::GeneratorPtr current(static_cast<stream::Generator*>(source_.release()));
  source_ = stream::make_concept_drift(std::move(current), std::move(after), width, width);
  next["width"] = width;
  generator_ = next;
  hooks_.changed(fmt::format("drift asked for: {}", what));
}

}  // namespace conclave
