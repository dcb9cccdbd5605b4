#include "apps/ultrasound/report_files.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/sha256.h"
#include "models/ultrasound/report/audit.h"
#include "models/ultrasound/report/draft.h"
#include "models/ultrasound/report/fhir.h"
#include "models/ultrasound/report/text.h"

namespace conclave {
namespace fs = std::filesystem;
using namespace ultrasound;
namespace {

/// What a format needs; the PDF is made once for all that hold it.
struct Rendering {
  const Report& report;
  const FrameOf& frame_of;
};

struct Format {
  const char* name;
  const char* extension;
  std::string (*render)(Rendering&);
};

const std::vector<Format>& formats_table() {
  static const std::vector<Format> table = {
      {"json", ".json", [](Rendering& r) { return report_bytes(r.report); }},
      {"text", ".txt", [](Rendering& r) { return report_text(r.report); }},
      {"fhir", ".fhir.json", [](Rendering& r) { return fhir_bundle(r.report).dump(2) + "\n"; }},
  };
  return table;
}

}  // namespace

std::vector<std::string> report_formats() {
  std::vector<std::string> names;
  for (const auto& format : formats_table()) names.push_back(format.name);
  return names;
}

Json write_report_files(const Report& report, const fs::path& folder, const std::string& name,
                        const std::vector<std::string>& formats, const std::string& actor,
                        const std::string& action, const FrameOf& frame_of) {
  fs::create_directories(folder);
  Rendering rendering{report, frame_of};
  Json files = Json::object();
  for (const auto& format : formats_table()) {
    const bool is_json = format.name == std::string("json");
    if (!is_json && std::find(formats.begin(), formats.end(), format.name) == formats.end()) continue;
    const fs::path path = folder / (name + format.extension);
    const std::string bytes = format.render(rendering);
    // The record comes first: a file that was never written shows in the log, not the other way round.
    if (is_json)
      append_audit(folder / "audit.jsonl",
                   {utc_now(), actor, action, path.filename().string(), sha256(bytes)});
    write_file(path, bytes);
    files[format.name] = path.string();
  }
  return files;
}

}  // namespace conclave
