#include "apps/ultrasound/eval_texts.h"

#include <charconv>
#include <cmath>
#include <set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/score/raters.h"
#include "framework/score/text_scores.h"

namespace conclave {
namespace {

constexpr int64_t kDraws = 1000;  // of plausible truths

using Fields = std::map<std::string, std::string>;

std::string value_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Fields fields_of(const Json& line, const char* key) {
  Fields fields;
  const Json part = line.value(key, Json::object());
  require<UsageError>(part.is_object(), "{} is no object", key);
  for (const auto& [name, value] : part.items())
    if (!value.is_null()) fields[name] = value_text(value);
  return fields;
}

ReportLine report_of(const Json& line, size_t number) {
  require<UsageError>(line.is_object(), "is no JSON object");
  ReportLine report;
  report.id = line.contains("id") ? value_text(line["id"]) : std::to_string(number);
  for (const char* key : {"text", "texts"}) {
    if (!line.contains(key)) continue;
    const Json texts = line[key].is_array() ? line[key] : Json::array({line[key]});
    for (const auto& text : texts) {
      require<UsageError>(text.is_string(), "{} is no text", key);
      report.texts.push_back(text.get<std::string>());
    }
  }
  require<UsageError>(!report.texts.empty(), "has neither \"text\" nor \"texts\"");
  report.fields = fields_of(line, "fields");
  report.impression = fields_of(line, "impression");
  const Json lengths = line.value("measurements_mm", Json::object());
  require<UsageError>(lengths.is_object(), "measurements_mm is no object");
  for (const auto& [name, value] : lengths.items()) {
    require<UsageError>(value.is_number(), "measurements_mm.{} is no number", name);
    report.measurements_mm[name] = value.get<double>();
  }
  const Json votes = line.value("votes", Json::object());
  require<UsageError>(votes.is_object(), "votes is no object");
  for (const auto& [name, by_rater] : votes.items()) {
    require<UsageError>(by_rater.is_object(), "votes.{} is no object", name);
    for (const auto& vote : by_rater)
      if (!vote.is_null()) ++report.votes[name][value_text(vote)];
  }
  return report;
}

std::vector<ScoredText> split_all(const std::vector<std::pair<const ReportLine*, const ReportLine*>>& pairs,
                                  Splitting how) {
  std::vector<ScoredText> all;
  for (const auto& [report, reference] : pairs) {
    ScoredText text{split_words(report->texts.front(), how), {}};
    for (const auto& one : reference->texts) text.references.push_back(split_words(one, how));
    all.push_back(std::move(text));
  }
  return all;
}

double mean(const std::vector<ScoredText>& texts, double (*score)(const ScoredText&)) {
  double sum = 0;
  for (const auto& text : texts) sum += score(text);
  return texts.empty() ? 0 : sum / static_cast<double>(texts.size());
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // 4a, 4b and 4c are categories of 4.
  const bool subcategory = end + 1 == text.data() + text.size() && *end >= 'a' && *end <= 'c';
  if (error != std::errc() || (end != text.data() + text.size() && !subcategory)) return std::nullopt;
  return value;
}

// What one field is told rightly, wrongly, too often and not at all. A value counts as one decision.
struct Counts {
  int64_t right = 0, told = 0, wanted = 0, both = 0, near = 0, numbers = 0;
  double f1() const {
    return told + wanted > 0 ? 2.0 * static_cast<double>(right) / static_cast<double>(told + wanted) : 0;
  }
};

Json share(int64_t part, int64_t all) {
  return all > 0 ? Json(static_cast<double>(part) / static_cast<double>(all)) : Json();
}

Json field_figures(const std::vector<std::pair<const ReportLine*, const ReportLine*>>& pairs) {
  std::map<std::string, Counts> fields;
  Counts all;
  int64_t contradictions = 0, compared = 0;
  for (const auto& [report, reference] : pairs) {
    std::set<std::string> names;
    for (const auto& [name, value] : report->fields) names.insert(name);
    for (const auto& [name, value] : reference->fields) names.insert(name);
    for (const auto& name : names) {
      Counts& c = fields[name];
      const auto told = report->fields.find(name), wanted = reference->fields.find(name);
      const bool is_told = told != report->fields.end(), is_wanted = wanted != reference->fields.end();
      c.told += is_told;
      c.wanted += is_wanted;
      if (!is_told || !is_wanted) continue;
      ++c.both;
      c.right += told->second == wanted->second;
      const auto a = number_of(told->second), b = number_of(wanted->second);
      c.numbers += a && b;
      c.near += a && b && std::abs(*a - *b) <= 1;
    }
    for (const auto& [name, value] : report->impression) {
      const auto found = report->fields.find(name);
      if (found == report->fields.end()) continue;
      ++compared;
      contradictions += found->second != value;
    }
  }
  Json out;
  double macro = 0;
  for (const auto& [name, c] : fields) {
    Json one = {{"f1", c.f1()}, {"exact", share(c.right, c.both)}, {"errors", c.both - c.right}};
    if (c.numbers > 0) one["within_one"] = share(c.near, c.numbers);
    out["fields"][name] = one;
    macro += c.f1();
    all.right += c.right, all.told += c.told, all.wanted += c.wanted, all.both += c.both;
  }
  if (fields.empty()) return out;
  out["micro_f1"] = all.f1();
  out["macro_f1"] = macro / static_cast<double>(fields.size());
  out["hallucination_rate"] = share(all.told - all.both, all.told);
  out["omission_rate"] = share(all.wanted - all.both, all.wanted);
  out["contradiction_rate"] = share(contradictions, compared);
  return out;
}

// Of fields that several raters told of in the references.
Json rater_figures_of(const std::vector<std::pair<const ReportLine*, const ReportLine*>>& pairs) {
  std::map<std::string, std::vector<RatedCase>> fields;
  for (const auto& [report, reference] : pairs)
    for (const auto& [name, votes] : reference->votes) {
      RatedCase& rated = fields[name].emplace_back();
      const auto told = report->fields.find(name);
      for (const auto& [value, count] : votes) {
        if (told != report->fields.end() && told->second == value)
          rated.told = static_cast<int64_t>(rated.votes.size());
        rated.votes.push_back(count);
      }
      if (told == report->fields.end() || rated.told >= 0) continue;
      rated.told = static_cast<int64_t>(rated.votes.size());  // a value that nobody named
      rated.votes.push_back(0);
    }
  Json out = Json::object();
  for (const auto& [name, cases] : fields) {
    const auto figures = rater_figures(cases, kDraws, 0);
    out[name] = {{"cases", figures.cases},
                 {"plausible_accuracy", figures.plausible_accuracy},
                 {"certainty", figures.certainty},
                 {"told_agreement", figures.told_agreement}};
    if (std::isfinite(figures.rater_agreement)) out[name]["rater_agreement"] = figures.rater_agreement;
  }
  return out;
}

Json measurement_figures(const std::vector<std::pair<const ReportLine*, const ReportLine*>>& pairs) {
  std::map<std::string, std::pair<double, int64_t>> error;
  for (const auto& [report, reference] : pairs)
    for (const auto& [name, wanted] : reference->measurements_mm)
      if (const auto told = report->measurements_mm.find(name); told != report->measurements_mm.end()) {
        error[name].first += std::abs(told->second - wanted);
        ++error[name].second;
      }
  Json out = Json::object();
  for (const auto& [name, sum] : error) out[name] = sum.first / static_cast<double>(sum.second);
  return out;
}

}  // namespace

std::vector<ReportLine> read_report_lines(const std::filesystem::path& file) {
  const std::string text = read_file(file, size_t{1} << 30);
  std::vector<ReportLine> all;
  std::set<std::string> ids;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = fmt::format("line {}", number);
    try {
      all.push_back(report_of(parse_json(line, file.string()), number));
    } catch (const UsageError& e) {
      throw DataError(file.string(), where, e.what());
    } catch (const DataError& e) {
      throw DataError(file.string(), where, e.what());
    }
    if (!ids.insert(all.back().id).second)
      throw DataError(file.string(), where, fmt::format("the id {} came before", all.back().id));
  }
  if (all.empty()) throw DataError(file.string(), "", "holds no reports");
  return all;
}

