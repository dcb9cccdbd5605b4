#include "apps/ultrasound/eval_record.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/score/classification.h"

namespace conclave {
namespace {

constexpr int kPerfectDraws = 200;

struct Labelled {
  std::vector<const ReadField*> fields;
  std::vector<std::string> patient;
};

Labelled labelled(const std::vector<ReadRow>& rows, const std::string& name) {
  Labelled all;
  for (const auto& row : rows) {
    const auto found = row.fields.find(name);
    if (found == row.fields.end() || found->second.truth < 0) continue;
    all.fields.push_back(&found->second);
    all.patient.push_back(row.patient);
  }
  return all;
}

// The AUC of patients by the mean of their pictures' scores; null where a patient has both kinds.
double auc_by_patient(const std::vector<double>& score, const std::vector<uint8_t>& positive,
                      const std::vector<std::string>& patient) {
  struct Sum {
    double score = 0;
    size_t pictures = 0, positives = 0;
  };
  std::map<std::string, Sum> patients;
  for (size_t i = 0; i < score.size(); ++i) {
    Sum& sum = patients[patient[i]];
    sum.score += score[i];
    sum.positives += positive[i];
    ++sum.pictures;
  }
  std::vector<double> mean;
  std::vector<uint8_t> ill;
  for (const auto& [name, sum] : patients) {
    if (sum.positives != 0 && sum.positives != sum.pictures) return std::nan("");
    mean.push_back(sum.score / static_cast<double>(sum.pictures));
    ill.push_back(sum.positives > 0);
  }
  return roc_auc(mean, ill);
}

Json of_two(const Labelled& all, const Confidences& told, const EvalOptions& options) {
  std::vector<double> score;
  std::vector<uint8_t> positive;
  for (const auto* field : all.fields) {
    score.push_back(field->probability[1]);
    positive.push_back(field->truth == 1);
  }
  Json out;
  const Figures figures{all.patient, options, out};
  const auto pick = [](const auto& values, const std::vector<size_t>& places) {
    std::decay_t<decltype(values)> picked;
    for (const size_t i : places) picked.push_back(values[i]);
    return picked;
  };
  figures.add("auc", [&](const auto& i) { return roc_auc(pick(score, i), pick(positive, i)); });
  out["auc_by_patient"] = number_or_null(auc_by_patient(score, positive, all.patient));
  figures.add("accuracy", [&](const auto& i) {
    const auto right = pick(told.right, i);
    return static_cast<double>(std::ranges::count(right, 1)) / static_cast<double>(right.size());
  });
  figures.add("ece", [&](const auto& i) {
    return expected_calibration_error(pick(told.confidence, i), pick(told.right, i), Binning::equal_width);
  });
  out["ece_equal_mass"] = expected_calibration_error(told.confidence, told.right, Binning::equal_mass);
  out["ece_perfect"] = perfectly_calibrated_ece(score, Binning::equal_width, kPerfectDraws, options.seed);
  out["ece_perfect_equal_mass"] =
      perfectly_calibrated_ece(score, Binning::equal_mass, kPerfectDraws, options.seed);
  out["brier"] = brier_score(score, positive);
  out["nll"] = negative_log_likelihood(score, positive);
  const auto point = at_threshold(score, positive, 0.5);
  out["sensitivity"] = number_or_null(point.sensitivity);
  out["specificity"] = number_or_null(point.specificity);
  const auto curve = risk_coverage(told.confidence, told.right);
  out["risk_100"] = risk_at(curve, 1);
  out["risk_80"] = risk_at(curve, 0.8);
  out["aurc"] = area_under_risk(curve);
  return out;
}

Json of_many(const Labelled& all, size_t values, const EvalOptions& options) {
  Json out;
  const auto confusion = [&](const std::vector<size_t>& places) {
    Confusion c(values);
    for (const size_t i : places)
      c.add(static_cast<size_t>(all.fields[i]->truth), static_cast<size_t>(all.fields[i]->guess()));
    return c;
  };
  const Figures figures{all.patient, options, out};
  figures.add("exact", [&](const auto& i) { return confusion(i).accuracy(); });
  figures.add("within_one", [&](const auto& i) { return confusion(i).within(1); });
  figures.add("macro_f1", [&](const auto& i) { return confusion(i).macro_f1(); });
  std::vector<size_t> everything(all.fields.size());
  for (size_t i = 0; i < everything.size(); ++i) everything[i] = i;
  const auto c = confusion(everything);
  out["kappa"] = number_or_null(c.quadratic_kappa());
  out["errors"] =
      c.total() - static_cast<int64_t>(std::llround(c.accuracy() * static_cast<double>(c.total())));
  out["confusion"] = c.counts();
  return out;
}

// Values of rows that have one, with their patients.
struct Column {
  std::vector<double> value;
  std::vector<std::string> patient;
};

template <class Value>
Column column(const std::vector<ReadRow>& rows, Value value) {
  Column all;
  for (const auto& row : rows) {
    const double v = value(row);
    if (!std::isfinite(v)) continue;
    all.value.push_back(v);
    all.patient.push_back(row.patient);
  }
  return all;
}

void add_mean(Json& out, const std::string& name, const Column& all, const EvalOptions& options) {
  Figures{all.patient, options, out}.add(name, [&](const auto& i) { return mean_of(all.value, i); });
}

}  // namespace

Confidences confidences_of(const std::vector<ReadRow>& rows, const std::string& field) {
  Confidences all;
  for (const auto* told : labelled(rows, field).fields) {
    all.confidence.push_back(*std::ranges::max_element(told->probability));
    all.right.push_back(told->guess() == told->truth);
  }
  return all;
}

Json figures_of(const std::vector<ReadRow>& rows, const ultrasound::TaskConfig& task,
                const EvalOptions& options) {
  Json out = {{"n", rows.size()}};
  std::vector<std::string> patients;
  for (const auto& row : rows) patients.push_back(row.patient);
  std::ranges::sort(patients);
  patients.erase(std::unique(patients.begin(), patients.end()), patients.end());
  out["patients"] = patients.size();
  bool first = true;
  for (const auto& field : task.fields) {
    const auto all = labelled(rows, field.name);
    if (all.fields.empty()) continue;
    if (field.values.size() != 2) {
      out[field.name] = of_many(all, field.values.size(), options);
      continue;
    }
    const Json two = of_two(all, confidences_of(rows, field.name), options);
    if (first)
      out.update(two);
    else
      out[field.name] = two;
    first = false;
  }
  add_mean(out, "dice", column(rows, [](const auto& row) { return row.dice; }), options);
  add_mean(out, "rater_dice", column(rows, [](const auto& row) { return row.rater_dice; }), options);
  add_mean(out, "ged", column(rows, [](const auto& row) { return row.ged; }), options);
  add_mean(out, "hd95", column(rows, [](const auto& row) { return row.hd95; }), options);
  const auto difference = [](const ReadRow& row) {
    return row.circumference_mm && row.true_circumference_mm
               ? *row.circumference_mm - *row.true_circumference_mm
               : std::nan("");
  };
  add_mean(out, "adf_mm", column(rows, [&](const auto& row) { return std::abs(difference(row)); }), options);
  add_mean(out, "df_mm", column(rows, difference), options);
  return out;
}

}  // namespace conclave
