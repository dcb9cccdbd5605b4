#include "framework/dicom/layout.h"

#include <set>

#include "framework/base/error.h"

namespace conclave::dicom {
namespace {

constexpr int kDeepest = 32;
constexpr uint32_t kUndefined = 0xffffffff;
constexpr uint32_t kItem = 0xfffee000, kItemEnd = 0xfffee00d, kSequenceEnd = 0xfffee0dd, kPixels = 0x7fe00010;

class Walk {
 public:
  Walk(std::string_view bytes, const std::string& name) : bytes_(bytes), name_(name) {}

  Layout run() {
    uint64_t at = 0;
    const bool preamble = bytes_.size() >= 132 && bytes_.substr(128, 4) == "DICM";
    if (preamble) at = 132;
    layout_.transfer_syntax = "1.2.840.10008.1.2";
    if (!preamble) check_bare();
    if (bytes_.size() >= at + 2 && u16(at) == 0x0002) at = read_meta(at);
    const std::string& syntax = layout_.transfer_syntax;
    layout_.implicit = syntax == "1.2.840.10008.1.2";
    big_ = layout_.big_endian = syntax == "1.2.840.10008.1.2.2";
    if (syntax == "1.2.840.10008.1.2.1.99") fail(at, "is deflated, which is not read");
    read_elements(at, bytes_.size(), 0, false);
    return std::move(layout_);
  }

 private:
  [[noreturn]] void fail(uint64_t at, const std::string& what) const {
    throw DataError(name_, fmt::format("offset {}", at), what);
  }
  void need(uint64_t at, uint64_t count) const {
    if (at > bytes_.size() || count > bytes_.size() - at)
      fail(at, fmt::format("the file is cut off: {} bytes are wanted, it ends at {}", count, bytes_.size()));
  }
  uint8_t byte(uint64_t at) const { return static_cast<uint8_t>(bytes_[at]); }
  uint16_t u16(uint64_t at) const {
    need(at, 2);
    return static_cast<uint16_t>(big_ ? byte(at) << 8 | byte(at + 1) : byte(at + 1) << 8 | byte(at));
  }
  uint32_t u32(uint64_t at) const {
    need(at, 4);
    const uint32_t first = u16(at), second = u16(at + 2);
    return big_ ? first << 16 | second : second << 16 | first;
  }
  uint32_t tag(uint64_t at) const { return uint32_t{u16(at)} << 16 | u16(at + 2); }

  // Without a preamble a file must at least begin as old ones do.
  void check_bare() const {
    const bool known = bytes_.size() >= 8 && (u16(0) == 0x0002 || u16(0) == 0x0008) && byte(1) == 0;
    if (!known) throw DataError(name_, "", "is no DICOM file");
  }

  uint64_t read_meta(uint64_t at) {
    while (at + 8 <= bytes_.size() && u16(at) == 0x0002) {
      const Element element = read_head(at, false);
      if (element.length == kUndefined) fail(at, "an element of the file's head has no length");
      need(element.value, element.length);
      if (element.tag == 0x00020010) layout_.transfer_syntax = text(element.value, element.length);
      at = element.value + element.length;
    }
    return at;
  }

  std::string text(uint64_t at, uint64_t size) const {
    std::string value(bytes_.substr(at, size));
    while (!value.empty() && (value.back() == '\0' || value.back() == ' ')) value.pop_back();
    return value;
  }

  struct Element {
    uint32_t tag = 0, length = 0;
    uint64_t value = 0;
    std::string vr;
  };

  Element read_head(uint64_t at, bool implicit) const {
    static const std::set<std::string> kLong = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ",
                                                "SV", "UC", "UN", "UR", "UT", "UV"};
    need(at, 8);
    Element element{tag(at), 0, at + 8, ""};
    if (element.tag >> 16 == 0xfffe || implicit) {
      element.length = u32(at + 4);
      return element;
    }
    element.vr = std::string(bytes_.substr(at + 4, 2));
    for (const char letter : element.vr)
      if (letter < 'A' || letter > 'Z') fail(at, "is no element with a value representation");
    if (kLong.contains(element.vr)) {
      element.length = u32(at + 8);
      element.value = at + 12;
    } else {
      element.length = u16(at + 6);
    }
    return element;
  }

