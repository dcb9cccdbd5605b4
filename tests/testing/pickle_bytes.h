/// Pickles by hand: the opcodes that torch.save writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace conclave::testing {

inline std::string le(uint64_t value, int bytes) {
  std::string made;
  for (int i = 0; i < bytes; ++i) made += static_cast<char>(value >> (8 * i));
  return made;
}
inline std::string text_op(const std::string& text) {
  return "X" + le(text.size(), 4) + text;
}
inline std::string int_op(int64_t value) {
  return "J" + le(static_cast<uint64_t>(value), 4);
}
inline std::string name_op(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string tuple_op(const std::vector<int64_t>& values) {
  std::string made = "(";
  for (const int64_t v : values) made += int_op(v);
  return made + "t";
}
/// A tensor of `count` elements of storage `key`.
inline std::string tensor_op(const std::string& type, const std::string& key, int64_t count, int64_t offset,
                             const std::vector<int64_t>& shape, const std::vector<int64_t>& stride) {
  return name_op("torch._utils", "_rebuild_tensor_v2") + "((" + text_op("storage") + name_op("torch", type) +
         text_op(key) + text_op("cpu") + int_op(count) + "tQ" + int_op(offset) + tuple_op(shape) +
         tuple_op(stride) + "\x89" + name_op("collections", "OrderedDict") + ")RtR";
}
inline std::string pickle(const std::string& ops) {
  return "\x80\x02" + ops + ".";
}
inline std::string dict_op(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string made = "}(";
  for (const auto& [key, value] : items) made += text_op(key) + value;
  return made + "u";
}

}  // namespace conclave::testing
