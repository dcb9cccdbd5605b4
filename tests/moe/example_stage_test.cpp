// The worked example of docs/moe.md compiles, does what it says, and stands in the page word for word.
#include <gtest/gtest.h>

#include <filesystem>

#include "docs/examples/second_by_chance.h"
#include "framework/base/file.h"
#include "moe/stages.h"

namespace conclave {
namespace {

using namespace testing;

TEST(ExampleStage, SecondExpertComesByChance) {
  at::manual_seed(1);
  const auto router = make_router({{"select", {{"kind", "top_k"}, {"k", 2}}}}, {.width = 2, .experts = 3});
  router->select = {std::make_shared<SecondByChance>()};
  // Logits 0, log 0.25, low: the second has a fifth of the two, so it runs in two of five passes.
  named_tensors(*router)[0].tensor.copy_(
      at::tensor({0.f, 0.f, std::log(0.25f), 0.f, -9.f, 0.f}).view({3, 2}));
  const Tensor x_TD = at::tensor({1.f, 0.f}).expand({20000, 2});
  const Routing r = router->route(x_TD, training());
  EXPECT_TRUE((r.expert_TK.select(1, 0) == 0).all().item<bool>());
  const Tensor second_T = r.expert_TK.select(1, 1);
  EXPECT_TRUE(((second_T == 1) | (second_T == -1)).all().item<bool>());
  EXPECT_NEAR((second_T == 1).to(at::kFloat).mean().item<float>(), 0.4, 0.02);
  EXPECT_TRUE((router->route(x_TD, {}).expert_TK.select(1, 1) == 1).all().item<bool>());
}

TEST(ExampleStage, ThePageQuotesTheFile) {
  const std::filesystem::path docs = std::filesystem::path(CONCLAVE_SOURCE_DIR) / "docs";
  const std::string code = read_file(docs / "examples" / "second_by_chance.h");
  const size_t begin = code.find("/// Takes the best"), end = code.find("}  // namespace");
  ASSERT_LT(begin, end);
  EXPECT_NE(read_file(docs / "moe.md").find(code.substr(begin, end - begin)), std::string::npos);
}

}  // namespace
}  // namespace conclave
