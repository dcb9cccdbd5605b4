// conclave-ultrasound edit, sign, verify: what becomes of a draft.
#include <fmt/format.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/ultrasound/report_files.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/sha256.h"
#include "models/ultrasound/report/audit.h"
#include "models/ultrasound/report/draft.h"
#include "models/ultrasound/report/life.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// Reads a report as it was left, changes and keeps it, with the folder to itself. Only the report's own file
// is written here; `export` renders the others.
template <class Change>
void change(Invocation& call, const fs::path& file, const std::string& reader, const Change& changed) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const FolderLock lock(folder);
  ultrasound::require_as_logged(folder / "audit.jsonl", file);
  const ultrasound::Report report = changed(ultrasound::read_report(file));
  write_report_files(report, folder, file.stem().string(), {"json"}, reader, report.state, nullptr);
  call.history().output(file, "report");
  if (call.json())
    call.out().write({{"file", file.string()},
                      {"state", report.state},
                      {"by", reader},
                      {"changes", report.steps.back().changes.size()}});
  else
    fmt::print("{}: {} by {}\n", file.string(), report.state, reader);
  if (const std::string stale = formats_beside(file); !stale.empty())
    log_warning("{} beside it as before: conclave-ultrasound export {} --format {} writes anew", stale,
                file.string(), stale);
}

class EditVerb : public Verb {
 public:
  std::string name() const override { return "edit"; }
  std::string summary() const override { return "Change a report as a reader; a signed one becomes amended"; }
  std::string examples() const override {
    return "  conclave-ultrasound edit reports/scan.json --reader \"Dr. A\" --set 0.margin=spiculated\n"
           "  conclave-ultrasound edit reports/scan.json --reader \"Dr. A\" --impression \"Known scar.\"";
  }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("REPORT", file_, "A report's JSON file").required().existing();
    options.add("reader", reader_, "Who edits").required();
    options.add("set", set_,
                "FINDING.FIELD=VALUE, findings counted from 0; no value leaves it open; repeat for more");
    options.add("findings", findings_, "Text in place of the findings section");
    options.add("impression", impression_, "Text in place of the impression section");
  }
  int run(Invocation& call) override {
    ultrasound::Edit edit;
    for (const auto& text : set_) edit.set.push_back(ultrasound::parse_set(text));
    edit.findings_text = findings_;
    edit.impression_text = impression_;
    change(call, file_, reader_, [&](const ultrasound::Report& report) {
      return edit_report(report, edit, reader_, ultrasound::utc_now());
    });
    return kExitDone;
  }

 private:
  fs::path file_;
  std::string reader_;
  std::vector<std::string> set_;
  std::optional<std::string> findings_, impression_;
};

class SignVerb : public Verb {
 public:
  std::string name() const override { return "sign"; }
  std::string summary() const override { return "Sign a report with a name and the time"; }
  std::string examples() const override {
    return "  conclave-ultrasound sign reports/scan.json --reader \"Dr. A\"";
  }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("REPORT", file_, "A report's JSON file").required().existing();
    options.add("reader", reader_, "Who signs").required();
  }
  int run(Invocation& call) override {
    change(call, file_, reader_, [&](const ultrasound::Report& report) {
      return sign_report(report, reader_, ultrasound::utc_now());
    });
    return kExitDone;
  }

 private:
  fs::path file_;
  std::string reader_;
};

class VerifyVerb : public Verb {
 public:
  std::string name() const override { return "verify"; }
  std::string summary() const override {
    return "Check an audit log's chain, and the files that it tells of";
  }
  std::string examples() const override {
    return "  conclave-ultrasound verify reports\n  conclave-ultrasound verify reports --head 4f1d...";
  }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("FOLDER", folder_, "A folder of reports, or its audit.jsonl").required().existing();
    options.add("head", head_,
                "Hash of the last record that was noted elsewhere: shows a log that was cut off");
  }
  int run(Invocation& call) override {
    const fs::path log = fs::is_directory(folder_) ? folder_ / "audit.jsonl" : folder_;
    auto check = ultrasound::check_audit(log);
    for (const auto& entry : check.last) check_file(log.parent_path() / entry.subject, entry, check.problems);
    if (check.records == 0) check.problems.emplace_back("the log has no record");
    find_unknown(log, check);
    if (!head_.empty() && head_ != check.head)
      check.problems.push_back(fmt::format("the last record is {}, not {}", check.head, head_));
    if (call.json()) {
      call.out().write({{"log", log.string()},
                        {"ok", check.problems.empty()},
                        {"records", check.records},
                        {"head", check.head},
                        {"problems", check.problems},
                        {"notes", check.notes}});
    } else {
      for (const auto& problem : check.problems) fmt::print("{}\n", problem);
      for (const auto& note : check.notes) fmt::print("{}\n", note);
      fmt::print("{} records, {}; head {}\n", check.records,
                 check.problems.empty() ? "the chain is whole" : "NOT whole", check.head);
    }
    return check.problems.empty() ? kExitDone : kExitFailed;
  }

 private:
  static void check_file(const fs::path& file, const ultrasound::AuditEntry& entry,
                         std::vector<std::string>& problems) {
    if (!fs::is_regular_file(file))
      problems.push_back(fmt::format("{}: is gone; {} at {}", entry.subject, entry.action, entry.time));
    else if (sha256_file(file) != entry.sha256)
      problems.push_back(
          fmt::format("{}: is not as it was when {} at {}", entry.subject, entry.action, entry.time));
  }
  // Reports beside the log that it does not tell of.
  static void find_unknown(const fs::path& log, ultrasound::AuditCheck& check) {
    const auto known = [&](const std::string& name) {
      return std::ranges::any_of(check.last, [&](const auto& entry) { return entry.subject == name; });
    };
    for (const auto& entry : fs::directory_iterator(log.has_parent_path() ? log.parent_path() : ".")) {
      const std::string name = entry.path().filename().string();
      if (!entry.is_regular_file() || !name.ends_with(".json") || name.starts_with(".") || known(name))
        continue;
      try {
        ultrasound::read_report(entry.path());
      } catch (const Error&) {  // another kind of file
        continue;
      }
      check.problems.push_back(fmt::format("{}: is a report that the log does not know", name));
    }
  }
  fs::path folder_;
  std::string head_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_edit_verb() {
  return std::make_unique<EditVerb>();
}
std::unique_ptr<Verb> make_ultrasound_sign_verb() {
  return std::make_unique<SignVerb>();
}
std::unique_ptr<Verb> make_ultrasound_verify_verb() {
  return std::make_unique<VerifyVerb>();
}

}  // namespace conclave
