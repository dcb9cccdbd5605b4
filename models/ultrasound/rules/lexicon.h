/// The fields of a report and the values each may have: codes of ours and short terms in English and Chinese.
#pragma once

#include <string>
#include <vector>

namespace conclave::ultrasound {

struct Term {
  std::string code, english, chinese;
};

struct FieldTerms {
  std::string organ;  ///< "breast", "thyroid", "adnexa", "liver", "lung", "fetal_head"
  Term field;
  std::vector<Term> values;
  bool several = false;  ///< values may be joined: "macrocalcification+punctate"
};

/// The whole table, in the order in which a report says it.
const std::vector<FieldTerms>& lexicon();

/// What a finding of an organ is called: "breast_lesion". Throws UsageError for an organ that is not in the
/// table.
const std::string& finding_kind(const std::string& organ);

/// Nullptr when the organ has no such field.
const FieldTerms* find_field(const std::string& organ, const std::string& field);

/// The codes in `value`, one or several joined by '+'. Throws UsageError for a field or value that is not in
/// the table, and for several where one is wanted.
std::vector<std::string> check_value(const std::string& organ, const std::string& field,
                                     const std::string& value);

/// language: "en" or "zh". Throws UsageError for anything else.
const std::string& words_of(const Term& term, const std::string& language);

}  // namespace conclave::ultrasound