  // From `at` to `end`, or to the end mark of an item (`in_item`); returns where it stopped. Within a value
  // of unknown representation (UN) without a length, elements are implicit.
  uint64_t read_elements(uint64_t at, uint64_t end, int depth, bool in_item, bool implicit_un = false) {
    const bool implicit = layout_.implicit || implicit_un;
    while (at < end) {
      if (end - at < 8 && depth == 0 && only_zeros(at)) return end;  // padding that some writers leave
      const Element element = read_head(at, implicit);
      if (element.tag == kItemEnd && in_item) return element.value;
      if (element.tag >> 16 == 0xfffe) fail(at, "an end of an item where none is open");
      if (element.tag == kPixels && depth == 0) {
        at = read_pixels(element, at);
        continue;
      }
      if (element.vr == "SQ" || element.length == kUndefined) {
        const bool un = implicit_un || element.vr == "UN";
        at = read_sequence(element, depth + 1, un);
        continue;
      }
      need(element.value, element.length);
      if (element.value + element.length > end) fail(at, "an element is longer than the item that holds it");
      if (depth == 0) layout_.elements[element.tag] = {element.value, element.length};
      at = element.value + element.length;
    }
    return at;
  }

  bool only_zeros(uint64_t at) const { return bytes_.find_first_not_of('\0', at) == std::string_view::npos; }

  uint64_t read_sequence(const Element& sequence, int depth, bool implicit_un) {
    uint64_t at = sequence.value;
    if (depth > kDeepest) fail(at, fmt::format("sequences are nested deeper than {}", kDeepest));
    const bool open = sequence.length == kUndefined;
    if (!open) need(at, sequence.length);
    const uint64_t end = open ? bytes_.size() : at + sequence.length;
    while (at < end) {
      const uint32_t mark = tag(at), length = u32(at + 4);
      if (mark == kSequenceEnd) return at + 8;
      if (mark != kItem) fail(at, "is no item of a sequence");
      if (length == kUndefined) {
        at = read_elements(at + 8, end, depth, true, implicit_un);
      } else {
        need(at + 8, length);
        at = read_elements(at + 8, at + 8 + length, depth, false, implicit_un);
      }
    }
    if (open) fail(at, "the file is cut off within a sequence");
    return at;
  }

  uint64_t read_pixels(const Element& element, uint64_t from) {
    if (layout_.has_pixels) fail(from, "has pixel data twice");
    layout_.has_pixels = true;
    layout_.pixels_as_words = element.vr == "OW" || layout_.implicit;
    if (element.length != kUndefined) {
      need(element.value, element.length);
      layout_.pixels = {element.value, element.length};
      return element.value + element.length;
    }
    layout_.encapsulated = true;
    uint64_t at = element.value, first = 0;
    for (bool table = true;; table = false) {
      const uint32_t mark = tag(at), length = u32(at + 4);
      if (mark == kSequenceEnd) return at + 8;
      if (mark != kItem || length == kUndefined) fail(at, "is no fragment of pixel data");
      need(at + 8, length);
      if (table) {
        for (uint64_t entry = 0; entry + 4 <= length; entry += 4)
          layout_.offset_table.push_back(u32(at + 8 + entry));
        first = at + 8 + length;
      } else {
        layout_.fragments.push_back({at + 8, length});
        layout_.fragment_offsets.push_back(at - first);
      }
      at += 8 + uint64_t{length};
    }
  }

  std::string_view bytes_;
  const std::string& name_;
  bool big_ = false;
  Layout layout_;
};

}  // namespace

Layout read_layout(std::string_view bytes, const std::string& name) {
  return Walk(bytes, name).run();
}

}  // namespace conclave::dicom
