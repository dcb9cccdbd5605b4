// Every loss against a plain loop over tokens in double, and its gradient against finite differences.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "framework/base/error.h"
#include "framework/moe/losses/weighted_sum.h"
#include "framework/moe/step_counts.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

constexpr int kT = 14, kE = 5, kNulls = 1, kPool = kE + kNulls, kK = 2;

/// A record made by hand: logits, a mask, top-k, empty slots, invalid tokens.
struct Made {
  Tensor logits = at::randn({kT, kPool});
  Tensor allowed;  // or undefined
  Record record;

  explicit Made(int64_t seed = 1, bool masked = true) {
    at::manual_seed(seed);
    logits = at::randn({kT, kPool}).set_requires_grad(true);
    record.site = static_cast<int>(seed);
    record.experts = kE;
    record.nulls = kNulls;
    record.context.modality_T = at::tensor({0, 0, 1, 1, -1, 0, 1, 1, 2, 0, 0, 1, 0, -1}, at::kLong);
    record.context.sequence_T = at::tensor({7, 7, 7, 7, 7, 3, 3, 3, 3, 3, 3, 9, 9, 9}, at::kLong);
    record.context.task_T = at::tensor({0, 0, 0, 0, 0, 1, 1, 1, 1, -1, 1, 5, 0, 0}, at::kLong);
    record.context.importance_T = at::rand({kT}) + 0.5;
    record.context.valid_T = at::ones({kT}, at::kBool);
    record.context.valid_T[4].fill_(false);
    record.context.valid_T[11].fill_(false);
    if (masked) {
      allowed = at::ones({kT, kPool}, at::kBool);
      allowed.select(1, 0).copy_(record.context.modality_T != 0);
      allowed.select(1, 3).copy_(record.context.modality_T != 1);
    }
    route();
  }
  /// The routing of the present logits; again after they change, with the same choices.
  void route() {
    Routing& r = record.routing;
    r.logits_TE = logits;
    r.allowed_TE = allowed;
    Tensor masked = logits;
    if (allowed.defined()) masked = logits.masked_fill(allowed.logical_not(), -1e30);
    r.prob_TE = masked.softmax(1);
    if (!r.expert_TK.defined()) {
      r.expert_TK = std::get<1>(masked.detach().topk(kK, 1)).to(at::kInt);
      r.expert_TK[2][1].fill_(-1);
      r.expert_TK[6].fill_(-1);
      r.expert_TK.masked_fill_(record.context.valid_T.logical_not().unsqueeze(1), -1);
    }
    r.weight_TK = r.prob_TE.gather(1, r.expert_TK.clamp_min(0).to(at::kLong)).masked_fill(r.expert_TK < 0, 0);
  }
  bool valid(int t) const { return record.context.valid_T[t].item<bool>(); }
  double p(int t, int e) const { return record.routing.prob_TE[t][e].item<double>(); }
  double logit(int t, int e) const { return logits[t][e].item<double>(); }
  bool may(int t, int e) const { return !allowed.defined() || allowed[t][e].item<bool>(); }
  int expert(int t, int k) const { return record.routing.expert_TK[t][k].item<int>(); }
  int64_t at(const Tensor& of, int t) const { return of[t].item<int64_t>(); }
};

double loss_value(const char* config, std::span<const Record> records) {
  return (*make_loss(Json::parse(config)))(records).item<double>();
}
double loss_value(const char* config, const Made& made) {
  return loss_value(config, {&made.record, 1});
}

void expect_gradient(const char* config, Made& made, double tolerance = 2e-3) {
  const auto loss = make_loss(Json::parse(config));
  testing::check_gradient(
      [&] {
        made.route();
        return (*loss)({&made.record, 1});
      },
      made.logits, tolerance, 1e-2, 84);
}

