// Weights of torch.save as safetensors, and models that are one file.
#include "models/checkpoint/convert.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/tensor/torch_file.h"
#include "models/audio/codec.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/verify.h"
#include "models/parity_folders.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::parity_folder;

TEST(Convert, BitForBit) {
  CONCLAVE_NEED_DATA("parity/dac-pth");
  const testing::TempDir dir;
  const auto from = parity_folder("dac-pth");
  const auto done = convert_checkpoint(from, dir / "dac");
  const TorchFile before(from / "weights_16khz.pth");
  const Safetensors after(dir / "dac");
  ASSERT_EQ(before.names(), after.names());
  EXPECT_EQ(done.tensors, static_cast<int64_t>(before.names().size()));
  for (const auto& name : before.names()) {
    const Tensor a = before.tensor(name), b = after.tensor(name);
    ASSERT_EQ(a.sizes(), b.sizes()) << name;
    EXPECT_EQ(std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()), 0) << name;
  }
  // The folder that was made gives the original's numbers, too.
  for (const char* file : {"inputs.safetensors", "expected.safetensors"})
    std::filesystem::copy_file(from / file, dir / "dac" / file);
  EXPECT_TRUE(verify_checkpoint(dir / "dac").pass());
  EXPECT_THROW(convert_checkpoint(from, dir / "dac"), UsageError);
}

// The folder made of it is one, too.
TEST(Convert, OneFileBecomesAFolder) {
  CONCLAVE_NEED_DATA("parity/dac-pth");
  const testing::TempDir dir;
  const auto file = parity_folder("dac-pth") / "weights_16khz.pth";
  convert_checkpoint(file, dir / "made");
  EXPECT_EQ(open_checkpoint(dir / "made").config, open_checkpoint(file).config);
  EXPECT_EQ(open_checkpoint(dir / "made").architecture->name, "DAC");
}

// The published file brings its sizes itself.
TEST(Convert, OneFileIsAModel) {
  CONCLAVE_NEED_DATA("parity/dac-pth");
  const auto file = open_checkpoint(parity_folder("dac-pth") / "weights_16khz.pth");
  EXPECT_EQ(file.architecture->name, "DAC");
  const auto codec = load_as(file, make_codec);
  EXPECT_EQ(codec->sample_rate, 16000);
  EXPECT_EQ(codec->encode(at::zeros({1, 1, 640}), codec->books).size(2), 2);
}

TEST(Convert, FoldersWithoutWeightsAreAnError) {
  const testing::TempDir dir;
  std::filesystem::create_directories(dir / "empty");
  try {
    convert_checkpoint(dir / "empty", dir / "out");
    FAIL();
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), HasSubstr("holds no weights: no model.safetensors, pytorch_model.bin"));
  }
}

}  // namespace
}  // namespace conclave
