#include "framework/text/unigram.h"

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

constexpr double kUnknownPenalty = 10;  // below the least probable token, as SentencePiece has it

}  // namespace

Unigram::Unigram(std::vector<std::string> tokens, std::vector<std::optional<double>> scores, Options options)
    : Vocabulary(std::move(tokens)), scores_(std::move(scores)), options_(options) {
  require<UsageError>(static_cast<int64_t>(scores_.size()) == size(), "vocabulary: {} tokens with {} scores",
                      size(), scores_.size());
  require<UsageError>(options_.unknown >= -1 && options_.unknown < size(),
                      "unk_id {} is not in the vocabulary (ids are below {})", options_.unknown, size());
  double least = 0;
  for (int64_t id = 0; id < size(); ++id) {
    const auto& score = scores_[static_cast<size_t>(id)];
    if (!score || spelled(id).empty()) continue;
    require<UsageError>(std::isfinite(*score), "token {} has the score {}", id, *score);
    least = sorted_.empty() ? *score : std::min(least, *score);
    sorted_.push_back(id);
  }
  unknown_score_ = least - kUnknownPenalty;
  byte_ids_ = byte_piece_ids(*this);
  std::sort(sorted_.begin(), sorted_.end(), [this](int64_t a, int64_t b) { return spelled(a) < spelled(b); });
  for (const int64_t id : sorted_) ++first_[static_cast<uint8_t>(spelled(id)[0]) + 1u];
  for (size_t byte = 0; byte < 256; ++byte) first_[byte + 1] += first_[byte];
}

template <class Real>
void Unigram::best_cut(std::string_view piece, std::vector<int64_t>& ids) const {
  struct Node {
    int64_t id = -1, from = -1;  // the token that ends here on the best way, and where it begins
    Real score = 0;
  };
  std::vector<Node> nodes(piece.size() + 1);
  for (size_t at = 0; at < piece.size();) {
    const Real so_far = nodes[at].score;
    const size_t character = next_utf8(piece, at).length;
    bool single_token = false;
    const auto offer = [&](size_t length, int64_t id, double score) {
      Node& node = nodes[at + length];
      const Real candidate = static_cast<Real>(static_cast<Real>(score) + so_far);
      if (node.from < 0 || candidate > node.score) node = {id, static_cast<int64_t>(at), candidate};
    };
    // The tokens that begin like the text are a range of the sorted ones that narrows byte by byte.
    const auto lead = static_cast<uint8_t>(piece[at]);
    auto low = sorted_.begin() + static_cast<std::ptrdiff_t>(first_[lead]);
    auto high = sorted_.begin() + static_cast<std::ptrdiff_t>(first_[lead + 1u]);
    for (size_t length = 1; low != high; ++length) {
      if (spelled(*low).size() == length) {
        offer(length, *low, *scores_[static_cast<size_t>(*low)]);
        single_token |= length == character;
        ++low;
      }
      if (at + length >= piece.size()) break;
      const auto wanted = static_cast<uint8_t>(piece[at + length]);
      const auto byte = [&](int64_t id) { return static_cast<uint8_t>(spelled(id)[length]); };
      low = std::lower_bound(low, high, wanted, [&](int64_t id, uint8_t w) { return byte(id) < w; });
      high = std::upper_bound(low, high, wanted, [&](uint8_t w, int64_t id) { return w < byte(id); });
    }
    if (!single_token) offer(character, -1, unknown_score_);
    at += character;
  }

  std::vector<std::pair<int64_t, std::string_view>> cut;  // from the end
  for (size_t end = piece.size(); end > 0;) {
    const auto from = static_cast<size_t>(nodes[end].from);
    const auto text = piece.substr(from, end - from);
    const bool joins = nodes[end].id < 0 && !cut.empty() && cut.back().first < 0;
    if (joins)
      cut.back().second = piece.substr(from, text.size() + cut.back().second.size());
    else
      cut.emplace_back(nodes[end].id, text);
    end = from;
  }
  for (auto at = cut.rbegin(); at != cut.rend(); ++at) {
    if (at->first >= 0) {
      ids.push_back(at->first);
      continue;
    }
    if (options_.byte_fallback && append_byte_pieces(byte_ids_, at->second, ids)) continue;
    require(options_.unknown >= 0, "the vocabulary has no token for '{}' and no unk_id", at->second);
    ids.push_back(options_.unknown);
  }
}

void Unigram::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (options_.single)
    best_cut<float>(piece, ids);
  else
    best_cut<double>(piece, ids);
}

}  // namespace conclave