/// E·Σ f·P over the tokens that `in` takes, the pool being what those tokens may use.
template <class In>
double balance(const Made& m, In in, int experts = kPool, bool importance = false) {
  std::vector<double> count(experts), mass(experts);
  std::set<int> pool;
  double slots = 0, tokens = 0;
  for (int t = 0; t < kT; ++t) {
    if (!m.valid(t) || !in(t)) continue;
    const double weight = importance ? m.record.context.importance_T[t].item<double>() : 1;
    double row = 0;
    for (int e = 0; e < experts; ++e) row += m.p(t, e);
    tokens += weight;
    for (int e = 0; e < experts; ++e) {
      mass[e] += weight * m.p(t, e) / row;
      if (m.may(t, e)) pool.insert(e);
    }
    for (int k = 0; k < kK; ++k) {
      const int e = m.expert(t, k);
      if (e < 0 || e >= experts) continue;
      count[e] += weight;
      slots += weight;
    }
  }
  double sum = 0;
  for (int e = 0; e < experts; ++e)
    if (slots > 0) sum += count[e] / slots * mass[e] / tokens;
  return sum * static_cast<double>(pool.size());
}

TEST(Losses, SwitchBalance) {
  Made m;
  const auto all = [](int) { return true; };
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance"})", m), balance(m, all), 1e-5);
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance","nulls":false})", m), balance(m, all, kE), 1e-5);
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance","importance":true,"weight":0.5})", m),
              0.5 * balance(m, all, kPool, true), 1e-5);
  expect_gradient(R"({"kind":"switch_balance","nulls":false})", m);
}

TEST(Losses, EvenRoutingHasBalanceOne) {
  Made m(1, false);
  m.record.context.valid_T = Tensor();
  at::NoGradGuard no_grad;
  m.logits.zero_();
  m.record.routing.expert_TK = (at::arange(kT * kK) % kPool).view({kT, kK}).to(at::kInt);
  m.route();
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance"})", m), 1, 1e-5);
}

TEST(Losses, SlotsLostToCapacityStillCount) {
  Made m(1, false);
  m.record.context.valid_T = Tensor();
  const double before = loss_value(R"({"kind":"switch_balance"})", m);
  m.record.dropped_E = m.record.routing.dropped_E = at::zeros({kPool});
  for (int t = 0; t < kT; ++t)  // lose every slot on expert 2
    for (int k = 0; k < kK; ++k)
      if (m.expert(t, k) == 2) {
        m.record.routing.expert_TK[t][k].fill_(-1);
        m.record.dropped_E[2] += 1;
      }
  ASSERT_GT(m.record.dropped_E[2].item<float>(), 0);
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance"})", m), before, 1e-6);
}

TEST(Losses, LayersAreAveragedSummedOrPooled) {
  Made a(1), b(2);
  const std::vector<Record> both = {a.record, b.record};
  const double one = loss_value(R"({"kind":"switch_balance"})", a),
               two = loss_value(R"({"kind":"switch_balance"})", b);
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance"})", both), (one + two) / 2, 1e-5);
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance","over_layers":"sum"})", both), one + two, 1e-5);

  double pooled = 0;
  std::vector<double> count(kPool), mass(kPool);
  double slots = 0, tokens = 0;
  for (const Made* m : {&a, &b})
    for (int t = 0; t < kT; ++t) {
      if (!m->valid(t)) continue;
      tokens += 1;
      for (int e = 0; e < kPool; ++e) mass[e] += m->p(t, e);
      for (int k = 0; k < kK; ++k)
        if (const int e = m->expert(t, k); e >= 0) {
          count[e] += 1;
          slots += 1;
        }
    }
  for (int e = 0; e < kPool; ++e) pooled += kPool * count[e] / slots * mass[e] / tokens;
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance","pool_layers":true})", both), pooled, 1e-5);
}

