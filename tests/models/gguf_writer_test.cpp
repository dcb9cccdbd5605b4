#include "models/checkpoint/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/checkpoint/verify.h"
#include "models/lettered_folder.h"
#include "models/parity_folders.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using testing::error_of;
using ::testing::HasSubstr;

fs::path with_records(const fs::path& from, const fs::path& to, std::optional<kernels::Packing> packing) {
  write_gguf(open_checkpoint(from), to / "model.gguf", packing);
  for (const char* records : {"inputs.safetensors", "expected.safetensors"})
    fs::copy(from / records, to / records);
  return to;
}

TEST(GgufWriter, WhatIsWrittenGivesTheOriginalsNumbers) {
  const testing::TempDir dir;
  for (const char* folder : {"qwen2", "qwen3"}) {
    const auto result = verify_checkpoint(with_records(checked_in(folder), dir / folder, {}));
    EXPECT_TRUE(result.pass()) << folder << result.json().dump(2);
  }
}

class WrittenBlocks : public ::testing::TestWithParam<const char*> {};

TEST_P(WrittenBlocks, BlocksHoldWhatPackingAtLoadGives) {
  CONCLAVE_NEED_DATA(std::string("parity/") + GetParam());
  const testing::TempDir dir;
  const auto from = testing::parity_folder(GetParam());
  const auto plain = verify_checkpoint(with_records(from, dir / "plain", {}));
  EXPECT_TRUE(plain.tokens_equal && plain.experts_equal);
  EXPECT_LT(plain.largest.at("logits"), 1e-4);
  const auto at_load = verify_checkpoint(from, {}, "int8");
  const auto written =
      verify_checkpoint(with_records(from, dir / "int8", kernels::Packing::int8), {}, "int8");
  EXPECT_NEAR(written.largest.at("logits"), at_load.largest.at("logits"),
              0.2 * at_load.largest.at("logits") + 1e-3);
}

INSTANTIATE_TEST_SUITE_P(GgufWriter, WrittenBlocks, ::testing::Values("mixtral", "olmoe", "qwen2-moe", "qwen3-moe"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST(GgufWriter, WhatHasNoSuchFormIsSaid) {
  const testing::TempDir dir;
  EXPECT_THAT(error_of([&] { write_gguf(open_checkpoint(checked_in("phi3")), dir / "a.gguf", {}); }),
              HasSubstr("has no GGUF form here"));
  write_file(dir / "b.gguf", "");
  EXPECT_THAT(error_of([&] { write_gguf(open_checkpoint(checked_in("qwen3")), dir / "b.gguf", {}); }),
              HasSubstr("is there already"));
}

}  // namespace
}  // namespace conclave
