#include "framework/dicom/dicom_file.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>

#include "framework/base/error.h"
#include "framework/base/mapped_file.h"
#include "framework/dicom/clip.h"
#include "framework/dicom/dcmtk.h"
#include "framework/dicom/layout.h"
#include "framework/dicom/pixels.h"

namespace conclave::dicom {
namespace {

int64_t whole_of(DcmItem& item, const DcmTagKey& tag, int64_t fallback) {
  Sint32 value = 0;
  if (item.findAndGetSint32(tag, value).good()) return value;
  Uint32 unsigned_value = 0;
  if (item.findAndGetUint32(tag, unsigned_value).good()) return unsigned_value;
  Uint16 short_value = 0;
  return item.findAndGetUint16(tag, short_value).good() ? short_value : fallback;
}

double number_of(DcmItem& item, const DcmTagKey& tag, double fallback = 0) {
  Float64 value = 0;
  return item.findAndGetFloat64(tag, value).good() ? value : fallback;
}

std::vector<Region> regions_of(DcmItem& item) {
  std::vector<Region> regions;
  DcmSequenceOfItems* sequence = nullptr;
  if (item.findAndGetSequence(DCM_SequenceOfUltrasoundRegions, sequence).bad() || !sequence) return regions;
  for (unsigned long i = 0; i < sequence->card(); ++i) {
    DcmItem& row = *sequence->getItem(i);
    Region region;
    region.x0 = whole_of(row, DCM_RegionLocationMinX0, -1),
    region.y0 = whole_of(row, DCM_RegionLocationMinY0, -1);
    region.x1 = whole_of(row, DCM_RegionLocationMaxX1, -1),
    region.y1 = whole_of(row, DCM_RegionLocationMaxY1, -1);
    region.units_x = static_cast<int>(whole_of(row, DCM_PhysicalUnitsXDirection, 0));
    region.units_y = static_cast<int>(whole_of(row, DCM_PhysicalUnitsYDirection, 0));
    region.delta_x = number_of(row, DCM_PhysicalDeltaX), region.delta_y = number_of(row, DCM_PhysicalDeltaY);
    region.spatial_format = static_cast<int>(whole_of(row, DCM_RegionSpatialFormat, 0));
    region.data_type = static_cast<int>(whole_of(row, DCM_RegionDataType, 0));
    regions.push_back(region);
  }
  return regions;
}

std::string uid_name(const std::string& uid) {
  const char* name = dcmFindNameOfUID(uid.c_str());
  return name ? name : uid;
}

// Old ultrasound classes are retired, but files of them are about.
bool is_ultrasound_class(const std::string& uid) {
  for (const char* known :
       {UID_UltrasoundImageStorage, UID_UltrasoundMultiframeImageStorage, UID_RETIRED_UltrasoundImageStorage,
        UID_RETIRED_UltrasoundMultiframeImageStorage, UID_EnhancedUSVolumeStorage})
    if (uid == known) return true;
  return false;
}

bool is_capture_class(const std::string& uid) {
  for (const char* known :
       {UID_SecondaryCaptureImageStorage, UID_MultiframeGrayscaleByteSecondaryCaptureImageStorage,
        UID_MultiframeTrueColorSecondaryCaptureImageStorage, UID_VideoPhotographicImageStorage})
    if (uid == known) return true;
  return false;
}

}  // namespace

struct DicomFile::State {
  explicit State(const std::filesystem::path& path) : file(path), name(path.string()) {}

  MappedFile file;
  std::string name;
  Layout layout;
  DcmFileFormat format;
  DicomInfo info;
  PixelFormat pixels;
  std::vector<std::string> warnings;
  std::vector<Region> regions;
  std::vector<std::vector<size_t>> frame_fragments;  // of encapsulated still pictures
  std::unique_ptr<Clip> clip;

  DcmDataset& dataset() { return *format.getDataset(); }
  [[noreturn]] void fail(const std::string& what) const { throw DataError(name, "", what); }
  // Lets go of a frame's pages, which were only read: memory does not grow with a clip's length.
  void release(const Extent& extent) const {
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<uintptr_t>(file.text().data()) + extent.begin;
    const uintptr_t first = (begin + page - 1) / page * page, end = (begin + extent.size) / page * page;
    if (end > first) ::madvise(reinterpret_cast<void*>(first), end - first, MADV_DONTNEED);
  }
  std::string_view bytes(const Extent& extent) const { return file.text().substr(extent.begin, extent.size); }