TEST(Losses, ModalityBalanceIsASumOverPoolsOfTheirOwn) {
  Made m;
  const auto of = [&](int64_t modality) {
    return balance(m, [&](int t) { return m.at(m.record.context.modality_T, t) == modality; });
  };
  EXPECT_NEAR(loss_value(R"({"kind":"modality_balance"})", m), of(0) + of(1) + of(2) + of(-1), 1e-5);
  EXPECT_NEAR(loss_value(R"({"kind":"modality_balance","modalities":{"text":1,"vision":0.5}})", m),
              of(0) + 0.5 * of(1), 1e-5);
  expect_gradient(R"({"kind":"modality_balance"})", m);
  m.record.context.modality_T = Tensor();
  EXPECT_NEAR(loss_value(R"({"kind":"modality_balance"})", m), loss_value(R"({"kind":"switch_balance"})", m),
              1e-6);
}

TEST(Losses, SequenceBalanceIsAMeanOverSequences) {
  Made m;
  const auto of = [&](int64_t sequence) {
    return balance(m, [&](int t) { return m.at(m.record.context.sequence_T, t) == sequence; });
  };
  EXPECT_NEAR(loss_value(R"({"kind":"sequence_balance"})", m), (of(7) + of(3) + of(9)) / 3, 1e-5);
  expect_gradient(R"({"kind":"sequence_balance"})", m);
}

TEST(Losses, WindowBalanceSeesTheWholeStep) {
  Made a(1), b(2);
  b.record.site = a.record.site;
  a.record.context.step = b.record.context.step = 4;
  const auto loss = make_loss(Json::parse(R"({"kind":"window_balance"})"));
  EXPECT_NEAR((*loss)({&a.record, 1}).item<double>(), loss_value(R"({"kind":"switch_balance"})", a), 1e-5);
  // f from both micro-batches, P from the second.
  std::vector<double> count(kPool), mass(kPool);
  double slots = 0, tokens = 0;
  for (const Made* m : {&a, &b})
    for (int t = 0; t < kT; ++t)
      for (int k = 0; k < kK; ++k)
        if (const int e = m->expert(t, k); e >= 0) {
          count[e] += 1;
          slots += 1;
        }
  for (int t = 0; t < kT; ++t) {
    if (!b.valid(t)) continue;
    tokens += 1;
    for (int e = 0; e < kPool; ++e) mass[e] += b.p(t, e);
  }
  double expected = 0;
  for (int e = 0; e < kPool; ++e) expected += kPool * count[e] / slots * mass[e] / tokens;
  EXPECT_NEAR((*loss)({&b.record, 1}).item<double>(), expected, 1e-5);
  b.record.context.step = 5;  // a new step forgets
  EXPECT_NEAR((*loss)({&b.record, 1}).item<double>(), loss_value(R"({"kind":"switch_balance"})", b), 1e-5);
}

double cv2(const std::vector<double>& values) {
  double mean = 0, square = 0;
  for (const double v : values) mean += v / static_cast<double>(values.size());
  for (const double v : values) square += (v - mean) * (v - mean) / static_cast<double>(values.size());
  return square / (mean * mean);
}

TEST(Losses, ImportanceVariation) {
  Made m;
  std::vector<double> importance(kPool);
  for (int t = 0; t < kT; ++t)
    for (int k = 0; k < kK; ++k)
      if (const int e = m.expert(t, k); e >= 0)
        importance[e] += m.record.routing.weight_TK[t][k].item<double>();
  EXPECT_NEAR(loss_value(R"({"kind":"importance_cv"})", m), cv2(importance), 1e-4);
  expect_gradient(R"({"kind":"importance_cv"})", m);
}

TEST(Losses, LoadVariationByCountsIsAReport) {
  Made m;
  std::vector<double> load(kPool);
  for (int t = 0; t < kT; ++t)
    for (int k = 0; k < kK; ++k)
      if (const int e = m.expert(t, k); e >= 0) load[e] += 1;
  EXPECT_NEAR(loss_value(R"({"kind":"load_cv"})", m), cv2(load), 1e-5);
  EXPECT_FALSE((*make_loss(Json::parse(R"({"kind":"load_cv"})")))({&m.record, 1}).requires_grad());
}

