#include "apps/audio/phonemes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "framework/base/child_process.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

// Longer symbols first, so that a diphthong is not read as its halves.
const std::vector<std::pair<std::string_view, std::string_view>> kPhones = {
    {"aɪə", "ay ax"}, {"aɪɚ", "ay er"}, {"tʃ", "ch"},    {"dʒ", "jh"},    {"aɪ", "ay"},   {"aʊ", "aw"},
    {"eɪ", "ey"},     {"oʊ", "ow"},     {"əʊ", "ow"},    {"ɔɪ", "oy"},    {"ɪɹ", "ih r"}, {"ʊɹ", "uh r"},
    {"ɛɹ", "eh r"},   {"ɑːɹ", "aa r"},  {"ɔːɹ", "ao r"}, {"oːɹ", "ao r"}, {"ɜː", "er"},   {"əl", "ax l"},
    {"n̩", "ax n"},    {"ɑː", "aa"},     {"ɔː", "ao"},    {"iː", "iy"},    {"uː", "uw"},   {"iə", "iy ax"},
    {"æ", "ae"},      {"ʌ", "ah"},      {"ɐ", "ax"},     {"ə", "ax"},     {"ɚ", "er"},    {"ɝ", "er"},
    {"ɛ", "eh"},      {"ɪ", "ih"},      {"ᵻ", "ih"},     {"i", "iy"},     {"ʊ", "uh"},    {"u", "uw"},
    {"ɑ", "aa"},      {"ɔ", "ao"},      {"a", "aa"},     {"o", "ow"},     {"e", "ey"},    {"ɜ", "er"},
    {"b", "b"},       {"d", "d"},       {"ð", "dh"},     {"f", "f"},      {"ɡ", "g"},     {"g", "g"},
    {"h", "hh"},      {"j", "y"},       {"k", "k"},      {"l", "l"},      {"m", "m"},     {"n", "n"},
    {"ŋ", "ng"},      {"p", "p"},       {"ɹ", "r"},      {"r", "r"},      {"s", "s"},     {"ʃ", "sh"},
    {"t", "t"},       {"ɾ", "t"},       {"θ", "th"},     {"v", "v"},      {"w", "w"},     {"z", "z"},
    {"ʒ", "zh"},      {"x", "k"},
};

}  // namespace

std::vector<std::string> phones_of_ipa(std::string_view ipa) {
  std::vector<std::string> phones;
  while (!ipa.empty()) {
    const auto found = std::find_if(kPhones.begin(), kPhones.end(),
                                    [&](const auto& pair) { return ipa.starts_with(pair.first); });
    if (found == kPhones.end()) {
      ipa.remove_prefix(1);
      continue;
    }
    const auto blank = found->second.find(' ');
    phones.emplace_back(found->second.substr(0, blank));
    if (blank != std::string_view::npos) phones.emplace_back(found->second.substr(blank + 1));
    ipa.remove_prefix(found->first.size());
  }
  return phones;
}

Pronounce espeak_pronouncing() {
  const std::string program = find_program("espeak-ng");
  require<UsageError>(!program.empty(), "--pronounce espeak: espeak-ng is not installed");
  return
      [program, known = std::map<std::string, std::vector<std::string>>()](const std::string& word) mutable {
        const auto found = known.find(word);
        if (found != known.end()) return found->second;
        const auto done = run_child({program, "-q", "--ipa", "-v", "en-us", "--", word});
        require(done.code == 0, "{} ended with code {}", program, done.code);
        return known.emplace(word, phones_of_ipa(done.out)).first->second;
      };
}

}  // namespace conclave
