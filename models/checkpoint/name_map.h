/// From our tensors' names to those of the published files, and back.
#pragma once

#include <optional>
#include <set>

#include "framework/tensor/tensor_source.h"
#include "models/checkpoint/architecture.h"

namespace conclave {

/// Whether `name` fits `pattern`: * is one part of a dotted name, ** any parts.
bool fits(std::string_view name, std::string_view pattern);

/// One published name for one or several of our tensors.
struct PublishedName {
  std::vector<std::string> ours;  ///< rows of the published tensor, in this order
  std::string theirs;             ///< "%" counts over the experts
  bool turned = false;            ///< as in NameRule
  std::string behind = {};        ///< as in NameRule, the stars filled in
  int64_t first = 0;              ///< number of our first expert in the published names
  int64_t expert = -1;            ///< which of the first dimension of ours it is; -1: all
  bool per_expert() const { return theirs.find('%') != std::string::npos; }
  /// The published tensor of our expert e.
  std::string of(int64_t expert) const;
};

class NameMap {
 public:
  explicit NameMap(const Architecture& architecture) : architecture_(architecture) {}
  /// Every place where our tensor may be found, the preferred one first; the last is its own name. Prefixes
  /// of the table may be missing.
  std::vector<PublishedName> places(const std::string& ours) const;
  /// Our tensors that a published name stands for, by the first rule that fits and
  /// whose tensors `known` has; without `known` by the first that fits.
  PublishedName ours(const std::string& theirs, const std::set<std::string>& known = {}) const;

 private:
  std::string published(std::string name) const;
  const Architecture& architecture_;
};

}  // namespace conclave
