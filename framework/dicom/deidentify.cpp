#include "framework/dicom/deidentify.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/sha256.h"
#include "framework/base/signals.h"
#include "framework/dicom/dcmtk.h"
#include "framework/dicom/write.h"

namespace conclave::dicom {
namespace fs = std::filesystem;
namespace {

// Attributes that say nothing of a person: numbers, codes and units of pictures. All others are left out,
// which is more than the profile asks for.
const DcmTagKey kHarmless[] = {
    DCM_SOPClassUID,
    DCM_Modality,
    DCM_Manufacturer,
    DCM_ManufacturerModelName,
    DCM_BodyPartExamined,
    DCM_Laterality,
    DCM_ImageLaterality,
    DCM_SeriesNumber,
    DCM_InstanceNumber,
    DCM_NumberOfFrames,
    DCM_FrameIncrementPointer,
    DCM_FrameTime,
    DCM_FrameTimeVector,
    DCM_StartTrim,
    DCM_StopTrim,
    DCM_RecommendedDisplayFrameRate,
    DCM_CineRate,
    DCM_ActualFrameDuration,
    DCM_HeartRate,
    DCM_TransducerType,
    DCM_MechanicalIndex,
    DCM_BoneThermalIndex,
    DCM_CranialThermalIndex,
    DCM_SoftTissueThermalIndex,
    DCM_DepthOfScanField,
    DCM_UltrasoundColorDataPresent,
    DCM_PixelAspectRatio,
    DCM_PixelSpacing,
    DCM_LossyImageCompression,
    DCM_LossyImageCompressionRatio,
    DCM_LossyImageCompressionMethod,
};
const DcmTagKey kRegionNumbers[] = {
    DCM_RegionSpatialFormat,          DCM_RegionDataType,          DCM_RegionFlags,
    DCM_RegionLocationMinX0,          DCM_RegionLocationMinY0,     DCM_RegionLocationMaxX1,
    DCM_RegionLocationMaxY1,          DCM_ReferencePixelX0,        DCM_ReferencePixelY0,
    DCM_PhysicalUnitsXDirection,      DCM_PhysicalUnitsYDirection, DCM_ReferencePixelPhysicalValueX,
    DCM_ReferencePixelPhysicalValueY, DCM_PhysicalDeltaX,          DCM_PhysicalDeltaY,
    DCM_TransducerFrequency,
};
// Must be there, empty (type 2 of the image objects).
const DcmTagKey kEmptied[] = {
    DCM_StudyDate,        DCM_StudyTime,  DCM_AccessionNumber, DCM_ReferringPhysicianName,
    DCM_PatientBirthDate, DCM_PatientSex, DCM_StudyID,         DCM_PatientOrientation};

const DcmTagKey kIdentifying[] = {
    DCM_PatientName,
    DCM_PatientID,
    DCM_RETIRED_OtherPatientIDs,
    DCM_OtherPatientNames,
    DCM_AccessionNumber,
    DCM_InstitutionName,
    DCM_ReferringPhysicianName,
    DCM_PerformingPhysicianName,
    DCM_OperatorsName,
    DCM_InstitutionAddress,
    DCM_StationName,
    DCM_DeviceSerialNumber,
    DCM_PatientAddress,
    DCM_PatientBirthDate,
};

void put(DcmItem& to, const DcmTagKey& tag, const std::string& value) {
  const OFCondition done = to.putAndInsertString(tag, value.c_str());
  require(done.good(), "the de-identified file cannot be made: {}", done.text());
}

void copy(DcmItem& from, DcmItem& to, const DcmTagKey& tag) {
  DcmElement* element = nullptr;
  if (from.findAndGetElement(tag, element, OFFalse, OFTrue).good() && element &&
      to.insert(element, OFTrue).bad())
    delete element;
}

void add_code(DcmDataset& to, const std::string& value, const std::string& meaning) {
  DcmItem* item = nullptr;
  to.findOrCreateSequenceItem(DCM_DeidentificationMethodCodeSequence, item, -2);
  put(*item, DCM_CodeValue, value);
  put(*item, DCM_CodingSchemeDesignator, "DCM");
  put(*item, DCM_CodeMeaning, meaning);
}

/// Which pixels stay.
class Keep {
 public:
  Keep(int64_t width, int64_t height) : width_(width), stays_(static_cast<size_t>(width * height), 0) {}
  void set(const PixelBox& box, uint8_t stays) {
    const int64_t height = static_cast<int64_t>(stays_.size()) / width_;
    for (int64_t y = std::max<int64_t>(box.y, 0); y < std::min(box.y + box.height, height); ++y)
      for (int64_t x = std::max<int64_t>(box.x, 0); x < std::min(box.x + box.width, width_); ++x)
        stays_[static_cast<size_t>(y * width_ + x)] = stays;
  }
  void apply(Frame& frame) const {
    for (size_t i = 0; i < stays_.size(); ++i)
      if (!stays_[i]) std::fill_n(&frame.rgb[3 * i], 3, uint8_t{0});
  }

