// How well the liver was seen (visualization A, B, C) stands beside the category and does not change it.
#include "models/ultrasound/rules/tables.h"

namespace conclave::ultrasound {

RuleTable li_rads() {
  const std::string size = "long_axis_mm", surveillance = "surveillance_6_months",
                    contrast = "contrast_imaging";
  const Condition suspicious{"observation", {"suspicious"}};
  RuleTable table{"US LI-RADS", "liver", {}, {}, {}, {}};
  table.rules = {
      {"nothing",
       {{"observation", {"none", "definitely_benign"}}, {"new_thrombus", {"absent"}}},
       {},
       "US-1",
       surveillance,
       1},
      {"below_threshold",
       {suspicious, {"new_thrombus", {"absent"}}},
       {{size, 0, 10, true, false}},
       "US-2",
       "surveillance_3_6_months",
       2},
      {"above_threshold", {suspicious}, {{size, 10, 1000}}, "US-3", contrast, 3},
      {"thrombus", {{"new_thrombus", {"present"}}}, {}, "US-3", contrast, 3},
  };
  return table;
}

}  // namespace conclave::ultrasound
