/// DCMTK as this folder uses it: codecs registered once, its messages caught instead of printed. Kept out of
/// the public headers.
#pragma once

#include <string>
#include <vector>

class DcmItem;
class DcmTagKey;

namespace conclave::dicom {

/// Registers the codecs (JPEG, JPEG-LS, RLE) and silences the library's own printing. Thread-safe, cheap when
/// done.
void prepare_dcmtk();

/// All values of an element, with backslashes between them, without the padding; empty when there is none.
std::string text_of(DcmItem& item, const DcmTagKey& tag);

/// Gathers what DCMTK warns of on this thread while it lives: some broken data are only warned of.
class DcmtkWarnings {
 public:
  DcmtkWarnings();
  ~DcmtkWarnings();
  DcmtkWarnings(const DcmtkWarnings&) = delete;
  DcmtkWarnings& operator=(const DcmtkWarnings&) = delete;
  /// Of level warning and above, in order.
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::vector<std::string> texts_;
  std::vector<std::string>* outer_;
};

}  // namespace conclave::dicom