 private:
  int64_t width_;
  std::vector<uint8_t> stays_;
};

// Frames that are searched for text: all of a short clip, else some evenly spaced; each search takes a
// second.
std::vector<int64_t> searched_frames(int64_t frames) {
  constexpr int64_t kMost = 8;
  std::vector<int64_t> chosen;
  const int64_t count = std::min(frames, kMost);
  for (int64_t i = 0; i < count; ++i) chosen.push_back(count == 1 ? 0 : i * (frames - 1) / (count - 1));
  return chosen;
}

class Work {
 public:
  Work(DicomFile& file, const DeidentifyOptions& options)
      : file_(file), options_(options), keep_(file.info().width, file.info().height) {}

  Deidentified run(const fs::path& folder) {
    done_.frames = file_.frame_count();
    find_kept();
    mask_texts();
    DcmFileFormat out;
    fill(*out.getDataset());
    const std::string uid = mapped(file_.info().sop_instance);
    done_.file = folder / (uid + ".dcm");
    judge();
    if (done_.status == "clean") {
      put(*out.getDataset(), DCM_BurnedInAnnotation, "NO");
      add_code(*out.getDataset(), "113101", "Clean Pixel Data Option");
    }
    const std::string header = file_bytes(out);
    write(header);
    return std::move(done_);
  }

 private:
  std::string mapped(const std::string& uid) const { return uid_of(options_.key + "/" + uid); }

  void find_kept() {
    const int64_t width = file_.info().width, height = file_.info().height;
    if (!options_.keep.empty()) {
      for (const auto& box : options_.keep) {
        require<UsageError>(box.x >= 0 && box.y >= 0 && box.width > 0 && box.height > 0 &&
                                box.x + box.width <= width && box.y + box.height <= height,
                            "keep {},{},{},{}: does not lie in the picture of {} x {}", box.x, box.y,
                            box.width, box.height, width, height);
        done_.kept.push_back(box);
      }
    } else {
      for (const auto& region : file_.calibration(0).regions) {
        const int64_t x = std::max<int64_t>(region.x0, 0), y = std::max<int64_t>(region.y0, 0);
        const PixelBox box{x, y, std::min(region.x1 + 1, width) - x, std::min(region.y1 + 1, height) - y};
        if (box.width > 0 && box.height > 0) done_.kept.push_back(box);
      }
    }
    if (done_.kept.empty()) {
      done_.kept.push_back({0, 0, width, height});
      done_.reasons.push_back(
          "the file has no regions and none were named: nothing was blanked but found text");
    }
    for (const auto& box : done_.kept) keep_.set(box, 1);
  }

  Frame kept_frame(int64_t index) {
    throw_if_interrupted();
    Frame frame = file_.read(index);
    keep_.apply(frame);
    return frame;
  }

  // Text that is found is blanked in every frame; then the frames are searched anew.
  void mask_texts() {
    if (!can_find_text()) {
      done_.reasons.push_back("text was not looked for: tesseract is not installed");
      return;
    }
    const auto frames = searched_frames(done_.frames);
    done_.frames_searched = static_cast<int64_t>(frames.size());
    constexpr int kRounds = 4;
    bool found = true;
    for (int round = 0; round < kRounds && found; ++round) {
      found = false;
      for (const int64_t index : frames) {
        const auto boxes = find_text(kept_frame(index));
        found = found || !boxes.empty();
        if (!options_.mask_text) continue;
        for (const auto& box : boxes) keep_.set(box, 0), done_.masked.push_back(box);
      }
      if (!options_.mask_text) break;
    }
    if (found) done_.reasons.push_back("text is still found in the kept regions");
    if (done_.frames_searched < done_.frames)
      done_.reasons.push_back(
          fmt::format("{} of {} frames were searched for text", done_.frames_searched, done_.frames));
  }

