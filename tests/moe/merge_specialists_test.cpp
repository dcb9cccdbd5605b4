#include "framework/moe/experts/merge_specialists.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "framework/base/error.h"
#include "framework/blocks/transformer.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Ptr<Transformer> dense(int64_t seed, int64_t hidden = 12) {
  at::manual_seed(static_cast<uint64_t>(seed));
  return make_transformer({{"width", 8}, {"layers", 2}, {"heads", 2}, {"ffn", {{"hidden", hidden}}}});
}

Ptr<Transformer> routed(int64_t experts) {
  at::manual_seed(9);
  return make_transformer({{"width", 8},
                           {"layers", 2},
                           {"heads", 2},
                           {"moe",
                            {{"experts", {{"kind", "gated_ffn"}, {"count", experts}, {"hidden", 12}}},
                             {"nulls", 1},
                             {"shared", {{"count", 1}, {"hidden", 4}}},
                             {"router", {{"select", {{"kind", "top_k"}, {"k", 2}}}}}}}});
}

std::map<std::string, Tensor> tensors(Module& module) {
  std::map<std::string, Tensor> all;
  for (const auto& t : named_tensors(module)) all.emplace(t.name, t.tensor.detach().clone());
  return all;
}

TEST(MergeSpecialists, BecomeTheExperts) {
  const auto a = dense(1), b = dense(2), made = routed(4);
  const auto before = tensors(*made);
  const std::array<Module*, 2> both = {a.get(), b.get()};
  merge_specialists(*made, both, 3);
  const auto after = tensors(*made), first = tensors(*a), second = tensors(*b);
  int64_t banks = 0, means = 0, fresh = 0;
  for (const auto& [name, tensor] : after) {
    const auto at = name.find(".experts.");
    if (name.find(".router.") != std::string::npos || name.find(".shared.") != std::string::npos) {
      EXPECT_TRUE(tensor.equal(before.at(name))) << name;
      ++fresh;
    } else if (at != std::string::npos) {
      const std::string part = name.ends_with("w1")   ? "gate_proj"
                               : name.ends_with("w3") ? "up_proj"
                                                      : "down_proj";
      const std::string one = name.substr(0, at) + "." + part + ".weight";
      EXPECT_TRUE(tensor[0].equal(first.at(one))) << name;
      EXPECT_TRUE(tensor[1].equal(second.at(one))) << name;
      const double apart =
          (tensor[2] - first.at(one)).std().item<double>() / first.at(one).std().item<double>();
      EXPECT_GT(apart, 0.05) << name << ": a copy can part";
      EXPECT_LT(apart, 0.2) << name;
      ++banks;
    } else {
      EXPECT_LE(max_difference(tensor, (first.at(name) + second.at(name)) / 2), 1e-7) << name;
      ++means;
    }
  }
  EXPECT_EQ(banks, 6);
  EXPECT_GT(means, 8);
  EXPECT_GT(fresh, 0);
}

TEST(MergeSpecialists, RefusesOtherShapes) {
  const auto a = dense(1), wide = dense(2, 16), made = routed(2);
  const std::array<Module*, 2> both = {a.get(), wide.get()};
  try {
    merge_specialists(*made, both, 0);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("proj.weight of a specialist is"));
  }
  const std::array<Module*, 1> same = {made.get()};
  EXPECT_THROW(merge_specialists(*routed(2), same, 0), UsageError);
  EXPECT_THROW(merge_specialists(*made, {}, 0), UsageError);
}

}  // namespace
}  // namespace conclave
