#include "apps/audio/sound_bench.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "apps/audio/sound_model.h"
#include "framework/base/cpu_stopwatch.h"
#include "framework/base/process_memory.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/score/median.h"
#include "framework/tensor/device.h"
#include "models/audio/speaking.h"

namespace conclave {
namespace {

constexpr double kMegabyte = 1 << 20;
constexpr const char* kSentence = "The quick brown fox jumps over the lazy dog, and then it sleeps.";

}  // namespace

void bench_speech(const std::filesystem::path& model, int64_t rounds, Invocation& call) {
  set_threads(1);
  const at::NoGradGuard no_grad;
  const OpenVoice voice = open_voice(model);
  const auto& codec = *voice.codec.codec;
  const auto rate = static_cast<double>(codec.sample_rate);
  const auto words = read_words(*voice.speech, voice.speech->free_text() ? kSentence : "0123456789");
  std::vector<double> first_ms, speed, speed_cpu, encoding, decoding;
  for (int64_t round = -1; round < rounds; ++round) {  // the first one warms up
    throw_if_interrupted();
    SpeakOptions options;
    options.speaker = 0;
    options.temperature = voice.speech->temperature;
    options.guidance = voice.speech->guidance;
    options.pronounce = voice.pronounce;
    options.seed = call.common().seed + static_cast<uint64_t>(std::max<int64_t>(round, 0));
    const Stopwatch speaking;
    const CpuStopwatch speaking_cpu;
    double first = 0;
    std::vector<Tensor> pieces;
    speak(*voice.speech, codec, words, options, [&](const Tensor& samples_N) {
      if (pieces.empty()) first = speaking.ms();
      pieces.push_back(samples_N);
      return true;
    });
    const double said_in = speaking.seconds(), said_in_cpu = speaking_cpu.seconds();
    const Tensor sound_N = at::cat(pieces);
    const double seconds = static_cast<double>(sound_N.size(0)) / rate;
    const Stopwatch coding;
    SpectralEncoder encoder(codec, codec.books);
    std::vector<Tensor> codes;
    for (const auto& part : sound_N.split(codec.sample_rate)) codes.push_back(encoder.push(part));
    codes.push_back(encoder.finish());
    const double encoded_in = coding.seconds();
    const Stopwatch uncoding;
    SpectralDecoder decoder(codec);
    decoder.push(at::cat(codes, 1));
    decoder.finish();
    if (round < 0) continue;
    first_ms.push_back(first);
    speed.push_back(seconds / said_in);
    speed_cpu.push_back(seconds / said_in_cpu);
    encoding.push_back(seconds / encoded_in);
    decoding.push_back(seconds / uncoding.seconds());
  }
  const Json result = {{"part", "speech"},
                       {"text", voice.speech->free_text() ? "sentence" : "digits"},
                       {"first_sound_ms", median(first_ms)},
                       {"speak_x_real_time", median(speed)},
                       {"speak_x_real_time_cpu", median(speed_cpu)},
                       {"encode_x_real_time", median(encoding)},
                       {"decode_x_real_time", median(decoding)},
                       {"peak_mb", static_cast<double>(peak_memory()) / kMegabyte}};
  if (call.json())
    call.out().write(result);
  else
    for (const auto& [key, value] : result.items())
      if (value.is_number()) fmt::print("{:<20} {:.1f}\n", key, value.get<double>());
}

}  // namespace conclave
