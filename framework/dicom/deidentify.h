/// De-identification after PS3.15 Annex E: what is not known to be harmless is left out, UIDs are mapped
/// consistently, pixels outside the kept regions are blanked, and text is looked for in what is kept.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/dicom/dicom_file.h"
#include "framework/dicom/text_finder.h"

namespace conclave::dicom {

struct DeidentifyOptions {
  std::string key;             ///< secret: the same key maps the same UIDs and patients alike
  std::vector<PixelBox> keep;  ///< empty: the regions that the file has
  bool mask_text = true;       ///< blank what reads as text within the kept regions
  std::string confirmed_by;    ///< who looked at every frame of the result
};

struct Deidentified {
  std::filesystem::path file;        ///< named by its new SOP Instance UID
  std::string status;                ///< "clean", or "not known" with reasons
  std::vector<std::string> reasons;  ///< why it is not known to be clean
  std::vector<std::string> removed;  ///< names of the attributes that were left out or emptied; no values
  std::vector<PixelBox> kept, masked;
  int64_t frames = 0, frames_searched = 0;

  Json to_json() const;
};

/// Writes a native (explicit little endian) file into `folder`. "clean" is said only when all pixels outside
/// stated regions are blank, every frame of the result was searched for text and none was found, no
/// annotation is declared, and a person confirmed it. Throws DataError for what is no ultrasound picture,
/// Error when an identifying value of the input is found in the output's header; nothing is left then.
Deidentified deidentify(DicomFile& file, const std::filesystem::path& folder,
                        const DeidentifyOptions& options);

/// The secret in `path`, 64 hexadecimal digits; made, readable by its owner alone, when there is none.
std::string deidentify_key(const std::filesystem::path& path);

}  // namespace conclave::dicom
