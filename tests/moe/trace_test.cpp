#include "framework/moe/trace.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

using ::testing::DoubleEq;
using ::testing::ElementsAre;

const std::vector<int32_t> kExpert = {0, 2, 1, -1, 2, 3, 2, 0};
const std::vector<float> kWeight = {0.5f, 0.25f, 1.f, 0.f, 0.75f, 0.25f, 1.f, 0.5f};

TEST(Trace, CountsSlotsAndWeightsByModality) {
  const std::vector<int8_t> modality = {0, 1, 1, -1};
  Trace trace;
  trace.add(5, 4, {kExpert, kWeight, 4, 2}, modality);
  const auto& totals = trace.sites().at(5);
  EXPECT_THAT(totals.count,
              ElementsAre(1, 0, 1, 0, /*vision*/ 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, /*unknown*/ 1, 0, 1, 0));
  EXPECT_THAT(totals.tokens, ElementsAre(1, 2, 0, 0, 1));
  EXPECT_DOUBLE_EQ(totals.weight[4 + 2], 0.75);
  EXPECT_EQ(trace.loads().dump(),
            R"({"5":{"text":[0.5,0.0,0.5,0.0],"vision":[0.0,0.3333333333333333,0.3333333333333333,)"
            R"(0.3333333333333333],"unknown":[0.5,0.0,0.5,0.0]}})");
  EXPECT_THROW(trace.add(5, 3, {kExpert, kWeight, 4, 2}, modality), Error);
}

TEST(Trace, WithoutModalityAllTokensAreText) {
  Trace trace;
  trace.add(0, 4, {kExpert, kWeight, 4, 2}, {});
  EXPECT_THAT(load_of(trace.sites().at(0), 0),
              ElementsAre(DoubleEq(2. / 7), DoubleEq(1. / 7), DoubleEq(3. / 7), DoubleEq(1. / 7)));
  EXPECT_EQ(load_of(trace.sites().at(0)), load_of(trace.sites().at(0), 0));
  EXPECT_THAT(load_of(trace.sites().at(0), 1), ElementsAre(0, 0, 0, 0));
}

TEST(Trace, ARecordAgreesWithItsView) {
  Record record;
  record.site = 5;
  record.experts = 3;
  record.nulls = 1;
  record.routing.expert_TK = at::tensor(kExpert, at::kInt).view({4, 2});
  record.routing.weight_TK = at::tensor(kWeight).view({4, 2});
  record.routing.prob_TE = at::rand({4, 4}).softmax(1).set_requires_grad(true);
  record.context.modality_T = at::tensor({0, 1, 1, -7}, at::kLong);
  record.dropped_E = at::tensor({0.f, 2.f, 0.f, 1.f});
  Trace by_record, by_view;
  by_record.add(record);
  by_view.add(5, 4, {kExpert, kWeight, 4, 2}, std::vector<int8_t>{0, 1, 1, -1});
  const auto& a = by_record.sites().at(5);
  const auto& b = by_view.sites().at(5);
  EXPECT_EQ(a.count, b.count);
  EXPECT_EQ(a.weight, b.weight);
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_THAT(a.dropped, ElementsAre(0, 2, 0, 1));
  const Tensor vision = record.routing.prob_TE.narrow(0, 1, 2).sum(0);
  for (int e = 0; e < 4; ++e) EXPECT_NEAR(a.probability[4 + e], vision[e].item<double>(), 1e-6);
}

TEST(Trace, InvalidTokensAreCountedNowhere) {
  Record record;
  record.experts = 4;
  record.routing.expert_TK = at::tensor(kExpert, at::kInt).view({4, 2});
  record.routing.weight_TK = at::tensor(kWeight).view({4, 2});
  record.routing.prob_TE = at::full({4, 4}, 0.25);
  record.context.valid_T = at::tensor({0, 1, 1, 0}).to(at::kBool);
  Trace trace;
  trace.add(record);
  const auto& totals = trace.sites().at(0);
  EXPECT_EQ(totals.tokens[0], 2);
  EXPECT_THAT(load_of(totals), ElementsAre(0, DoubleEq(1. / 3), DoubleEq(1. / 3), DoubleEq(1. / 3)));
  EXPECT_DOUBLE_EQ(totals.probability[0], 0.5);
  record.context.valid_T = at::zeros({4}, at::kBool);
  trace.add(record);
  EXPECT_EQ(totals.tokens[0], 2);
}

TEST(Trace, MergeAddsSites) {
  Trace a, b;
  a.add(1, 4, {kExpert, kWeight, 4, 2}, {});
  b.add(1, 4, {kExpert, kWeight, 2, 2}, {});
  b.add(2, 4, {kExpert, kWeight, 1, 2}, {});
  a.merge(b);
  EXPECT_EQ(a.sites().at(1).tokens[0], 6);
  EXPECT_EQ(a.sites().at(1).count[0], 3);
  EXPECT_EQ(a.sites().at(2).tokens[0], 1);
}

TEST(Load, EntropyVariationAndDeadExperts) {
  const std::vector<double> even = {0.25, 0.25, 0.25, 0.25}, one = {1, 0, 0, 0}, some = {0.5, 0.5, 0, 0};
  EXPECT_DOUBLE_EQ(load_entropy(even), 1);
  EXPECT_DOUBLE_EQ(load_entropy(one), 0);
  EXPECT_DOUBLE_EQ(load_entropy(some), 0.5);
  EXPECT_DOUBLE_EQ(load_cv(even), 0);
  EXPECT_DOUBLE_EQ(load_cv(one), std::sqrt(3.0));
  EXPECT_DOUBLE_EQ(load_cv(some), 1);
  EXPECT_THAT(dead_experts(some), ElementsAre(2, 3));
  EXPECT_THAT(dead_experts(even), ElementsAre());
  EXPECT_THAT(dead_experts(std::vector<double>{0.9, 0.09, 0.01}, 0.1), ElementsAre(2));
  EXPECT_DOUBLE_EQ(load_cv({}), 0);
}

}  // namespace
}  // namespace conclave
