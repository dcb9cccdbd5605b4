#include "framework/base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "framework/base/terminal.h"

namespace conclave {
namespace {

constexpr spdlog::level::level_enum kLevel[] = {spdlog::level::debug, spdlog::level::info,
                                                spdlog::level::warn, spdlog::level::err};

// Goes through print_stderr, so that a message never lands in the middle of a progress bar.
class StderrSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string_view text(message.payload.data(), message.payload.size());
    switch (message.level) {
      case spdlog::level::debug:
        return print_stderr(paint("2", "debug: ").append(text));
      case spdlog::level::warn:
        return print_stderr(paint("33", "warning: ").append(text));
      case spdlog::level::err:
        return print_stderr(paint("31", "error: ").append(text));
      default:
        return print_stderr(text);
    }
  }
  void flush_() override {}
  static std::string paint(const char* color, const char* label) {
    return stderr_has_color() ? fmt::format("\x1b[{}m{}\x1b[0m", color, label) : label;
  }
};

LogLevel first_level() {
  const char* named = std::getenv("CONCLAVE_LOG");
  const std::string_view name = named ? named : "";
  return name == "debug"     ? LogLevel::debug
         : name == "warning" ? LogLevel::warning
         : name == "error"   ? LogLevel::error
                             : LogLevel::info;
}

// Never destroyed, like the stderr it writes to.
spdlog::logger& logger() {
  static auto* instance = [] {
    auto* made = new spdlog::logger("conclave", std::make_shared<StderrSink>());
    made->set_level(kLevel[static_cast<int>(first_level())]);
    return made;
  }();
  return *instance;
}

}  // namespace

void set_log_level(LogLevel level) {
  logger().set_level(kLevel[static_cast<int>(level)]);
}

LogLevel log_level() {
  const auto level = logger().level();
  return level <= spdlog::level::debug  ? LogLevel::debug
         : level == spdlog::level::info ? LogLevel::info
         : level == spdlog::level::warn ? LogLevel::warning
                                        : LogLevel::error;
}

void set_quiet(bool quiet) {
  set_log_level(quiet ? LogLevel::warning : first_level());
}

bool quiet() {
  return log_level() >= LogLevel::warning;
}

void log_message(LogLevel level, std::string_view message) {
  logger().log(kLevel[static_cast<int>(level)], spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace conclave
