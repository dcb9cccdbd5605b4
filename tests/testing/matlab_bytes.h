/// MATLAB level 5 files for tests, written element by element.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace conclave::testing {

inline std::string matlab_word(uint32_t value) {
  std::string out(4, '\0');
  std::memcpy(out.data(), &value, 4);
  return out;
}

inline std::string matlab_element(uint32_t type, std::string body) {
  const auto size = static_cast<uint32_t>(body.size());
  body.resize((body.size() + 7) / 8 * 8);
  return matlab_word(type) + matlab_word(size) + body;
}

inline std::string matlab_header() {
  std::string out = "MATLAB 5.0 MAT-file";
  out.resize(124, ' ');
  return out + std::string("\x00\x01IM", 4);
}

inline std::string matlab_doubles(std::vector<double> values) {
  return matlab_element(9, {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(double)});
}

/// kind: 1 a cell array, 6 doubles, 9 bytes. `data`: its numbers or cells.
inline std::string matlab_matrix(uint32_t kind, const std::vector<uint32_t>& shape, const std::string& name,
                                 const std::string& data) {
  std::string sizes;
  for (const auto size : shape) sizes += matlab_word(size);
  return matlab_element(14, matlab_element(6, matlab_word(kind) + matlab_word(0)) + matlab_element(5, sizes) +
                                matlab_element(1, name) + data);
}

}  // namespace conclave::testing
