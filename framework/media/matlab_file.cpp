#include "framework/media/matlab_file.h"

#include <zlib.h>

#include <bit>
#include <limits>
#include <optional>

#include "framework/media/byte_view.h"

namespace conclave {
namespace {

constexpr uint64_t kMatlabHeader = 128;
constexpr int kDeepest = 4;  // cells within cells
constexpr uint64_t kMostDimensions = 8;
constexpr uint64_t kMatrix = 14, kCompressed = 15;
constexpr uint64_t kCellClass = 1, kDoubleClass = 6, kUint64Class = 15, kComplexFlag = 0x08;

// Bytes of one number of a storage type; 0 for types that hold none.
uint64_t width_of(uint64_t type) {
  switch (type) {
    case 1:
    case 2:
      return 1;
    case 3:
    case 4:
      return 2;
    case 5:
    case 6:
    case 7:
      return 4;
    case 9:
    case 12:
    case 13:
      return 8;
    default:
      return 0;
  }
}

double number_of(uint64_t type, uint64_t bits) {
  switch (type) {
    case 1:
      return static_cast<int8_t>(bits);
    case 3:
      return static_cast<int16_t>(bits);
    case 5:
      return static_cast<int32_t>(bits);
    case 7:
      return std::bit_cast<float>(static_cast<uint32_t>(bits));
    case 9:
      return std::bit_cast<double>(bits);
    case 12:
      return static_cast<double>(static_cast<int64_t>(bits));
    default:
      return static_cast<double>(bits);
  }
}

struct Element {
  uint64_t type = 0, at = 0, bytes = 0;  // `at`: of the data
  uint64_t next = 0;                     // where the element behind it begins
};

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& name, bool big_endian, uint64_t& left, uint64_t origin)
      : view_(bytes, name, big_endian), name_(name), big_endian_(big_endian), left_(left), origin_(origin) {}

  Element element(uint64_t at, uint64_t end) const {
    if (end - at < 8) fail(at, "the file is cut off within an element's tag");
    const uint64_t first = view_.number(at, 4);
    Element found;
    if (first >> 16) {  // small: up to 4 bytes within the tag
      found = {first & 0xffff, at + 4, first >> 16, at + 8};
      if (found.bytes > 4) fail(at, fmt::format("a small element of {} bytes", found.bytes));
      return found;
    }
    found = {first, at + 8, view_.number(at + 4, 4), 0};
    if (found.bytes > end - found.at)
      fail(at, fmt::format("an element of {} bytes where {} are left", found.bytes, end - found.at));
    const uint64_t padded = found.type == kCompressed ? found.bytes : (found.bytes + 7) / 8 * 8;
    found.next = std::min(found.at + padded, end);
    return found;
  }

  std::vector<MatlabArray> variables(uint64_t at) {
    std::vector<MatlabArray> found;
    while (at < view_.size()) {
      const Element item = element(at, view_.size());
      if (item.type == kCompressed) {
        const std::string inner = inflate(item);
        Reader within(inner, name_, big_endian_, left_, origin_ + at);
        const Element matrix = within.element(0, inner.size());
        if (matrix.type != kMatrix) within.fail(0, "a packed element holds no matrix");
        found.push_back(within.matrix(matrix, 0));
      } else if (item.type == kMatrix) {
        found.push_back(matrix(item, 0));
      } else {
        fail(at, fmt::format("an element of type {}, which is no matrix", item.type));
      }
      at = item.next;
    }
    return found;
  }

 private:
  [[noreturn]] void fail(uint64_t at, const std::string& what) const {
    throw DataError(name_, fmt::format("offset {}", origin_ + at), what);
  }

  void take(uint64_t bytes, uint64_t at) {
    if (bytes > left_)
      fail(at, fmt::format("the file asks for {} more bytes of memory than allowed", bytes - left_));
    left_ -= bytes;
  }

  std::string inflate(const Element& item) {
    const std::string_view packed = view_.text(item.at, item.bytes);
    z_stream stream{};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    require(inflateInit(&stream) == Z_OK, "zlib does not start");
    std::string out, piece(size_t{1} << 16, '\0');
    int status = Z_OK;
    while (status == Z_OK) {
      stream.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream.avail_out = static_cast<uInt>(piece.size());
      status = ::inflate(&stream, Z_NO_FLUSH);
      const size_t got = piece.size() - stream.avail_out;
      if (got > left_) break;
      left_ -= got;
      out.append(piece, 0, got);
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END) fail(item.at, "a packed element is damaged, cut off or too large");
    return out;
  }

