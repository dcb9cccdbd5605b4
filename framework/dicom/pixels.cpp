#include "framework/dicom/pixels.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dctk.h>
#include <dcmtk/dcmimage/diregist.h>
#include <dcmtk/dcmimgle/dcmimage.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/dicom/dcmtk.h"
#include "framework/dicom/jpeg2000.h"

namespace conclave::dicom {
namespace {

// What a picture's meaning hangs on, besides its pixels.
const DcmTagKey kCopied[] = {
    DCM_BitsStored,
    DCM_HighBit,
    DCM_PixelRepresentation,
    DCM_WindowCenter,
    DCM_WindowWidth,
    DCM_RescaleIntercept,
    DCM_RescaleSlope,
    DCM_RedPaletteColorLookupTableDescriptor,
    DCM_GreenPaletteColorLookupTableDescriptor,
    DCM_BluePaletteColorLookupTableDescriptor,
    DCM_RedPaletteColorLookupTableData,
    DCM_GreenPaletteColorLookupTableData,
    DCM_BluePaletteColorLookupTableData,
};

void put(DcmDataset& to, const DcmTagKey& tag, int64_t value) {
  to.putAndInsertUint16(tag, static_cast<Uint16>(value));
}

// JPEG and JPEG-LS: the size in the frame's own header must be the file's, before a codec trusts either.
void check_jpeg_size(std::string_view bytes, const PixelFormat& format, const std::string& name) {
  const auto fail = [&](const std::string& what) { throw DataError(name, "", "its JPEG picture " + what); };
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(bytes[at]); };
  if (bytes.size() < 4 || byte(0) != 0xff || byte(1) != 0xd8) fail("is none");
  for (size_t at = 2; at + 4 <= bytes.size();) {
    if (byte(at) != 0xff) fail("is broken");
    const uint8_t marker = byte(at + 1);
    if (marker == 0xff) {
      ++at;
      continue;
    }
    // Markers without a length have no place here, and DCMTK 3.6.7 goes round in a circle at them.
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd9)) fail("is broken");
    const size_t length = static_cast<size_t>(byte(at + 2) << 8 | byte(at + 3));
    if (length < 2 || at + 2 + length > bytes.size()) break;
    const bool frame =
        (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) ||
        marker == 0xf7;
    if (frame && length >= 8) {
      const int64_t height = byte(at + 5) << 8 | byte(at + 6), width = byte(at + 7) << 8 | byte(at + 8);
      if (width != format.width || height != format.height || byte(at + 9) != format.samples)
        fail(fmt::format("is {} x {} x {}, the file says {} x {} x {}", width, height, byte(at + 9),
                         format.width, format.height, format.samples));
      return;
    }
    if (marker == 0xda) break;
    at += 2 + length;
  }
  fail("has no size");
}

void insert_native(DcmDataset& to, std::vector<uint8_t>& bytes, int64_t bits_allocated) {
  if (bytes.size() % 2) bytes.push_back(0);
  auto* pixels = new DcmPixelData(DCM_PixelData);
  if (bits_allocated == 16) {
    pixels->setVR(EVR_OW);
    std::vector<Uint16> words(bytes.size() / 2);
    for (size_t i = 0; i < words.size(); ++i)
      words[i] = static_cast<Uint16>(bytes[2 * i] | bytes[2 * i + 1] << 8);
    pixels->putUint16Array(words.data(), words.size());
  } else {
    pixels->setVR(EVR_OB);
    pixels->putUint8Array(bytes.data(), bytes.size());
  }
  to.insert(pixels, OFTrue);
}

void insert_compressed(DcmDataset& to, std::string_view bytes, E_TransferSyntax syntax) {
  auto* sequence = new DcmPixelSequence(DCM_PixelSequenceTag);
  sequence->insert(new DcmPixelItem(DCM_PixelItemTag));  // an empty offset table
  auto* item = new DcmPixelItem(DCM_PixelItemTag);
  sequence->insert(item);
  std::string even(bytes);
  if (even.size() % 2) even.push_back('\0');
  item->putUint8Array(reinterpret_cast<const Uint8*>(even.data()), even.size());
  auto* pixels = new DcmPixelData(DCM_PixelData);
  pixels->putOriginalRepresentation(syntax, nullptr, sequence);
  to.insert(pixels, OFTrue);
}

}  // namespace

