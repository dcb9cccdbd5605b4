// Breast and thyroid. Category names, point values and size limits are facts of the published systems;
// what joins descriptors to breast categories 2 to 5 is ours, since the system leaves that to the reader.
#include "models/ultrasound/rules/tables.h"

namespace conclave::ultrasound {
namespace {

// Likelihood of malignancy: 2: 0 %, 3: to 2 %, 4A: to 10 %, 4B: to 50 %, 4C: below 95 %, 5: from 95 %.
RuleTable bi_rads() {
  RuleTable table{"BI-RADS", "breast", {"shape", "orientation", "margin", "echo_pattern"}, {}, {}, {}};
  const std::string number = "suspicious_points";
  table.points = {{number, "shape", "irregular", 1},
                  {number, "orientation", "not_parallel", 1},
                  {number, "margin", "indistinct", 1},
                  {number, "margin", "angular", 1},
                  {number, "margin", "microlobulated", 1},
                  {number, "margin", "spiculated", 2},
                  {number, "echo_pattern", "complex", 1},
                  {number, "posterior_features", "shadowing", 1},
                  {number, "posterior_features", "combined", 1},
                  {number, "calcifications", "in_mass", 1},
                  {number, "calcifications", "intraductal", 1}};
  const std::string routine = "routine", soon = "short_interval_follow_up", sample = "tissue_sampling";
  table.rules = {
      {"simple_cyst",
       {{"shape", {"oval", "round"}},
        {"margin", {"circumscribed"}},
        {"echo_pattern", {"anechoic"}},
        {"posterior_features", {"enhancement"}}},
       {{number, 0, 0}},
       "2",
       routine,
       2},
      {"oval_circumscribed_parallel",
       {{"shape", {"oval"}},
        {"margin", {"circumscribed"}},
        {"orientation", {"parallel"}},
        {"echo_pattern", {"hyperechoic", "hypoechoic", "isoechoic", "heterogeneous"}}},
       {{number, 0, 0}},
       "3",
       soon,
       3},
      {"round_circumscribed_solid",
       {{"shape", {"round"}}, {"echo_pattern", {"hyperechoic", "hypoechoic", "isoechoic", "heterogeneous"}}},
       {{number, 0, 0}},
       "4A",
       sample,
       4},
      {"points_1", {}, {{number, 1, 1}}, "4A", sample, 4},
      {"points_2", {}, {{number, 2, 2}}, "4B", sample, 5},
      {"points_3_4", {}, {{number, 3, 4}}, "4C", sample, 6},
      {"points_5", {}, {{number, 5, 99}}, "5", sample, 7},
      {"likelihood_to_2", {}, {{"malignancy", 0, 0.02}}, "3", soon, 3},
      {"likelihood_2_10", {}, {{"malignancy", 0.02, 0.10, false}}, "4A", sample, 4},
      {"likelihood_10_50", {}, {{"malignancy", 0.10, 0.50, false}}, "4B", sample, 5},
      {"likelihood_50_95", {}, {{"malignancy", 0.50, 0.95, false, false}}, "4C", sample, 6},
      {"likelihood_from_95", {}, {{"malignancy", 0.95, 1}}, "5", sample, 7},
  };
  return table;
}

// Points and size limits of the 2017 chart. Sizes: the largest diameter in mm.
RuleTable ti_rads() {
  RuleTable table{"ACR TI-RADS",
                  "thyroid",
                  {"composition", "echogenicity", "shape", "margin", "echogenic_foci"},
                  {{"composition", {"spongiform"}}},
                  {},
                  {}};
  const std::string number = "points", size = "long_axis_mm";
  table.points = {{number, "composition", "cystic", 0},
                  {number, "composition", "mixed", 1},
                  {number, "composition", "solid", 2},
                  {number, "echogenicity", "anechoic", 0},
                  {number, "echogenicity", "hyperechoic", 1},
                  {number, "echogenicity", "isoechoic", 1},
                  {number, "echogenicity", "hypoechoic", 2},
                  {number, "echogenicity", "very_hypoechoic", 3},
                  {number, "shape", "wider_than_tall", 0},
                  {number, "shape", "taller_than_wide", 3},
                  {number, "margin", "smooth", 0},
                  {number, "margin", "ill_defined", 0},
                  {number, "margin", "lobulated", 2},
                  {number, "margin", "extrathyroidal", 3},
                  {number, "echogenic_foci", "none", 0},
                  {number, "echogenic_foci", "comet_tail", 0},
                  {number, "echogenic_foci", "macrocalcification", 1},
                  {number, "echogenic_foci", "peripheral", 2},
                  {number, "echogenic_foci", "punctate", 3}};
  const std::string none = "no_action", follow = "follow_up", fna = "fna", unsized = "size_needed";
  table.rules = {
      {"TR1", {}, {{number, 0, 0}}, "TR1", none, 1},
      {"TR2", {}, {{number, 2, 2}}, "TR2", none, 2},
      {"TR3_small", {}, {{number, 3, 3}, {size, 0, 15, true, false}}, "TR3", none, 3},
      {"TR3_middle", {}, {{number, 3, 3}, {size, 15, 25, true, false}}, "TR3", follow, 3},
      {"TR3_large", {}, {{number, 3, 3}, {size, 25, 1000}}, "TR3", fna, 3},
      {"TR3_unsized", {}, {{number, 3, 3}}, "TR3", unsized, 3, {size}},
      {"TR4_small", {}, {{number, 4, 6}, {size, 0, 10, true, false}}, "TR4", none, 4},
      {"TR4_middle", {}, {{number, 4, 6}, {size, 10, 15, true, false}}, "TR4", follow, 4},
      {"TR4_large", {}, {{number, 4, 6}, {size, 15, 1000}}, "TR4", fna, 4},
      {"TR4_unsized", {}, {{number, 4, 6}}, "TR4", unsized, 4, {size}},
      {"TR5_small", {}, {{number, 7, 99}, {size, 0, 5, true, false}}, "TR5", none, 5},
      {"TR5_middle", {}, {{number, 7, 99}, {size, 5, 10, true, false}}, "TR5", follow, 5},
      {"TR5_large", {}, {{number, 7, 99}, {size, 10, 1000}}, "TR5", fna, 5},
      {"TR5_unsized", {}, {{number, 7, 99}}, "TR5", unsized, 5, {size}},
  };
  return table;
}

}  // namespace

const std::vector<RuleTable>& rule_tables() {
  static const std::vector<RuleTable> tables = {bi_rads(), ti_rads(), o_rads(), li_rads()};
  return tables;
}

const std::vector<Term>& advice_terms() {
  static const std::vector<Term> terms = {
      {"routine", "routine screening", "常规筛查"},
      {"short_interval_follow_up", "short-interval follow-up", "短期随访"},
      {"tissue_sampling", "tissue sampling", "组织学检查"},
      {"no_action", "no action by this table", "按此表无需处理"},
      {"follow_up", "follow-up", "随访"},
      {"fna", "fine-needle aspiration", "细针穿刺"},
      {"by_kind_and_size", "nothing or follow-up, by kind, size and age",
       "无需处理或随访（取决于类型、大小与年龄）"},
      {"gynaecologist", "specialist ultrasound or MRI; gynaecologist", "专科超声或磁共振；妇科就诊"},
      {"gynaecologist_oncologist_advice",
       "specialist ultrasound or MRI; gynaecologist advised by an oncologist",
       "专科超声或磁共振；妇科就诊并咨询妇科肿瘤专家"},
      {"gynaecologic_oncologist", "gynaecologic oncologist", "妇科肿瘤专家就诊"},
      {"surveillance_6_months", "surveillance in 6 months", "6个月后监测"},
      {"surveillance_3_6_months", "ultrasound again in 3 to 6 months", "3至6个月后复查超声"},
      {"contrast_imaging", "contrast-enhanced CT, MRI or ultrasound", "增强CT、磁共振或超声造影"},
      {"size_needed", "depends on the size, which is not known", "取决于大小（大小未知）"},
  };
  return terms;
}

}  // namespace conclave::ultrasound
