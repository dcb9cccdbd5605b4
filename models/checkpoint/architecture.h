/// What Conclave knows of a published architecture: a table, no code. docs/checkpoints.md shows how to add
/// one.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// Where tensors of ours are found in the files.
///   ours    "layers.*.mlp.router.score.weight": each * stands for one part of a dotted name, ** for any.
///           Several names with " + " between are one published tensor, row below row.
///   theirs  the same *s in their order; "%" counts over the experts, the first dimension of ours.
/// Of several rules for one tensor the first whose tensors are all there is taken; without a rule the names
/// are equal.
struct NameRule {
  std::string ours;
  std::string theirs;
  bool turned = false;  ///< the published matrix is [in, out]
  /// With "%": a bank of ours whose experts are counted before these in the same names.
  std::string behind = {};
};

struct Architecture {
  std::string name;                  ///< as the table of the README calls it
  std::vector<std::string> classes;  ///< what "architectures" of config.json says, or without it "model_type"
  /// A key that config.json itself lacks: the table is meant only where a file KEY.json lies beside it, whose
  /// contents count as that key. Empty: none.
  std::string beside = {};
  /// A key of "metadata"/"kwargs" in the weights' file that tells this architecture where there is no
  /// config.json; they are then its configuration. Empty: none.
  std::string told_by = {};
  /// Our configuration, by fill_template: {"kind": "causal_lm", ...}; kinds.h lists the kinds.
  Json config;
  /// A part of config.json whose keys count as if they stood outside, where these are silent; empty: none.
  /// With dots: a part, then a part of it; missing ones are passed over.
  std::string inner = {};
  bool inner_wins = false;  ///< its keys count even where the outside has them, too
  /// Keys of config.json that change the numbers, with the values that are supported.
  Json only = Json::object();
  std::vector<NameRule> names = {};
  /// Put in place of the first prefix that a published name has: {"model.", "language.model."}.
  std::vector<NameRule> prefixes = {};
  /// Published tensors that stay unread: * is one part of a name, ** any parts.
  std::vector<std::string> unread = {};
  /// Whether layers behind the last one (next-token prediction) stay unread.
  bool more_layers = false;
  /// Classes of other models whose weights lie in the same files.
  std::vector<std::string> parts = {};
};

/// Every architecture that can be loaded.
const std::vector<Architecture>& architectures();

/// The one that `config`, the contents of config.json at `path`, names; of several the one whose `beside` is
/// there. Throws DataError that lists what is
/// supported.
const Architecture& find_architecture(const Json& config, const std::string& path);

/// The table of a class. Throws Error when there is none.
const Architecture& architecture_of(const std::string& name);

/// A copy of `base` with changes: `config` is merged into its configuration (RFC 7396), the rest replaces or
/// precedes what is there.
Architecture derive(const Architecture& base, std::string name, std::vector<std::string> classes, Json config,
                    std::vector<NameRule> names = {});

}  // namespace conclave
