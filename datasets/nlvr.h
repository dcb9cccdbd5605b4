/// NLVR: is a statement true of a drawing of three boxes? Each statement comes with six pictures, which show
/// the boxes in all orders. <split>/<split>.json (one JSON object a line),
/// <split>/images/<directory>/<split>-<identifier>-<k>.png with k = 0 .. 5.
#pragma once

#include "datasets/vqa_sample.h"

namespace conclave {

inline constexpr int kNlvrPictures = 6;

/// Splits: train (also under the name train-1000.json), dev, test. Six samples a statement, with the id
/// "<identifier>-<k>" and the statement's identifier as their group; answers are "true" and "false".
VqaSet load_nlvr(const std::filesystem::path& dir, const std::string& split);

}  // namespace conclave