  MatlabArray matrix(const Element& item, int depth) {
    if (depth > kDeepest) fail(item.at, "cells lie too deep within cells");
    const uint64_t end = item.at + item.bytes;
    const Element flags = element(item.at, end);
    if (flags.type != 6 || flags.bytes != 8) fail(item.at, "a matrix does not begin with its flags");
    const uint64_t word = view_.number(flags.at, 4), kind = word & 0xff;
    if (word >> 8 & kComplexFlag) fail(item.at, "complex numbers are not read");
    MatlabArray array;
    const Element shape = element(flags.next, end);
    const uint64_t count = read_shape(shape, array);
    const Element name = element(shape.next, end);
    array.name = view_.text(name.at, name.bytes);
    if (kind == kCellClass) {
      // Every cell has a tag of 8 bytes at least, which bounds what a small file can ask for.
      if (count > (end - name.next) / 8) fail(item.at, fmt::format("{} cells do not fit", count));
      take(count * sizeof(MatlabArray), item.at);
      array.cells.reserve(count);
      uint64_t at = name.next;
      for (uint64_t i = 0; i < count; ++i) {
        const Element cell = element(at, end);
        if (cell.type != kMatrix) fail(at, "a cell is no matrix");
        array.cells.push_back(cell.bytes == 0 ? MatlabArray{} : matrix(cell, depth + 1));
        at = cell.next;
      }
    } else if (kind >= kDoubleClass && kind <= kUint64Class) {
      read_numbers(element(name.next, end), count, array);
    } else {
      fail(item.at, fmt::format("an array of class {}, which is not read", kind));
    }
    return array;
  }

  uint64_t read_shape(const Element& shape, MatlabArray& array) const {
    const uint64_t dimensions = shape.bytes / 4;
    if (shape.type != 5 || dimensions < 2 || dimensions > kMostDimensions) fail(shape.at, "no array's shape");
    uint64_t count = 1;
    for (uint64_t d = 0; d < dimensions; ++d) {
      const auto size = static_cast<int32_t>(view_.u32(shape.at + 4 * d));
      if (size < 0) fail(shape.at, fmt::format("a dimension of {}", size));
      array.shape.push_back(size);
      const auto factor = static_cast<uint64_t>(size);
      if (factor != 0 && count > std::numeric_limits<uint64_t>::max() / factor)
        fail(shape.at, "an endless array");
      count *= factor;
    }
    return count;
  }

  void read_numbers(const Element& item, uint64_t count, MatlabArray& array) {
    const uint64_t width = width_of(item.type);
    if (width == 0) fail(item.at, fmt::format("numbers of storage type {}, which is not read", item.type));
    if (item.bytes % width != 0 || item.bytes / width != count)
      fail(item.at, fmt::format("{} bytes for {} numbers of {} bytes", item.bytes, count, width));
    take(count * sizeof(double), item.at);
    array.numbers.reserve(count);
    for (uint64_t i = 0; i < count; ++i)
      array.numbers.push_back(
          number_of(item.type, view_.number(item.at + i * width, static_cast<int>(width))));
  }

  ByteView view_;
  const std::string& name_;
  bool big_endian_;
  uint64_t& left_;   // bytes that may still be allocated
  uint64_t origin_;  // of the view within the file, for messages
};

}  // namespace

std::vector<MatlabArray> read_matlab(std::string_view bytes, const std::string& name, uint64_t limit) {
  if (bytes.size() < kMatlabHeader) throw DataError(name, "", "is no MATLAB file: its header is cut off");
  if (bytes.substr(0, 10) == "MATLAB 7.3" || bytes.substr(1, 3) == "HDF")
    throw DataError(name, "", "is of MATLAB level 7.3; save it with -v7");
  const std::string_view order = bytes.substr(126, 2);
  if (order != "IM" && order != "MI") throw DataError(name, "offset 126", "is no MATLAB level 5 file");
  uint64_t left = limit;
  return Reader(bytes, name, order == "MI", left, 0).variables(kMatlabHeader);
}

}  // namespace conclave
