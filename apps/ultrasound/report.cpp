// conclave-ultrasound report: drafts of studies.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "apps/common/app.h"
#include "apps/ultrasound/findings_model.h"
#include "apps/ultrasound/report_files.h"
#include "apps/ultrasound/study_input.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "models/ultrasound/report/draft.h"
#include "models/ultrasound/report/text.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

/// Frames that stop at Ctrl-C.
class Interruptible : public dicom::FrameSource {
 public:
  explicit Interruptible(dicom::FrameSource& frames) : frames_(frames) {}
  int64_t frame_count() const override { return frames_.frame_count(); }
  dicom::Frame read(int64_t index) override {
    throw_if_interrupted();
    return frames_.read(index);
  }
  std::string name() const override { return frames_.name(); }

 private:
  dicom::FrameSource& frames_;
};

std::string program_text() {
  return "conclave-ultrasound " + version();
}

class ReportVerb : public Verb {
 public:
  std::string name() const override { return "report"; }
  std::string summary() const override {
    return "Draft reports of files and studies. Research use only, not for clinical use";
  }
  std::string examples() const override {
    return "  conclave-ultrasound report scan.dcm -o reports --format json,text\n"
           "  conclave-ultrasound report study-folder -o reports --language zh\n"
           "  conclave-ultrasound report head.png --mm-per-pixel 0.13 --ga-weeks 20.4 -o reports\n"
           "  conclave-ultrasound report scan.dcm --findings findings.json -o reports";
  }
  void declare(Options& options) override {
    options.positional("INPUT", inputs_, "DICOM files, clips, pictures, study folders, DICOMDIRs");
    options.add("list", list_, "A text file of further inputs, one a line").existing();
    options.add("out", out_, "Folder for the reports and their audit log").letter('o').required();
    options.add("format", formats_,
                "Comma-separated: " + fmt::format("{}", fmt::join(report_formats(), ", ")));
    options.add("language", language_, "Language of the sentences").choices({"en", "zh"});
    options.add("model", model_, "Folder of a model, instead of the shipped one");
    options.add("organ", organ_, "What the pictures show; the model finds out without")
        .choices({"breast", "thyroid", "fetal_head", "lung"});
    options.add("findings", findings_, "Findings as JSON, instead of a model's").existing();
    options.add("mm-per-pixel", mm_, "Scale of pictures and clips that have none of their own")
        .range(1e-6, 1000);
    options.add("ga-weeks", weeks_, "Gestational age known from elsewhere, for the growth percentile")
        .range(1, 45);
  }
  int run(Invocation& call) override;

 private:
  std::vector<fs::path> all_inputs() const;
  ultrasound::Findings read_study(ultrasound::FindingsModel& model, OpenStudy& study) const;
  Json report_one(const StudyInput& input, ultrasound::FindingsModel* model,
                  const std::vector<std::string>& formats) const;