  void load() {
    layout = read_layout(file.text(), name);
    DcmtkWarnings caught;
    const OFCondition done = format.loadFile(name.c_str(), EXS_Unknown, EGL_noChange, 4096, ERM_autoDetect);
    if (done.bad()) fail(fmt::format("cannot be read as DICOM: {}", done.text()));
    read_info();
    // Only names and descriptions change; what cannot be converted stays as it is and is said.
    if (const OFCondition utf8 = dataset().convertToUTF8(); utf8.bad())
      warnings.push_back(fmt::format("its texts are of an unknown character set: {}", utf8.text()));
    read_names();
    regions = regions_of(dataset());
    if (layout.has_pixels) read_pixel_format();
  }

  void read_info() {
    DcmDataset& from = dataset();
    info.sop_class = text_of(from, DCM_SOPClassUID);
    info.sop_class_name = uid_name(info.sop_class);
    info.sop_instance = text_of(from, DCM_SOPInstanceUID);
    info.study_uid = text_of(from, DCM_StudyInstanceUID);
    info.series_uid = text_of(from, DCM_SeriesInstanceUID);
    info.modality = text_of(from, DCM_Modality);
    info.transfer_syntax = layout.transfer_syntax;
    info.transfer_syntax_name = uid_name(layout.transfer_syntax);
    info.photometric = text_of(from, DCM_PhotometricInterpretation);
    info.birth_date = text_of(from, DCM_PatientBirthDate);
    info.sex = text_of(from, DCM_PatientSex);
    info.study_date = text_of(from, DCM_StudyDate);
    info.study_time = text_of(from, DCM_StudyTime);
    info.series_number = whole_of(from, DCM_SeriesNumber, 0);
    info.instance_number = whole_of(from, DCM_InstanceNumber, 0);
    info.frame_ms = number_of(from, DCM_FrameTime);
    info.burned_in_declared = text_of(from, DCM_BurnedInAnnotation) == "YES";
  }

  void read_names() {
    DcmDataset& from = dataset();
    info.patient_name = text_of(from, DCM_PatientName);
    info.patient_id = text_of(from, DCM_PatientID);
    info.study_id = text_of(from, DCM_StudyID);
    info.accession = text_of(from, DCM_AccessionNumber);
    info.study_description = text_of(from, DCM_StudyDescription);
    info.series_description = text_of(from, DCM_SeriesDescription);
    info.manufacturer = text_of(from, DCM_Manufacturer);
    info.model_name = text_of(from, DCM_ManufacturerModelName);
    info.referring_physician = text_of(from, DCM_ReferringPhysicianName);
  }

