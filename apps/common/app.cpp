#include "apps/common/app.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string_view>
#include <thread>

#include "apps/common/manual.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"

namespace conclave {
namespace {

void declare_common(Options& options, CommonOptions& common, const Verb& verb) {
  const std::string group = "Common options";
  options.add("json", common.json, "Print JSON lines on stdout").flag_only().group(group);
  if (verb.computes()) {
    options.add("seed", common.seed, "Seed of all random streams").shared().group(group);
    options.add("device", common.device, "cpu, cuda, cuda:N or auto").shared().group(group);
    options.add("threads", common.threads, "CPU threads; 0 for all cores")
        .range(0, 4096)
        .shared()
        .group(group);
    options.add("dtype", common.dtype, "Number format of weights and activations")
        .choices({"auto", "float32", "bfloat16"})
        .shared()
        .group(group);
  }
  options.add("dry-run", common.dry_run, "Check what can be checked, do nothing").flag_only().group(group);
  options.add("quiet", common.quiet, "Warnings and errors alone on stderr").shared().group(group);
  options.add("history", common.history, "History database").shared().group(group);
  if (verb.recorded()) {
    options.add("no-history", common.no_history, "Leave this run out of the history").shared().group(group);
    options.add("run-name", common.run_name, "Name of this run in the history").flag_only().group(group);
    options.add("experiment", common.experiment, "Experiment that this run belongs to").shared().group(group);
  }
  options.add("config", common.config, "Project file, instead of conclave.toml here or above")
      .existing()
      .flag_only()
      .group(group);
}

void check_device(const std::string& device) {
  const bool numbered =
      device.starts_with("cuda:") && device.size() > 5 && device.size() < 9 &&
      std::all_of(device.begin() + 5, device.end(), [](char c) { return c >= '0' && c <= '9'; });
  require<UsageError>(device == "cpu" || device == "cuda" || device == "auto" || numbered,
                      "--device: '{}' is none of: cpu, cuda, cuda:N, auto", device);
}

Json config_json(const std::string& verb, const std::vector<ResolvedOption>& options) {
  Json lines = Json::array();
  for (const auto& option : options)
    lines.push_back({{"verb", verb},
                     {"name", option.name},
                     {"value", option.value},
                     {"layer", layer_name(option.layer)},
                     {"origin", option.origin}});
  return lines;
}

std::string source_text(const ResolvedOption& option) {
  return option.origin.empty() ? std::string(layer_name(option.layer))
                               : fmt::format("{} ({})", layer_name(option.layer), option.origin);
}

void print_config(const std::string& verb, const std::vector<ResolvedOption>& options, bool json,
                  JsonLines& out) {
  if (json) {
    for (const Json& line : config_json(verb, options)) out.write(line);
    return;
  }
  fmt::print("{}\n", verb);
  for (const auto& option : options)
    fmt::print("  {:<24} {:<28} {}\n", option.name, option.value.dump(), source_text(option));
}

// A broken settings file is a wrong configuration, not a failed run.
Settings load_settings(const std::string& project) {
  try {
    return Settings::load(project);
  } catch (const DataError& e) {
    throw UsageError(e.what());
  }
}

// Keys of the files that no verb knows are typing errors: said, not skipped.
void check_keys(const Settings& settings, const std::string& app, const Verbs& verbs) {
  for (const Setting& setting : settings.in_files(app + ".")) {
    const std::string rest = setting.key.substr(app.size() + 1);
    const size_t dot = rest.find('.');
    const std::string verb_name = dot == std::string::npos ? "" : rest.substr(0, dot);
    const std::string name = dot == std::string::npos ? rest : rest.substr(dot + 1);
    if (name.find('.') != std::string::npos) continue;  // a table that a verb reads by itself
    std::vector<std::string> known;
    bool found = false;
    for (const auto& verb : verbs) {
      if (!verb_name.empty() && verb->name() != verb_name) continue;
      Options options;
      CommonOptions common;
      declare_common(options, common, *verb);
      verb->declare(options);
      found = found || options.has_key(name);
      for (const auto& option : options.names()) known.push_back(setting_key(option));
    }
    const std::string near = nearest(name, known);
    require<UsageError>(found, "{}: unknown key '{}'{}", setting.origin, setting.key,
                        near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
  }
}

// One line: LibTorch's messages go on with a stack trace.
std::string first_line(const char* text) {
  const std::string_view all(text);
  return std::string(all.substr(0, all.find('\n')));
}

// Options that say nothing about the result.
bool is_housekeeping(const std::string& name) {
  for (const char* known :
       {"json", "quiet", "dry-run", "no-history", "history", "run-name", "experiment", "config"})
    if (name == known) return true;
  return false;
}

class Program {
 public:
  Program(const AppInfo& info, Verbs verbs)
      : info_(info), program_("conclave-" + info.name), verbs_(std::move(verbs)) {}

  int run(std::vector<std::string> words) {
    constexpr std::string_view kAsks[] = {"--help", "-h", "--version", "--describe", "--man", "--completion"};
    const bool asks =
        !words.empty() && std::find(std::begin(kAsks), std::end(kAsks), words[0]) != std::end(kAsks);
    if (!info_.default_verb.empty() && !asks && (words.empty() || words[0].starts_with("-")))
      words.insert(words.begin(), info_.default_verb);
    if (words.empty()) {
      log_error("{}: a verb is wanted: {} (see {} --help)", program_, verb_list(), program_);
      return kExitUsage;
    }
    if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") return help();
    if (words[0] == "--version") return fmt::print("{} {}\n", program_, version()), kExitDone;
    if (words[0] == "--describe") return JsonLines().write(about()), kExitDone;
    if (words[0] == "--man") return fmt::print("{}", man_page(about())), kExitDone;
    if (words[0] == "--completion") return fmt::print("{}", bash_completion(about())), kExitDone;
    if (words.size() >= 2 && words[0] == "inspect" && words[1] == "config")
      return inspect_config({words.begin() + 2, words.end()});
    Verb& verb = find(words[0]);
    context_ = " " + verb.name();
    return call(verb, {words.begin() + 1, words.end()}, false);
  }

  /// "conclave-vqa train", for messages.
  std::string context() const { return program_ + context_; }

 private:
  std::string verb_list() const {
    std::vector<std::string> names;
    for (const auto& verb : verbs_) names.push_back(verb->name());
    return fmt::format("{}", fmt::join(names, ", "));
  }

  Verb& find(const std::string& name) const {
    std::vector<std::string> names;
    for (const auto& verb : verbs_) {
      if (verb->name() == name) return *verb;
      names.push_back(verb->name());
    }
    const std::string near = nearest(name, names);
    throw UsageError(fmt::format("unknown verb '{}'; {}", name,
                                 near.empty() ? "there are: " + verb_list() : "did you mean " + near + "?"));
  }

  int help() const {
    fmt::print("{}\n\nUsage: {} VERB [options]\n\nVerbs:\n", info_.summary, program_);
    for (const auto& verb : verbs_) fmt::print("  {:<16} {}\n", verb->name(), verb->summary());
    fmt::print("  {:<16} {}\n", "inspect config", "Each setting of each verb, with where it came from");
    fmt::print(
        "\n{0} VERB --help tells the options of a verb, {0} VERB --describe the same as JSON.\n"
        "{0} --man prints a man page of all, {0} --completion what bash completes.\n"
        "Exit codes: 0 done, 1 failed, 2 usage or configuration, 130 interrupted.\n",
        program_);
    return kExitDone;
  }

  Json describe(Verb& verb) const {
    Options options;
    CommonOptions common;
    verb.declare(options);
    declare_common(options, common, verb);
    return {{"app", info_.name},
            {"verb", verb.name()},
            {"summary", verb.summary()},
            {"examples", verb.examples()},
            {"options", options.describe()}};
  }

  Json about() const {
    Json all{
        {"app", info_.name}, {"summary", info_.summary}, {"version", version()}, {"verbs", Json::array()}};
    for (const auto& verb : verbs_) all["verbs"].push_back(describe(*verb));
    return all;
  }

  int inspect_config(const std::vector<std::string>& words) {
    if (!words.empty() && !words[0].starts_with("-"))
      return call(find(words[0]), {words.begin() + 1, words.end()}, true);
    for (const auto& verb : verbs_)
      if (const int code = call(*verb, words, true)) return code;
    return kExitDone;
  }

  int call(Verb& verb, const std::vector<std::string>& words, bool config_only) {
    if (std::find(words.begin(), words.end(), "--describe") != words.end()) {
      JsonLines().write(describe(verb));
      return kExitDone;
    }
    Options options;
    CommonOptions common;
    verb.declare(options);
    declare_common(options, common, verb);
    if (!options.parse(context(), verb.summary(), verb.examples(), words)) return kExitDone;

    const Json config = options.given("config");
    Settings settings = load_settings(config.is_null() ? "" : config.get<std::string>());
    check_keys(settings, info_.name, verbs_);
    auto resolved = options.resolve(settings, info_.name, verb.name(), config_only);
    check_device(common.device);
    set_quiet(common.quiet);

    if (config_only) {
      JsonLines out;
      print_config(verb.name(), resolved, common.json, out);
      return kExitDone;
    }
    install_signal_handlers();
    const bool recorded = verb.recorded() && !common.no_history && !common.dry_run;
    const auto start = [this, recorded, &verb, &words, common, resolved] {
      return recorded ? start_history(verb, words, common, resolved) : std::make_unique<RunWriter>();
    };
    Invocation invocation(common, std::move(settings), std::move(resolved), start);
    return common.dry_run ? verb.dry_run(invocation) : run_recorded(verb, invocation);
  }

  std::unique_ptr<RunWriter> start_history(const Verb& verb, const std::vector<std::string>& words,
                                           const CommonOptions& common,
                                           const std::vector<ResolvedOption>& options) const {
    RunInfo info{info_.name, verb.name()};
    info.argv = {program_, verb.name()};
    info.argv.insert(info.argv.end(), words.begin(), words.end());
    info.version = version();
    info.commit = build_commit();
    info.seed = common.seed;
    info.name = common.run_name;
    info.experiment = common.experiment;
    auto history = std::make_unique<RunWriter>(common.history_path(), info);
    std::vector<RunParam> params;
    for (const auto& option : options)
      if (!is_housekeeping(option.name)) params.push_back({option.name, option.value, source_text(option)});
    history->params(params);
    return history;
  }

  // Runs the verb and says in the history how it ended, where it began.
  static int run_recorded(Verb& verb, Invocation& invocation) {
    const auto failed = [&](const char* status, int code, const std::string& message) {
      if (invocation.begun()) invocation.history().finish(status, code, message);
    };
    try {
      int code = verb.run(invocation);
      if (interrupted()) code = kExitInterrupted;
      invocation.history().finish(code == kExitDone          ? "finished"
                                  : code == kExitInterrupted ? "cancelled"
                                                             : "failed",
                                  code);
      return code;
    } catch (const Interrupted& e) {
      failed("cancelled", kExitInterrupted, e.what());
      throw;
    } catch (const UsageError& e) {
      failed("failed", kExitUsage, first_line(e.what()));
      throw;
    } catch (const std::exception& e) {
      failed("failed", kExitFailed, first_line(e.what()));
      throw;
    }
  }

  const AppInfo info_;
  const std::string program_;
  const Verbs verbs_;
  std::string context_;
};

}  // namespace

int CommonOptions::thread_count() const {
  return threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

std::filesystem::path CommonOptions::history_path() const {
  return history.empty() ? Store::default_path() : history;
}

int Verb::dry_run(Invocation& call) {
  print_config(name(), call.options(), call.json(), call.out());
  return kExitDone;
}

std::string version() {
  return CONCLAVE_VERSION;
}

int run_app(int argc, char** argv, const AppInfo& info, Verbs verbs) {
  Program program(info, std::move(verbs));
  try {
    const int code = program.run({argv + std::min(argc, 1), argv + argc});
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
      log_error("{}: stdout cannot be written", program.context());
      return kExitFailed;
    }
    return code;
  } catch (const UsageError& e) {
    log_error("{}: {} (see {} --help)", program.context(), first_line(e.what()), program.context());
    return kExitUsage;
  } catch (const Interrupted& e) {
    log_warning("{}: {}", program.context(), e.what());
    return kExitInterrupted;
  } catch (const std::bad_alloc&) {
    log_error("{}: out of memory", program.context());
    return kExitFailed;
  } catch (const std::filesystem::filesystem_error& e) {
    log_error("{}: {}: {}", program.context(), e.path1().string(), e.code().message());
    return kExitFailed;
  } catch (const std::exception& e) {
    log_error("{}: {}", program.context(), first_line(e.what()));
    log_debug("{}", e.what());
    return kExitFailed;
  }
}

}  // namespace conclave
