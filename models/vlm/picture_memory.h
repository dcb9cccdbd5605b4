/// Pictures that were read, kept so that the next question about them need not read them again.
#pragma once

#include <list>
#include <string>
#include <unordered_map>

#include "framework/blocks/decode_state.h"
#include "framework/moe/trace.h"
#include "models/vlm/picture_set.h"

namespace conclave {

/// What a model has read of one question's pictures. `state` has one row, or none without pictures.
struct SeenPictures {
  DecodeState state{0};
  std::vector<PictureNote> notes;
  std::vector<Record> records;  ///< routing of its tokens, when that was asked for
  Trace trace;
  double see_ms = 0;  ///< its share of the time of the batch it was read in
};

/// The least recently used go first when `limit` bytes of keys and values are exceeded. Not thread-safe.
class PictureMemory {
 public:
  explicit PictureMemory(size_t limit) : limit_(limit) {}
  /// Null when it is not there.
  std::shared_ptr<const SeenPictures> find(const std::string& key);
  void keep(const std::string& key, std::shared_ptr<const SeenPictures> seen);
  size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const SeenPictures> seen;
    size_t bytes;
  };
  const size_t limit_;
  size_t bytes_ = 0;
  std::list<Entry> entries_;  // the last used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
};

/// Row `row` of a state of one segment, its first `length` tokens, as a state of its own.
DecodeState one_row(const DecodeState& state, int64_t row, int64_t length);
/// States of one row each as the rows of one, shorter ones padded. Empty when all are.
DecodeState stack_rows(const std::vector<const DecodeState*>& states);

}  // namespace conclave
