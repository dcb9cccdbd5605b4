#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "models/ultrasound/rules/growth.h"
#include "models/ultrasound/rules/rule_table.h"

namespace conclave::ultrasound {
namespace {

const RuleTable& table(const std::string& name) {
  for (const auto& each : rule_tables())
    if (each.name == name) return each;
  throw std::runtime_error(name);
}

// Facts that just meet a rule's conditions: the first of each list, the lower and the upper end of each
// range.
Facts facts_for(const RuleTable& table, const Rule& rule, bool upper) {
  Facts facts;
  for (const auto& condition : rule.fields) facts.fields[condition.field] = {condition.any_of.front()};
  for (const auto& bound : rule.numbers) {
    const double open = 1e-9 * std::max(1.0, bound.high);
    facts.numbers[bound.number] =
        upper ? bound.high - (bound.high_in ? 0 : open) : bound.low + (bound.low_in ? 0 : open);
  }
  return facts;
}

TEST(RuleTables, EveryRowNamesWhatThereIs) {
  std::set<std::string> advice;
  for (const auto& term : advice_terms()) advice.insert(term.code);
  for (const auto& each : rule_tables()) {
    for (const auto& row : each.points) {
      EXPECT_NO_THROW(check_value(each.organ, row.field, row.code)) << row.field << " " << row.code;
      EXPECT_GE(row.points, 0);
    }
    std::set<std::string> ids;
    for (const auto& rule : each.rules) {
      EXPECT_TRUE(ids.insert(rule.id).second) << rule.id;
      EXPECT_TRUE(advice.contains(rule.advice)) << rule.id;
      for (const auto& condition : rule.fields)
        for (const auto& code : condition.any_of)
          EXPECT_NO_THROW(check_value(each.organ, condition.field, code)) << rule.id;
    }
  }
}

TEST(RuleTables, EveryRowHoldsAtItsEndsAndNotBehindThem) {
  for (const auto& each : rule_tables())
    for (const auto& rule : each.rules) {
      for (const bool upper : {false, true}) {
        const Facts facts = facts_for(each, rule, upper);
        EXPECT_TRUE(holds(rule, facts)) << rule.id;
        for (const auto& bound : rule.numbers) {
          Facts beyond = facts;
          beyond.numbers[bound.number] =
              upper ? bound.high + (bound.high_in ? 1e-6 : 0) : bound.low - (bound.low_in ? 1e-6 : 0);
          EXPECT_FALSE(holds(rule, beyond)) << rule.id << " at " << beyond.numbers[bound.number];
          beyond.numbers.erase(bound.number);
          EXPECT_FALSE(holds(rule, beyond)) << rule.id << " without " << bound.number;
        }
      }
      for (const auto& condition : rule.fields) {
        Facts without = facts_for(each, rule, false);
        without.fields.erase(condition.field);
        EXPECT_FALSE(holds(rule, without)) << rule.id << " without " << condition.field;
      }
    }
}

TEST(RuleTables, EveryPointsRowCounts) {
  for (const auto& each : rule_tables())
    for (const auto& row : each.points) {
      Facts facts;
      for (const auto& need : each.points_need) facts.fields[need] = {"nothing"};
      EXPECT_EQ(sum_points(each, facts).at(row.number), 0);
      facts.fields[row.field] = {row.code};
      EXPECT_EQ(sum_points(each, facts).at(row.number), row.points) << row.field << " " << row.code;
    }
}

struct Nodule {
  std::vector<std::string> values;  // composition, echogenicity, shape, margin, foci
  double size;                      // mm; 0: unknown
  std::string category, advice;
};

TEST(TiRads, Nodules) {
  const std::vector<Nodule> nodules = {
      {{"cystic", "anechoic", "wider_than_tall", "smooth", "none"}, 40, "TR1", "no_action"},
      {{"mixed", "isoechoic", "wider_than_tall", "smooth", "none"}, 40, "TR2", "no_action"},
      {{"mixed", "hypoechoic", "wider_than_tall", "smooth", "comet_tail"}, 14.9, "TR3", "no_action"},
      {{"solid", "isoechoic", "wider_than_tall", "ill_defined", "none"}, 15, "TR3", "follow_up"},
      {{"solid", "hyperechoic", "wider_than_tall", "smooth", "none"}, 25, "TR3", "fna"},
      {{"solid", "isoechoic", "wider_than_tall", "smooth", "none"}, 0, "TR3", "size_needed"},
      {{"solid", "hypoechoic", "wider_than_tall", "smooth", "none"}, 9.9, "TR4", "no_action"},
      {{"solid", "hypoechoic", "wider_than_tall", "lobulated", "none"}, 10, "TR4", "follow_up"},
      {{"solid", "hypoechoic", "wider_than_tall", "smooth", "peripheral"}, 15, "TR4", "fna"},
      {{"solid", "hypoechoic", "taller_than_wide", "smooth", "none"}, 4.9, "TR5", "no_action"},
      {{"solid", "very_hypoechoic", "wider_than_tall", "lobulated", "none"}, 5, "TR5", "follow_up"},
      {{"solid", "hypoechoic", "wider_than_tall", "extrathyroidal", "punctate"}, 10, "TR5", "fna"},
      {{"solid", "very_hypoechoic", "taller_than_wide", "extrathyroidal", "punctate"},
       0,
       "TR5",
       "size_needed"},
  };
  const std::vector<std::string> fields = {"composition", "echogenicity", "shape", "margin",
                                           "echogenic_foci"};
  for (const auto& nodule : nodules) {
    Facts facts;
    for (size_t i = 0; i < fields.size(); ++i) facts.fields[fields[i]] = {nodule.values[i]};
    if (nodule.size > 0) facts.numbers["long_axis_mm"] = nodule.size;
    const Verdict verdict = judge(table("ACR TI-RADS"), facts);
    EXPECT_EQ(verdict.category, nodule.category) << nodule.size;
    EXPECT_EQ(verdict.advice, nodule.advice) << nodule.category << " " << nodule.size;
  }
}

TEST(TiRads, SeveralFociAddUpAndSpongiformNeedsNothingElse) {
  Facts facts{{{"composition", {"solid"}},
               {"echogenicity", {"isoechoic"}},
               {"shape", {"wider_than_tall"}},
               {"margin", {"smooth"}},
               {"echogenic_foci", {"macrocalcification", "peripheral", "punctate"}}},
              {}};
  EXPECT_EQ(sum_points(table("ACR TI-RADS"), facts).at("points"), 9);
  EXPECT_EQ(judge(table("ACR TI-RADS"), {{{"composition", {"spongiform"}}}, {}}).category, "TR1");
}

TEST(TiRads, NoCategoryWithoutAllFieldsOrFromOnePoint) {
  Facts facts{{{"composition", {"solid"}}, {"shape", {"taller_than_wide"}}}, {}};
  const Verdict open = judge(table("ACR TI-RADS"), facts);
  EXPECT_EQ(open.category, "");
  EXPECT_EQ(open.reason, "not known: echogenicity, margin, echogenic_foci");
  facts.fields = {{"composition", {"cystic"}},
                  {"echogenicity", {"isoechoic"}},
                  {"shape", {"wider_than_tall"}},
                  {"margin", {"smooth"}},
                  {"echogenic_foci", {"none"}}};
  EXPECT_EQ(judge(table("ACR TI-RADS"), facts).reason, "no row of the table has 1 points");
}

Facts lesion(const std::string& shape, const std::string& orientation, const std::string& margin,
             const std::string& echo, const std::string& posterior = "none") {
  return {{{"shape", {shape}},
           {"orientation", {orientation}},
           {"margin", {margin}},
           {"echo_pattern", {echo}},
           {"posterior_features", {posterior}}},
          {}};
}

TEST(BiRads, FromDescriptors) {
  const auto& rules = table("BI-RADS");
  EXPECT_EQ(judge(rules, lesion("round", "parallel", "circumscribed", "anechoic", "enhancement")).category,
            "2");
  EXPECT_EQ(judge(rules, lesion("oval", "parallel", "circumscribed", "hypoechoic")).category, "3");
  EXPECT_EQ(judge(rules, lesion("round", "parallel", "circumscribed", "hypoechoic")).category, "4A");
  EXPECT_EQ(judge(rules, lesion("oval", "parallel", "indistinct", "hypoechoic")).category, "4A");
  EXPECT_EQ(judge(rules, lesion("irregular", "parallel", "indistinct", "hypoechoic")).category, "4B");
  EXPECT_EQ(judge(rules, lesion("irregular", "not_parallel", "angular", "hypoechoic")).category, "4C");
  EXPECT_EQ(
      judge(rules, lesion("irregular", "not_parallel", "spiculated", "hypoechoic", "shadowing")).category,
      "5");
}

TEST(BiRads, FromLikelihoodAndTheMoreSuspiciousOfBoth) {
  const auto& rules = table("BI-RADS");
  for (const auto& [p, category] : {std::pair{0.0, "3"},
                                    {0.02, "3"},
                                    {0.021, "4A"},
                                    {0.10, "4A"},
                                    {0.11, "4B"},
                                    {0.5, "4B"},
                                    {0.51, "4C"},
                                    {0.949, "4C"},
                                    {0.95, "5"},
                                    {1.0, "5"}}) {
    Facts facts;
    facts.numbers["malignancy"] = p;
    EXPECT_EQ(judge(rules, facts).category, category) << p;
  }
  Facts facts = lesion("oval", "parallel", "circumscribed", "hypoechoic");
  facts.numbers["malignancy"] = 0.7;
  const Verdict verdict = judge(rules, facts);
  EXPECT_EQ(verdict.category, "4C");
  EXPECT_THAT(verdict.rules, ::testing::ElementsAre("likelihood_50_95"));
  EXPECT_EQ(judge(rules, {}).category, "");
}

using Fields = std::map<std::string, std::vector<std::string>>;

Verdict of_adnexa(const Fields& fields, double size) {
  Facts facts{fields, {}};
  if (size > 0) facts.numbers["long_axis_mm"] = size;
  return judge(table("O-RADS US"), facts);
}

TEST(ORads, LesionsOfEachCategory) {
  const auto cyst = [](const std::string& kind, const std::string& margin, const std::string& solid,
                       const std::string& color) {
    return Fields{
        {"lesion", {kind}}, {"margin", {margin}}, {"solid_component", {solid}}, {"color_score", {color}}};
  };
  const auto solid = [](const std::string& margin, const std::string& shadowing, const std::string& color) {
    return Fields{
        {"lesion", {"solid"}}, {"margin", {margin}}, {"shadowing", {shadowing}}, {"color_score", {color}}};
  };
  const Fields before{{"lesion", {"simple_cyst"}}, {"menopause", {"before"}}},
      after{{"lesion", {"simple_cyst"}}, {"menopause", {"after"}}};
  EXPECT_EQ(of_adnexa(before, 30).category, "1");
  EXPECT_EQ(of_adnexa(after, 30).category, "2");
  EXPECT_EQ(of_adnexa(before, 31).category, "2");
  EXPECT_EQ(of_adnexa(before, 100).category, "3");
  EXPECT_EQ(of_adnexa(cyst("bilocular", "smooth", "none", "1"), 99).category, "2");
  EXPECT_EQ(of_adnexa(cyst("bilocular", "smooth", "none", "1"), 100).category, "3");
  EXPECT_EQ(of_adnexa(cyst("bilocular", "irregular", "none", "1"), 40).category, "4");
  EXPECT_EQ(of_adnexa(cyst("unilocular", "irregular", "none", "1"), 40).category, "3");
  EXPECT_EQ(of_adnexa(cyst("unilocular", "smooth", "papillary_1_3", "3"), 40).category, "4");
  EXPECT_EQ(of_adnexa(cyst("unilocular", "smooth", "papillary_4", "1"), 40).category, "5");
  EXPECT_EQ(of_adnexa(cyst("multilocular", "smooth", "none", "3"), 99).category, "3");
  EXPECT_EQ(of_adnexa(cyst("multilocular", "smooth", "none", "3"), 100).category, "4");
  EXPECT_EQ(of_adnexa(cyst("multilocular", "smooth", "none", "4"), 40).category, "4");
  EXPECT_EQ(of_adnexa(cyst("multilocular", "smooth", "other", "2"), 40).category, "4");
  EXPECT_EQ(of_adnexa(cyst("multilocular", "smooth", "other", "3"), 40).category, "5");
  EXPECT_EQ(of_adnexa(solid("smooth", "absent", "1"), 40).category, "3");
  EXPECT_EQ(of_adnexa(solid("smooth", "present", "3"), 40).category, "3");
  EXPECT_EQ(of_adnexa(solid("smooth", "absent", "3"), 40).category, "4");
  EXPECT_EQ(of_adnexa(solid("smooth", "present", "4"), 40).category, "5");
  EXPECT_EQ(of_adnexa(solid("irregular", "present", "1"), 40).category, "5");
  Fields with_ascites = before;
  with_ascites["ascites_or_nodules"] = {"present"};
  EXPECT_EQ(of_adnexa(with_ascites, 20).category, "5");
}

TEST(ORads, SaysWhatIsMissing) {
  EXPECT_EQ(of_adnexa({{"lesion", {"simple_cyst"}}}, 20).reason, "not known: menopause, ascites_or_nodules");
  EXPECT_EQ(of_adnexa({{"lesion", {"solid"}}, {"margin", {"smooth"}}, {"color_score", {"2"}}}, 0).reason,
            "not known: shadowing, ascites_or_nodules");
}

// Every lesion of which all is known has exactly one category.
TEST(ORads, LeavesNoLesionOut) {
  const auto codes = [](const std::string& field) {
    std::vector<std::string> all;
    for (const auto& term : find_field("adnexa", field)->values) all.push_back(term.code);
    return all;
  };
  for (const auto& lesion : codes("lesion"))
    for (const auto& margin : codes("margin"))
      for (const auto& solid : codes("solid_component"))
        for (const auto& color : codes("color_score"))
          for (const auto& shadowing : codes("shadowing"))
            for (const auto& menopause : codes("menopause"))
              for (const double size : {5.0, 30.0, 30.5, 99.0, 100.0, 300.0}) {
                const Facts facts{{{"lesion", {lesion}},
                                   {"margin", {margin}},
                                   {"solid_component", {solid}},
                                   {"color_score", {color}},
                                   {"shadowing", {shadowing}},
                                   {"menopause", {menopause}},
                                   {"ascites_or_nodules", {"absent"}}},
                                  {{"long_axis_mm", size}}};
                std::set<std::string> categories;
                for (const auto& rule : table("O-RADS US").rules)
                  if (holds(rule, facts)) categories.insert(rule.category);
                EXPECT_EQ(categories.size(), 1u)
                    << lesion << " " << margin << " " << solid << " " << color << " " << size;
              }
}

TEST(LiRads, Livers) {
  const auto liver = [](const std::string& observation, const std::string& thrombus, double size) {
    Facts facts{{{"observation", {observation}}, {"new_thrombus", {thrombus}}}, {}};
    if (size > 0) facts.numbers["long_axis_mm"] = size;
    return judge(table("US LI-RADS"), facts);
  };
  EXPECT_EQ(liver("none", "absent", 0).category, "US-1");
  EXPECT_EQ(liver("definitely_benign", "absent", 30).category, "US-1");
  EXPECT_EQ(liver("suspicious", "absent", 9.9).category, "US-2");
  EXPECT_EQ(liver("suspicious", "absent", 10).category, "US-3");
  EXPECT_EQ(liver("none", "present", 0).category, "US-3");
  EXPECT_EQ(liver("suspicious", "present", 5).category, "US-3");
  EXPECT_EQ(liver("suspicious", "absent", 0).reason, "not known: long_axis_mm");
}

// Worked by hand from the printed formula; the spread steps at its table's ages.
TEST(Growth, GestationalAge) {
  EXPECT_NEAR(gestational_age(175)->weeks, 8.96 + 0.540 * 17.5 + 0.0003 * 5359.375, 1e-9);
  EXPECT_NEAR(gestational_age(175)->weeks, 20.018, 5e-4);
  EXPECT_NEAR(gestational_age(320)->weeks, 36.0704, 1e-4);
  EXPECT_EQ(hadlock_spread().size(), 5u);
  for (const auto& [hc, spread] :
       {std::pair{100.0, 1.19}, {175.0, 1.48}, {230.0, 2.06}, {290.0, 2.98}, {330.0, 2.70}}) {
    const auto age = *gestational_age(hc);
    EXPECT_NEAR(age.high - age.weeks, spread, 1e-12) << hc << " mm, " << age.weeks;
    EXPECT_NEAR(age.weeks - age.low, spread, 1e-12);
  }
  for (const double none : {0.0, -1.0, 40.0, 400.0, std::nan("")})
    EXPECT_FALSE(gestational_age(none)) << none;
}

TEST(Growth, Percentile) {
  const auto [mean, deviation] = head_at(20);
  EXPECT_NEAR(mean, 172.47, 0.05);  // -28.2849 + 677.068 - 476.31
  EXPECT_NEAR(*head_percentile(mean, 20), 50, 1e-9);
  EXPECT_NEAR(*head_percentile(mean + 1.6448536 * deviation, 20), 95, 1e-4);
  EXPECT_NEAR(*head_percentile(mean - 1.8807936 * deviation, 20), 3, 1e-4);
  EXPECT_FALSE(head_percentile(170, 13.9));
  EXPECT_FALSE(head_percentile(170, 40.1));
  EXPECT_FALSE(head_percentile(0, 20));
  for (int week = 14; week < 40; ++week) EXPECT_LT(head_at(week).first, head_at(week + 1).first);
}

TEST(Growth, Words) {
  EXPECT_EQ(weeks_text(20.43), "20w3d");
  EXPECT_EQ(weeks_text(20.99), "21w0d");
}

}  // namespace
}  // namespace conclave::ultrasound
