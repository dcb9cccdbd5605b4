/// DICOM files for tests, made with DCMTK.
#pragma once

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "framework/dicom/region.h"

namespace conclave::testing {

/// An ultrasound file of `frames` frames of width x height; pixel x, y of frame f has the grey (x + 2 y + 10
/// f) % 256, and in RGB (grey, 255 - grey, 7).
struct MadeDicom {
  int64_t width = 32, height = 24, frames = 1, samples = 3;
  std::string photometric = "RGB";
  std::vector<dicom::Region> regions = {};
  std::function<void(DcmDataset&)> change = [](DcmDataset&) {};

  static uint8_t grey(int64_t x, int64_t y, int64_t frame) {
    return static_cast<uint8_t>((x + 2 * y + 10 * frame) % 256);
  }

  void save(const std::filesystem::path& path, E_TransferSyntax syntax = EXS_LittleEndianExplicit) const {
    DcmFileFormat file;
    DcmDataset& data = *file.getDataset();
    const bool many = frames > 1;
    data.putAndInsertString(DCM_SOPClassUID,
                            many ? UID_UltrasoundMultiframeImageStorage : UID_UltrasoundImageStorage);
    data.putAndInsertString(DCM_SOPInstanceUID, "1.2.826.0.1.3680043.2.1143.77.1");
    data.putAndInsertString(DCM_StudyInstanceUID, "1.2.826.0.1.3680043.2.1143.77.2");
    data.putAndInsertString(DCM_SeriesInstanceUID, "1.2.826.0.1.3680043.2.1143.77.3");
    data.putAndInsertString(DCM_Modality, "US");
    data.putAndInsertString(DCM_PatientName, "Doe^Jane");
    data.putAndInsertString(DCM_PatientID, "MRN-4711");
    data.putAndInsertUint16(DCM_Rows, static_cast<Uint16>(height));
    data.putAndInsertUint16(DCM_Columns, static_cast<Uint16>(width));
    data.putAndInsertUint16(DCM_SamplesPerPixel, static_cast<Uint16>(samples));
    data.putAndInsertString(DCM_PhotometricInterpretation, photometric.c_str());
    if (samples > 1) data.putAndInsertUint16(DCM_PlanarConfiguration, 0);
    data.putAndInsertUint16(DCM_BitsAllocated, 8);
    data.putAndInsertUint16(DCM_BitsStored, 8);
    data.putAndInsertUint16(DCM_HighBit, 7);
    data.putAndInsertUint16(DCM_PixelRepresentation, 0);
    if (many) data.putAndInsertString(DCM_NumberOfFrames, std::to_string(frames).c_str());
    for (const auto& region : regions) {
      DcmItem* item = nullptr;
      data.findOrCreateSequenceItem(DCM_SequenceOfUltrasoundRegions, item, -2);
      item->putAndInsertUint16(DCM_RegionSpatialFormat, 1);
      item->putAndInsertUint16(DCM_RegionDataType, 1);
      item->putAndInsertUint32(DCM_RegionFlags, 0);
      item->putAndInsertUint32(DCM_RegionLocationMinX0, static_cast<Uint32>(region.x0));
      item->putAndInsertUint32(DCM_RegionLocationMinY0, static_cast<Uint32>(region.y0));
      item->putAndInsertUint32(DCM_RegionLocationMaxX1, static_cast<Uint32>(region.x1));
      item->putAndInsertUint32(DCM_RegionLocationMaxY1, static_cast<Uint32>(region.y1));
      item->putAndInsertUint16(DCM_PhysicalUnitsXDirection, static_cast<Uint16>(region.units_x));
      item->putAndInsertUint16(DCM_PhysicalUnitsYDirection, static_cast<Uint16>(region.units_y));
      item->putAndInsertFloat64(DCM_PhysicalDeltaX, region.delta_x);
      item->putAndInsertFloat64(DCM_PhysicalDeltaY, region.delta_y);
    }
    std::vector<Uint8> pixels;
    for (int64_t f = 0; f < frames; ++f)
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
          const uint8_t value = grey(x, y, f);
          pixels.push_back(value);
          if (samples == 3) pixels.push_back(static_cast<uint8_t>(255 - value)), pixels.push_back(7);
        }
    data.putAndInsertUint8Array(DCM_PixelData, pixels.data(), pixels.size());
    change(data);
    const OFCondition chosen = data.chooseRepresentation(syntax, nullptr);
    const OFCondition saved = chosen.good() ? file.saveFile(path.c_str(), syntax) : chosen;
    if (saved.bad()) throw std::runtime_error(saved.text());
  }
};

inline std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void put_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace conclave::testing
