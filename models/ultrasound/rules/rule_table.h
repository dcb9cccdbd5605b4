/// Categories and advice from fields and numbers, by tables: the network fills fields, never the category.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/ultrasound/rules/lexicon.h"

namespace conclave::ultrasound {

/// What is known of one finding.
struct Facts {
  std::map<std::string, std::vector<std::string>> fields;  ///< codes of the lexicon
  std::map<std::string, double> numbers;                   ///< "malignancy" 0..1, "long_axis_mm"
};

/// Points that a field's value gives; summed up they are the number `number`.
struct PointsRow {
  std::string number, field, code;
  int points;
};

struct Condition {
  std::string field;
  std::vector<std::string> any_of;
};

struct Bound {
  std::string number;
  double low, high;
  bool low_in = true, high_in = true;  ///< whether the ends belong to it
};

/// Holds when all of it does. A field or number that is unknown meets no condition.
struct Rule {
  std::string id;
  std::vector<Condition> fields;
  std::vector<Bound> numbers;
  std::string category, advice;
  int rank;                               ///< of several rules that hold, the highest counts
  std::vector<std::string> unknown = {};  ///< numbers that must not be known
};

struct RuleTable {
  std::string name;  ///< "BI-RADS", "ACR TI-RADS", "O-RADS US", "US LI-RADS"
  std::string organ;
  std::vector<std::string> points_need;      ///< fields without which points are not summed up
  std::vector<Condition> points_settled_by;  ///< ... unless one of these holds: then points are 0
  std::vector<PointsRow> points;
  std::vector<Rule> rules;
};

struct Verdict {
  std::string table, category, advice;  ///< no category: `reason` says why
  std::vector<std::string> rules;       ///< ids of the rules of that rank that hold
  std::map<std::string, int> points;
  std::string reason;
};

const std::vector<RuleTable>& rule_tables();
/// Words for "fna", "tissue_sampling", ...
const std::vector<Term>& advice_terms();

/// The numbers that points give; a number is absent while a field that it needs is unknown.
std::map<std::string, int> sum_points(const RuleTable& table, const Facts& facts);

bool holds(const Rule& rule, const Facts& facts);

Verdict judge(const RuleTable& table, Facts facts);

}  // namespace conclave::ultrasound
