#include <ATen/ATen.h>

#include "apps/audio/any_codec.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/media/sound.h"
#include "framework/media/sound_codes_file.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// Sound of any format to a file of codes, in bounded memory.
class EncodeVerb : public Verb {
 public:
  std::string name() const override { return "encode"; }
  std::string summary() const override { return "Sound of any format to a small file of codes"; }
  std::string examples() const override {
    return "conclave-audio encode voice.mp3 -o voice.cvs\n"
           "conclave-audio encode song.flac --model DIR/dac_16khz -o song.cvs";
  }
  void declare(Options& options) override {
    options.positional("input", input_, "Sound file").required().existing();
    options.add("output", output_, "File of codes to write").letter('o').required();
    options
        .add("model", model_, "Folder of a voice, of a codec alone, or of a published DAC, EnCodec or Mimi")
        .existing();
    options.add("books", books_, "Codebooks to use, fewer for fewer bits; 0: all").range(0, 32);
  }
  int run(Invocation& call) override;

 private:
  fs::path input_, output_, model_;
  int64_t books_ = 0;
};

int EncodeVerb::run(Invocation& call) {
  set_threads(call.common().threads);
  const AnyCodec opened = open_any_codec(model_);
  const auto& codec = *opened.codec;
  require<UsageError>(books_ <= codec.books, "--books {}: the codec has {}", books_, codec.books);
  SoundReader reader(input_, codec.sample_rate);
  call.begin();
  SoundCodes file;
  file.sample_rate = codec.sample_rate;
  file.hop = codec.hop;
  file.books = books_ > 0 ? books_ : codec.books;
  file.book_size = codec.book_size;
  file.codec = opened.id;
  const auto encoder = opened.encoder(file.books);
  const auto keep = [&](const Tensor& codes_KF) {
    const Tensor codes_FK = codes_KF.t().contiguous();
    const auto* first = codes_FK.const_data_ptr<int64_t>();
    file.codes.insert(file.codes.end(), first, first + codes_FK.numel());
  };
  for (Tensor piece_N = reader.read(); piece_N.defined(); piece_N = reader.read()) {
    throw_if_interrupted();
    file.samples += piece_N.size(0);
    keep(encoder->push(piece_N));
  }
  if (file.samples == 0) throw DataError(input_.string(), "", "holds no samples");
  keep(encoder->finish());
  write_file(output_, write_sound_codes(file));
  call.history().output(output_, "codes");
  const double seconds = static_cast<double>(file.samples) / static_cast<double>(file.sample_rate);
  const auto bytes = static_cast<int64_t>(fs::file_size(output_));
  if (call.json())
    call.out().write({{"output", output_.string()},
                      {"seconds", seconds},
                      {"books", file.books},
                      {"bytes", bytes},
                      {"payload_bits_per_second", codec.bits_per_second(file.books)}});
  else
    fmt::print("{}: {:.2f} s, {} codebooks, {:.1f} kbit/s of codes, {} bytes\n", output_.string(), seconds,
               file.books, codec.bits_per_second(file.books) / 1000, bytes);
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_encode_verb() {
  return std::make_unique<EncodeVerb>();
}

}  // namespace conclave
