/// A query's routing as JSON lines, one a token and site, and back.
///   {"question_id": "7", "part": "pictures", "site": 0, "token": 12, "modality": "vision",
///    "experts": [1, 2], "weights": [0.75, 0.25]}
/// Tokens of text have their "word", with the space before it. Parts: pictures, question, answer (the tokens
/// of the best answer). -1 is an empty slot; "shared" holds the weights of shared experts where the router
/// gives them. Weights are written so that reading them gives the same bits.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "models/vlm/vqa_engine.h"

namespace conclave {

void write_routing(const std::string& question_id, const std::vector<PassRouting>& routing,
                   const std::function<void(const Json&)>& line);

/// Replays of what was written, by question_id. Lines of the part "answer" are not replayed: answers are
/// searched for anew. `pools`: experts of each site. Throws DataError that names the line.
std::map<std::string, QueryEdits> read_routing(const std::filesystem::path& file,
                                               const std::map<Site, int64_t>& pools);

}  // namespace conclave