TEST(Losses, SmoothLoadVariation) {
  Made m;
  std::vector<double> load(kPool);
  for (int t = 0; t < kT; ++t) {
    if (!m.valid(t)) continue;
    for (int e = 0; e < kPool; ++e) {
      if (!m.may(t, e)) continue;
      std::vector<double> others;  // the k-th best of these is what e has to beat
      for (int o = 0; o < kPool; ++o)
        if (o != e) others.push_back(m.may(t, o) ? m.logit(t, o) : -1e30);
      std::sort(others.rbegin(), others.rend());
      load[e] += 0.5 * std::erfc(-(m.logit(t, e) - others[kK - 1]) / 0.7 / std::sqrt(2.0));
    }
  }
  EXPECT_NEAR(loss_value(R"({"kind":"load_cv","noise_std":0.7})", m), cv2(load), 1e-5);
  expect_gradient(R"({"kind":"load_cv","noise_std":0.7})", m);
}

TEST(Losses, ZLoss) {
  Made m;
  double expected = 0, tokens = 0;
  for (int t = 0; t < kT; ++t) {
    if (!m.valid(t)) continue;
    double sum = 0;
    for (int e = 0; e < kPool; ++e)
      if (m.may(t, e)) sum += std::exp(m.logit(t, e));
    expected += std::log(sum) * std::log(sum);
    tokens += 1;
  }
  EXPECT_NEAR(loss_value(R"({"kind":"z_loss"})", m), expected / tokens, 1e-5);
  expect_gradient(R"({"kind":"z_loss"})", m);
}

TEST(Losses, Entropies) {
  Made m;
  double each = 0, tokens = 0, of_mean = 0;
  std::vector<double> mean(kPool);
  for (int t = 0; t < kT; ++t) {
    if (!m.valid(t)) continue;
    tokens += 1;
    for (int e = 0; e < kPool; ++e) {
      const double p = m.p(t, e);
      mean[e] += p;
      if (p > 0) each -= p * std::log(p);
    }
  }
  for (const double p : mean) of_mean -= p / tokens * std::log(p / tokens);
  EXPECT_NEAR(loss_value(R"({"kind":"token_entropy"})", m), each / tokens, 1e-5);
  EXPECT_NEAR(loss_value(R"({"kind":"mean_entropy"})", m), std::log(double{kPool}) - of_mean, 1e-5);
  expect_gradient(R"({"kind":"token_entropy"})", m);
  expect_gradient(R"({"kind":"mean_entropy"})", m);
}

double information(const Made& m, const Tensor& group_T) {
  std::map<int64_t, std::vector<double>> joint;
  std::map<int64_t, double> of_group;
  std::vector<double> of_expert(kPool);
  double tokens = 0, sum = 0;
  for (int t = 0; t < kT; ++t)
    if (m.valid(t) && m.at(group_T, t) >= 0) tokens += 1;
  for (int t = 0; t < kT; ++t) {
    const int64_t g = m.at(group_T, t);
    if (!m.valid(t) || g < 0) continue;
    joint[g].resize(kPool);
    of_group[g] += 1 / tokens;
    for (int e = 0; e < kPool; ++e) {
      joint[g][e] += m.p(t, e) / tokens;
      of_expert[e] += m.p(t, e) / tokens;
    }
  }
  for (const auto& [g, row] : joint)
    for (int e = 0; e < kPool; ++e)
      if (row[e] > 0) sum += row[e] * std::log(row[e] / (of_group[g] * of_expert[e]));
  return sum;
}

TEST(Losses, MutualInformation) {
  Made m;
  EXPECT_NEAR(loss_value(R"({"kind":"mutual_information"})", m), -information(m, m.record.context.task_T),
              1e-5);
  EXPECT_NEAR(loss_value(R"({"kind":"mutual_information","with":"modality"})", m),
              -information(m, m.record.context.modality_T), 1e-5);
  expect_gradient(R"({"kind":"mutual_information"})", m);
}

