#include "apps/ultrasound/text_figures.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "framework/base/error.h"
#include "framework/score/raters.h"
#include "framework/score/text_scores.h"

namespace conclave {
namespace {

constexpr int64_t kDraws = 1000;  // of plausible truths

struct Pair {
  const ReportLine *report, *reference;
};
using Pairs = std::vector<Pair>;
using Places = std::vector<size_t>;

std::vector<ScoredText> split_all(const Pairs& pairs, Splitting how) {
  std::vector<ScoredText> all;
  for (const auto& [report, reference] : pairs) {
    ScoredText text{split_words(report->texts.front(), how), {}};
    for (const auto& one : reference->texts) text.references.push_back(split_words(one, how));
    all.push_back(std::move(text));
  }
  return all;
}

void add_word_figures(const Figures& figures, const Pairs& pairs, Splitting splitting) {
  const auto bleu_words = split_all(pairs, splitting), plain = split_all(pairs, Splitting::plain_words),
             blanks = split_all(pairs, Splitting::blanks),
             captions = split_all(pairs, Splitting::coco_captions);
  std::vector<BleuCounts> counts;
  for (const auto& text : bleu_words) counts.push_back(bleu_counts(text));
  for (size_t n = 0; n < 4; ++n)
    figures.add(fmt::format("bleu_{}", n + 1), [&](const Places& places) {
      BleuCounts sum;
      for (const size_t i : places) sum += counts[i];
      return bleu(sum)[n];
    });
  const auto add_mean = [&](const std::string& name, const std::vector<double>& scores) {
    figures.add(name, [&](const Places& places) { return mean_of(scores, places); });
  };
  const auto each = [](const std::vector<ScoredText>& texts, const auto& score) {
    std::vector<double> scores;
    for (const auto& text : texts) scores.push_back(score(text));
    return scores;
  };
  add_mean("rouge_1", each(plain, [](const ScoredText& t) { return rouge_n(t, 1); }));
  add_mean("rouge_2", each(plain, [](const ScoredText& t) { return rouge_n(t, 2); }));
  add_mean("rouge_l", each(plain, rouge_l));
  add_mean("rouge_l_coco", each(blanks, rouge_l_coco));
  add_mean("cider_d", cider_d_by_text(blanks));
  add_mean("cider_d_without_punctuation", cider_d_by_text(captions));
  add_mean("meteor_exact", each(bleu_words, meteor_exact));
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // 4a, 4b and 4c are categories of 4.
  const bool subcategory = end + 1 == text.data() + text.size() && *end >= 'a' && *end <= 'c';
  if (error != std::errc() || (end != text.data() + text.size() && !subcategory)) return std::nullopt;
  return value;
}

// What a report and its reference say of one field. A value counts as one decision.
struct Decision {
  size_t field;
  bool told, wanted, right, numbers, near;
};
struct Decisions {
  std::vector<Decision> fields;
  int64_t compared = 0, contradictions = 0;  // of the impression with the findings
};

struct Counts {
  int64_t right = 0, told = 0, wanted = 0, both = 0, near = 0, numbers = 0;
  void add(const Decision& d) {
    told += d.told, wanted += d.wanted, both += d.told && d.wanted;
    right += d.right, numbers += d.numbers, near += d.near;
  }
  double f1() const {
    return told + wanted > 0 ? 2.0 * static_cast<double>(right) / static_cast<double>(told + wanted) : 0;
  }
};

double share(int64_t part, int64_t all) {
  return all > 0 ? static_cast<double>(part) / static_cast<double>(all) : std::nan("");
}

Decisions decisions_of(const Pair& pair, const std::map<std::string, size_t>& place) {
  Decisions all;
  const auto& [report, reference] = pair;
  for (const auto& [name, field] : place) {
    const auto told = report->fields.find(name), wanted = reference->fields.find(name);
    const bool is_told = told != report->fields.end(), is_wanted = wanted != reference->fields.end();
    if (!is_told && !is_wanted) continue;
    Decision& d = all.fields.emplace_back(field, is_told, is_wanted, false, false, false);
    if (!is_told || !is_wanted) continue;
    d.right = told->second == wanted->second;
    const auto a = number_of(told->second), b = number_of(wanted->second);
    d.numbers = a && b;
    d.near = a && b && std::abs(*a - *b) <= 1;
  }
  for (const auto& [name, value] : report->impression) {
    const auto found = report->fields.find(name);
    if (found == report->fields.end()) continue;
    ++all.compared;
    all.contradictions += found->second != value;
  }
  return all;
}

void add_field_figures(const Figures& figures, const Pairs& pairs) {
  std::map<std::string, size_t> place;
  for (const auto& pair : pairs)
    for (const auto* line : {pair.report, pair.reference})
      for (const auto& [name, value] : line->fields) place.emplace(name, 0);
  if (place.empty()) return;
  size_t next = 0;
  for (auto& [name, field] : place) field = next++;
  std::vector<Decisions> decisions;
  for (const auto& pair : pairs) decisions.push_back(decisions_of(pair, place));

  const auto by_field = [&](const Places& places) {
    std::vector<Counts> counts(place.size());
    for (const size_t i : places)
      for (const auto& d : decisions[i].fields) counts[d.field].add(d);
    return counts;
  };
  const auto over_all = [&](const Places& places) {
    Counts counts;
    for (const size_t i : places)
      for (const auto& d : decisions[i].fields) counts.add(d);
    return counts;
  };
  Places everything(pairs.size());
  std::iota(everything.begin(), everything.end(), size_t{0});
  const auto counts = by_field(everything);
  for (const auto& [name, field] : place) {
    const Counts& c = counts[field];
    Json one = {
        {"f1", c.f1()}, {"exact", number_or_null(share(c.right, c.both))}, {"errors", c.both - c.right}};
    if (c.numbers > 0) one["within_one"] = share(c.near, c.numbers);
    figures.out["fields"][name] = one;
  }
  figures.add("micro_f1", [&](const Places& places) { return over_all(places).f1(); });
  figures.add("macro_f1", [&](const Places& places) {
    double sum = 0;
    for (const auto& c : by_field(places)) sum += c.f1();
    return sum / static_cast<double>(place.size());
  });
  figures.add("hallucination_rate", [&](const Places& places) {
    const Counts c = over_all(places);
    return share(c.told - c.both, c.told);
  });
  figures.add("omission_rate", [&](const Places& places) {
    const Counts c = over_all(places);
    return share(c.wanted - c.both, c.wanted);
  });
  figures.add("contradiction_rate", [&](const Places& places) {
    int64_t compared = 0, contradictions = 0;
    for (const size_t i : places)
      compared += decisions[i].compared, contradictions += decisions[i].contradictions;
    return share(contradictions, compared);
  });
}

// Of fields that several raters told of in the references.
Json rater_figures_of(const Pairs& pairs) {
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

Json measurement_figures(const Pairs& pairs) {
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

Json text_figures(const std::vector<ReportLine>& reports, const std::vector<ReportLine>& references,
                  Splitting splitting, const EvalOptions& options) {
  std::map<std::string, const ReportLine*> by_id;
  for (const auto& reference : references) by_id[reference.id] = &reference;
  require<UsageError>(reports.size() == references.size(), "{} reports for {} references", reports.size(),
                      references.size());
  Pairs pairs;
  std::vector<std::string> texts, patients;
  for (const auto& report : reports) {
    const auto found = by_id.find(report.id);
    require<UsageError>(found != by_id.end(), "report {} has no reference", report.id);
    pairs.push_back({&report, found->second});
    texts.push_back(report.texts.front());
    patients.push_back(found->second->patient);
  }
  Json out = {{"n", pairs.size()},
              {"patients", std::set<std::string>(patients.begin(), patients.end()).size()}};
  const Figures figures{patients, options, out};
  add_word_figures(figures, pairs, splitting);
  out["distinct_ratio"] = distinct_ratio(texts);
  add_field_figures(figures, pairs);
  const Json raters = rater_figures_of(pairs);
  if (!raters.empty()) out["raters"] = raters;
  const Json lengths = measurement_figures(pairs);
  if (!lengths.empty()) out["mae_mm"] = lengths;
  return out;
}

}  // namespace conclave
