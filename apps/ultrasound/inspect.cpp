// conclave-ultrasound inspect: what was understood of files and studies, and what the fields of a report are.
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/ultrasound/inspect_reader.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/dicom/study.h"
#include "models/ultrasound/rules/lexicon.h"

namespace conclave {
namespace {

int show_lexicon(Invocation& call) {
  for (const auto& row : ultrasound::lexicon()) {
    if (call.json()) {
      Json values = Json::array();
      for (const auto& value : row.values)
        values.push_back({{"code", value.code}, {"en", value.english}, {"zh", value.chinese}});
      call.out().write({{"organ", row.organ},
                        {"kind", ultrasound::finding_kind(row.organ)},
                        {"field", row.field.code},
                        {"en", row.field.english},
                        {"zh", row.field.chinese},
                        {"several", row.several},
                        {"values", values}});
      continue;
    }
    std::vector<std::string> codes;
    for (const auto& value : row.values) codes.push_back(value.code);
    fmt::print("{:<10} {:<20} {}{}\n", row.organ, row.field.code, fmt::join(codes, ", "),
               row.several ? " (several)" : "");
  }
  return kExitDone;
}

class InspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override {
    return "Show what was understood of a DICOM file or study, a trained reader and its routing, or the "
           "fields of a report";
  }
  std::string examples() const override {
    return "  conclave-ultrasound inspect scan.dcm\n  conclave-ultrasound inspect study-folder --json\n"
           "  conclave-ultrasound inspect lexicon\n  conclave-ultrasound inspect runs/breast scan.jpg";
  }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options
        .positional("WHAT", what_,
                    "A DICOM file, a folder, a DICOMDIR, a trained reader's folder, or the word lexicon")
        .required();
    options.positional("PICTURES", pictures_, "With a model's folder: pictures whose routing is shown");
    options.add("identity", identity_, "Show the patient's name, number, birth date and sex too");
  }
  int run(Invocation& call) override {
    if (what_ == "lexicon" && !std::filesystem::exists(what_)) return show_lexicon(call);
    Json about;
    bool problems = false;
    if (std::filesystem::exists(std::filesystem::path(what_) / "model.safetensors")) {
      about = describe_reader(what_, pictures_);
    } else if (std::filesystem::is_regular_file(what_) &&
               std::filesystem::path(what_).filename() != "DICOMDIR") {
      about = dicom::DicomFile(what_).describe(identity_);
    } else {
      const auto list = dicom::list_studies(what_);
      about = describe_studies(list, identity_);
      problems = !list.problems.empty();
    }
    if (call.json())
      call.out().write(about);
    else
      fmt::print("{}\n", about.dump(2, ' ', false, Json::error_handler_t::replace));
    return problems ? kExitFailed : kExitDone;
  }

 private:
  std::string what_;
  std::vector<std::filesystem::path> pictures_;
  bool identity_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_inspect_verb() {
  return std::make_unique<InspectVerb>();
}

}  // namespace conclave
