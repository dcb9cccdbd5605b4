/// Tokens that are found in the text as a whole, before anything is cut: <|endoftext|>, <image>.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool special = true;       ///< left out by decode() unless asked for
  bool single_word = false;  ///< not inside a word
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space behind it
  bool normalized = false;   ///< looked for after normalisation, not before
};

/// Finds the longest of a set of tokens at each place, from left to right.
class AddedTokenFinder {
 public:
  struct Match {
    size_t begin, end;
    int64_t id;
  };

  AddedTokenFinder() = default;
  explicit AddedTokenFinder(const std::vector<AddedToken>& tokens);

  std::vector<Match> find_all(std::string_view text) const;

 private:
  std::vector<AddedToken> tokens_;    // by first byte, the longest first
  std::vector<uint32_t> first_[256];  // tokens that begin with a byte
};

}  // namespace conclave
