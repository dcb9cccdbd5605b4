#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>

#include "apps/audio/any_codec.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "framework/base/file.h"
#include "framework/base/signals.h"
#include "framework/media/sound_codes_file.h"
#include "framework/media/sound_writer.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kBlock = 50;  // frames that are decoded before the next look at a signal

// A file of codes to sound. The level is that of what was encoded: nothing is normalised.
class DecodeVerb : public Verb {
 public:
  std::string name() const override { return "decode"; }
  std::string summary() const override { return "A file of codes back to sound"; }
  std::string examples() const override {
    return "conclave-audio decode voice.cvs -o voice.wav\n"
           "conclave-audio decode voice.cvs --stream | aplay -f S16_LE -r 8000";
  }
  void declare(Options& options) override {
    options.positional("input", input_, "File of codes").required().existing();
    options.add("output", output_, "Sound file to write: .wav, .flac, .opus, .ogg, .mp3").letter('o');
    options.add("stream", stream_, "Write raw samples (16 bit, little-endian, mono) to stdout as they come");
    options
        .add("model", model_, "Folder of a voice, of a codec alone, or of a published DAC, EnCodec or Mimi")
        .existing();
    options.add("books", books_, "Codebooks to use; 0: all that the file has").range(0, 32);
  }
  int run(Invocation& call) override;

 private:
  fs::path input_, output_, model_;
  bool stream_ = false;
  int64_t books_ = 0;
};

int DecodeVerb::run(Invocation& call) {
  require<UsageError>(stream_ != !output_.empty(), "give either --output or --stream");
  require<UsageError>(!stream_ || !call.json(), "--stream writes sound to stdout, so --json cannot");
  set_threads(call.common().threads);
  if (!stream_) check_sound_name(output_);
  const SoundCodes file = read_sound_codes(read_file(input_), input_.string());
  const AnyCodec opened = open_any_codec(model_);
  const auto& codec = *opened.codec;
  if (file.codec != opened.id)
    throw DataError(input_.string(), "offset 40", "was made by another codec: give its folder as --model");
  if (file.hop != codec.hop || file.book_size != codec.book_size || file.books > codec.books)
    throw DataError(input_.string(), "offset 8", "does not fit the codec that it names");
  require<UsageError>(books_ <= file.books, "--books {}: the file has {}", books_, file.books);
  call.begin();
  const int64_t use = books_ > 0 ? books_ : file.books;
  std::unique_ptr<SoundWriter> writer;
  if (!stream_) writer = std::make_unique<SoundWriter>(output_, codec.sample_rate);
  int64_t left = file.samples;
  const auto put = [&](const Tensor& samples_N) {
    const Tensor wanted_N = samples_N.slice(0, 0, left);  // the last frame may be longer than the sound
    left -= wanted_N.size(0);
    if (writer) return writer->write(wanted_N);
    const std::string bytes = pcm16(wanted_N);
    std::fwrite(bytes.data(), 1, bytes.size(), stdout);
    require(std::fflush(stdout) == 0, "stdout cannot be written");
  };
  const auto decoder = opened.decoder();
  for (int64_t at = 0; at < file.frames(); at += kBlock) {
    throw_if_interrupted();
    const int64_t count = std::min(kBlock, file.frames() - at);
    Tensor codes_FK = at::empty({count, file.books}, at::kLong);
    std::copy_n(file.codes.begin() + at * file.books, codes_FK.numel(), codes_FK.mutable_data_ptr<int64_t>());
    put(decoder->push(codes_FK.t().narrow(0, 0, use)));
  }
  put(decoder->finish());
  if (!writer) return kExitDone;
  writer->finish();
  call.history().output(output_, "sound");
  const double seconds = static_cast<double>(file.samples) / static_cast<double>(file.sample_rate);
  if (call.json())
    call.out().write(
        {{"output", output_.string()}, {"seconds", seconds}, {"sample_rate", codec.sample_rate}});
  else
    fmt::print("{}: {:.2f} s at {} Hz\n", output_.string(), seconds, codec.sample_rate);
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_decode_verb() {
  return std::make_unique<DecodeVerb>();
}

}  // namespace conclave
