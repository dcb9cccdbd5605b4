/// How quickly published codecs code sound, beside their original programs.
#pragma once

#include <filesystem>

#include "apps/common/verb.h"

namespace conclave {

struct CodecBench {
  std::filesystem::path folder;  ///< with a checkpoint each in dac-pth (or dac) and encodec
  std::filesystem::path peers;   ///< the program that measures the originals; empty: none
  std::string python = "python3";
  int64_t rounds = 3;
};

/// Encodes and decodes ten seconds of noise on one thread; processor and wall time of the quickest round. A
/// record for each codec and program; peers that are not installed are told.
void bench_codecs(const CodecBench& asked, Invocation& call);

}  // namespace conclave
