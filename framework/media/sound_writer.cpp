#include "framework/media/sound_writer.h"

#include <ATen/ATen.h>

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cmath>
#include <cstring>
#include <exception>
#include <map>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/memory_input.h"
#include "framework/media/resample.h"

namespace conclave {
namespace {

constexpr int kWriteBlock = 1 << 16;
constexpr int kAnyFrame = 1024;  // samples, where the encoder takes any number

struct Format {
  const char* muxer;
  const char* encoder;
};

const Format& format_of(const std::filesystem::path& path) {
  static const std::map<std::string, Format> kFormats = {{".wav", {"wav", "pcm_s16le"}},
                                                         {".flac", {"flac", "flac"}},
                                                         {".opus", {"opus", "libopus"}},
                                                         {".ogg", {"ogg", "libopus"}},
                                                         {".mp3", {"mp3", "libmp3lame"}}};
  const auto found = kFormats.find(path.extension().string());
  require<UsageError>(found != kFormats.end(),
                      "{}: the name of a sound file must end in .wav, .flac, .opus, .ogg or .mp3",
                      path.string());
  return found->second;
}

struct FreeOutput {
  void operator()(AVFormatContext* format) const {
    if (format->pb) {
      av_freep(&format->pb->buffer);
      avio_context_free(&format->pb);
    }
    avformat_free_context(format);
  }
};

int16_t to_int16(float x) {
  return static_cast<int16_t>(std::lround(std::clamp(x, -1.0F, 1.0F) * 32767));
}

}  // namespace

struct SoundWriter::State {
  std::string name;
  AtomicFile file;
  int64_t at = 0, size = 0;
  std::exception_ptr wrong;  // thrown behind FFmpeg's back
  std::unique_ptr<AVFormatContext, FreeOutput> format;
  FfmpegPtr<AVCodecContext> encoder;
  FfmpegPtr<AVFrame> frame{av_frame_alloc()};
  FfmpegPtr<AVPacket> packet{av_packet_alloc()};
  std::unique_ptr<Resampler> resampler;
  std::vector<float> waiting;
  int64_t sent = 0;
  int samples_of_frame = 0;

  explicit State(const std::filesystem::path& path) : name(path.string()), file(path) {}

  static int put(void* self, uint8_t* bytes, int count) {
    auto& state = *static_cast<State*>(self);
    try {
      state.file.write_at(static_cast<uint64_t>(state.at),
                          {reinterpret_cast<const char*>(bytes), static_cast<size_t>(count)});
    } catch (...) {
      if (!state.wrong) state.wrong = std::current_exception();
      return AVERROR(EIO);
    }
    state.at += count;
    state.size = std::max(state.size, state.at);
    return count;
  }
  static int64_t seek(void* self, int64_t offset, int whence) {
    auto& state = *static_cast<State*>(self);
    if (whence & AVSEEK_SIZE) return state.size;
    const int64_t to = offset + (whence == SEEK_CUR ? state.at : whence == SEEK_END ? state.size : 0);
    return to < 0 ? AVERROR(EINVAL) : state.at = to;
  }

  void check(int code, const char* what) {
    if (wrong) std::rethrow_exception(wrong);
    require(code >= 0, "{}: {}: {}", name, what, ffmpeg_message(code));
  }

  void open(const Format& kind, int64_t rate, const SoundFileOptions& options) {
    av_log_set_level(AV_LOG_QUIET);
    const AVCodec* codec = avcodec_find_encoder_by_name(kind.encoder);
    require(codec != nullptr, "{}: this FFmpeg has no encoder {}", name, kind.encoder);
    AVFormatContext* made = nullptr;
    check(avformat_alloc_output_context2(&made, nullptr, kind.muxer, nullptr), "cannot be begun");
    format.reset(made);
    made->pb = avio_alloc_context(static_cast<unsigned char*>(av_malloc(kWriteBlock)), kWriteBlock, 1, this,
                                  nullptr, put, seek);
    made->flags |= AVFMT_FLAG_BITEXACT;  // no version of the encoder, no random serial numbers
    encoder.reset(avcodec_alloc_context3(codec));
    AVCodecContext& e = *encoder;
    e.flags |= AV_CODEC_FLAG_BITEXACT;
    e.thread_count = 1;
    e.sample_rate = static_cast<int>(rate);
    if (const int* rates = codec->supported_samplerates) {
      int best = 0;
      for (; *rates; ++rates)
        if (*rates >= rate && (best == 0 || *rates < best)) best = *rates;
      require<UsageError>(best > 0, "{}: {} Hz is more than the format holds", name, rate);
      e.sample_rate = best;
    }
    e.sample_fmt = codec->sample_fmts[0];
    for (const AVSampleFormat* f = codec->sample_fmts; *f != AV_SAMPLE_FMT_NONE; ++f)
      if (*f == AV_SAMPLE_FMT_S16 || *f == AV_SAMPLE_FMT_S16P) e.sample_fmt = *f;
    e.ch_layout = AV_CHANNEL_LAYOUT_MONO;
    e.time_base = {1, e.sample_rate};
    if (options.bitrate > 0) e.bit_rate = options.bitrate;
    if (made->oformat->flags & AVFMT_GLOBALHEADER) e.flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    AVDictionary* settings = nullptr;
    if (std::string_view(kind.encoder) == "libopus") {
      av_dict_set(&settings, "application", "voip", 0);
      av_dict_set_int(&settings, "frame_duration", options.frame_ms, 0);
      av_dict_set(&settings, "vbr", options.constant ? "off" : "on", 0);
    }
    const int opened = avcodec_open2(&e, codec, &settings);
    av_dict_free(&settings);
    check(opened, "its encoder cannot be opened");
    AVStream* stream = avformat_new_stream(made, nullptr);
    avcodec_parameters_from_context(stream->codecpar, &e);
    stream->time_base = e.time_base;
    check(avformat_write_header(made, nullptr), "cannot be begun");
    samples_of_frame = e.frame_size > 0 ? e.frame_size : kAnyFrame;
    if (e.sample_rate != rate)
      resampler = std::make_unique<Resampler>(SampleFormat{AV_SAMPLE_FMT_FLTP, 1, static_cast<int>(rate)},
                                              e.sample_rate);
  }

