#include "datasets/scenes/grammar.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

#include "framework/base/error.h"

namespace conclave::scenes {
namespace {

constexpr int kMaxDepth = 24;

bool is_head_name(std::string_view word) {
  return !word.empty() && std::isupper(static_cast<unsigned char>(word[0]));
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::string part;
  std::istringstream in{std::string(text)};
  while (std::getline(in, part, separator))
    if (!part.empty()) parts.push_back(part);
  return parts;
}

Expression substitute(const Expression& pattern, const std::vector<Expression>& arguments) {
  if (pattern.op == Op::kArgument) return arguments[static_cast<size_t>(pattern.value - 1)];
  Expression out{pattern.op, pattern.value, {}};
  for (const Expression& arg : pattern.args) out.args.push_back(substitute(arg, arguments));
  return out;
}

int highest_argument(const Expression& e) {
  int highest = e.op == Op::kArgument ? e.value : 0;
  for (const Expression& arg : e.args) highest = std::max(highest, highest_argument(arg));
  return highest;
}

}  // namespace

// Every way in which a head can start at a word: where it may end, and by which derivation.
struct Grammar::Chart {
  using Ends = std::vector<std::pair<size_t, DerivationPtr>>;
  const Grammar& grammar;
  const std::vector<int>& words;  // word ids; -1 - head for an open head; a huge id when unknown
  std::vector<std::optional<Ends>> memo =
      std::vector<std::optional<Ends>>(grammar.heads_.size() * (words.size() + 1));

  const Ends& ends(int head, size_t from) {
    std::optional<Ends>& slot = memo[static_cast<size_t>(head) * (words.size() + 1) + from];
    if (slot) return *slot;
    Ends found;
    const auto add = [&](size_t end, DerivationPtr node) {
      if (std::ranges::none_of(found, [&](const auto& f) { return f.first == end; }))
        found.emplace_back(end, std::move(node));
    };
    if (from < words.size() && words[from] == -1 - head)
      add(from + 1, std::make_shared<Derivation>(Derivation{head, -1, {}}));
    for (const int rule : grammar.heads_[static_cast<size_t>(head)].rules) {
      std::vector<DerivationPtr> children;
      expand(grammar.rules_[static_cast<size_t>(rule)], 0, from, children, [&](size_t end) {
        add(end, std::make_shared<Derivation>(Derivation{head, rule, children}));
      });
    }
    // The slot stays valid: the memo never grows.
    slot = std::move(found);
    return *slot;
  }

  template <class Found>
  void expand(const Rule& rule, size_t symbol, size_t at, std::vector<DerivationPtr>& children,
              const Found& found) {
    if (symbol == rule.body.size()) return found(at);
    const Symbol& next = rule.body[symbol];
    if (!next.is_head) {
      if (at < words.size() && words[at] == next.id) expand(rule, symbol + 1, at + 1, children, found);
      return;
    }
    for (const auto& [end, node] : ends(next.id, at)) {
      children.push_back(node);
      expand(rule, symbol + 1, end, children, found);
      children.pop_back();
    }
  }
};

Grammar::Grammar(std::string_view text) {
  int head = -1, number = 0;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) {
    ++number;
    line.erase(line.find_last_not_of(" \r") + 1);
    if (line.empty() || line.starts_with('#')) continue;
    try {
      if (line.back() == ':' && line[0] != ' ') {
        const bool slot = line.ends_with("*:");
        head = head_id(line.substr(0, line.size() - (slot ? 2 : 1)));
        heads_[static_cast<size_t>(head)].slot = slot;
      } else {
        require<UsageError>(head >= 0, "a rule stands before the first head");
        add_rule(head, line);
      }
    } catch (const UsageError& error) {
      throw UsageError(fmt::format("grammar, line {}: {}", number, error.what()));
    }
  }
  for (const Head& h : heads_) require<UsageError>(!h.rules.empty(), "grammar: {} has no rules", h.name);
  check_left_recursion();
}

int Grammar::head_id(const std::string& name) {
  const auto [at, fresh] = head_ids_.try_emplace(name, static_cast<int>(heads_.size()));
  if (fresh) heads_.push_back({name, false, false, {}});
  return at->second;
}

