// conclave-ultrasound deidentify: DICOM files without what tells of a person.
#include <fmt/format.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/paths.h"
#include "framework/base/sha256.h"
#include "framework/base/signals.h"
#include "framework/dicom/deidentify.h"
#include "models/ultrasound/report/audit.h"
#include "models/ultrasound/report/draft.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class DeidentifyVerb : public Verb {
 public:
  std::string name() const override { return "deidentify"; }
  std::string summary() const override {
    return "Copies of DICOM files without names, dates, private tags and burned-in text";
  }
  std::string examples() const override {
    return "  conclave-ultrasound deidentify study-folder -o out --json\n"
           "  conclave-ultrasound deidentify scan.dcm -o out --keep 120,60,680,290\n"
           "  conclave-ultrasound deidentify scan.dcm -o out --keep 120,60,680,290 --confirmed-by \"Dr. A\"";
  }
  void declare(Options& options) override {
    options.positional("INPUT", inputs_, "DICOM files and folders").required();
    options.add("out", out_, "Folder for the copies, which are named by their new UIDs")
        .letter('o')
        .required();
    options.add(
        "keep", keep_,
        "X,Y,WIDTH,HEIGHT of the picture to keep; further fours for more; the file's regions without");
    options.add("mask-text", mask_text_, "Blank what reads as text within the kept regions");
    options.add("confirmed-by", confirmed_by_,
                "Who looked at every frame of the copies; nothing is called clean without");
    options.add("key", key_,
                "File with the secret that maps UIDs, made when it is not there; without it "
                "deidentify-key in $XDG_STATE_HOME/conclave (~/.local/state/conclave)");
  }
  bool computes() const override { return false; }
  int run(Invocation& call) override {
    require<UsageError>(keep_.size() % 4 == 0, "--keep: X,Y,WIDTH,HEIGHT is wanted");
    dicom::DeidentifyOptions options;
    options.key = dicom::deidentify_key(key_.empty() ? state_home() / "deidentify-key" : key_);
    options.mask_text = mask_text_;
    options.confirmed_by = confirmed_by_;
    for (size_t i = 0; i < keep_.size(); i += 4)
      options.keep.push_back({keep_[i], keep_[i + 1], keep_[i + 2], keep_[i + 3]});
    call.begin();
    int64_t done = 0, unknown = 0, failed = 0;
    for (const auto& path : files()) {
      throw_if_interrupted();
      try {
        dicom::DicomFile file(path);
        const auto result = deidentify(file, out_, options);
        ++done;
        unknown += result.status != "clean";
        ultrasound::append_audit(
            out_ / "audit.jsonl",
            {ultrasound::utc_now(),
             confirmed_by_.empty() ? "conclave-ultrasound " + version() : confirmed_by_,
             "deidentified: " + result.status, result.file.filename().string(), sha256_file(result.file)});
        call.history().output(result.file, "dicom");
        tell(call, path, result);
      } catch (const Interrupted&) {
        throw;
      } catch (const Error& wrong) {
        ++failed;
        call.json() ? call.out().write(error_line(path.string(), wrong)) : log_error("{}", wrong.what());
      }
    }
    if (unknown > 0) log_warning("{} of {} copies are not known to be clean", unknown, done);
    return failed > 0 ? kExitFailed : kExitDone;
  }

 private:
  std::vector<fs::path> files() const {
    std::vector<fs::path> all;
    for (const auto& input : inputs_) {
      std::error_code closed;  // what cannot be looked into is told when it is opened
      if (!fs::is_directory(input, closed)) {
        if (!closed && !fs::exists(input)) throw DataError(input.string(), "", "no such file");
        all.push_back(input);
        continue;
      }
      std::vector<fs::path> found;
      fs::recursive_directory_iterator inside(input, closed);
      if (closed) found.push_back(input);
      for (const auto& entry : inside)
        if (entry.is_regular_file() &&
            (entry.path().extension() == ".dcm" || dicom::looks_like_dicom(entry.path())))
          found.push_back(entry.path());
      std::sort(found.begin(), found.end());
      all.insert(all.end(), found.begin(), found.end());
    }
    require<UsageError>(!all.empty(), "there is no DICOM file");
    return all;
  }

  static void tell(Invocation& call, const fs::path& path, const dicom::Deidentified& result) {
    if (call.json()) {
      Json line = {{"id", path.string()}};
      line.update(result.to_json());
      call.out().write(line);
      return;
    }
    fmt::print("{} -> {}: {}\n", path.string(), result.file.string(),
               result.status == "clean" ? "clean" : "not known to be clean");
    for (const auto& reason : result.reasons) fmt::print("  {}\n", reason);
  }

  std::vector<fs::path> inputs_;
  fs::path out_, key_;
  std::vector<int64_t> keep_;
  bool mask_text_ = true;
  std::string confirmed_by_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_deidentify_verb() {
  return std::make_unique<DeidentifyVerb>();
}

}  // namespace conclave
