// Risk of malignancy: 1: a normal ovary, 2: below 1 %, 3: below 10 %, 4: below 50 %, 5: from 50 %. What is
// done about a lesion of category 2 hangs on its kind, size and the patient's age beyond what a table of this
// kind says.
#include "models/ultrasound/rules/tables.h"

namespace conclave::ultrasound {

RuleTable o_rads() {
  const std::string size = "long_axis_mm", by_kind = "by_kind_and_size", gynaecologist = "gynaecologist",
                    advice_of_oncologist = "gynaecologist_oncologist_advice",
                    oncologist = "gynaecologic_oncologist";
  const Bound below_10_cm{size, 0, 100, true, false}, from_10_cm{size, 100, 1000}, to_3_cm{size, 0, 30};
  const Bound above_3_cm{size, 30, 100, false, false};
  const Condition smooth{"margin", {"smooth"}}, irregular{"margin", {"irregular"}};
  const Condition all_cystic{"solid_component", {"none"}},
      with_solid{"solid_component", {"papillary_1_3", "papillary_4", "other"}};
  const auto is = [](const std::string& lesion) { return Condition{"lesion", {lesion}}; };
  const auto color = [](std::vector<std::string> scores) {
    return Condition{"color_score", std::move(scores)};
  };
  const Condition uni_or_bilocular{"lesion", {"unilocular", "bilocular"}},
      septate{"lesion", {"bilocular", "multilocular"}};

  RuleTable table{"O-RADS US", "adnexa", {}, {}, {}, {}};
  table.rules = {
      {"normal", {is("none")}, {}, "1", "no_action", 1},
      {"physiologic", {is("physiologic")}, {}, "1", "no_action", 1},
      {"simple_small_before_menopause",
       {is("simple_cyst"), {"menopause", {"before"}}},
       {to_3_cm},
       "1",
       "no_action",
       1},
      {"simple_small_after_menopause",
       {is("simple_cyst"), {"menopause", {"after"}}},
       {to_3_cm},
       "2",
       by_kind,
       2},
      {"simple", {is("simple_cyst")}, {above_3_cm}, "2", by_kind, 2},
      {"classic_benign", {is("classic_benign")}, {below_10_cm}, "2", by_kind, 2},
      {"classic_beside_the_ovary", {is("classic_beside_the_ovary")}, {}, "2", by_kind, 2},
      {"smooth_cyst", {uni_or_bilocular, smooth, all_cystic}, {below_10_cm}, "2", by_kind, 2},
      {"simple_large", {is("simple_cyst")}, {from_10_cm}, "3", gynaecologist, 3},
      {"classic_benign_large", {is("classic_benign")}, {from_10_cm}, "3", gynaecologist, 3},
      {"smooth_cyst_large", {uni_or_bilocular, smooth, all_cystic}, {from_10_cm}, "3", gynaecologist, 3},
      {"unilocular_irregular", {is("unilocular"), irregular, all_cystic}, {}, "3", gynaecologist, 3},
      {"multilocular_smooth",
       {is("multilocular"), smooth, all_cystic, color({"1", "2", "3"})},
       {below_10_cm},
       "3",
       gynaecologist,
       3},
      {"solid_smooth_no_flow", {is("solid"), smooth, color({"1"})}, {}, "3", gynaecologist, 3},
      {"solid_smooth_shadowing",
       {is("solid"), smooth, {"shadowing", {"present"}}, color({"2", "3"})},
       {},
       "3",
       gynaecologist,
       3},
      {"bilocular_irregular", {is("bilocular"), irregular, all_cystic}, {}, "4", advice_of_oncologist, 4},
      {"multilocular_smooth_large",
       {is("multilocular"), smooth, all_cystic, color({"1", "2", "3"})},
       {from_10_cm},
       "4",
       advice_of_oncologist,
       4},
      {"multilocular_smooth_flow",
       {is("multilocular"), smooth, all_cystic, color({"4"})},
       {},
       "4",
       advice_of_oncologist,
       4},
      {"multilocular_irregular",
       {is("multilocular"), irregular, all_cystic},
       {},
       "4",
       advice_of_oncologist,
       4},
      {"unilocular_with_solid",
       {is("unilocular"), {"solid_component", {"papillary_1_3", "other"}}},
       {},
       "4",
       advice_of_oncologist,
       4},
      {"septate_with_solid", {septate, with_solid, color({"1", "2"})}, {}, "4", advice_of_oncologist, 4},
      {"solid_smooth_flow",
       {is("solid"), smooth, {"shadowing", {"absent"}}, color({"2", "3"})},
       {},
       "4",
       advice_of_oncologist,
       4},
      {"unilocular_papillary",
       {is("unilocular"), {"solid_component", {"papillary_4"}}},
       {},
       "5",
       oncologist,
       5},
      {"septate_with_solid_flow", {septate, with_solid, color({"3", "4"})}, {}, "5", oncologist, 5},
      {"solid_smooth_strong_flow", {is("solid"), smooth, color({"4"})}, {}, "5", oncologist, 5},
      {"solid_irregular", {is("solid"), irregular}, {}, "5", oncologist, 5},
      {"ascites_or_nodules", {{"ascites_or_nodules", {"present"}}}, {}, "5", oncologist, 5},
  };
  return table;
}

}  // namespace conclave::ultrasound
