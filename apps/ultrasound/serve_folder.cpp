// conclave-ultrasound serve-folder: drafts for what a scanner or archive drops into a folder.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <thread>

#include "apps/common/app.h"
#include "apps/ultrasound/drafter.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/sha256.h"
#include "framework/base/signals.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;

/// Sizes and times of everything below an entry, as one word: it changes while something is written.
std::string state_of(const fs::path& entry) {
  std::vector<std::string> parts;
  const auto add = [&](const fs::directory_entry& file) {
    std::error_code gone;
    const auto size = file.file_size(gone);
    const auto time = file.last_write_time(gone).time_since_epoch().count();
    if (!gone) parts.push_back(fmt::format("{}|{}|{}", file.path().string(), size, time));
  };
  std::error_code gone;
  if (fs::is_directory(entry, gone)) {
    for (fs::recursive_directory_iterator file(entry, gone), end; !gone && file != end; file.increment(gone))
      if (file->is_regular_file(gone)) add(*file);
  } else {
    add(fs::directory_entry(entry, gone));
  }
  std::sort(parts.begin(), parts.end());
  return parts.empty() ? "" : sha256(fmt::format("{}", fmt::join(parts, "\n")));
}

class ServeFolderVerb : public Verb {
 public:
  std::string name() const override { return "serve-folder"; }
  std::string summary() const override {
    return "Watch a folder and draft a report for every file or study that arrives";
  }
  std::string examples() const override {
    return "  storescp --fork --sort-on-study-uid study -od incoming 11112 &\n"
           "  conclave-ultrasound serve-folder incoming -o drafts --format json,pdf,sr";
  }
  void declare(Options& options) override {
    options.positional("FOLDER", folder_, "Watched: each file in it, and each folder in it as a whole")
        .required()
        .existing();
    options.add("findings", findings_, "Findings as JSON for everything, instead of a model's; for trying it")
        .existing();
    options.add("settle", settle_, "Seconds that an arrival must have stayed as it is").range(0, 3600);
    options.add("once", once_, "Take what has settled and end, instead of watching");
    drafter_.declare(options);
  }
  int run(Invocation& call) override {
    require<UsageError>(fs::is_directory(folder_), "{}: is no folder", folder_.string());
    require<UsageError>(!fs::weakly_canonical(drafter_.out())
                                .string()
                                .starts_with(fs::weakly_canonical(folder_).string() + "/") &&
                            fs::weakly_canonical(drafter_.out()) != fs::weakly_canonical(folder_),
                        "--out {}: lies in the watched folder", drafter_.out().string());
    drafter_.open(call.common(), findings_);
    fs::create_directories(drafter_.out());
    // What was served, by its state: a restart goes on, and a study that grew is drafted anew.
    const fs::path record = drafter_.out() / "served.jsonl";
    auto done = resume_lines(record, "served");
    JsonLines served(record, "served");
    call.begin();
    if (!once_) log_info("watching {}; Ctrl-C ends", folder_.string());
    const Clock::time_point begin = Clock::now();
    do {
      for (const auto& [entry, state] : settled()) {
        const std::string id = entry.filename().string() + "#" + state;
        if (!done.insert(id).second) continue;
        serve(call, served, entry, id);
      }
      if (once_ && all_settled() && Clock::now() - begin >= settle_time()) break;
      for (int i = 0; i < 5 && !interrupted(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    } while (!interrupted());
    return failed_ > 0 ? kExitFailed : kExitDone;
  }

 private:
  struct Seen {
    std::string state;
    Clock::time_point since;
  };

  Clock::duration settle_time() const {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settle_));
  }

  bool all_settled() const {
    return std::all_of(seen_.begin(), seen_.end(),
                       [&](const auto& each) { return Clock::now() - each.second.since >= settle_time(); });
  }

  std::vector<std::pair<fs::path, std::string>> settled() {
    std::vector<std::pair<fs::path, std::string>> ready;
    std::map<fs::path, Seen> now;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      if (entry.path().filename().string().starts_with(".")) continue;  // of a writer that renames at the end
      const std::string state = state_of(entry.path());
      if (state.empty()) continue;
      const auto before = seen_.find(entry.path());
      const bool same = before != seen_.end() && before->second.state == state;
      now[entry.path()] = {state, same ? before->second.since : Clock::now()};
      if (Clock::now() - now[entry.path()].since >= settle_time()) ready.emplace_back(entry.path(), state);
    }
    seen_ = std::move(now);
    std::sort(ready.begin(), ready.end());
    return ready;
  }

  void serve(Invocation& call, JsonLines& served, const fs::path& entry, const std::string& id) {
    try {
      for (const auto& input : find_studies(entry)) {
        const Json line = drafter_.draft(input);
        call.json() ? call.out().write(line)
                    : log_info("{} -> {}", entry.string(), line["files"]["json"].get<std::string>());
      }
      served.write({{"served", id}});
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& wrong) {
      // Kept in the record as an error: tried again after a restart, not before.
      ++failed_;
      Json line = error_line(id, wrong);
      line.erase("id");
      Json kept = {{"served", id}};
      kept.update(line);
      served.write(kept);
      call.json() ? call.out().write(error_line(entry.string(), wrong)) : log_error("{}", wrong.what());
    }
  }

  fs::path folder_, findings_;
  double settle_ = 5;
  bool once_ = false;
  Drafter drafter_;
  std::map<fs::path, Seen> seen_;
  int64_t failed_ = 0;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_serve_folder_verb() {
  return std::make_unique<ServeFolderVerb>();
}

}  // namespace conclave
