// Weights in blocks of 8 and 4 bits: the format's bytes by hand, the products against unpacking first, for
// every instruction set this machine has.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "experts_common.h"
#include "framework/base/error.h"
#include "framework/moe/experts/ffn.h"
#include "framework/tensor/cpu/dot.h"
#include "framework/moe/kernels/packed.h"

namespace conclave::kernels {
namespace {

using conclave::testing::random_routing;

std::vector<const float*> pointers(const Tensor& x_ND) {
  std::vector<const float*> rows;
  for (int64_t r = 0; r < x_ND.size(0); ++r) rows.push_back(x_ND.const_data_ptr<float>() + r * x_ND.size(1));
  return rows;
}

Tensor multiply(const DotKernels& dot, const Tensor& x, const PackedWeight& w) {
  Tensor out = at::full({x.size(0), w.outs()}, 7.0);
  const auto rows = pointers(x);
  const auto* blocks = w.blocks.const_data_ptr<uint8_t>();
  float* to = out.mutable_data_ptr<float>();
  if (w.packing == Packing::int8)
    dot.product_int8(rows.data(), x.size(0), reinterpret_cast<const BlockInt8*>(blocks), w.ins / kPackedBlock,
                     w.outs(), w.ins, to, w.outs());
  else
    dot.product_int4(rows.data(), x.size(0), reinterpret_cast<const BlockInt4*>(blocks), w.ins / kPackedBlock,
                     w.outs(), w.ins, to, w.outs());
  return out;
}

TEST(Packed, BlocksAreThoseOfTheFormat) {
  // 0 .. 31 less 16, so that the extreme is -16: int4 has the scale 2, int8 16/127.
  const Tensor w = (at::arange(32, at::kFloat) - 16).view({1, 1, 32});
  const PackedWeight four = pack(w, Packing::int4);
  ASSERT_EQ(four.blocks.size(2), 18);
  const auto* bytes = four.blocks.const_data_ptr<uint8_t>();
  EXPECT_EQ(bytes[0] | bytes[1] << 8, 0x4000);  // 2 as float16
  EXPECT_EQ(bytes[2], 0x80);                    // weights 0 and 16: -16 is step -8, 0 is step 0
  EXPECT_EQ(bytes[2 + 14], 0xf7);               // -2 is step -1; 14 is step 7
  const PackedWeight eight = pack(w, Packing::int8);
  ASSERT_EQ(eight.blocks.size(2), 34);
  const auto* steps = reinterpret_cast<const int8_t*>(eight.blocks.const_data_ptr<uint8_t>() + 2);
  EXPECT_EQ(steps[0], -127);
  EXPECT_EQ(steps[16], 0);
  EXPECT_EQ(steps[24], 64);  // 8 * 127 / 16 = 63.5
}

TEST(Packed, EachBlockIsWithinHalfAStep) {
  at::manual_seed(1);
  const Tensor w = at::randn({3, 5, 96}) * at::tensor({1e-2F, 1.0F, 300.0F}).view({3, 1, 1});
  for (const auto& [packing, steps] : {std::pair(Packing::int8, 127.0), std::pair(Packing::int4, 8.0)}) {
    const Tensor back = unpack(pack(w, packing));
    const Tensor largest = w.view({3, 5, 3, 32}).abs().amax(3, true);
    const Tensor error = (back.view({3, 5, 3, 32}) - w.view({3, 5, 3, 32})).abs() / largest;
    // A step of int4 is missing at the other end: up to a whole one.
    EXPECT_LT(error.max().item<double>(), (packing == Packing::int8 ? 0.6 : 1.1) / steps);
  }
  EXPECT_TRUE(at::equal(unpack(pack(at::zeros({1, 2, 32}), Packing::int4)), at::zeros({1, 2, 32})));
  EXPECT_THROW(pack(at::zeros({1, 2, 33}), Packing::int8), Error);
}

TEST(Packed, ProductsAreThoseOfTheUnpackedWeightsBitForBit) {
  at::manual_seed(2);
  for (const auto* dot : usable_dot_kernels()) {
    SCOPED_TRACE(dot->name);
    for (const Packing packing : {Packing::int8, Packing::int4}) {
      for (const int64_t rows : {1, 2, 3, 5, 8}) {
        for (const int64_t outs : {1, 4, 9, 17}) {
          const Tensor x = at::randn({rows, 96});
          const PackedWeight packed = pack(at::randn({1, outs, 96}), packing);
          const Tensor w = unpack(packed)[0];
          Tensor want = at::empty({rows, outs});
          dot->product(pointers(x).data(), rows, w.const_data_ptr<float>(), 96, outs, 96,
                       want.mutable_data_ptr<float>(), outs);
          EXPECT_TRUE(at::equal(multiply(*dot, x, packed), want)) << rows << " " << outs;
          EXPECT_LT((want - at::mm(x, w.t())).abs().max().item<double>(), 1e-3);
        }
      }
    }
  }
}

TEST(Packed, EveryKernelUnpacksTheSameNumbers) {
  const PackedWeight packed = pack(at::randn({1, 3, 64}), Packing::int4);
  const Tensor want = unpack(packed);
  for (const auto* dot : usable_dot_kernels()) {
    Tensor numbers = at::empty({1, 3, 64});
    dot->unpack_int4(reinterpret_cast<const BlockInt4*>(packed.blocks.const_data_ptr<uint8_t>()), 6,
                     numbers.mutable_data_ptr<float>());
    EXPECT_TRUE(at::equal(numbers, want)) << dot->name;
  }
}

TEST(Packed, SmallestScalesAreNumbers) {
  // Float16 below its normal range: 2^-24 is the smallest.
  BlockInt8 block{};
  block.scale = 1;
  block.q[0] = 3;
  for (const auto* dot : usable_dot_kernels()) {
    float numbers[kPackedBlock];
    dot->unpack_int8(&block, 1, numbers);
    EXPECT_EQ(numbers[0], 3 * 0x1p-24F) << dot->name;
    EXPECT_EQ(numbers[1], 0);
  }
}

TEST(Packed, GradientsReachTheRowsAsThroughUnpackedWeights) {
  at::manual_seed(4);
  const std::vector<int32_t> offsets{0, 2, 2, 5};
  for (const auto packing : {Packing::int8, Packing::int4}) {
    const PackedWeight packed = pack(at::randn({3, 7, 64}), packing);
    const Tensor w = unpack(packed), weight = at::randn({5, 7});
    const Tensor x = at::randn({5, 64}).requires_grad_(), same = x.detach().clone().requires_grad_();
    (packed_product(x, packed, offsets) * weight).sum().backward();
    const Tensor plain =
        at::cat({at::linear(same.narrow(0, 0, 2), w[0]), at::linear(same.narrow(0, 2, 3), w[2])});
    (plain * weight).sum().backward();
    EXPECT_LT((x.grad() - same.grad()).abs().max().item<double>(), 1e-5);
  }
}

TEST(Packed, ABankRunsAsWithItsUnpackedWeights) {
  at::manual_seed(3);
  for (const Packing packing : {Packing::int8, Packing::int4}) {
    for (const int64_t tokens : {0, 1, 5, 60}) {
      FfnExperts bank({64, 4}, {32, Activation::silu, true, true});
      at::NoGradGuard no_grad;
      bank.b1_EF.uniform_(-1, 1);
      bank.b2_ED.uniform_(-1, 1);
      FfnExperts plain = bank;
      ASSERT_TRUE(bank.pack(packing));
      plain.w1_EFD = unpack(bank.packed1);
      plain.w3_EFD = unpack(bank.packed3);
      plain.w2_EDF = unpack(bank.packed2);
      EXPECT_EQ(bank.count(), 4);
      const Tensor x = at::randn({tokens, 64});
      const Routing routing = random_routing(tokens, 2, 4, 5);
      EXPECT_TRUE(at::equal(bank.forward(x, routing, {}), plain.forward(x, routing, {}))) << tokens;
      EXPECT_TRUE(at::allclose(bank.slots(x, routing, {}), plain.slots(x, routing, {}), 1e-4, 1e-5));
      // A token alone has the bits that it has among others.
      if (tokens > 1) {
        Routing first = routing;
        first.expert_TK = routing.expert_TK.narrow(0, 0, 1);
        first.weight_TK = routing.weight_TK.narrow(0, 0, 1);
        EXPECT_TRUE(at::equal(bank.forward(x.narrow(0, 0, 1), first, {}),
                              bank.forward(x, routing, {}).narrow(0, 0, 1)));
      }
    }
  }
}

TEST(Packed, ABankThatCannotBeCutStaysAsItIs) {
  FfnExperts odd({48, 2}, {32, Activation::silu, true, false});
  EXPECT_FALSE(odd.pack(Packing::int8));
  EXPECT_TRUE(odd.w1_EFD.defined());
  FfnExperts bank({64, 2}, {32, Activation::silu, true, false});
  ASSERT_TRUE(bank.pack(Packing::int8));
  EXPECT_THROW(bank.merge_lora(), Error);
  EXPECT_THROW(bank.affinity(at::zeros({1, 64})), Error);
}

}  // namespace
}  // namespace conclave::kernels
