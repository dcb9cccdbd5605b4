#include "models/vlm/vlm_batch.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {

VlmTokens VlmTokens::of(const Tokenizer& tokenizer) {
  const auto id = [&](const char* token) {
    const auto found = tokenizer.id_of(token);
    if (!found) throw DataError("tokenizer.json", "", fmt::format("has no token {}", token));
    return *found;
  };
  return {id(kPad), id(kAnswer), id(kEos)};
}

std::vector<int64_t> question_ids(const Tokenizer& tokenizer, const VlmTokens& tokens,
                                  const std::string& question) {
  auto ids = tokenizer.encode(question, {.add_special = false, .parse_special = false});
  ids.push_back(tokens.answer);
  return ids;
}

PaddedRows pad_rows(const std::vector<std::vector<int64_t>>& rows, int64_t pad) {
  size_t length = 0;
  for (const auto& row : rows) length = std::max(length, row.size());
  const auto n = static_cast<int64_t>(rows.size()), l = static_cast<int64_t>(length);
  PaddedRows padded{at::full({n, l}, pad, at::kLong), at::zeros({n, l}, at::kBool)};
  auto* ids = padded.ids_NL.data_ptr<int64_t>();
  auto* valid = padded.valid_NL.data_ptr<bool>();
  for (size_t i = 0; i < rows.size(); ++i) {
    std::copy(rows[i].begin(), rows[i].end(), ids + i * length);
    std::fill_n(valid + i * length, rows[i].size(), true);
  }
  return padded;
}

TileRows pad_tiles(const std::vector<Tensor>& tiles) {
  int64_t most = 0;
  bool even = true;
  for (const auto& t : tiles) {
    even = even && t.size(0) == tiles.front().size(0);
    most = std::max(most, t.size(0));
  }
  if (even) return {at::stack(tiles), {}};
  TileRows rows;
  std::vector<Tensor> filled;
  rows.valid_BN = at::zeros({static_cast<int64_t>(tiles.size()), most}, at::kBool);
  for (size_t b = 0; b < tiles.size(); ++b) {
    const int64_t count = tiles[b].size(0);
    rows.valid_BN[static_cast<int64_t>(b)].narrow(0, 0, count).fill_(true);
    filled.push_back(at::constant_pad_nd(tiles[b], {0, 0, 0, 0, 0, 0, 0, most - count}));
  }
  rows.tiles_BN3SS = at::stack(filled);
  return rows;
}

VlmBatch make_batch(const std::vector<Tensor>& tiles, const std::vector<QuestionRow>& rows, int64_t pad) {
  require(!tiles.empty() && rows.size() % tiles.size() == 0,
          "[vlm] {} questions do not divide among {} pictures", rows.size(), tiles.size());
  VlmBatch batch;
  batch.pictures = pad_tiles(tiles);
  std::vector<std::vector<int64_t>> text;
  size_t length = 0;
  for (const auto& row : rows) {
    // The last answer token is predicted, never read.
    text.push_back(row.question);
    text.back().insert(text.back().end(), row.answer.begin(), row.answer.end() - 1);
    length = std::max(length, text.back().size());
  }
  batch.text = pad_rows(text, pad);
  std::vector<int64_t> place, target, of;
  for (size_t n = 0; n < rows.size(); ++n) {
    for (size_t i = 0; i < rows[n].answer.size(); ++i) {
      place.push_back(static_cast<int64_t>(n * length + rows[n].question.size() - 1 + i));
      target.push_back(rows[n].answer[i]);
      of.push_back(static_cast<int64_t>(n));
    }
  }
  batch.place_A = at::tensor(place, at::kLong);
  batch.target_A = at::tensor(target, at::kLong);
  batch.row_A = at::tensor(of, at::kLong);
  return batch;
}

}  // namespace conclave