  void judge() {
    if (file_.info().burned_in_declared && options_.confirmed_by.empty())
      done_.reasons.push_back("the file declares burned-in annotation");
    if (options_.confirmed_by.empty()) done_.reasons.push_back("no person confirmed the pictures");
    done_.status = done_.reasons.empty() ? "clean" : "not known";
  }

  void fill(DcmDataset& to) {
    DcmDataset& from = file_.dataset();
    const auto& info = file_.info();
    put(to, DCM_SpecificCharacterSet, "ISO_IR 192");
    copy_harmless(from, to);
    DcmElement* side = nullptr;
    if (to.findAndGetElement(DCM_ImageLaterality, side).bad() &&
        to.findAndGetElement(DCM_Laterality, side).bad())
      to.insertEmptyElement(DCM_Laterality);
    for (const auto& tag : kEmptied) to.insertEmptyElement(tag);
    put(to, DCM_ImageType, "DERIVED\\PRIMARY");
    put(to, DCM_SOPInstanceUID, mapped(info.sop_instance));
    put(to, DCM_StudyInstanceUID, mapped(info.study_uid));
    put(to, DCM_SeriesInstanceUID, mapped(info.series_uid));
    const std::string pseudonym =
        "P-" + sha256(options_.key + "/patient/" + info.patient_id + "/" + info.patient_name).substr(0, 12);
    put(to, DCM_PatientName, pseudonym);
    put(to, DCM_PatientID, pseudonym);
    put(to, DCM_PatientIdentityRemoved, "YES");
    put(to, DCM_DeidentificationMethod, "Conclave: harmless attributes alone are kept");
    put(to, DCM_LongitudinalTemporalInformationModified, "REMOVED");
    add_code(to, "113100", "Basic Application Confidentiality Profile");
    copy_regions(from, to);
    const bool grey = info.photometric.starts_with("MONOCHROME");
    samples_ = grey ? 1 : 3;
    put(to, DCM_PhotometricInterpretation, grey ? "MONOCHROME2" : "RGB");
    const auto number = [&](const DcmTagKey& tag, int64_t value) {
      to.putAndInsertUint16(tag, static_cast<Uint16>(value));
    };
    number(DCM_SamplesPerPixel, samples_);
    if (!grey) number(DCM_PlanarConfiguration, 0);
    number(DCM_Rows, info.height), number(DCM_Columns, info.width);
    number(DCM_BitsAllocated, 8), number(DCM_BitsStored, 8), number(DCM_HighBit, 7),
        number(DCM_PixelRepresentation, 0);
    if (done_.frames > 1) put(to, DCM_NumberOfFrames, std::to_string(done_.frames));
    list_removed(from, to);
  }

  static void copy_regions(DcmDataset& from, DcmDataset& to) {
    DcmSequenceOfItems* regions = nullptr;
    if (from.findAndGetSequence(DCM_SequenceOfUltrasoundRegions, regions).bad() || !regions) return;
    for (unsigned long i = 0; i < regions->card(); ++i) {
      DcmItem* item = nullptr;
      to.findOrCreateSequenceItem(DCM_SequenceOfUltrasoundRegions, item, -2);
      for (const auto& tag : kRegionNumbers) copy(*regions->getItem(i), *item, tag);
    }
  }

  void list_removed(DcmDataset& from, DcmDataset& to) {
    for (unsigned long i = 0; i < from.card(); ++i) {
      DcmElement& element = *from.getElement(i);
      DcmElement* kept = nullptr;
      const bool stays = to.findAndGetElement(element.getTag(), kept).good() && kept && kept->getLength() > 0;
      if (stays || element.getTag() == DCM_PixelData || element.getLength() == 0 || element.getETag() == 0)
        continue;
      const DcmTag tag = element.getTag();
      done_.removed.push_back(tag.isPrivate()
                                  ? fmt::format("private ({:04x},{:04x})", tag.getGroup(), tag.getElement())
                                  : std::string(DcmTag(tag).getTagName()));
    }
  }

