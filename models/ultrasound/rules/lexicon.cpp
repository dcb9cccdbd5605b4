#include "models/ultrasound/rules/lexicon.h"

#include <algorithm>
#include <map>

#include "framework/base/error.h"

namespace conclave::ultrasound {
namespace {

const Term kAbsent{"absent", "absent", "无"}, kPresent{"present", "present", "有"};

std::vector<FieldTerms> make_lexicon() {
  return {
      {"breast", {"side", "side", "侧别"}, {{"left", "left", "左侧"}, {"right", "right", "右侧"}}},
      {"breast",
       {"shape", "shape", "形态"},
       {{"oval", "oval", "椭圆形"}, {"round", "round", "圆形"}, {"irregular", "irregular", "不规则形"}}},
      {"breast",
       {"orientation", "orientation", "方位"},
       {{"parallel", "parallel", "平行"}, {"not_parallel", "not parallel", "不平行"}}},
      {"breast",
       {"margin", "margin", "边缘"},
       {{"circumscribed", "circumscribed", "光整"},
        {"indistinct", "indistinct", "模糊"},
        {"angular", "angular", "成角"},
        {"microlobulated", "microlobulated", "细分叶"},
        {"spiculated", "spiculated", "毛刺"}}},
      {"breast",
       {"echo_pattern", "echo pattern", "内部回声"},
       {{"anechoic", "anechoic", "无回声"},
        {"hyperechoic", "hyperechoic", "高回声"},
        {"complex", "complex cystic and solid", "囊实混合回声"},
        {"hypoechoic", "hypoechoic", "低回声"},
        {"isoechoic", "isoechoic", "等回声"},
        {"heterogeneous", "heterogeneous", "不均匀回声"}}},
      {"breast",
       {"posterior_features", "posterior features", "后方回声"},
       {{"none", "none", "无改变"},
        {"enhancement", "enhancement", "增强"},
        {"shadowing", "shadowing", "声影"},
        {"combined", "combined", "混合性改变"}}},
      {"breast",
       {"calcifications", "calcifications", "钙化"},
       {{"none", "none", "无"},
        {"in_mass", "in the mass", "肿块内"},
        {"outside_mass", "outside the mass", "肿块外"},
        {"intraductal", "intraductal", "导管内"}}},
      {"breast",
       {"pathology", "expected pathology", "预期病理性质"},
       {{"benign", "benign", "良性"}, {"malignant", "malignant", "恶性"}}},
      {"breast",  // for comparing with readers; the report's category comes from the rules
       {"reader_category", "category a reader would give", "阅片者分类"},
       {{"2", "2", "2"}, {"3", "3", "3"}, {"4", "4", "4"}, {"5", "5", "5"}}},

      {"thyroid",
       {"composition", "composition", "成分"},
       {{"cystic", "cystic", "囊性"},
        {"spongiform", "spongiform", "海绵样"},
        {"mixed", "mixed cystic and solid", "囊实性"},
        {"solid", "solid", "实性"}}},
      {"thyroid",
       {"echogenicity", "echogenicity", "回声"},
       {{"anechoic", "anechoic", "无回声"},
        {"hyperechoic", "hyperechoic", "高回声"},
        {"isoechoic", "isoechoic", "等回声"},
        {"hypoechoic", "hypoechoic", "低回声"},
        {"very_hypoechoic", "very hypoechoic", "极低回声"}}},
      {"thyroid",
       {"shape", "shape", "形态"},
       {{"wider_than_tall", "wider than tall", "纵横比<1"},
        {"taller_than_wide", "taller than wide", "纵横比>1"}}},
      {"thyroid",
       {"margin", "margin", "边缘"},
       {{"smooth", "smooth", "光滑"},
        {"ill_defined", "ill defined", "模糊"},
        {"lobulated", "lobulated or irregular", "分叶或不规则"},
        {"extrathyroidal", "extrathyroidal extension", "甲状腺外侵犯"}}},
      {"thyroid",
       {"echogenic_foci", "echogenic foci", "强回声灶"},
       {{"none", "none", "无"},
        {"comet_tail", "large comet tail", "大彗星尾征"},
        {"macrocalcification", "macrocalcification", "粗大钙化"},
        {"peripheral", "peripheral calcification", "周边钙化"},
        {"punctate", "punctate foci", "点状强回声"}},
       true},

      {"adnexa",
       {"lesion", "lesion", "病变"},
       {{"none", "none", "无"},
        {"physiologic", "follicle or corpus luteum", "卵泡或黄体"},
        {"simple_cyst", "simple cyst", "单纯囊肿"},
        {"unilocular", "unilocular cyst", "单房囊肿"},
        {"bilocular", "bilocular cyst", "双房囊肿"},
        {"multilocular", "multilocular cyst", "多房囊肿"},
        {"solid", "solid lesion", "实性病变"},
        {"classic_benign", "haemorrhagic cyst, dermoid or endometrioma",
         "出血性囊肿、皮样囊肿或内膜异位囊肿"},
        {"classic_beside_the_ovary", "paraovarian or peritoneal cyst, hydrosalpinx",
         "卵巢旁囊肿、腹膜包涵囊肿或输卵管积水"}}},
      {"adnexa",
       {"margin", "inner walls or outer contour", "内壁或外轮廓"},
       {{"smooth", "smooth", "光滑"}, {"irregular", "irregular", "不规则"}}},
      {"adnexa",
       {"solid_component", "solid component", "实性成分"},
       {{"none", "none", "无"},
        {"papillary_1_3", "1 to 3 papillary projections", "1至3个乳头状突起"},
        {"papillary_4", "4 papillary projections or more", "4个及以上乳头状突起"},
        {"other", "other than papillary", "非乳头状"}}},
      {"adnexa",
       {"color_score", "color score", "血流评分"},
       {{"1", "1, no flow", "1（无血流）"},
        {"2", "2, minimal flow", "2（少量血流）"},
        {"3", "3, moderate flow", "3（中等血流）"},
        {"4", "4, strong flow", "4（丰富血流）"}}},
      {"adnexa", {"shadowing", "acoustic shadowing", "声影"}, {kAbsent, kPresent}},
      {"adnexa",
       {"ascites_or_nodules", "ascites or peritoneal nodules", "腹水或腹膜结节"},
       {kAbsent, kPresent}},
      {"adnexa",
       {"menopause", "menopause", "绝经"},
       {{"before", "before menopause", "绝经前"}, {"after", "after menopause", "绝经后"}}},

      {"liver",
       {"observation", "observation", "观察灶"},
       {{"none", "none", "无"},
        {"definitely_benign", "definitely benign", "肯定良性"},
        {"suspicious", "not definitely benign", "非肯定良性"}}},
      {"liver", {"new_thrombus", "new thrombus in a vein", "新发静脉血栓"}, {kAbsent, kPresent}},
      {"liver",
       {"visualization", "visualization", "可视化评分"},
       {{"A", "A, hardly limited", "A（几无受限）"},
        {"B", "B, moderately limited", "B（中度受限）"},
        {"C", "C, severely limited", "C（重度受限）"}}},

      {"lung", {"a_lines", "A-lines", "A线"}, {kAbsent, kPresent}},
      {"lung", {"b_lines", "B-lines", "B线"}, {kAbsent, kPresent}},
      {"lung", {"consolidation", "consolidation", "实变"}, {kAbsent, kPresent}},
      {"lung", {"effusion", "pleural effusion", "胸腔积液"}, {kAbsent, kPresent}},
      {"lung",
       {"pleural_line", "pleural line", "胸膜线"},
       {{"regular", "regular", "规则"}, {"irregular", "irregular", "不规则"}}},
  };
}

}  // namespace

const std::vector<FieldTerms>& lexicon() {
  static const auto table = make_lexicon();
  return table;
}

const std::string& finding_kind(const std::string& organ) {
  static const std::map<std::string, std::string> kinds = {
      {"breast", "breast_lesion"},  {"thyroid", "thyroid_nodule"},  {"fetal_head", "fetal_head"},
      {"adnexa", "adnexal_lesion"}, {"liver", "liver_observation"}, {"lung", "lung"}};
  const auto found = kinds.find(organ);
  require<UsageError>(found != kinds.end(), "there is no organ '{}'", organ);
  return found->second;
}

const FieldTerms* find_field(const std::string& organ, const std::string& field) {
  for (const auto& row : lexicon())
    if (row.organ == organ && row.field.code == field) return &row;
  return nullptr;
}

std::vector<std::string> check_value(const std::string& organ, const std::string& field,
                                     const std::string& value) {
  const FieldTerms* row = find_field(organ, field);
  require<UsageError>(row, "{}: the organ '{}' has no such field", field, organ);
  std::vector<std::string> codes;
  for (size_t begin = 0; begin <= value.size();) {
    const size_t end = std::min(value.find('+', begin), value.size());
    codes.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  require<UsageError>(row->several || codes.size() == 1, "{}: '{}' is more than one value", field, value);
  for (const auto& code : codes)
    require<UsageError>(std::any_of(row->values.begin(), row->values.end(),
                                    [&](const Term& term) { return term.code == code; }),
                        "{}: '{}' is no value of it", field, code);
  return codes;
}

const std::string& words_of(const Term& term, const std::string& language) {
  require<UsageError>(language == "en" || language == "zh", "language '{}': there are en and zh", language);
  return language == "zh" ? term.chinese : term.english;
}

}  // namespace conclave::ultrasound
