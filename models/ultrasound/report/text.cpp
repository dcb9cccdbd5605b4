#include "models/ultrasound/report/text.h"

#include "models/ultrasound/rules/lexicon.h"

namespace conclave::ultrasound {
namespace {

const Term kHeadings[] = {
    {"title", "Ultrasound report", "超声报告"},
    {"research", kResearchOnly, kResearchOnlyChinese},
    {"state", "State", "状态"},
    {"patient", "Patient", "患者"},
    {"study", "Study", "检查"},
    {"model", "Read by", "判读"},
    {"findings", "Findings", "超声所见"},
    {"impression", "Impression", "超声提示"},
    {"warnings", "Notes", "备注"},
    {"signed", "Signed", "签名"},
    {"amendment", "Amended", "修订"},
    {"draft", "draft", "草稿"},
    {"edited", "edited, not signed", "已修改，未签名"},
    {"signed_state", "signed", "已签名"},
    {"amended", "amended after signing", "签名后修订"},
    {"frame", "frame", "帧"},
};

std::string place_of(const Evidence& evidence, const std::string& language) {
  std::string text = fmt::format("{} {}", heading("frame", language), evidence.frame);
  if (!evidence.source.empty()) text = evidence.source + " " + text;
  if (evidence.box)
    text += fmt::format(" [{:.0f},{:.0f} {:.0f}x{:.0f}]", evidence.box->x, evidence.box->y,
                        evidence.box->width, evidence.box->height);
  return text;
}

}  // namespace

std::string heading(const std::string& key, const std::string& language) {
  for (const Term& term : kHeadings)
    if (term.code == key) return words_of(term, language);
  return key;
}

std::string report_text(const Report& report) {
  const std::string& in = report.language;
  const std::string research = heading("research", in);
  std::string text = heading("title", in) + "\n" + research + "\n\n";
  const auto line = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) text += heading(key, in) + ": " + value + "\n";
  };
  line("state", heading(report.state == "signed" ? "signed_state" : report.state, in));
  const auto& patient = report.study.patient;
  line("patient", patient.name + (patient.id.empty() ? "" : " (" + patient.id + ")"));
  line("study", report.study.date + (report.study.description.empty() ? "" : " " + report.study.description));
  line("model", report.model);
  for (const std::string section : {"findings", "impression"}) {
    text += "\n" + heading(section, in) + "\n";
    for (const auto& sentence : report.sentences) {
      if (sentence.section != section) continue;
      text += "- " + sentence.text;
      for (const auto& evidence : sentence.evidence) text += " {" + place_of(evidence, in) + "}";
      text += "\n";
    }
  }
  if (!report.warnings.empty()) {
    text += "\n" + heading("warnings", in) + "\n";
    for (const auto& warning : report.warnings) text += "- " + warning + "\n";
  }
  for (const auto& step : report.steps)
    if (step.state == "signed" || step.state == "amended")
      text += "\n" + heading(step.state == "signed" ? "signed" : "amendment", in) + ": " + step.by + ", " +
              step.time + "\n";
  return text + "\n" + research + "\n";
}

}  // namespace conclave::ultrasound
