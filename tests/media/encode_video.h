/// Small videos for tests, encoded in memory.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <array>
#include <filesystem>
#include <stdexcept>
#include <vector>

namespace conclave::testing {

/// Writes frames of one colour each, `fps` a second. MKV with lossless FFV1, or GIF, by the file's name.
inline void write_video(const std::filesystem::path& path, int width, int height,
                        const std::vector<std::array<uint8_t, 3>>& colors, int fps) {
  const auto check = [](int code) {
    if (code < 0) throw std::runtime_error("cannot write the test video");
  };
  const bool gif = path.extension() == ".gif";
  AVFormatContext* file = nullptr;
  check(avformat_alloc_output_context2(&file, nullptr, nullptr, path.c_str()));
  const AVCodec* codec = avcodec_find_encoder(gif ? AV_CODEC_ID_GIF : AV_CODEC_ID_FFV1);
  AVCodecContext* encoder = avcodec_alloc_context3(codec);
  encoder->width = width;
  encoder->height = height;
  encoder->pix_fmt = gif ? AV_PIX_FMT_RGB8 : AV_PIX_FMT_0RGB32;
  encoder->time_base = {1, fps};
  if (file->oformat->flags & AVFMT_GLOBALHEADER) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  check(avcodec_open2(encoder, codec, nullptr));
  AVStream* stream = avformat_new_stream(file, nullptr);
  stream->time_base = encoder->time_base;
  check(avcodec_parameters_from_context(stream->codecpar, encoder));
  check(avio_open(&file->pb, path.c_str(), AVIO_FLAG_WRITE));
  check(avformat_write_header(file, nullptr));

  AVFrame* frame = av_frame_alloc();
  frame->format = encoder->pix_fmt;
  frame->width = width;
  frame->height = height;
  check(av_frame_get_buffer(frame, 0));
  AVPacket* packet = av_packet_alloc();
  const auto drain = [&] {
    while (avcodec_receive_packet(encoder, packet) == 0) {
      packet->duration = 1;
      av_packet_rescale_ts(packet, encoder->time_base, stream->time_base);
      check(av_interleaved_write_frame(file, packet));
    }
  };
  for (size_t i = 0; i < colors.size(); ++i) {
    check(av_frame_make_writable(frame));
    const auto [r, g, b] = colors[i];
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        uint8_t* row = frame->data[0] + y * frame->linesize[0];
        if (gif)
          row[x] = static_cast<uint8_t>((r >> 5) << 5 | (g >> 5) << 2 | b >> 6);
        else
          reinterpret_cast<uint32_t*>(row)[x] = uint32_t{r} << 16 | uint32_t{g} << 8 | b;
      }
    frame->pts = static_cast<int64_t>(i);
    check(avcodec_send_frame(encoder, frame));
    drain();
  }
  avcodec_send_frame(encoder, nullptr);
  drain();
  check(av_write_trailer(file));
  av_packet_free(&packet);
  av_frame_free(&frame);
  avcodec_free_context(&encoder);
  avio_closep(&file->pb);
  avformat_free_context(file);
}

}  // namespace conclave::testing
