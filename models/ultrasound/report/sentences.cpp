#include "models/ultrasound/report/sentences.h"

#include <algorithm>

#include "framework/base/error.h"
#include "models/ultrasound/report/reasons.h"
#include "models/ultrasound/rules/growth.h"

namespace conclave::ultrasound {
namespace {

const Term kKinds[] = {{"breast_lesion", "breast lesion", "乳腺病灶"},
                       {"thyroid_nodule", "thyroid nodule", "甲状腺结节"},
                       {"fetal_head", "fetal head", "胎头"},
                       {"adnexal_lesion", "adnexal lesion", "附件区病变"},
                       {"liver_observation", "liver observation", "肝脏观察灶"},
                       {"lung", "lung", "肺"}};
const Term kMeasurements[] = {{"long_axis", "long axis", "长径"},
                              {"short_axis", "short axis", "短径"},
                              {"head_circumference", "head circumference", "头围"},
                              {"biparietal_diameter", "biparietal diameter", "双顶径"},
                              {"occipitofrontal_diameter", "occipitofrontal diameter", "枕额径"}};

template <class Terms>
std::string text_of(const Terms& terms, const std::string& code, const std::string& language) {
  for (const Term& term : terms)
    if (term.code == code) return words_of(term, language);
  return code;
}

std::string value_text(const FieldTerms& terms, const std::string& value, const std::string& language) {
  std::vector<std::string> words;
  for (const auto& code : check_value(terms.organ, terms.field.code, value))
    for (const auto& term : terms.values)
      if (term.code == code) words.push_back(words_of(term, language));
  return fmt::format("{}", fmt::join(words, language == "zh" ? "、" : " and "));
}

class SentenceWriter {
 public:
  explicit SentenceWriter(const Report& report) : report_(report), chinese_(report.language == "zh") {}

  std::vector<Sentence> run() {
    if (report_.abstained) {
      say("impression",
          chinese_ ? "模型弃权：" + reason(report_.reason) + "。"
                   : "The model abstains: " + report_.reason + ".",
          {});
      return std::move(sentences_);
    }
    if (report_.findings.empty()) {
      say("findings", chinese_ ? "未见可报告的内容。" : "Nothing to report was seen.", {});
      return std::move(sentences_);
    }
    for (size_t i = 0; i < report_.findings.size(); ++i) findings(report_.findings[i], i);
    for (size_t i = 0; i < report_.findings.size(); ++i) impression(report_.findings[i], i);
    return std::move(sentences_);
  }

 private:
  void say(const std::string& section, std::string text, std::vector<Evidence> evidence) {
    sentences_.push_back({section, std::move(text), std::move(evidence), false});
  }

  std::string reason(const std::string& english) const {
    return reason_text(english, report_.organ, report_.language);
  }

  std::string title(const ReportedFinding& finding, size_t index) const {
    std::string kind = kind_text(finding.kind, report_.language);
    if (!chinese_ && !kind.empty())
      kind[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(kind[0])));
    return report_.findings.size() > 1 ? fmt::format("{} {}", kind, index + 1) : kind;
  }

  // Percent are told where they are a model's; a reader who sets a field is sure.
  std::string sure(double confidence) const {
    if (confidence <= 0 || confidence >= 1) return "";
    return chinese_ ? fmt::format("（{:.0f}%）", 100 * confidence)
                    : fmt::format(" ({:.0f} %)", 100 * confidence);
  }

  // What a category rests on, where it is the model's likelihood of malignancy.
  std::string likelihood(const ReportedFinding& finding, const Verdict& verdict) const {
    const bool used = std::any_of(verdict.rules.begin(), verdict.rules.end(),
                                  [](const auto& rule) { return rule.starts_with("likelihood"); });
    const auto field = std::find_if(finding.fields.begin(), finding.fields.end(),
                                    [](const Field& each) { return each.name == "pathology"; });
    if (!used || field == finding.fields.end()) return "";
    const auto malignant = field->probabilities.find("malignant");
    if (malignant == field->probabilities.end()) return "";
    return fmt::format(fmt::runtime(chinese_ ? "，恶性可能性 {:.0f}%" : ", malignant with {:.0f} %"),
                       100 * malignant->second);
  }

