#include "framework/tensor/state.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "framework/base/error.h"
#include "framework/nn/linear.h"
#include "framework/tensor/fresh.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::TempDir;

struct Net : Module {
  Linear up{3, 5}, down{5, 2, false};
  Tensor scale = at::ones({2}, at::kDouble);
  void visit(Visitor& v) override {
    v.child("up", up);
    v.child("down", down);
    v("scale", scale, TensorKind::buffer);
  }
};

TEST(State, RoundTripRestoresParametersAndBuffers) {
  TempDir folder;
  Net saved, loaded;
  saved.scale.fill_(3);
  save_state(saved, folder / "net.safetensors");
  set_trainable(loaded, true);
  const void* memory = loaded.up.weight.data_ptr();
  load_state(loaded, Safetensors(folder / "net.safetensors"));
  EXPECT_TRUE(at::equal(loaded.up.weight, saved.up.weight));
  EXPECT_TRUE(at::equal(loaded.down.weight, saved.down.weight));
  EXPECT_TRUE(at::equal(loaded.scale, saved.scale));
  EXPECT_EQ(loaded.up.weight.data_ptr(), memory);  // written into the memory that was there
  EXPECT_TRUE(loaded.up.weight.requires_grad());
}

TEST(State, MissingSurplusAndMisshapenAreOneError) {
  TempDir folder;
  Net net;
  const Tensor before = net.up.weight.clone();
  save_safetensors(folder / "net.safetensors", {{"up.weight", at::zeros({5, 3})},
                                                {"up.bias", at::zeros({4})},
                                                {"down.bias", at::zeros({2})},
                                                {"scale", at::zeros({2})}});
  try {
    load_state(net, Safetensors(folder / "net.safetensors"));
    FAIL();
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), HasSubstr("missing: down.weight [2, 5]"));
    EXPECT_THAT(e.what(), HasSubstr("misshapen: up.bias is [4], expected [5]"));
    EXPECT_THAT(e.what(), HasSubstr("surplus: down.bias [2]"));
    EXPECT_THAT(e.what(), Not(HasSubstr("scale")));
  }
  EXPECT_TRUE(at::equal(net.up.weight, before));  // nothing is half loaded
}

TEST(State, NamesPrefixesAndIgnoredParts) {
  Net net;
  const TensorMap source("memory", {{"m.up.kernel", at::full({5, 3}, 2.0)},
                                    {"m.up.bias", at::zeros({5}, at::kHalf)},
                                    {"m.down.kernel", at::zeros({2, 5})},
                                    {"m.scale", at::zeros({2})},
                                    {"m.head", at::zeros({1})},
                                    {"other", at::zeros({1})}});
  LoadOptions options;
  options.prefix = "m.";
  options.name_in_file = [](const std::string& name) {
    return name.ends_with(".weight") ? name.substr(0, name.size() - 6) + "kernel" : name;
  };
  EXPECT_THROW(load_state(net, source, options), DataError);  // m.head is surplus
  options.may_ignore = [](const std::string& name) { return name == "m.head"; };
  load_state(net, source, options);
  EXPECT_EQ(net.up.weight.sum().item<float>(), 30);
  EXPECT_EQ(net.up.bias.scalar_type(), at::kFloat);
}

TEST(State, AModuleWithoutValuesGetsTheFiles) {
  TempDir folder;
  Net saved;
  save_state(saved, folder / "net.safetensors");
  std::optional<Net> loaded;
  {
    const ShapesOnly without_values;
    loaded.emplace();
  }
  ASSERT_TRUE(loaded->up.weight.is_meta());
  const Safetensors file(folder / "net.safetensors");
  LoadOptions options;
  options.finite = true;
  load_state(*loaded, file, options);
  EXPECT_TRUE(at::equal(loaded->up.weight, saved.up.weight));
  EXPECT_NE(loaded->up.weight.const_data_ptr(), file.tensor("up.weight").const_data_ptr());
}

TEST(State, MappedTensorsShareTheFile) {
  TempDir folder;
  Net saved, loaded;
  save_state(saved, folder / "net.safetensors");
  const Safetensors file(folder / "net.safetensors");
  LoadOptions options;
  options.map = true;
  load_state(loaded, file, options);
  EXPECT_EQ(loaded.up.weight.const_data_ptr(), file.tensor("up.weight").const_data_ptr());
  EXPECT_TRUE(at::equal(loaded.down.weight, saved.down.weight));
}

}  // namespace
}  // namespace conclave