  void take(const at::Tensor& samples_N) {
    const at::Tensor x_N = samples_N.to(at::kFloat).contiguous();
    const float* x = x_N.const_data_ptr<float>();
    waiting.insert(waiting.end(), x, x + x_N.size(0));
    size_t done = 0;
    for (; waiting.size() - done >= static_cast<size_t>(samples_of_frame);
         done += static_cast<size_t>(samples_of_frame))
      send(waiting.data() + done, samples_of_frame);
    waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(done));
  }

  void send(const float* x, int count) {
    frame->nb_samples = count;
    frame->format = encoder->sample_fmt;
    frame->ch_layout = encoder->ch_layout;
    frame->sample_rate = encoder->sample_rate;
    frame->pts = sent;
    check(av_frame_get_buffer(frame.get(), 0), "no memory");
    if (encoder->sample_fmt == AV_SAMPLE_FMT_S16 || encoder->sample_fmt == AV_SAMPLE_FMT_S16P)
      std::transform(x, x + count, reinterpret_cast<int16_t*>(frame->data[0]), to_int16);
    else
      throw Error(fmt::format("{}: its encoder takes no samples of 16 bits", name));
    sent += count;
    drain(frame.get());
    av_frame_unref(frame.get());
  }

  void drain(const AVFrame* in) {
    check(avcodec_send_frame(encoder.get(), in), "cannot be encoded");
    while (avcodec_receive_packet(encoder.get(), packet.get()) == 0) {
      av_packet_rescale_ts(packet.get(), encoder->time_base, format->streams[0]->time_base);
      packet->stream_index = 0;
      check(av_interleaved_write_frame(format.get(), packet.get()), "cannot be written");
    }
  }

  void finish() {
    if (resampler) take(resampler->finish());
    if (!waiting.empty()) send(waiting.data(), static_cast<int>(waiting.size()));
    drain(nullptr);
    check(av_write_trailer(format.get()), "cannot be ended");
    avio_flush(format->pb);
    check(format->pb->error, "cannot be written");
    file.commit();
  }
};

SoundWriter::SoundWriter(const std::filesystem::path& path, int64_t sample_rate,
                         const SoundFileOptions& options) {
  const Format& kind = format_of(path);
  require<UsageError>(sample_rate >= 100 && sample_rate <= 384000, "a sample rate of {}", sample_rate);
  state_ = std::make_unique<State>(path);
  state_->open(kind, sample_rate, options);
}

SoundWriter::~SoundWriter() = default;

void SoundWriter::write(const at::Tensor& samples_N) {
  if (samples_N.size(0) > 0) state_->take(state_->resampler ? state_->resampler->push(samples_N) : samples_N);
}

void SoundWriter::finish() {
  state_->finish();
}

void save_sound(const std::filesystem::path& path, const at::Tensor& samples_N, int64_t sample_rate,
                const SoundFileOptions& options) {
  SoundWriter writer(path, sample_rate, options);
  writer.write(samples_N);
  writer.finish();
}

void check_sound_name(const std::filesystem::path& path) {
  format_of(path);
}

std::string pcm16(const at::Tensor& samples_N) {
  const at::Tensor x_N = samples_N.to(at::kFloat).contiguous();
  const float* x = x_N.const_data_ptr<float>();
  std::string bytes(static_cast<size_t>(x_N.size(0)) * 2, '\0');
  for (int64_t i = 0; i < x_N.size(0); ++i) {
    const int16_t sample = to_int16(x[i]);
    std::memcpy(bytes.data() + 2 * i, &sample, 2);
  }
  return bytes;
}

}  // namespace conclave