int Grammar::word_id(const std::string& word) {
  const auto [at, fresh] = word_ids_.try_emplace(word, static_cast<int>(words_.size()));
  if (fresh) words_.push_back(word);
  return at->second;
}

int Grammar::add_group(const std::vector<std::string>& choices) {
  std::string name = "_";
  for (const std::string& choice : choices) name += choice + "/";
  const int head = head_id(name);
  if (!heads_[static_cast<size_t>(head)].rules.empty()) return head;
  heads_[static_cast<size_t>(head)].group = true;
  for (const std::string& choice : choices) {
    Rule rule{head, {}, {}, {}, 0};
    if (choice != "-")
      for (const std::string& word : split(choice, ' ')) rule.body.push_back({false, word_id(word)});
    heads_[static_cast<size_t>(head)].rules.push_back(static_cast<int>(rules_.size()));
    rules_.push_back(rule);
  }
  return head;
}

void Grammar::add_rule(int head, std::string_view line) {
  double weight = 0;
  if (heads_[static_cast<size_t>(head)].slot) weight = 1;
  if (const size_t at = line.rfind(" @ "); at != std::string_view::npos) {
    const std::string digits(line.substr(at + 3));
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), weight);
    require<UsageError>(error == std::errc() && end == digits.data() + digits.size() && weight > 0,
                        "\"{}\": the weight is no positive number", line);
    line = line.substr(0, at);
  }
  const size_t equals = line.find(" = ");
  std::string_view body = line.substr(0, equals);
  Rule rule{head, {}, {}, {}, weight};
  int children = 0;
  for (size_t at = 0; at < body.size();) {
    if (body[at] == ' ') {
      ++at;
    } else if (body[at] == '{' || body[at] == '[') {
      const size_t close = body.find(body[at] == '{' ? '}' : ']', at);
      require<UsageError>(close != std::string_view::npos, "\"{}\" lacks a closing bracket", line);
      std::vector<std::string> choices = split(body.substr(at + 1, close - at - 1), '/');
      if (body[at] == '[') choices.push_back("-");
      rule.body.push_back({true, add_group(choices)});
      ++children;
      at = close + 1;
    } else {
      const size_t end = std::min(body.find_first_of(" {[", at), body.size());
      const std::string word(body.substr(at, end - at));
      const bool head_name = is_head_name(word);
      rule.body.push_back({head_name, head_name ? head_id(word) : word_id(word)});
      if (head_name) rule.arguments.push_back(children++);
      at = end;
    }
  }
  if (equals != std::string_view::npos) {
    rule.meaning = parse_expression(line.substr(equals + 3));
  } else {
    require<UsageError>(rule.arguments.size() == 1, "\"{}\" has no meaning", line);
    rule.meaning = {Op::kArgument, 1, {}};
  }
  require<UsageError>(highest_argument(rule.meaning) <= static_cast<int>(rule.arguments.size()),
                      "\"{}\": the meaning names more heads than the body has", line);
  heads_[static_cast<size_t>(head)].rules.push_back(static_cast<int>(rules_.size()));
  rules_.push_back(rule);
}

void Grammar::check_left_recursion() const {
  // reach[a] holds b when b can be the first head of a; repeated until nothing is added.
  std::vector<std::vector<bool>> reach(heads_.size(), std::vector<bool>(heads_.size()));
  std::vector<bool> empty(heads_.size());
  for (bool changed = true; changed;) {
    changed = false;
    for (const Rule& rule : rules_) {
      bool open = true;  // all symbols so far may be empty
      const auto mark = [&](std::vector<bool>& row, size_t id) {
        if (!row[id]) changed = row[id] = true;
      };
      for (const Symbol& symbol : rule.body) {
        if (!open) break;
        if (!symbol.is_head) {
          open = false;
          break;
        }
        const auto id = static_cast<size_t>(symbol.id);
        mark(reach[static_cast<size_t>(rule.head)], id);
        for (size_t other = 0; other < heads_.size(); ++other)
          if (reach[id][other]) mark(reach[static_cast<size_t>(rule.head)], other);
        open = empty[id];
      }
      if (open) mark(empty, static_cast<size_t>(rule.head));
    }
  }
  for (size_t head = 0; head < heads_.size(); ++head)
    require<UsageError>(!reach[head][head], "grammar: {} begins with itself", heads_[head].name);
}

