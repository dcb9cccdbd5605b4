#include "apps/audio/codec_bench.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

#include "framework/base/child_process.h"
#include "framework/base/cpu_stopwatch.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/tensor/device.h"
#include "models/audio/codec.h"
#include "models/checkpoint/checkpoint.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kSeconds = 10;

// The quickest of several rounds.
struct Quickest {
  double cpu = std::numeric_limits<double>::infinity(), wall = cpu;

  template <class F>
  auto measure(F&& work) {
    const Stopwatch watch;
    const CpuStopwatch cpu_watch;
    auto made = work();
    cpu = std::min(cpu, cpu_watch.seconds());
    wall = std::min(wall, watch.seconds());
    return made;
  }
};

Json measure(const std::string& name, const fs::path& checkpoint, int64_t rounds) {
  const auto codec = load_as(open_checkpoint(checkpoint), make_codec, at::kFloat);
  at::manual_seed(1);
  const Tensor audio = at::randn({1, 1, kSeconds * codec->sample_rate}) * 0.1;
  Quickest encoding, decoding;
  for (int64_t i = -1; i < rounds; ++i) {  // the first one warms up
    throw_if_interrupted();
    Quickest encode, decode;
    const Tensor codes = encode.measure([&] { return codec->encode(audio, codec->books); });
    decode.measure([&] { return codec->decode(codes); });
    if (i < 0) continue;
    encoding.cpu = std::min(encoding.cpu, encode.cpu), encoding.wall = std::min(encoding.wall, encode.wall);
    decoding.cpu = std::min(decoding.cpu, decode.cpu), decoding.wall = std::min(decoding.wall, decode.wall);
  }
  return {{"part", "codec"},
          {"by", "conclave"},
          {"codec", name},
          {"seconds", kSeconds},
          {"encode_cpu_s", encoding.cpu},
          {"encode_s", encoding.wall},
          {"decode_cpu_s", decoding.cpu},
          {"decode_s", decoding.wall}};
}

void tell(const Json& line, Invocation& call) {
  if (call.json()) return call.out().write(line);
  fmt::print("{:<8} {:<12} {} s of sound: encoded in {:.3f} s, decoded in {:.3f} s of processor time{}\n",
             line["codec"].get<std::string>(), line["by"].get<std::string>(), line["seconds"].get<int64_t>(),
             line["encode_cpu_s"].get<double>(), line["decode_cpu_s"].get<double>(),
             line.contains("encode_ratio")
                 ? fmt::format(" (conclave is {:.1f} and {:.1f} times as fast)",
                               line["encode_ratio"].get<double>(), line["decode_ratio"].get<double>())
                 : "");
}

}  // namespace

void bench_codecs(const CodecBench& asked, Invocation& call) {
  set_threads(1);
  const at::NoGradGuard no_grad;
  std::map<std::string, Json> own;
  for (const auto& [name, path] : {std::pair("dac", asked.folder / "dac-pth" / "weights_16khz.pth"),
                                   {"encodec", asked.folder / "encodec"}}) {
    if (!fs::exists(path)) {
      log_warning("{} is not there: {} is not measured", path.string(), name);
      continue;
    }
    tell(own[name] = measure(name, path, asked.rounds), call);
  }
  if (asked.peers.empty()) return log_warning("no peers measured: --peers names none");
  const auto done = run_child(
      {"/usr/bin/env", asked.python, asked.peers.string(), asked.folder.string(), std::to_string(kSeconds)});
  if (done.code != 0) log_warning("the peers' program ended with code {}", done.code);
  std::istringstream lines(done.out);
  for (std::string text; std::getline(lines, text);) {
    const Json peer = Json::parse(text, nullptr, false);
    if (!peer.is_object() || !peer.contains("by")) continue;  // the other library's own words
    if (peer.contains("missing")) {
      log_warning("{} was not measured: {}", peer["by"].get<std::string>(),
                  peer["missing"].get<std::string>());
      continue;
    }
    Json line = peer;
    if (const auto ours = own.find(peer["codec"].get<std::string>()); ours != own.end())
      for (const char* part : {"encode", "decode"}) {
        const std::string key = fmt::format("{}_cpu_s", part);
        line[fmt::format("{}_ratio", part)] = peer[key].get<double>() / ours->second[key].get<double>();
      }
    tell(line, call);
  }
}

}  // namespace conclave
