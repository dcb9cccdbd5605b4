// conclave-ultrasound report: drafts of studies.
#include <fmt/format.h>

#include <fstream>

#include "apps/common/app.h"
#include "apps/ultrasound/drafter.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class ReportVerb : public Verb {
 public:
  std::string name() const override { return "report"; }
  std::string summary() const override {
    return "Draft reports of files and studies. Research use only, not for clinical use";
  }
  std::string examples() const override {
    return "  conclave-ultrasound report scan.dcm -o reports --format json,text,pdf,sr,fhir\n"
           "  conclave-ultrasound report study-folder -o reports --language zh\n"
           "  conclave-ultrasound report head.png --mm-per-pixel 0.13 --ga-weeks 20.4 -o reports\n"
           "  conclave-ultrasound report scan.dcm --findings findings.json -o reports";
  }
  void declare(Options& options) override {
    options.positional("INPUT", inputs_, "DICOM files, clips, pictures, study folders, DICOMDIRs");
    options.add("list", list_, "A text file of further inputs, one a line").existing();
    options.add("findings", findings_, "Findings as JSON, instead of a model's").existing();
    drafter_.declare(options);
  }
  int run(Invocation& call) override;

 private:
  std::vector<fs::path> all_inputs() const;

  std::vector<fs::path> inputs_;
  fs::path list_, findings_;
  Drafter drafter_;
};

std::vector<fs::path> ReportVerb::all_inputs() const {
  std::vector<fs::path> all = inputs_;
  if (!list_.empty()) {
    std::ifstream in(list_);
    for (std::string line; std::getline(in, line);) {
      while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
      if (!line.empty() && line[0] != '#') all.emplace_back(line);
    }
  }
  require<UsageError>(!all.empty(), "an input is wanted");
  return all;
}

void tell(Invocation& call, const fs::path& path, const Json& line) {
  for (const auto& [format, file] : line["files"].items())
    call.history().output(file.get<std::string>(), format);
  for (const auto& problem : line.value("problems", Json::array()))
    log_warning("left out: {}", problem.get<std::string>());
  if (call.json())
    call.out().write(line);
  else
    fmt::print("{}: {}, draft -> {}\n", path.string(),
               line["abstained"].get<bool>() ? "the model abstains: " + line["reason"].get<std::string>()
                                             : fmt::format("{} finding(s)", line["findings"].get<int>()),
               line["files"]["json"].get<std::string>());
}

int ReportVerb::run(Invocation& call) {
  const auto paths = all_inputs();
  require<UsageError>(findings_.empty() || paths.size() == 1,
                      "--findings: goes with one input, {} were given", paths.size());
  drafter_.open(call.common(), findings_);
  call.begin();
  int64_t drafted = 0, failed = 0;
  // Of a single input without --json the error is the program's; else it is one line, and the batch goes on.
  const auto guarded = [&](const std::string& what, bool alone, const auto& work) {
    try {
      work();
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& wrong) {
      if (alone && !call.json()) throw;
      ++failed;
      if (call.json())
        call.out().write(error_line(what, wrong));
      else
        log_error("{}", wrong.what());
    }
  };
  for (const auto& path : paths) {
    throw_if_interrupted();
    guarded(path.string(), paths.size() == 1, [&] {
      const auto studies = find_studies(path);
      require<UsageError>(findings_.empty() || studies.size() == 1,
                          "--findings: goes with one study, {} are in {}", studies.size(), path.string());
      for (const auto& input : studies)
        guarded(input.files.front().string(), paths.size() == 1 && studies.size() == 1, [&] {
          const Json line = drafter_.draft(input);
          ++drafted;
          tell(call, path, line);
          if (line.contains("problems")) ++failed;
        });
    });
  }
  call.history().metric("drafted", 0, static_cast<double>(drafted));
  call.history().metric("failed", 0, static_cast<double>(failed));
  return failed > 0 ? kExitFailed : kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_ultrasound_report_verb() {
  return std::make_unique<ReportVerb>();
}

}  // namespace conclave