DerivationPtr Grammar::parse(const Words& words, std::string_view head) const {
  std::vector<int> ids;
  for (const std::string& word : words) {
    if (is_head_name(word)) {
      const auto found = head_ids_.find(word);
      if (found == head_ids_.end()) return nullptr;
      ids.push_back(-1 - found->second);
    } else {
      const auto found = word_ids_.find(word);
      if (found == word_ids_.end()) return nullptr;
      ids.push_back(found->second);
    }
  }
  const auto start = head_ids_.find(std::string(head));
  require<UsageError>(start != head_ids_.end(), "grammar: no head {}", head);
  Chart chart{*this, ids};
  for (const auto& [end, node] : chart.ends(start->second, 0))
    if (end == ids.size()) return node;
  return nullptr;
}

Expression Grammar::meaning(const Derivation& derivation) const {
  require(derivation.rule >= 0, "grammar: {} is open and has no meaning", head_name(derivation.head));
  const Rule& rule = rules_[static_cast<size_t>(derivation.rule)];
  std::vector<Expression> arguments;
  for (const int child : rule.arguments)
    arguments.push_back(meaning(*derivation.children[static_cast<size_t>(child)]));
  return substitute(rule.meaning, arguments);
}

void Grammar::collect(const Derivation& derivation, Words& out) const {
  if (derivation.rule < 0) return out.push_back(head_name(derivation.head));
  size_t child = 0;
  for (const Symbol& symbol : rules_[static_cast<size_t>(derivation.rule)].body) {
    if (symbol.is_head)
      collect(*derivation.children[child++], out);
    else
      out.push_back(words_[static_cast<size_t>(symbol.id)]);
  }
}

Words Grammar::words(const Derivation& derivation) const {
  Words out;
  collect(derivation, out);
  return out;
}

DerivationPtr Grammar::skeleton(const DerivationPtr& derivation) const {
  if (heads_[static_cast<size_t>(derivation->head)].slot)
    return std::make_shared<Derivation>(Derivation{derivation->head, -1, {}});
  Derivation out{derivation->head, derivation->rule, {}};
  for (const DerivationPtr& child : derivation->children) out.children.push_back(skeleton(child));
  return std::make_shared<Derivation>(std::move(out));
}

void Grammar::learn(const Derivation& derivation, double weight) {
  if (derivation.rule < 0) return;
  rules_[static_cast<size_t>(derivation.rule)].weight += weight;
  for (const DerivationPtr& child : derivation.children) learn(*child, weight);
}

DerivationPtr Grammar::draw(int head, int depth, Random& random) const {
  if (depth > kMaxDepth) return nullptr;
  const Head& h = heads_[static_cast<size_t>(head)];
  double total = 0;
  for (const int rule : h.rules) total += rules_[static_cast<size_t>(rule)].weight;
  if (total <= 0) return nullptr;
  double left = random.uniform() * total;
  int chosen = -1;
  for (const int rule : h.rules) {
    const double weight = rules_[static_cast<size_t>(rule)].weight;
    if (weight <= 0) continue;
    chosen = rule;
    if ((left -= weight) < 0) break;
  }
  Derivation out{head, chosen, {}};
  for (const Symbol& symbol : rules_[static_cast<size_t>(chosen)].body) {
    if (!symbol.is_head) continue;
    DerivationPtr child = draw(symbol.id, depth + 1, random);
    if (!child) return nullptr;
    out.children.push_back(std::move(child));
  }
  return std::make_shared<Derivation>(std::move(out));
}

DerivationPtr Grammar::fill(const DerivationPtr& node, double vary, int depth, Random& random) const {
  if (node->rule < 0 || (depth > 0 && vary > 0 && random.chance(vary)))
    return draw(node->head, depth, random);
  Derivation out{node->head, node->rule, {}};
  for (const DerivationPtr& child : node->children) {
    DerivationPtr filled = fill(child, vary, depth + 1, random);
    if (!filled) return nullptr;
    out.children.push_back(std::move(filled));
  }
  return std::make_shared<Derivation>(std::move(out));
}

DerivationPtr Grammar::fill(const DerivationPtr& skeleton, double vary, Random& random) const {
  return fill(skeleton, vary, 0, random);
}

}  // namespace conclave::scenes