TEST(Losses, LocalizedBalance) {
  Made m;
  const std::vector<std::set<int>> groups = {{0, 1}, {2, 3, 4}};
  std::map<int64_t, std::vector<double>> z;
  for (int t = 0; t < kT; ++t) {
    if (!m.valid(t)) continue;
    auto& row = z[m.at(m.record.context.sequence_T, t)];
    row.resize(kPool);
    const int64_t task = m.at(m.record.context.task_T, t);
    for (int e = 0; e < kPool; ++e) {
      const bool own = task >= 0 && task < 2 && groups[task].contains(e);
      row[e] += (own ? 1.3 : 0.7) * m.p(t, e);
    }
  }
  std::vector<double> all;
  for (const auto& [s, row] : z) all.insert(all.end(), row.begin(), row.end());
  double mean = 0, variance = 0;
  for (const double v : all) mean += v / static_cast<double>(all.size());
  for (const double v : all) variance += (v - mean) * (v - mean) / static_cast<double>(all.size());
  const char* config = R"({"kind":"localized_balance","groups":[[0,1],[2,3,4]],"delta":0.3})";
  EXPECT_NEAR(loss_value(config, m), variance / mean, 1e-5);
  expect_gradient(config, m);
}

TEST(Losses, ASumReportsItsParts) {
  Made m;
  const auto loss =
      make_loss(Json::parse(R"([{"kind":"switch_balance","weight":0.01},{"kind":"z_loss","weight":2}])"));
  const double total = (*loss)({&m.record, 1}).item<double>();
  const auto& parts = dynamic_cast<WeightedSum&>(*loss).last();
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[1].first, "z_loss");
  EXPECT_FALSE(parts[1].second.requires_grad());
  EXPECT_NEAR(total, 0.01 * parts[0].second.item<double>() + 2 * parts[1].second.item<double>(), 1e-6);
}

TEST(Losses, ProductRoutersCountTheirFactors) {
  Made a(1, false), b(2, false);
  Record product = a.record;
  product.routing = {};
  product.routing.factors = {a.record.routing, b.record.routing};
  const double expected =
      (loss_value(R"({"kind":"switch_balance"})", a) + loss_value(R"({"kind":"switch_balance"})", b)) / 2;
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance"})", {&product, 1}), expected, 1e-5);
}

const char* const kAll[] = {
    R"({"kind":"switch_balance"})",        R"({"kind":"modality_balance"})",
    R"({"kind":"sequence_balance"})",      R"({"kind":"window_balance"})",
    R"({"kind":"importance_cv"})",         R"({"kind":"load_cv"})",
    R"({"kind":"load_cv","noise_std":1})", R"({"kind":"z_loss"})",
    R"({"kind":"token_entropy"})",         R"({"kind":"mean_entropy"})",
    R"({"kind":"mutual_information"})",    R"({"kind":"localized_balance","groups":[[0],[1]]})"};

TEST(Losses, NothingToLearnFromIsZero) {
  Made m;
  m.record.context.valid_T = at::zeros({kT}, at::kBool);
  Record empty;
  empty.experts = 3;
  empty.routing.expert_TK = at::zeros({0, 2}, at::kInt);
  empty.routing.weight_TK = at::zeros({0, 2});
  empty.routing.prob_TE = empty.routing.logits_TE = at::zeros({0, 3});
  for (const char* config : kAll) {
    EXPECT_EQ(loss_value(config, std::span<const Record>()), 0) << config;
    EXPECT_EQ(loss_value(config, m), 0) << config;
    EXPECT_EQ(loss_value(config, {&empty, 1}), 0) << config;
  }
}

