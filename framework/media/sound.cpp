#include "framework/media/sound.h"

#include <ATen/ATen.h>

extern "C" {
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>
}

#include <vector>

#include "framework/base/error.h"
#include "framework/base/mapped_file.h"
#include "framework/media/memory_input.h"
#include "framework/media/resample.h"

namespace conclave {
namespace {

constexpr const char* kSoundContainers =
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,amr,ac3,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg";
constexpr int kMostChannels = 64;
constexpr double kMissing = 0.1;   // seconds that encoders may round a duration by
constexpr int kPaddingFrames = 4;  // that a header may count and a decoder leave out

}  // namespace

struct SoundReader::State {
  std::string name;
  std::unique_ptr<MappedFile> file;
  std::unique_ptr<MemoryInput> input;
  FfmpegPtr<AVCodecContext> decoder;
  FfmpegPtr<AVFrame> frame{av_frame_alloc()};
  FfmpegPtr<AVPacket> packet{av_packet_alloc()};
  std::unique_ptr<Resampler> resampler;
  SoundInfo info;
  int64_t wanted_rate = 0, decoded = 0;
  int index = -1;
  bool exact_duration = false;
  enum { packets, draining, ended } stage = packets;

  [[noreturn]] void fail(const std::string& what) const { throw DataError(name, "", what); }
  AVStream* stream() const { return (*input)->streams[index]; }
  std::string moment() const {
    return fmt::format("second {:.2f}", static_cast<double>(decoded) / static_cast<double>(info.sample_rate));
  }

  void open(std::string_view bytes, int64_t sample_rate) {
    require<UsageError>(sample_rate >= 0 && sample_rate <= 384000, "a sample rate of {}", sample_rate);
    if (bytes.empty()) fail("is empty");
    input = std::make_unique<MemoryInput>(bytes, name, kSoundContainers, "sound");
    const AVCodec* codec = nullptr;
    index = av_find_best_stream(input->get(), AVMEDIA_TYPE_AUDIO, -1, -1, &codec, 0);
    if (index < 0 || !codec) fail("has no sound that can be decoded");
    const AVCodecParameters& p = *stream()->codecpar;
    if (p.sample_rate < 100 || p.sample_rate > 768000 || p.ch_layout.nb_channels < 1 ||
        p.ch_layout.nb_channels > kMostChannels)
      fail(fmt::format("has {} channels at {} Hz: allowed are 1 to {} at 100 to 768000 Hz",
                       p.ch_layout.nb_channels, p.sample_rate, kMostChannels));
    decoder.reset(avcodec_alloc_context3(codec));
    avcodec_parameters_to_context(decoder.get(), &p);
    decoder->thread_count = 1;
    decoder->pkt_timebase = stream()->time_base;
    if (const int code = avcodec_open2(decoder.get(), codec, nullptr); code < 0)
      fail("cannot be decoded: " + ffmpeg_message(code));
    info.sample_rate = p.sample_rate;
    info.channels = p.ch_layout.nb_channels;
    if (stream()->duration > 0)
      info.seconds = static_cast<double>(stream()->duration) * av_q2d(stream()->time_base);
    // Guessed from the size of the file it says nothing about what is missing.
    exact_duration = info.seconds > 0 && (*input)->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;
    wanted_rate = sample_rate > 0 ? sample_rate : info.sample_rate;
  }

  at::Tensor converted() {
    const AVFrame& f = *frame;
    if (!resampler)
      resampler = std::make_unique<Resampler>(SampleFormat{f.format, f.ch_layout.nb_channels, f.sample_rate},
                                              wanted_rate);
    if (!resampler->fits({f.format, f.ch_layout.nb_channels, f.sample_rate}))
      fail(moment() + ": rate or channels change on the way, which is not supported");
    decoded += f.nb_samples;
    const at::Tensor samples_N = resampler->push(f.extended_data, f.nb_samples);
    if (samples_N.numel() > 0 && !at::isfinite(samples_N).all().item<bool>())
      fail(moment() + ": holds samples that are no finite numbers");
    return samples_N;
  }

