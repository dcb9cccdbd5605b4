/// Saving and loading by one description: each type lists its members once, `archive(a, b, c)`.
#pragma once

#include <concepts>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "framework/base/error.h"
#include "framework/base/random.h"

namespace conclave::stream {

/// Bytes of this machine's order. Loading checks every length against the bytes that are left.
class Archive {
 public:
  /// For saving.
  Archive() = default;
  /// For loading `bytes`, which must outlive it; `name` is for messages.
  Archive(std::string_view bytes, std::string name) : loading_(true), name_(std::move(name)), from_(bytes) {}

  bool loading() const { return loading_; }
  const std::string& bytes() const { return out_; }
  /// Loading: whether all was read.
  bool done() const { return place_ == from_.size(); }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(name_, fmt::format("offset {}", place_), what);
  }
  /// Loading: DataError unless it holds.
  void check(bool holds, const char* what) const {
    if (loading_ && !holds) fail(what);
  }

  template <class... T>
  void operator()(T&... values) {
    (item(values), ...);
  }

 private:
  template <class T>
  void item(T& value) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
      raw(&value, sizeof(T));
    } else {
      value.fields(*this);
    }
  }
  template <class T, size_t N>
  void item(T (&values)[N]) {
    for (T& value : values) item(value);
  }
  void item(std::string& text) {
    text.resize(length(text.size(), 1));
    raw(text.data(), text.size());
  }
  template <class T>
  void item(std::vector<T>& list) {
    if constexpr (std::is_arithmetic_v<T>) {
      list.resize(length(list.size(), sizeof(T)));
      raw(list.data(), list.size() * sizeof(T));
    } else {
      list.resize(length(list.size(), 1));
      for (T& value : list) item(value);
    }
  }
  template <class T>
  void item(std::unique_ptr<T>& value) {
    bool there = value != nullptr;
    item(there);
    if (there && !value) value = std::make_unique<T>();
    if (there) {
      check(++depth_ <= kDeepest, "nested too deeply");
      item(*value);
      --depth_;
    }
    if (!there) value.reset();
  }
  void item(Random& random) {
    uint64_t position = random.position();
    item(position);
    if (loading_) random.seek(position);
  }
  // The length of what comes; `least` bytes an element.
  size_t length(size_t size, size_t least) {
    uint64_t n = size;
    item(n);
    if (loading_ && n > (from_.size() - place_) / least) fail("a length is beyond the end");
    return static_cast<size_t>(n);
  }
  void raw(void* data, size_t size) {
    if (size == 0) return;
    if (!loading_) {
      out_.append(static_cast<const char*>(data), size);
      return;
    }
    if (size > from_.size() - place_) fail("cut off");
    std::memcpy(data, from_.data() + place_, size);
    place_ += size;
  }

  static constexpr int kDeepest = 4000;
  int depth_ = 0;
  bool loading_ = false;
  std::string out_, name_;
  std::string_view from_;
  size_t place_ = 0;
};

}  // namespace conclave::stream