Json text_figures(const std::vector<ReportLine>& reports, const std::vector<ReportLine>& references,
                  Splitting splitting) {
  std::map<std::string, const ReportLine*> by_id;
  for (const auto& reference : references) by_id[reference.id] = &reference;
  require<UsageError>(reports.size() == references.size(), "{} reports for {} references", reports.size(),
                      references.size());
  std::vector<std::pair<const ReportLine*, const ReportLine*>> pairs;
  std::vector<std::string> texts;
  for (const auto& report : reports) {
    const auto found = by_id.find(report.id);
    require<UsageError>(found != by_id.end(), "report {} has no reference", report.id);
    pairs.emplace_back(&report, found->second);
    texts.push_back(report.texts.front());
  }
  Json out = {{"n", pairs.size()}};
  const auto bleu = corpus_bleu(split_all(pairs, splitting));
  for (size_t n = 0; n < bleu.size(); ++n) out[fmt::format("bleu_{}", n + 1)] = bleu[n];
  const auto plain = split_all(pairs, Splitting::plain_words), blanks = split_all(pairs, Splitting::blanks),
             captions = split_all(pairs, Splitting::coco_captions), bleu_words = split_all(pairs, splitting);
  out["rouge_1"] = mean(plain, [](const ScoredText& t) { return rouge_n(t, 1); });
  out["rouge_2"] = mean(plain, [](const ScoredText& t) { return rouge_n(t, 2); });
  out["rouge_l"] = mean(plain, rouge_l);
  out["rouge_l_coco"] = mean(blanks, rouge_l_coco);
  out["cider_d"] = cider_d(blanks);
  out["cider_d_without_punctuation"] = cider_d(captions);
  out["meteor_exact"] = mean(bleu_words, meteor_exact);
  out["distinct_ratio"] = distinct_ratio(texts);
  out.update(field_figures(pairs));
  const Json raters = rater_figures_of(pairs);
  if (!raters.empty()) out["raters"] = raters;
  const Json lengths = measurement_figures(pairs);
  if (!lengths.empty()) out["mae_mm"] = lengths;
  return out;
}

}  // namespace conclave
