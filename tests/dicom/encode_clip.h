/// Small grey clips for tests, by any of FFmpeg's encoders.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
}

#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace conclave::testing {

inline bool has_encoder(const char* name) {
  return avcodec_find_encoder_by_name(name) != nullptr;
}

/// One frame of 64 x 48 for each value of `luma` (16 .. 235), 25 a second. `path`'s ending names the
/// container.
inline void write_clip(const std::filesystem::path& path, const char* encoder_name,
                       const std::vector<uint8_t>& luma) {
  const auto check = [](int code) {
    if (code < 0) throw std::runtime_error("cannot write the test clip");
  };
  AVFormatContext* file = nullptr;
  check(avformat_alloc_output_context2(&file, nullptr, nullptr, path.c_str()));
  const AVCodec* codec = avcodec_find_encoder_by_name(encoder_name);
  AVCodecContext* encoder = avcodec_alloc_context3(codec);
  encoder->width = 64, encoder->height = 48;
  encoder->pix_fmt = AV_PIX_FMT_YUV420P;
  encoder->time_base = {1, 25};
  encoder->framerate = {25, 1};
  if (file->oformat->flags & AVFMT_GLOBALHEADER) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  check(avcodec_open2(encoder, codec, nullptr));
  AVStream* stream = avformat_new_stream(file, nullptr);
  stream->time_base = encoder->time_base;
  check(avcodec_parameters_from_context(stream->codecpar, encoder));
  check(avio_open(&file->pb, path.c_str(), AVIO_FLAG_WRITE));
  check(avformat_write_header(file, nullptr));
  AVFrame* frame = av_frame_alloc();
  frame->format = encoder->pix_fmt;
  frame->width = 64, frame->height = 48;
  check(av_frame_get_buffer(frame, 0));
  AVPacket* packet = av_packet_alloc();
  const auto drain = [&] {
    while (avcodec_receive_packet(encoder, packet) == 0) {
      packet->duration = 1;
      av_packet_rescale_ts(packet, encoder->time_base, stream->time_base);
      check(av_interleaved_write_frame(file, packet));
    }
  };
  for (size_t i = 0; i < luma.size(); ++i) {
    check(av_frame_make_writable(frame));
    std::memset(frame->data[0], luma[i], static_cast<size_t>(frame->linesize[0]) * 48);
    for (const int plane : {1, 2})
      std::memset(frame->data[plane], 128, static_cast<size_t>(frame->linesize[plane]) * 24);
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
