#include "models/ultrasound/rules/rule_table.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::ultrasound {
namespace {

bool holds(const Condition& condition, const Facts& facts) {
  const auto known = facts.fields.find(condition.field);
  if (known == facts.fields.end()) return false;
  return std::any_of(known->second.begin(), known->second.end(), [&](const std::string& code) {
    return std::find(condition.any_of.begin(), condition.any_of.end(), code) != condition.any_of.end();
  });
}

bool holds(const Bound& bound, const Facts& facts) {
  const auto known = facts.numbers.find(bound.number);
  if (known == facts.numbers.end()) return false;
  const double value = known->second;
  return (bound.low_in ? value >= bound.low : value > bound.low) &&
         (bound.high_in ? value <= bound.high : value < bound.high);
}

std::vector<std::string> missing_fields(const RuleTable& table, const Facts& facts) {
  std::vector<std::string> missing;
  for (const auto& field : table.points_need)
    if (!facts.fields.contains(field)) missing.push_back(field);
  return missing;
}

// What the rules that may still hold ask for and is not known.
std::vector<std::string> missing_facts(const RuleTable& table, const Facts& facts) {
  std::vector<std::string> missing;
  for (const auto& rule : table.rules) {
    std::vector<std::string> open;
    bool may_hold = true;
    for (const auto& condition : rule.fields) {
      if (!facts.fields.contains(condition.field))
        open.push_back(condition.field);
      else
        may_hold = may_hold && holds(condition, facts);
    }
    for (const auto& bound : rule.numbers) {
      if (!facts.numbers.contains(bound.number))
        open.push_back(bound.number);
      else
        may_hold = may_hold && holds(bound, facts);
    }
    for (const auto& each : open)
      if (may_hold && std::ranges::find(missing, each) == missing.end()) missing.push_back(each);
  }
  return missing;
}

}  // namespace

std::map<std::string, int> sum_points(const RuleTable& table, const Facts& facts) {
  std::map<std::string, int> sums;
  if (table.points.empty()) return sums;
  const std::string number = table.points.front().number;
  for (const auto& condition : table.points_settled_by)
    if (holds(condition, facts)) return {{number, 0}};
  if (!missing_fields(table, facts).empty()) return sums;
  int sum = 0;
  for (const auto& row : table.points)
    if (holds(Condition{row.field, {row.code}}, facts)) sum += row.points;
  return {{number, sum}};
}

bool holds(const Rule& rule, const Facts& facts) {
  return std::all_of(rule.fields.begin(), rule.fields.end(),
                     [&](const auto& each) { return holds(each, facts); }) &&
         std::all_of(rule.numbers.begin(), rule.numbers.end(),
                     [&](const auto& each) { return holds(each, facts); }) &&
         std::none_of(rule.unknown.begin(), rule.unknown.end(),
                      [&](const auto& number) { return facts.numbers.contains(number); });
}

Verdict judge(const RuleTable& table, Facts facts) {
  Verdict verdict;
  verdict.table = table.name;
  verdict.points = sum_points(table, facts);
  for (const auto& [number, sum] : verdict.points) facts.numbers[number] = sum;
  const Rule* best = nullptr;
  for (const auto& rule : table.rules)
    if (holds(rule, facts) && (!best || rule.rank > best->rank)) best = &rule;
  if (!best) {
    const auto missing = table.points.empty() ? missing_facts(table, facts) : missing_fields(table, facts);
    if (!verdict.points.empty())
      verdict.reason = fmt::format("no row of the table has {} {}", verdict.points.begin()->second,
                                   verdict.points.begin()->first);
    else
      verdict.reason = missing.empty() ? "no row of the table holds"
                                       : fmt::format("not known: {}", fmt::join(missing, ", "));
    return verdict;
  }
  verdict.category = best->category;
  verdict.advice = best->advice;
  for (const auto& rule : table.rules)
    if (rule.category == best->category && rule.rank == best->rank && holds(rule, facts))
      verdict.rules.push_back(rule.id);
  return verdict;
}

}  // namespace conclave::ultrasound