TEST(Losses, ExtremeRoutingStaysFinite) {
  for (const char* config : kAll) {
    Made m;
    m.record.routing.expert_TK.fill_(-1);  // no slot at all
    {
      at::NoGradGuard no_grad;
      m.logits.mul_(1000);
      m.allowed[3].fill_(false);  // a token that may go nowhere
    }
    m.route();
    m.record.routing.prob_TE = m.record.routing.prob_TE.masked_fill(m.allowed.logical_not(), 0);
    m.logits.mutable_grad() = Tensor();
    const Tensor loss = (*make_loss(Json::parse(config)))({&m.record, 1});
    EXPECT_TRUE(std::isfinite(loss.item<double>())) << config;
    if (!loss.requires_grad()) continue;
    loss.backward();
    EXPECT_TRUE(at::isfinite(m.logits.grad()).all().item<bool>()) << config;
  }
}

TEST(Losses, OneExpert) {
  Made m(1, false);
  Record one = m.record;
  one.experts = 1;
  one.nulls = 0;
  one.routing.logits_TE = m.logits.narrow(1, 0, 1);
  one.routing.prob_TE = at::ones({kT, 1});
  one.routing.expert_TK = at::zeros({kT, 1}, at::kInt);
  one.routing.weight_TK = at::ones({kT, 1});
  EXPECT_NEAR(loss_value(R"({"kind":"switch_balance"})", {&one, 1}), 1, 1e-6);
  EXPECT_NEAR(loss_value(R"({"kind":"importance_cv"})", {&one, 1}), 0, 1e-6);
  EXPECT_NEAR(loss_value(R"({"kind":"load_cv","noise_std":1})", {&one, 1}), 0, 1e-6);
  EXPECT_NEAR(loss_value(R"({"kind":"mean_entropy"})", {&one, 1}), 0, 1e-6);
}

TEST(Losses, WrongConfigurationsAndRecordsAreNamed) {
  const auto error = [](const char* config) -> std::string {
    try {
      make_loss(Json::parse(config));
    } catch (const UsageError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(error(R"({"kind":"balance"})"), HasSubstr("switch_balance"));
  EXPECT_THAT(error(R"([{"kind":"z_loss"},{"weight":1}])"), HasSubstr("loss[1].kind"));
  EXPECT_THAT(error(R"({"kind":"z_loss","wait":1})"), HasSubstr("wait"));
  EXPECT_THAT(error(R"({"kind":"localized_balance"})"), HasSubstr("groups"));
  EXPECT_THAT(error(R"({"kind":"localized_balance","groups":[[0]],"delta":2})"), HasSubstr("delta"));
  EXPECT_THAT(error(R"({"kind":"modality_balance","modalities":{"smell":1}})"), HasSubstr("smell"));

  Made m;
  m.record.context.task_T = Tensor();
  EXPECT_THROW(loss_value(R"({"kind":"mutual_information"})", m), UsageError);
  m.record.routing.prob_TE = Tensor();
  EXPECT_THROW(loss_value(R"({"kind":"switch_balance"})", m), UsageError);
}

TEST(StepCounts, GatherOverMicroBatches) {
  Made a(1), b(2), other(3);
  b.record.site = a.record.site;
  b.record.dropped_E = at::zeros({kPool});
  b.record.dropped_E[1] = 3;
  StepCounts counts;
  counts.add({&a.record, 1});
  counts.add({&b.record, 1});
  counts.add({&other.record, 1});
  std::vector<float> expected(kPool);
  for (const Made* m : {&a, &b})
    for (int t = 0; t < kT; ++t)
      for (int k = 0; k < kK; ++k)
        if (const int e = m->expert(t, k); e >= 0) expected[e] += 1;
  expected[1] += 3;
  const StepWindow window = counts.window(a.record.site, 12);
  EXPECT_TRUE(at::equal(window.count_E, at::tensor(expected)));
  EXPECT_EQ(window.step, 12);
  EXPECT_EQ(counts.sites().size(), 2u);
  counts.clear();
  EXPECT_FALSE(counts.window(a.record.site, 13).count_E.defined());
}

}  // namespace
}  // namespace conclave