  // The next decoded samples; undefined when the decoder has no more.
  at::Tensor decode() {
    while (true) {
      const int got = avcodec_receive_frame(decoder.get(), frame.get());
      if (got == 0) return converted();
      if (got == AVERROR_EOF || (got == AVERROR(EAGAIN) && stage != packets)) return {};
      if (got != AVERROR(EAGAIN)) fail(moment() + ": cannot be decoded: " + ffmpeg_message(got));
      feed();
    }
  }

  void feed() {
    while (true) {
      const int got = av_read_frame(input->get(), packet.get());
      if (got < 0) {
        if (got != AVERROR_EOF) fail(moment() + ": cannot be read: " + ffmpeg_message(got));
        avcodec_send_packet(decoder.get(), nullptr);
        stage = draining;
        return;
      }
      const bool ours = packet->stream_index == index;
      const bool corrupt = ours && (packet->flags & AV_PKT_FLAG_CORRUPT);
      const int sent = ours ? avcodec_send_packet(decoder.get(), packet.get()) : 0;
      av_packet_unref(packet.get());
      if (corrupt || (sent < 0 && sent != AVERROR(EAGAIN)))
        fail(moment() + ": the file is damaged or cut short there" +
             (sent < 0 ? ": " + ffmpeg_message(sent) : ""));
      if (ours) return;
    }
  }

  at::Tensor end() {
    stage = ended;
    const double have = static_cast<double>(decoded) / static_cast<double>(info.sample_rate);
    const double padding =
        static_cast<double>(kPaddingFrames * decoder->frame_size) / static_cast<double>(info.sample_rate);
    if (exact_duration && have < info.seconds - kMissing - padding)
      fail(fmt::format("is cut short: {:.2f} of {:.2f} seconds are there", have, info.seconds));
    return resampler ? resampler->finish() : at::empty({0});
  }
};

SoundReader::SoundReader(const std::filesystem::path& path, int64_t sample_rate)
    : state_(std::make_unique<State>()) {
  state_->name = path.string();
  state_->file = std::make_unique<MappedFile>(path);
  state_->open(state_->file->text(), sample_rate);
}

SoundReader::SoundReader(std::string_view bytes, const std::string& name, int64_t sample_rate)
    : state_(std::make_unique<State>()) {
  state_->name = name;
  state_->open(bytes, sample_rate);
}

SoundReader::~SoundReader() = default;

const SoundInfo& SoundReader::info() const {
  return state_->info;
}

int64_t SoundReader::sample_rate() const {
  return state_->wanted_rate;
}

at::Tensor SoundReader::read() {
  while (state_->stage != State::ended) {
    at::Tensor samples_N = state_->decode();
    if (!samples_N.defined()) samples_N = state_->end();
    if (samples_N.size(0) > 0) return samples_N;
  }
  return {};
}

namespace {

Sound whole(SoundReader& reader, const std::string& name, const SoundOptions& options) {
  const auto most = static_cast<int64_t>(options.max_seconds * static_cast<double>(reader.sample_rate()));
  std::vector<at::Tensor> pieces;
  int64_t samples = 0;
  while (samples < most || !options.cut) {
    const at::Tensor piece_N = reader.read();
    if (!piece_N.defined()) break;
    pieces.push_back(piece_N);
    samples += piece_N.size(0);
    if (samples > most && !options.cut)
      throw DataError(name, "", fmt::format("is longer than {} seconds", options.max_seconds));
  }
  if (samples == 0) throw DataError(name, "", "holds no samples");
  return {at::cat(pieces).slice(0, 0, most), reader.sample_rate()};
}

}  // namespace

Sound load_sound(const std::filesystem::path& path, const SoundOptions& options) {
  SoundReader reader(path, options.sample_rate);
  return whole(reader, path.string(), options);
}

Sound decode_sound(std::string_view bytes, const std::string& name, const SoundOptions& options) {
  SoundReader reader(bytes, name, options.sample_rate);
  return whole(reader, name, options);
}

}  // namespace conclave
