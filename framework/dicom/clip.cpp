#include "framework/dicom/clip.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cstring>

#include "framework/base/error.h"
#include "framework/base/mapped_file.h"
#include "framework/dicom/pixels.h"

namespace conclave::dicom {
namespace {

constexpr int kIoBlock = 1 << 16;
constexpr int64_t kMostFrames = 10'000'000;
// Demuxers that read one file and nothing else: no playlists, no network.
constexpr const char* kContainers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,m4v";

std::string message_of(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

/// Pieces of memory as FFmpeg reads them.
struct Pieces {
  std::vector<std::string_view> pieces;
  std::vector<int64_t> ends;
  int64_t at = 0;

  void set(std::vector<std::string_view> all) {
    pieces = std::move(all);
    int64_t end = 0;
    for (const auto& piece : pieces) ends.push_back(end += static_cast<int64_t>(piece.size()));
  }
  int64_t size() const { return ends.empty() ? 0 : ends.back(); }
  static int read(void* self, uint8_t* to, int wanted) {
    auto& source = *static_cast<Pieces*>(self);
    const auto found = std::upper_bound(source.ends.begin(), source.ends.end(), source.at);
    if (found == source.ends.end()) return AVERROR_EOF;
    const auto& piece = source.pieces[static_cast<size_t>(found - source.ends.begin())];
    const int64_t left = *found - source.at;
    const auto count = static_cast<int>(std::min<int64_t>(left, wanted));
    std::memcpy(to, piece.data() + (static_cast<int64_t>(piece.size()) - left), static_cast<size_t>(count));
    source.at += count;
    return count;
  }
  static int64_t seek(void* self, int64_t offset, int whence) {
    auto& source = *static_cast<Pieces*>(self);
    if (whence & AVSEEK_SIZE) return source.size();
    const int64_t base = whence == SEEK_CUR ? source.at : whence == SEEK_END ? source.size() : 0;
    if (base + offset < 0 || base + offset > source.size()) return AVERROR(EINVAL);
    return source.at = base + offset;
  }
};

struct FreeIo {
  void operator()(AVIOContext* io) const {
    av_freep(&io->buffer);
    avio_context_free(&io);
  }
};
struct FreeFormat {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};
struct FreeDecoder {
  void operator()(AVCodecContext* decoder) const { avcodec_free_context(&decoder); }
};
struct FreeFrame {
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct FreePacket {
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};

}  // namespace

struct Clip::State {
  std::string name;
  std::unique_ptr<MappedFile> file;
  Pieces pieces;
  std::unique_ptr<AVIOContext, FreeIo> io;
  std::unique_ptr<AVFormatContext, FreeFormat> format;
  std::unique_ptr<AVCodecContext, FreeDecoder> decoder;
  std::unique_ptr<SwsContext, void (*)(SwsContext*)> scaler{nullptr, sws_freeContext};
  std::unique_ptr<AVFrame, FreeFrame> frame{av_frame_alloc()};
  std::unique_ptr<AVPacket, FreePacket> packet{av_packet_alloc()};
  int stream = -1;
  int64_t frames = 0, next = 0;
  int64_t width = 0, height = 0;
  bool drained = false;

  [[noreturn]] void fail(const std::string& what) const { throw DataError(name, "", what); }
  void check(int code, const char* what) const {
    if (code < 0) fail(fmt::format("{}: {}", what, message_of(code)));
  }

  void open() {
    av_log_set_level(AV_LOG_QUIET);  // what goes wrong is thrown
    decoder.reset();
    format.reset();
    pieces.at = 0;
    next = 0;
    drained = false;
    io.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBlock)), kIoBlock, 0, &pieces,
                                Pieces::read, nullptr, Pieces::seek));
    AVFormatContext* context = avformat_alloc_context();
    context->pb = io.get();
    AVDictionary* settings = nullptr;
    av_dict_set(&settings, "format_whitelist", kContainers, 0);
    av_dict_set(&settings, "protocol_whitelist", "", 0);
    const int opened = avformat_open_input(&context, nullptr, nullptr, &settings);
    av_dict_free(&settings);
    if (opened < 0) fail("cannot be opened as video: " + message_of(opened));  // it has freed the context
    format.reset(context);
    check(avformat_find_stream_info(context, nullptr), "its streams cannot be read");
    const AVCodec* codec = nullptr;
    stream = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (stream < 0 || !codec) fail("has no video that can be decoded");
    const AVCodecParameters& parameters = *context->streams[stream]->codecpar;
    width = parameters.width, height = parameters.height;
    if (width < 1 || height < 1 || width > kMostPixels / height)
      fail(fmt::format("pictures of {} x {} are not read", width, height));
    decoder.reset(avcodec_alloc_context3(codec));
    check(avcodec_parameters_to_context(decoder.get(), &parameters), "cannot be decoded");
    decoder->thread_count = 1;
    decoder->max_pixels = kMostPixels;
    check(avcodec_open2(decoder.get(), codec, nullptr), "cannot be decoded");
  }

  void count() {
    while (av_read_frame(format.get(), packet.get()) >= 0) {
      // A container may hold packets that it does not show.
      const bool shown = packet->stream_index == stream && !(packet->flags & AV_PKT_FLAG_DISCARD);
      if (shown && ++frames > kMostFrames) fail("has too many frames");
      av_packet_unref(packet.get());
    }
    if (frames == 0) fail("has no frames");
    open();
  }

  // The next decoded frame is in `frame`; false at the end.
  bool advance() {
    for (;;) {
      const int got = avcodec_receive_frame(decoder.get(), frame.get());
      if (got == 0) return true;
      if (got != AVERROR(EAGAIN) || drained) return false;
      for (;;) {
        const int read = av_read_frame(format.get(), packet.get());
        if (read < 0) {
          avcodec_send_packet(decoder.get(), nullptr);
          drained = true;
          break;
        }
        const bool ours = packet->stream_index == stream;
        const int sent = ours ? avcodec_send_packet(decoder.get(), packet.get()) : 0;
        av_packet_unref(packet.get());
        if (sent < 0 && sent != AVERROR(EAGAIN))
          fail(fmt::format("frame {} is broken: {}", next, message_of(sent)));
        if (ours) break;
      }
    }
  }

  Frame picture() {
    if (frame->width < 1 || frame->height < 1 || frame->width > kMostPixels / frame->height)
      fail("a frame has no size");
    scaler.reset(sws_getCachedContext(
        scaler.release(), frame->width, frame->height, static_cast<AVPixelFormat>(frame->format),
        frame->width, frame->height, AV_PIX_FMT_RGB24,
        SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr, nullptr, nullptr));
    if (!scaler) fail("its pixel format is not supported");
    Frame picture{frame->width, frame->height, {}};
    picture.rgb.resize(static_cast<size_t>(picture.width * picture.height * 3));
    uint8_t* rows[4] = {picture.rgb.data()};
    const int steps[4] = {frame->width * 3};
    sws_scale(scaler.get(), frame->data, frame->linesize, 0, frame->height, rows, steps);
    return picture;
  }
};

Clip::Clip(const std::filesystem::path& path) : state_(std::make_unique<State>()) {
  state_->name = path.string();
  state_->file = std::make_unique<MappedFile>(path);
  state_->pieces.set({state_->file->text()});
  state_->open();
  state_->count();
}

Clip::Clip(std::vector<std::string_view> pieces, std::string name) : state_(std::make_unique<State>()) {
  state_->name = std::move(name);
  state_->pieces.set(std::move(pieces));
  state_->open();
  state_->count();
}

Clip::~Clip() = default;

int64_t Clip::frame_count() const {
  return state_->frames;
}
std::string Clip::name() const {
  return state_->name;
}
int64_t Clip::width() const {
  return state_->width;
}
int64_t Clip::height() const {
  return state_->height;
}

Frame Clip::read(int64_t index) {
  require<UsageError>(index >= 0 && index < state_->frames, "{}: frame {} of {}", state_->name, index,
                      state_->frames);
  if (index < state_->next) state_->open();
  while (state_->next <= index) {
    if (!state_->advance()) state_->fail(fmt::format("frame {} cannot be decoded", state_->next));
    ++state_->next;
  }
  return state_->picture();
}

}  // namespace conclave::dicom
