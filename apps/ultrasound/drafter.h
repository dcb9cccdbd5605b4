/// From a study to a draft in its files; what report and serve-folder share.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/common/verb.h"
#include "apps/ultrasound/study_input.h"
#include "models/ultrasound/findings.h"

namespace conclave {

class Drafter {
 public:
  /// The options: out, format, language, model, organ, mm-per-pixel, ga-weeks.
  void declare(Options& options);
  /// Checks the formats and opens the model. Throws UsageError when there is none, unless `findings` names a
  /// file that is used instead.
  void open(const CommonOptions& common, const std::filesystem::path& findings = {});
  /// Writes one draft; returns its line: {"id", "state", "organ", "abstained", "findings", "categories",
  /// "files", "notice"} and "problems": files of the study that could not be read, which the report notes.
  /// A draft of the same files is replaced; an edited or signed report never is: UsageError. Another study's
  /// report of the same name is left alone: "NAME-2" is taken then.
  Json draft(const StudyInput& input);

  const std::filesystem::path& out() const { return out_; }

 private:
  ultrasound::Findings read(OpenStudy& study, std::vector<std::string>& problems) const;
  std::string free_name(const StudyInput& input, const ultrasound::StudyInfo& study);

  std::filesystem::path out_, model_folder_, findings_;
  std::vector<std::string> format_lists_ = {"json,text"}, formats_;
  std::string language_ = "en", organ_;
  std::optional<double> mm_, weeks_;
  std::unique_ptr<ultrasound::FindingsModel> model_;
  std::map<std::string, std::vector<std::filesystem::path>>
      taken_;  // names of this run, with the files behind them
};

}  // namespace conclave
