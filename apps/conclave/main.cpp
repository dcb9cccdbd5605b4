// The umbrella program: `conclave vqa train ...` is `conclave-vqa train ...`.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "apps/common/app.h"
#include "apps/conclave/launcher.h"
#include "framework/base/error.h"
#include "framework/base/log.h"

namespace conclave {
namespace {

// Asking each program would take a quarter of a second apiece.
constexpr std::pair<std::string_view, const char*> kSummaries[] = {
    {"audio", "Speech and music from text and notes"},
    {"demo", "A few lines of each application's real output"},
    {"history", "Every run: what it was told, what came of it, how to repeat it"},
    {"model", "Published checkpoints: what they hold, and the same numbers"},
    {"scenes", "Box scenes with labelled statements, for training"},
    {"stream", "Learning from data that never ends and changes"},
    {"ultrasound", "Reports on ultrasound pictures (research use only)"},
    {"vqa", "Questions about pictures"},
};

int help() {
  fmt::print(
      "Multimodal mixture-of-experts models: train them, run them, see what their experts do.\n\n"
      "Usage: conclave APPLICATION VERB [options]\n\nApplications:\n");
  for (const auto& app : list_apps()) {
    const auto* known = std::find_if(std::begin(kSummaries), std::end(kSummaries),
                                     [&](const auto& entry) { return entry.first == app; });
    fmt::print("  {:<12} {}\n", app, known == std::end(kSummaries) ? "" : known->second);
  }
  fmt::print(
      "\nconclave APPLICATION --help tells the verbs of one; conclave-APPLICATION is the same program.\n");
  return kExitDone;
}

int launch(const std::vector<std::string>& words) {
  if (words.empty()) {
    log_error("conclave: an application is wanted: {} (see conclave --help)",
              fmt::format("{}", fmt::join(list_apps(), ", ")));
    return kExitUsage;
  }
  const std::string& first = words[0];
  if (first == "--help" || first == "-h" || first == "help") return help();
  if (first == "--version") return fmt::print("conclave {}\n", version()), kExitDone;
  const auto program = find_app(first);
  if (!program) {
    const std::string near = nearest(first, list_apps());
    throw UsageError(fmt::format("no application '{}'{}", first,
                                 near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  }
  exec_app(*program, {words.begin() + 1, words.end()});
}

}  // namespace
}  // namespace conclave

int main(int argc, char** argv) {
  using namespace conclave;
  try {
    return launch({argv + std::min(argc, 1), argv + argc});
  } catch (const UsageError& e) {
    log_error("conclave: {} (see conclave --help)", e.what());
    return kExitUsage;
  } catch (const std::exception& e) {
    log_error("conclave: {}", e.what());
    return kExitFailed;
  }
}
