/// Options of Hoeffding trees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace conclave::stream {

/// How a leaf votes. nb_adaptive: as its majority class or as naive Bayes, whichever was right more often.
enum class LeafVote : uint8_t { majority, naive_bayes, nb_adaptive };

/// Names and defaults are MOA's.
struct TreeOptions {
  double grace_period = 200;       ///< weight between two looks at a leaf
  double split_confidence = 1e-7;  ///< probability of choosing a worse split
  double tie_threshold = 0.05;     ///< splits closer than this are as good as equal
  LeafVote leaf = LeafVote::nb_adaptive;
  bool pre_prune = true;  ///< not splitting is a candidate, too
  bool binary_splits = false;
  int split_points = 10;                ///< thresholds to look at per numeric attribute
  int subspace = 0;                     ///< attributes that a leaf looks at, drawn for each leaf; 0: all
  std::vector<int32_t> only = {};       ///< attributes that the tree looks at; none: all
  size_t max_bytes = size_t{32} << 20;  ///< leaves that promise least are put to rest beyond it
};

}  // namespace conclave::stream