  void read_pixel_format() {
    DcmDataset& from = dataset();
    pixels.transfer_syntax = layout.transfer_syntax;
    pixels.photometric = info.photometric;
    pixels.height = whole_of(from, DCM_Rows, 0), pixels.width = whole_of(from, DCM_Columns, 0);
    pixels.samples = whole_of(from, DCM_SamplesPerPixel, 1);
    pixels.bits_allocated = whole_of(from, DCM_BitsAllocated, 8);
    pixels.planar = whole_of(from, DCM_PlanarConfiguration, 0);
    pixels.swap_words = layout.big_endian && (layout.pixels_as_words || pixels.bits_allocated > 8);
    const int64_t frames = whole_of(from, DCM_NumberOfFrames, 1);
    if (pixels.width < 1 || pixels.height < 1)
      fail(fmt::format("its pictures are {} x {} pixels", pixels.width, pixels.height));
    if (pixels.width > kMostPixels / pixels.height)
      fail(fmt::format("pictures of {} x {} are not read; at most {} pixels are", pixels.width, pixels.height,
                       kMostPixels));
    if (frames < 1) fail(fmt::format("claims {} frames", frames));
    info.width = pixels.width, info.height = pixels.height;
    const Coding coding = coding_of(layout.transfer_syntax);
    if (coding == Coding::unknown)
      fail(fmt::format("pictures of transfer syntax {} ({}) are not read", info.transfer_syntax_name,
                       layout.transfer_syntax));
    if (layout.encapsulated != (coding != Coding::native))
      fail("its pixel data are not stored as its transfer syntax says");
    if (coding == Coding::video) return open_clip(frames);
    if ((pixels.samples != 1 && pixels.samples != 3) ||
        (pixels.bits_allocated != 8 && (pixels.bits_allocated != 16 || pixels.samples != 1)))
      fail(fmt::format("pictures of {} samples of {} bits are not read", pixels.samples,
                       pixels.bits_allocated));
    const auto bits = whole_of(from, DCM_BitsStored, pixels.bits_allocated),
               high = whole_of(from, DCM_HighBit, bits - 1);
    if (bits < 1 || bits > pixels.bits_allocated || high != bits - 1)
      fail(fmt::format("samples of {} stored bits of {}, the highest {}, are not read", bits,
                       pixels.bits_allocated, high));
    info.frames = frames;
    if (coding == Coding::native) {
      const int64_t one = pixels.frame_bytes(), held = static_cast<int64_t>(layout.pixels.size);
      if (frames > held / one)
        fail(fmt::format("promises {} frames of {} bytes, but holds {} bytes of pixels", frames, one, held));
      if (held > frames * one + 1)
        warnings.push_back(
            fmt::format("holds {} bytes of pixels, {} more than its frames have", held, held - frames * one));
      return;
    }
    assign_fragments(frames);
  }

  void open_clip(int64_t frames) {
    std::vector<std::string_view> pieces;
    for (const auto& fragment : layout.fragments) pieces.push_back(bytes(fragment));
    if (pieces.empty()) fail("has no pixel data");
    clip = std::make_unique<Clip>(std::move(pieces), name);
    info.frames = clip->frame_count();
    if (info.frames != frames)
      warnings.push_back(fmt::format("promises {} frames, its video has {}", frames, info.frames));
    if (clip->width() != pixels.width || clip->height() != pixels.height)
      fail(fmt::format("promises pictures of {} x {}, its video has {} x {}", pixels.width, pixels.height,
                       clip->width(), clip->height()));
  }

  void assign_fragments(int64_t frames) {
    const auto& fragments = layout.fragments;
    const auto count = static_cast<int64_t>(fragments.size());
    if (count < frames)
      fail(fmt::format("promises {} frames, but holds {} fragments of pixels", frames, count));
    frame_fragments.resize(static_cast<size_t>(frames));
    if (count == frames) {
      for (size_t i = 0; i < fragments.size(); ++i) frame_fragments[i] = {i};
    } else if (frames == 1) {
      for (size_t i = 0; i < fragments.size(); ++i) frame_fragments[0].push_back(i);
    } else {
      if (static_cast<int64_t>(layout.offset_table.size()) != frames)
        fail(fmt::format("has {} fragments for {} frames and no table that tells whose they are", count,
                         frames));
      size_t frame = 0;
      for (size_t i = 0; i < fragments.size(); ++i) {
        while (frame + 1 < layout.offset_table.size() &&
               layout.fragment_offsets[i] >= layout.offset_table[frame + 1])
          ++frame;
        frame_fragments[frame].push_back(i);
      }
    }
  }