  void findings(const ReportedFinding& finding, size_t index) {
    std::vector<std::string> known, open;
    for (const auto& terms : lexicon()) {
      if (terms.organ != report_.organ || terms.field.code == "pathology" ||
          terms.field.code == "reader_category")
        continue;
      const auto field = std::find_if(finding.fields.begin(), finding.fields.end(),
                                      [&](const Field& each) { return each.name == terms.field.code; });
      if (field == finding.fields.end()) continue;
      const std::string& name = words_of(terms.field, report_.language);
      if (field->abstained || field->value.empty())
        open.push_back(name);
      else
        known.push_back(fmt::format("{}{}{}{}", name, chinese_ ? "" : " ",
                                    value_text(terms, field->value, report_.language),
                                    sure(field->confidence)));
    }
    const std::string stop = chinese_ ? "。" : ".", comma = chinese_ ? "，" : ", ",
                      colon = chinese_ ? "：" : ": ";
    const std::string seen = title(finding, index) + sure(finding.confidence);
    say("findings",
        known.empty() ? seen + stop : fmt::format("{}{}{}{}", seen, colon, fmt::join(known, comma), stop),
        {finding.evidence});
    for (const auto& measurement : finding.measurements) {
      std::string text = fmt::format("{}{}{}{}", title(finding, index), colon,
                                     measurement_text(measurement.measured.name, report_.language) + " ",
                                     length_text(measurement));
      if (!measurement.mm)
        text += (chinese_ ? "（无毫米：" : " (not in mm: ") + reason(measurement.reason) +
                (chinese_ ? "）" : ")");
      say("findings", text + stop, {measurement.measured.evidence});
    }
    if (!open.empty())
      say("findings",
          fmt::format("{}{}{}{}{}", title(finding, index), colon,
                      chinese_ ? "未判定：" : "left open: ", fmt::join(open, comma), stop),
          {finding.evidence});
  }

  void impression(const ReportedFinding& finding, size_t index) {
    const std::string colon = chinese_ ? "：" : ": ", stop = chinese_ ? "。" : ".";
    for (const auto& verdict : finding.verdicts) {
      if (verdict.category.empty()) {
        say("impression",
            fmt::format("{}{}{}{}{}", title(finding, index), colon,
                        chinese_ ? verdict.table + " 无分类：" : "no " + verdict.table + " category: ",
                        reason(verdict.reason), stop),
            {finding.evidence});
        continue;
      }
      const std::string advice = text_of(advice_terms(), verdict.advice, report_.language);
      say("impression",
          fmt::format(fmt::runtime(chinese_ ? "{}：{} {}（{}）{}。" : "{}: {} {} ({}){}."),
                      title(finding, index), verdict.table, verdict.category, advice,
                      likelihood(finding, verdict)),
          {finding.evidence});
    }
    for (const auto& growth : report_.growth) {
      if (growth.finding != index) continue;
      if (growth.weeks)
        say("impression",
            chinese_
                ? fmt::format("头围 {:.1f} mm，孕周 {}（{} 至 {}，Hadlock 1984）。",
                              growth.head_circumference_mm, weeks_text(*growth.weeks),
                              weeks_text(*growth.low_weeks), weeks_text(*growth.high_weeks))
                : fmt::format("Head circumference {:.1f} mm: gestational age {} ({} to {}, Hadlock 1984).",
                              growth.head_circumference_mm, weeks_text(*growth.weeks),
                              weeks_text(*growth.low_weeks), weeks_text(*growth.high_weeks)),
            {finding.evidence});
      else
        say("impression", (chinese_ ? "无孕周：" : "No gestational age: ") + reason(growth.reason) + stop,
            {finding.evidence});
      if (growth.percentile)
        say("impression",
            chinese_ ? fmt::format("按孕周 {}，头围位于第 {:.0f} 百分位（INTERGROWTH-21st）。",
                                   weeks_text(*growth.stated_weeks), *growth.percentile)
                     : fmt::format("At a stated age of {} the head circumference is at percentile {:.0f} "
                                   "(INTERGROWTH-21st).",
                                   weeks_text(*growth.stated_weeks), *growth.percentile),
            {finding.evidence});
    }
  }

  const Report& report_;
  const bool chinese_;
  std::vector<Sentence> sentences_;
};

}  // namespace

std::string kind_text(const std::string& kind, const std::string& language) {
  return text_of(kKinds, kind, language);
}

std::string measurement_text(const std::string& name, const std::string& language) {
  return text_of(kMeasurements, name, language);
}

std::string length_text(const ReportedMeasurement& measurement) {
  return measurement.mm ? fmt::format("{:.1f} mm", *measurement.mm)
                        : fmt::format("{:.1f} px", measurement.pixels);
}

std::vector<Sentence> write_sentences(const Report& report) {
  require<UsageError>(report.language == "en" || report.language == "zh",
                      "language '{}': there are en and zh", report.language);
  return SentenceWriter(report).run();
}

}  // namespace conclave::ultrasound
