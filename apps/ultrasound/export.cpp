// conclave-ultrasound export: a report in other forms.
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/ultrasound/report_files.h"
#include "apps/ultrasound/study_input.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/dicom/store.h"
#include "models/ultrasound/report/audit.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class ExportVerb : public Verb {
 public:
  std::string name() const override { return "export"; }
  std::string summary() const override {
    return "Write a report, as it is now, as text, PDF, DICOM and FHIR";
  }
  std::string examples() const override {
    return "  conclave-ultrasound export reports/scan.json --format pdf,sr,fhir --images study-folder\n"
           "  conclave-ultrasound export reports/scan.json --format sr --to ARCHIVE@localhost:11112";
  }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("REPORT", file_, "A report's JSON file").required().existing();
    options
        .add("format", formats_, "Comma-separated: " + fmt::format("{}", fmt::join(report_formats(), ", ")))
        .required();
    options.add("out", out_, "Folder for the files, instead of the report's").letter('o');
    options.add("to", to_, "AE@HOST:PORT: also send the DICOM files there (C-STORE)");
    options
        .add("images", images_,
             "The file, or the folder of the files, that the report is of: key pictures need it")
        .existing();
  }
  int run(Invocation& call) override {
    const auto formats = parse_formats(formats_);
    if (!to_.empty()) dicom::parse_peer(to_);
    const fs::path folder = file_.has_parent_path() ? file_.parent_path() : ".";
    ultrasound::require_as_logged(folder / "audit.jsonl", file_);
    const auto report = ultrasound::read_report(file_);
    call.begin();
    const auto frame_of = [&](const std::string& source, int64_t frame) {
      return find_frame(report, source, frame);
    };
    const Json files = export_report_files(report, folder, out_.empty() ? folder : out_,
                                           file_.stem().string(), formats, frame_of);
    if (!to_.empty()) send(files);
    for (const auto& [format, file] : files.items()) {
      call.history().output(file.get<std::string>(), format);
      if (!call.json()) fmt::print("{}\n", file.get<std::string>());
    }
    if (call.json())
      call.out().write({{"report", file_.string()}, {"state", report.state}, {"files", files}});
    return kExitDone;
  }

 private:
  void send(const Json& files) const {
    std::vector<fs::path> objects;
    for (const auto& [format, file] : files.items())
      if (fs::path path = file.get<std::string>(); path.extension() == ".dcm")
        objects.push_back(std::move(path));
    require<UsageError>(!objects.empty(), "--to: none of the formats is a DICOM object");
    dicom::store(objects, dicom::parse_peer(to_));
    log_info("{} objects stored at {}", objects.size(), to_);
  }

  std::optional<dicom::Frame> find_frame(const ultrasound::Report& report, const std::string& source,
                                         int64_t frame) const {
    if (images_.empty() || report.study.sources.empty()) return std::nullopt;
    const std::string name = source.empty() ? report.study.sources.front().name : source;
    const fs::path file = fs::is_directory(images_) ? images_ / name : images_;
    if (!fs::is_regular_file(file)) {
      log_warning("{}: is not there; its key picture is left out", file.string());
      return std::nullopt;
    }
    const OpenedFrames opened = open_frames(file);
    // A picture that is another one than the report was made of proves nothing.
    for (const auto& known : report.study.sources)
      if (known.name == name && opened.file && opened.file->info().sop_instance != known.sop_instance)
        throw DataError(file.string(), "", "is not the file that the report is of");
    return opened.frames->read(frame);
  }

  fs::path file_, out_, images_;
  std::vector<std::string> formats_;
  std::string to_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_export_verb() {
  return std::make_unique<ExportVerb>();
}

}  // namespace conclave