  // Names and numbers that identify, in parts: a maker's field may hold anything.
  std::set<std::string> secrets() const {
    std::set<std::string> found;
    DcmDataset& from = file_.dataset();
    for (const auto& tag : kIdentifying) {
      std::string part;
      for (const char letter : text_of(from, tag) + "^") {
        if (letter != '^' && letter != '\\' && letter != ' ') {
          part += letter;
          continue;
        }
        if (part.size() >= 3) found.insert(part);
        part.clear();
      }
    }
    return found;
  }

  static bool is_text(DcmEVR vr) {
    return vr == EVR_LO || vr == EVR_SH || vr == EVR_LT || vr == EVR_ST || vr == EVR_UT || vr == EVR_CS;
  }

  void copy_harmless(DcmDataset& from, DcmDataset& to) const {
    const auto identifying = secrets();
    for (const auto& tag : kHarmless) {
      const std::string text = text_of(from, tag);
      const bool told = is_text(DcmTag(tag).getEVR()) &&
                        std::any_of(identifying.begin(), identifying.end(), [&](const std::string& secret) {
                          return text.find(secret) != std::string::npos;
                        });
      if (!told) copy(from, to, tag);
    }
  }

  void write(const std::string& header) {
    const int64_t one = file_.info().width * file_.info().height * samples_;
    const uint64_t size = static_cast<uint64_t>(one) * static_cast<uint64_t>(done_.frames);
    require(size < 0xfffffffe, "{}: its pixels take {} bytes, a native file holds less than 4 GB",
            file_.name(), size);
    AtomicFile out(done_.file);
    out.write(header);
    const uint64_t even = size + size % 2;
    std::string head = std::string("\xe0\x7f\x10\x00OB\0\0", 8);
    for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(even >> shift);
    out.write(head);
    for (int64_t index = 0; index < done_.frames; ++index) {
      const Frame frame = kept_frame(index);
      require(frame.width == file_.info().width && frame.height == file_.info().height,
              "{}: its frames have two sizes", file_.name());
      std::string bytes;
      bytes.reserve(static_cast<size_t>(one));
      if (samples_ == 3)
        bytes.assign(frame.rgb.begin(), frame.rgb.end());
      else
        for (size_t i = 0; i < frame.rgb.size(); i += 3) bytes += static_cast<char>(frame.rgb[i]);
      out.write(bytes);
    }
    if (size % 2) out.write(std::string_view("\0", 1));
    out.commit();
  }

  DicomFile& file_;
  const DeidentifyOptions& options_;
  Keep keep_;
  Deidentified done_;
  int64_t samples_ = 3;
};

Json boxes_json(const std::vector<PixelBox>& boxes) {
  Json list = Json::array();
  for (const auto& box : boxes) list.push_back({box.x, box.y, box.width, box.height});
  return list;
}

}  // namespace

Json Deidentified::to_json() const {
  return {{"file", file.string()},
          {"status", status},
          {"reasons", reasons},
          {"kept", boxes_json(kept)},
          {"masked", boxes_json(masked)},
          {"frames", frames},
          {"frames_searched", frames_searched},
          {"removed", removed}};
}

Deidentified deidentify(DicomFile& file, const fs::path& folder, const DeidentifyOptions& options) {
  file.require_ultrasound();
  require<UsageError>(options.key.size() >= 32, "a key of at least 32 letters is wanted");
  fs::create_directories(folder);
  return Work(file, options).run(folder);
}

std::string deidentify_key(const fs::path& path) {
  if (fs::exists(path)) {
    std::string key = read_file(path, 4096);
    while (!key.empty() && key.back() == '\n') key.pop_back();
    require<UsageError>(key.size() >= 32, "{}: a key of at least 32 letters is wanted", path.string());
    return key;
  }
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  std::random_device random;
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += std::to_string(random()) + ",";
  const std::string key = sha256(bytes);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  require(file >= 0, "{}: cannot be made", path.string());
  const bool written =
      ::write(file, key.data(), key.size()) == static_cast<ssize_t>(key.size()) && ::fsync(file) == 0;
  ::close(file);
  require(written, "{}: cannot be written", path.string());
  return key;
}

}  // namespace conclave::dicom
