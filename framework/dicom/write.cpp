#include "framework/dicom/write.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcostrmb.h>
#include <dcmtk/dcmdata/dctk.h>

#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "framework/dicom/dcmtk.h"

namespace conclave::dicom {

std::string uid_of(const std::string& text) {
  const std::string hex = sha256(text);
  unsigned __int128 value = 0;
  for (int i = 0; i < 32; ++i) {
    const char digit = hex[static_cast<size_t>(i)];
    value = value << 4 | static_cast<unsigned>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
  }
  std::string decimal;
  do {
    decimal.insert(decimal.begin(), static_cast<char>('0' + static_cast<int>(value % 10)));
    value /= 10;
  } while (value > 0);
  return "2.25." + decimal;
}

std::string file_bytes(DcmFileFormat& file) {
  prepare_dcmtk();
  const auto check = [](const OFCondition& done) {
    require(done.good(), "the DICOM object cannot be made: {}", done.text());
  };
  check(file.validateMetaInfo(EXS_LittleEndianExplicit, EWM_createNewMeta));
  const auto size = file.calcElementLength(EXS_LittleEndianExplicit, EET_UndefinedLength) + 4096;
  std::string bytes(size, '\0');
  DcmOutputBufferStream stream(bytes.data(), static_cast<offile_off_t>(size));
  file.transferInit();
  check(file.write(stream, EXS_LittleEndianExplicit, EET_UndefinedLength, nullptr));
  file.transferEnd();
  void* begin = nullptr;
  offile_off_t length = 0;
  stream.flushBuffer(begin, length);
  bytes.resize(static_cast<size_t>(length));
  return bytes;
}

}  // namespace conclave::dicom
