/// Several readers of one study: their findings kept apart, joined where they agree, open where they do not.
#pragma once

#include <string>
#include <vector>

#include "models/ultrasound/report/life.h"
#include "models/ultrasound/report/report.h"

namespace conclave::ultrasound {

struct AnnotatedFindings {
  std::string reader;
  Findings findings;
};

/// What one reader says of a joined finding; no value where the reader did not see it or left it open.
struct Vote {
  std::string reader, value;
};

struct JoinedFinding {
  Finding finding;  ///< fields by majority, probabilities are shares of votes
  std::vector<std::string> seen_by;
  std::vector<std::pair<std::string, std::vector<Vote>>> votes;  ///< by field
  std::vector<std::pair<std::string, Mask>> masks;               ///< of each reader who drew one
  double mask_agreement = 0;  ///< mean Dice of all pairs of masks; 0 with less than two
};

struct Adjudication {
  std::string organ;
  std::vector<std::string> readers;
  std::vector<JoinedFinding> findings;
  std::vector<std::string> disagreements;  ///< what is left to decide
};

/// Findings of the same kind whose boxes (or masks) overlap by a third are one. A value holds when more than
/// half of those who gave one agree: two readers who differ leave the field open. A mask is where more than
/// half drew it. Throws UsageError for fewer than two readers, two of one name, or two organs.
Adjudication adjudicate(const std::vector<AnnotatedFindings>& readers);

/// A person's decisions on top, by finding and field; what was decided is no longer a disagreement.
void decide(Adjudication& joined, const std::vector<Edit::Set>& decisions, const std::string& by);

/// A findings file (readable as one) that keeps every reader's votes and masks.
Json to_json(const Adjudication& joined);

/// Dice coefficient of two masks of one size; 1 when both are empty.
double dice(const Mask& a, const Mask& b);

}  // namespace conclave::ultrasound
