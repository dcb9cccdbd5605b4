/// A context-free grammar whose rules carry meanings: it reads a statement into an expression and, run the
/// other way with rule weights, writes new ones.
///
/// Rules are lines below a head, `NAME:`; a head marked `NAME*:` is a slot, whose filling a skeleton leaves
/// open. Words are lower case, other heads upper case; `{a/the/-}` is one of several words, `-` is none, and
/// `[the]` is `{-/the}`. After ` = ` comes the meaning, an s-expression in which $1, $2, ... are the meanings
/// of the heads in the body; ` @ 3` behind it makes a slot's rule three times as likely. Where several rules
/// fit the same words the earlier one counts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "datasets/scenes/expression.h"
#include "framework/base/random.h"

namespace conclave::scenes {

using Words = std::vector<std::string>;

/// How a head was expanded: by a rule, or left open (rule = -1) in a skeleton.
struct Derivation {
  int head = 0;
  int rule = -1;
  std::vector<std::shared_ptr<const Derivation>> children;  ///< one per head in the rule's body
};
using DerivationPtr = std::shared_ptr<const Derivation>;

class Grammar {
 public:
  /// Throws UsageError that names the line of a bad rule.
  explicit Grammar(std::string_view text);

  /// The derivation of `words` from `head`, or null. A word that is a head's name stands for that head.
  DerivationPtr parse(const Words& words, std::string_view head = "S") const;
  /// The meaning of a derivation without open heads.
  Expression meaning(const Derivation& derivation) const;
  Words words(const Derivation& derivation) const;

  /// `derivation` with every slot left open.
  DerivationPtr skeleton(const DerivationPtr& derivation) const;

  /// Adds `weight` to the rules that `derivation` uses: they are drawn in proportion.
  void learn(const Derivation& derivation, double weight);
  /// Fills the open slots of a skeleton at random; with `vary` > 0 it also redraws each phrase with that
  /// probability by the learnt weights. Null when no drawing within `depth` was found.
  DerivationPtr fill(const DerivationPtr& skeleton, double vary, Random& random) const;

  size_t rule_count() const { return rules_.size(); }
  const std::string& head_name(int head) const { return heads_[static_cast<size_t>(head)].name; }

 private:
  struct Symbol {
    bool is_head;
    int id;
  };
  struct Rule {
    int head;
    std::vector<Symbol> body;
    std::vector<int> arguments;  // which children are $1, $2, ...
    Expression meaning;
    double weight = 0;
  };
  struct Head {
    std::string name;
    bool slot = false, group = false;  // group: an anonymous {a/b}
    std::vector<int> rules;
  };
  struct Chart;

  int head_id(const std::string& name);
  int word_id(const std::string& word);
  void add_rule(int head, std::string_view line);
  int add_group(const std::vector<std::string>& choices);
  void check_left_recursion() const;
  DerivationPtr draw(int head, int depth, Random& random) const;
  DerivationPtr fill(const DerivationPtr& node, double vary, int depth, Random& random) const;
  void collect(const Derivation& derivation, Words& out) const;

  std::vector<Head> heads_;
  std::vector<Rule> rules_;
  std::vector<std::string> words_;
  std::unordered_map<std::string, int> head_ids_, word_ids_;
};

}  // namespace conclave::scenes