  std::string frame_bytes(int64_t index) const {
    std::string all;
    for (const size_t fragment : frame_fragments[static_cast<size_t>(index)])
      all.append(bytes(layout.fragments[fragment]));
    if (all.empty()) throw DataError(name, fmt::format("frame {}", index), "has no bytes");
    return all;
  }
};

DicomFile::DicomFile(const std::filesystem::path& path) : state_(std::make_unique<State>(path)) {
  prepare_dcmtk();
  state_->load();
}
DicomFile::~DicomFile() = default;

const DicomInfo& DicomFile::info() const {
  return state_->info;
}
const std::vector<std::string>& DicomFile::warnings() const {
  return state_->warnings;
}
int64_t DicomFile::frame_count() const {
  return state_->info.frames;
}
std::string DicomFile::name() const {
  return state_->name;
}
DcmDataset& DicomFile::dataset() const {
  return state_->dataset();
}

void DicomFile::require_ultrasound() const {
  const auto& info = state_->info;
  const bool ultrasound =
      is_ultrasound_class(info.sop_class) || (is_capture_class(info.sop_class) && info.modality == "US");
  if (!ultrasound)
    state_->fail(fmt::format("is no ultrasound picture but {} of modality '{}'",
                             info.sop_class.empty() ? "an object without a class" : info.sop_class_name,
                             info.modality));
  if (info.frames == 0) state_->fail("has no pictures");
}

Calibration DicomFile::calibration(int64_t index) const {
  Calibration calibration;
  calibration.width = state_->info.width, calibration.height = state_->info.height;
  calibration.regions = state_->regions;
  DcmItem* group = nullptr;
  for (const auto& [tag, item] : {std::pair{DCM_SharedFunctionalGroupsSequence, int64_t{0}},
                                  std::pair{DCM_PerFrameFunctionalGroupsSequence, index}}) {
    if (state_->dataset().findAndGetSequenceItem(tag, group, static_cast<signed long>(item)).good() &&
        group) {
      if (auto own = regions_of(*group); !own.empty()) calibration.regions = std::move(own);
    }
  }
  const double down = [&] {
    Float64 value = 0;
    return state_->dataset().findAndGetFloat64(DCM_PixelSpacing, value, 0).good() ? value : 0.0;
  }();
  const double across = [&] {
    Float64 value = 0;
    return state_->dataset().findAndGetFloat64(DCM_PixelSpacing, value, 1).good() ? value : 0.0;
  }();
  if (down > 0 && across > 0) calibration.pixel_spacing = {down, across};
  return calibration;
}

Frame DicomFile::read(int64_t index) {
  State& state = *state_;
  require<UsageError>(index >= 0 && index < state.info.frames, "{}: frame {} of {}", state.name, index,
                      state.info.frames);
  if (state.clip) return state.clip->read(index);
  const std::string where =
      state.info.frames > 1 ? fmt::format("{}: frame {}", state.name, index) : state.name;
  const auto index_of = static_cast<size_t>(index);
  if (state.layout.encapsulated) {
    Frame frame = decode_frame(state.frame_bytes(index), state.pixels, state.dataset(), where);
    for (const size_t fragment : state.frame_fragments[index_of])
      state.release(state.layout.fragments[fragment]);
    return frame;
  }
  const auto size = static_cast<uint64_t>(state.pixels.frame_bytes());
  const Extent extent{state.layout.pixels.begin + index_of * size, size};
  Frame frame = decode_frame(state.bytes(extent), state.pixels, state.dataset(), where);
  state.release(extent);
  return frame;
}

Json DicomFile::describe(bool identity) const {
  const auto& info = state_->info;
  Json about = {{"file", state_->name},
                {"sop_class", info.sop_class_name},
                {"modality", info.modality},
                {"transfer_syntax", info.transfer_syntax_name},
                {"study_uid", info.study_uid},
                {"series_uid", info.series_uid},
                {"sop_instance_uid", info.sop_instance},
                {"series_number", info.series_number},
                {"instance_number", info.instance_number},
                {"study_date", info.study_date},
                {"manufacturer", info.manufacturer},
                {"model", info.model_name}};
  if (identity)
    about["patient"] = {{"name", info.patient_name},
                        {"id", info.patient_id},
                        {"birth_date", info.birth_date},
                        {"sex", info.sex}};
  if (info.frames > 0) {
    about["pictures"] = {{"frames", info.frames},
                         {"width", info.width},
                         {"height", info.height},
                         {"photometric", info.photometric},
                         {"samples", state_->pixels.samples},
                         {"bits", state_->pixels.bits_allocated}};
    if (info.frame_ms > 0) about["pictures"]["frame_ms"] = info.frame_ms;
    about["regions"] = regions_json(calibration(0));
  }
  if (!state_->warnings.empty()) about["warnings"] = state_->warnings;
  return about;
}

bool looks_like_dicom(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  char head[132] = {};
  in.read(head, sizeof head);
  if (in.gcount() == sizeof head && std::string_view(head + 128, 4) == "DICM") return true;
  // Old files begin with group 2 or 8 in either byte order; pictures and clips do not.
  return in.gcount() >= 8 && (head[0] == 2 || head[0] == 8) && head[1] == 0 && head[3] == 0;
}

}  // namespace conclave::dicom