  std::vector<fs::path> inputs_;
  fs::path list_, out_, model_, findings_;
  std::vector<std::string> formats_ = {"json,text"};
  std::string language_ = "en", organ_;
  std::optional<double> mm_, weeks_;
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

ultrasound::Findings ReportVerb::read_study(ultrasound::FindingsModel& model, OpenStudy& study) const {
  ultrasound::Findings all;
  all.model = model.name();
  std::vector<ultrasound::Findings> each;
  for (size_t i = 0; i < study.size(); ++i) {
    Interruptible frames(*study.frames(i).frames);
    auto found = model.read(frames, {organ_, ""});
    const std::string source = study.source_name(i);
    for (auto& finding : found.findings) {
      finding.evidence.source = source;
      for (auto& measurement : finding.measurements) measurement.evidence.source = source;
      for (auto& field : finding.fields)
        if (field.evidence) field.evidence->source = source;
    }
    each.push_back(std::move(found));
  }
  // Files that the model does not know do not hide those that it does.
  const auto known =
      std::find_if(each.begin(), each.end(), [](const auto& found) { return !found.abstained; });
  if (known == each.end()) return each.front();
  all.organ = known->organ;
  for (size_t i = 0; i < each.size(); ++i) {
    auto& found = each[i];
    all.outlier_score = std::max(all.outlier_score, found.outlier_score);
    all.warnings.insert(all.warnings.end(), found.warnings.begin(), found.warnings.end());
    if (found.abstained)
      all.warnings.push_back(fmt::format("{}: the model abstains: {}", study.source_name(i), found.reason));
    else if (found.organ != all.organ)
      all.warnings.push_back(fmt::format("{}: shows {} and is left out", study.source_name(i), found.organ));
    else
      std::move(found.findings.begin(), found.findings.end(), std::back_inserter(all.findings));
  }
  return all;
}

Json ReportVerb::report_one(const StudyInput& input, ultrasound::FindingsModel* model,
                            const std::vector<std::string>& formats) const {
  OpenStudy study(input, mm_);
  auto findings = findings_.empty()
                      ? read_study(*model, study)
                      : ultrasound::findings_from_json(read_json(findings_), findings_.string());
  findings.warnings.insert(findings.warnings.end(), input.problems.begin(), input.problems.end());
  const auto frame_checked = [&](const std::string& source, int64_t frame) -> OpenedFrames& {
    OpenedFrames& opened = study.frames(source);
    require<UsageError>(frame < opened.frames->frame_count(), "findings: frame {} of {}", frame,
                        opened.frames->frame_count());
    return opened;
  };
  const auto calibration = [&](const std::string& source, int64_t frame) {
    return frame_checked(source, frame).calibration(frame);
  };
  const auto report = ultrasound::draft_report(findings, study.info(), calibration,
                                               {language_, program_text(), ultrasound::utc_now(), weeks_});
  const auto frame_of = [&](const std::string& source, int64_t frame) -> std::optional<dicom::Frame> {
    return frame_checked(source, frame).frames->read(frame);
  };
  const Json files =
      write_report_files(report, out_, input.name, formats, program_text(), "drafted", frame_of);
  Json line = {
      {"id", input.name}, {"state", report.state}, {"organ", report.organ}, {"abstained", report.abstained}};
  if (report.abstained) line["reason"] = report.reason;
  line["findings"] = report.findings.size();
  Json categories = Json::array();
  for (const auto& finding : report.findings)
    for (const auto& verdict : finding.verdicts)
      if (!verdict.category.empty()) categories.push_back(verdict.table + " " + verdict.category);
  line["categories"] = categories;
  line["files"] = files;
  line["notice"] = ultrasound::kResearchOnly;
  return line;
}

int ReportVerb::run(Invocation& call) {
  const auto formats = parse_formats(formats_);
  const auto paths = all_inputs();
  require<UsageError>(findings_.empty() || paths.size() == 1,
                      "--findings: goes with one input, {} were given", paths.size());
  std::unique_ptr<ultrasound::FindingsModel> model;
  if (findings_.empty()) {
    model = open_findings_model(model_, call.common());
    require<UsageError>(model != nullptr, "no model is installed: name one with --model, or give --findings");
  }
  call.begin();
  int64_t drafted = 0, failed = 0;
  for (const auto& path : paths) {
    throw_if_interrupted();
    try {
      const auto studies = find_studies(path);
      require<UsageError>(findings_.empty() || studies.size() == 1,
                          "--findings: goes with one study, {} are in {}", studies.size(), path.string());
      for (const auto& input : studies) {
        const Json line = report_one(input, model.get(), formats);
        ++drafted;
        for (const auto& [format, file] : line["files"].items())
          call.history().output(file.get<std::string>(), format);
        if (call.json())
          call.out().write(line);
        else
          fmt::print("{}: {} finding(s), draft -> {}\n", path.string(), line["findings"].get<int>(),
                     line["files"]["json"].get<std::string>());
      }
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& wrong) {
      if (paths.size() == 1 && !call.json()) throw;
      ++failed;
      if (call.json())
        call.out().write(error_line(path.string(), wrong));
      else
        log_error("{}", wrong.what());
    }
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