Coding coding_of(const std::string& uid) {
  static const std::string root = "1.2.840.10008.1.2";
  if (uid == root || uid == root + ".1" || uid == root + ".2") return Coding::native;
  if (uid == root + ".5") return Coding::rle;
  if (!uid.starts_with(root + ".4.")) return Coding::unknown;
  const std::string last = uid.substr(root.size() + 3);
  for (const char* known : {"50", "51", "53", "55", "57", "70"})
    if (last == known) return Coding::jpeg;
  if (last == "80" || last == "81") return Coding::jpeg_ls;
  if (last == "90" || last == "91") return Coding::jpeg_2000;
  for (const char* known : {"100", "100.1", "101", "101.1", "102", "102.1", "103", "103.1", "104", "104.1",
                            "105", "105.1", "106", "106.1", "107", "108"})
    if (last == known) return Coding::video;
  return Coding::unknown;
}

int64_t PixelFormat::frame_bytes() const {
  const int64_t pixels = width * height;
  if (photometric == "YBR_FULL_422" && coding_of(transfer_syntax) == Coding::native)
    return pixels * 2 * (bits_allocated / 8);
  return pixels * samples * (bits_allocated / 8);
}

Frame decode_frame(std::string_view bytes, const PixelFormat& format, DcmDataset& header,
                   const std::string& name) {
  DcmtkWarnings warnings;
  const auto fail = [&](const std::string& what) {
    const auto& told = warnings.texts();
    throw DataError(name, "", what + (told.empty() ? "" : ": " + told.front()));
  };
  DcmDataset one;
  for (const auto& tag : kCopied) {
    DcmElement* element = nullptr;
    if (header.findAndGetElement(tag, element, OFFalse, OFTrue).good() && element)
      one.insert(element, OFTrue);
  }
  std::string photometric = format.photometric;
  const Coding coding = coding_of(format.transfer_syntax);
  put(one, DCM_Rows, format.height), put(one, DCM_Columns, format.width);
  put(one, DCM_SamplesPerPixel, format.samples), put(one, DCM_BitsAllocated, format.bits_allocated);
  if (format.samples > 1) put(one, DCM_PlanarConfiguration, format.planar);
  if (coding == Coding::native || coding == Coding::jpeg_2000) {
    std::vector<uint8_t> native;
    if (coding == Coding::jpeg_2000) {
      native =
          decode_jpeg2000(bytes, format.width, format.height, format.samples, format.bits_allocated, name);
      if (format.samples > 1) put(one, DCM_PlanarConfiguration, 0);
      if (photometric == "YBR_RCT" || photometric == "YBR_ICT") photometric = "RGB";  // undone by the codec
    } else {
      native.assign(bytes.begin(), bytes.end());
      if (format.swap_words)
        for (size_t i = 0; i + 1 < native.size(); i += 2) std::swap(native[i], native[i + 1]);
    }
    one.putAndInsertString(DCM_PhotometricInterpretation, photometric.c_str());
    insert_native(one, native, format.bits_allocated);
  } else {
    if (coding == Coding::jpeg || coding == Coding::jpeg_ls) check_jpeg_size(bytes, format, name);
    one.putAndInsertString(DCM_PhotometricInterpretation, photometric.c_str());
    const DcmXfer syntax(format.transfer_syntax.c_str());
    insert_compressed(one, bytes, syntax.getXfer());
    const OFCondition done = one.chooseRepresentation(EXS_LittleEndianExplicit, nullptr);
    if (done.bad()) fail(fmt::format("its picture cannot be decompressed: {}", done.text()));
    if (!warnings.texts().empty()) fail("its picture is broken");
  }

  DicomImage image(&one, EXS_LittleEndianExplicit);
  if (image.getStatus() != EIS_Normal)
    fail(fmt::format("its picture cannot be shown: {}", DicomImage::getString(image.getStatus())));
  if (static_cast<int64_t>(image.getWidth()) != format.width ||
      static_cast<int64_t>(image.getHeight()) != format.height)
    fail("its picture has another size than the file says");
  Frame frame{format.width, format.height, {}};
  const auto pixels = static_cast<size_t>(format.width * format.height);
  frame.rgb.resize(pixels * 3);
  if (image.isMonochrome()) {
    if (image.getWindowCount() > 0) {
      image.setWindow(0);
    } else if (format.bits_allocated > 8) {
      image.setMinMaxWindow();
    }
    std::vector<uint8_t> grey(pixels);
    if (!image.getOutputData(grey.data(), grey.size(), 8)) fail("its picture cannot be shown");
    for (size_t i = 0; i < pixels; ++i) std::fill_n(&frame.rgb[3 * i], 3, grey[i]);
  } else if (!image.getOutputData(frame.rgb.data(), frame.rgb.size(), 8, 0, 0)) {
    fail("its picture cannot be shown");
  }
  return frame;
}

}  // namespace conclave::dicom
