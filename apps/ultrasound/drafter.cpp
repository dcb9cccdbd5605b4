#include "apps/ultrasound/drafter.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/ultrasound/findings_model.h"
#include "apps/ultrasound/report_files.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "models/ultrasound/report/draft.h"
#include "models/ultrasound/report/report.h"

namespace conclave {
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

}  // namespace

void Drafter::declare(Options& options) {
  options.add("out", out_, "Folder for the reports and their audit log").letter('o').required();
  options.add("format", format_lists_,
              "Comma-separated: " + fmt::format("{}", fmt::join(report_formats(), ", ")));
  options.add("language", language_, "Language of the sentences").choices({"en", "zh"});
  options.add("model", model_folder_, "Folder of a model, instead of the shipped one");
  options.add("organ", organ_, "What the pictures show; the model finds out without")
      .choices({"breast", "thyroid", "fetal_head", "lung"});
  options.add("mm-per-pixel", mm_, "Scale of pictures and clips that have none of their own").range(0.002, 5);
  options.add("ga-weeks", weeks_, "Gestational age known from elsewhere, for the growth percentile")
      .range(1, 45);
}

void Drafter::open(const CommonOptions& common, const std::filesystem::path& findings) {
  formats_ = parse_formats(format_lists_);
  findings_ = findings;
  if (!findings_.empty()) return;
  model_ = open_findings_model(model_folder_, common);
  require<UsageError>(model_ != nullptr, "no model is installed: name one with --model");
}

ultrasound::Findings Drafter::read(OpenStudy& study, std::vector<std::string>& problems) const {
  ultrasound::Findings all;
  std::vector<ultrasound::Findings> each;
  std::vector<std::string> sources;
  for (size_t i = 0; i < study.size(); ++i) {
    ultrasound::Findings found;
    const std::string source = study.source_name(i);
    try {
      Interruptible frames(*study.frames(i).frames);
      found = model_->read(frames, {organ_, ""});
    } catch (const DataError& broken) {
      if (each.empty() && i + 1 == study.size()) throw;
      problems.push_back(broken.what());
      continue;
    }
    for (auto& finding : found.findings) {
      finding.evidence.source = source;
      for (auto& measurement : finding.measurements) measurement.evidence.source = source;
      for (auto& field : finding.fields)
        if (field.evidence) field.evidence->source = source;
    }
    each.push_back(std::move(found));
    sources.push_back(source);
  }
  // Files that the model does not know do not hide those that it does.
  const auto known =
      std::find_if(each.begin(), each.end(), [](const auto& found) { return !found.abstained; });
  if (known == each.end()) return each.front();
  all.organ = known->organ;
  all.model = known->model;
  for (size_t i = 0; i < each.size(); ++i) {
    auto& found = each[i];
    all.outlier_score = std::max(all.outlier_score, found.outlier_score);
    all.warnings.insert(all.warnings.end(), found.warnings.begin(), found.warnings.end());
    if (found.abstained)
      all.warnings.push_back(fmt::format("{}: the model abstains: {}", sources[i], found.reason));
    else if (found.organ != all.organ)
      all.warnings.push_back(fmt::format("{}: shows {} and is left out", sources[i], found.organ));
    else
      std::move(found.findings.begin(), found.findings.end(), std::back_inserter(all.findings));
  }
  return all;
}

std::string Drafter::free_name(const StudyInput& input, const ultrasound::StudyInfo& study) {
  const auto same = [&](const ultrasound::StudyInfo& other) {
    return other.uid == study.uid && other.sources.size() == study.sources.size() &&
           std::equal(study.sources.begin(), study.sources.end(), other.sources.begin(),
                      [](const auto& a, const auto& b) {
                        const bool told = !a.sha256.empty() && !b.sha256.empty();  // older reports do not
                        return a.name == b.name && a.sop_instance == b.sop_instance &&
                               (!told || a.sha256 == b.sha256);
                      });
  };
  for (int number = 1;; ++number) {
    const std::string name = number == 1 ? input.name : fmt::format("{}-{}", input.name, number);
    const auto taken = taken_.find(name);
    if (taken != taken_.end() && taken->second != input.files) continue;
    const auto file = out_ / (name + ".json");
    if (std::filesystem::exists(file)) {
      const auto there = ultrasound::read_report(file);
      // A study that grew has further files, but is the same study.
      const bool grown = !study.uid.empty() && there.study.uid == study.uid && study.sources.size() > 1;
      if (!same(there.study) && !grown) continue;
      require<UsageError>(there.state == "draft", "{}: is {}; it is not drafted anew", file.string(),
                          there.state);
    }
    taken_[name] = input.files;
    return name;
  }
}

Json Drafter::draft(const StudyInput& input) {
  OpenStudy study(input, mm_);
  free_name(input, study.info());  // before the work: what is signed is not drafted anew
  auto problems = study.problems();
  auto findings = findings_.empty()
                      ? read(study, problems)
                      : ultrasound::findings_from_json(read_json(findings_), findings_.string());
  findings.warnings.insert(findings.warnings.end(), problems.begin(), problems.end());
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
  const FolderLock lock(out_);
  const std::string name = free_name(input, study.info());  // again: somebody may have signed meanwhile
  const Json files = write_report_files(report, out_, name, formats_, program_text(), "drafted", frame_of);
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
  if (!problems.empty()) line["problems"] = problems;
  line["notice"] = ultrasound::kResearchOnly;
  return line;
}

}  // namespace conclave
