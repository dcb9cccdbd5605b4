/// Bytes in memory as FFmpeg reads them, and what its objects are freed by.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <memory>
#include <string>
#include <string_view>

namespace conclave {

/// "Invalid data found when processing input".
std::string ffmpeg_message(int code);

struct FreeFfmpeg {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
  void operator()(AVCodecContext* coder) const { avcodec_free_context(&coder); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
template <class T>
using FfmpegPtr = std::unique_ptr<T, FreeFfmpeg>;

/// One opened file. Nothing outside `bytes` is read: no playlists, no network.
class MemoryInput {
 public:
  /// `containers` are the names of allowed demuxers. `kind` stands in the message: "video". Throws DataError.
  MemoryInput(std::string_view bytes, const std::string& name, const char* containers, const char* kind);
  MemoryInput(const MemoryInput&) = delete;
  MemoryInput& operator=(const MemoryInput&) = delete;

  AVFormatContext* get() const { return format_.get(); }
  AVFormatContext* operator->() const { return format_.get(); }

 private:
  struct Source {
    std::string_view bytes;
    int64_t at = 0;
    static int read(void* self, uint8_t* to, int wanted);
    static int64_t seek(void* self, int64_t offset, int whence);
  };
  struct FreeIo {
    void operator()(AVIOContext* io) const {
      av_freep(&io->buffer);
      avio_context_free(&io);
    }
  };

  Source source_;
  std::unique_ptr<AVIOContext, FreeIo> io_;
  FfmpegPtr<AVFormatContext> format_;
};

}  // namespace conclave
