/// The words that a model was taught with, to tell when it is asked in others.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

/// Words are runs of letters, digits and apostrophes, every byte above 127 being a letter. A capital at the
/// beginning of a word is no other word; capitals behind it make one that was never added.
class KnownWords {
 public:
  void add(std::string_view text);
  bool empty() const { return words_.empty(); }
  /// The words of a text that were never added, each once, in their order. None when nothing is known.
  std::vector<std::string> unknown(std::string_view text) const;

  /// A text file of one word a line, in the order of their bytes.
  void save(const std::filesystem::path& file) const;
  /// Throws DataError for a file that is missing, too large or no such list.
  static KnownWords load(const std::filesystem::path& file);

 private:
  std::set<std::string, std::less<>> words_;
};

}  // namespace conclave
