#include "framework/media/frames.h"

extern "C" {
#include <libavutil/display.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <opencv2/core.hpp>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/mat_tensor.h"
#include "framework/media/memory_input.h"

namespace conclave {
namespace {

constexpr size_t kPacketLimit = 10'000'000;
constexpr size_t kVideoBytes = size_t{4} << 30;
// Demuxers that read one file and nothing else: no playlists, no network.
constexpr const char* kVideoContainers =
    "gif,apng,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,yuv4mpegpipe";

/// One opened file with its video stream. FFmpeg's objects are freed in the right order.
class Video {
 public:
  Video(std::string_view bytes, const std::string& name, const PictureOptions& options)
      : name_(name), options_(options), format_(bytes, name, kVideoContainers, "video") {
    const AVCodec* codec = nullptr;
    index_ = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (index_ < 0 || !codec || stream()->disposition & AV_DISPOSITION_ATTACHED_PIC)
      fail("has no video that can be decoded");
    check_size(stream()->codecpar->width, stream()->codecpar->height);
    decoder_.reset(avcodec_alloc_context3(codec));
    check(avcodec_parameters_to_context(decoder_.get(), stream()->codecpar), "cannot be decoded");
    decoder_->thread_count = 1;
    decoder_->max_pixels = options.max_pixels;
    check(avcodec_open2(decoder_.get(), codec, nullptr), "cannot be decoded");
  }

  int64_t width() const { return stream()->codecpar->width; }
  int64_t height() const { return stream()->codecpar->height; }

  /// The times of all frames in order, in units of the stream's time base, and the end of the last.
  std::pair<std::vector<int64_t>, int64_t> times() {
    std::vector<int64_t> times;
    int64_t end = 0;
    each_packet([&](const AVPacket& packet) {
      const int64_t time = packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts;
      if (time == AV_NOPTS_VALUE) return true;
      times.push_back(time);
      end = std::max(end, time + std::max<int64_t>(packet.duration, 0));
      if (times.size() > kPacketLimit) fail(fmt::format("has more than {} frames", kPacketLimit));
      return true;
    });
    std::sort(times.begin(), times.end());
    if (times.empty()) fail("has no frames");
    // A last frame without a duration is taken to be as long as the others.
    const auto gaps = static_cast<int64_t>(times.size()) - 1;
    if (end <= times.back()) end = times.back() + (gaps > 0 ? (times.back() - times.front()) / gaps : 0);
    return {times, std::max(end, times.back() + 1)};
  }

  /// Seconds that the header tells of, for the pictures; 0: it does not, or tells of other streams too.
  double told_seconds() const {
    if (stream()->duration > 0) return static_cast<double>(stream()->duration) * av_q2d(stream()->time_base);
    const bool guessed = format_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
    return format_->nb_streams == 1 && format_->duration > 0 && !guessed
               ? static_cast<double>(format_->duration) / AV_TIME_BASE
               : 0;
  }

  /// Frames a second as the file says, or counted.
  double rate(int64_t frames, double duration) const {
    const double told = av_q2d(stream()->avg_frame_rate);
    return std::isfinite(told) && told > 0 ? told : static_cast<double>(frames) / duration;
  }

  void rewind() {
    if (av_seek_frame(format_.get(), index_, 0, AVSEEK_FLAG_BACKWARD) < 0 &&
        avformat_seek_file(format_.get(), -1, INT64_MIN, 0, INT64_MAX, AVSEEK_FLAG_BYTE) < 0)
      fail("cannot be read a second time");
    avcodec_flush_buffers(decoder_.get());
  }

  /// Calls `visit(time, frame)` for each decoded frame in order of time until it returns false.
  void decode(const std::function<bool(int64_t, const AVFrame&)>& visit) {
    const FfmpegPtr<AVFrame> frame(av_frame_alloc());
    bool more = true;
    const auto drain = [&] {
      while (more && avcodec_receive_frame(decoder_.get(), frame.get()) == 0)
        more = visit(frame->best_effort_timestamp, *frame);
    };
    each_packet([&](const AVPacket& packet) {
      avcodec_send_packet(decoder_.get(), &packet);  // a broken packet gives no frame
      drain();
      return more;
    });
    avcodec_send_packet(decoder_.get(), nullptr);
    drain();
  }

  at::Tensor picture_of(const AVFrame& frame) {
    check_size(frame.width, frame.height);
    const std::unique_ptr<SwsContext, void (*)(SwsContext*)> scaler(
        sws_getContext(frame.width, frame.height, static_cast<AVPixelFormat>(frame.format), frame.width,
                       frame.height, AV_PIX_FMT_RGBA,
                       SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_BITEXACT, nullptr, nullptr,
                       nullptr),
        sws_freeContext);
    if (!scaler) fail("its pixel format is not supported");
    cv::Mat rgba(frame.height, frame.width, CV_8UC4);
    uint8_t* rows[4] = {rgba.data};
    const int steps[4] = {static_cast<int>(rgba.step)};
    sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, rows, steps);
    return tensor_of(upright(on_background(rgba, options_.background), orientation()));
  }

  double seconds(int64_t time) const { return static_cast<double>(time) * av_q2d(stream()->time_base); }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw DataError(name_, "", what); }
  void check(int code, const char* what) const {
    if (code < 0) fail(fmt::format("{}: {}", what, ffmpeg_message(code)));
  }
  void check_size(int width, int height) const {
    PictureHeader header;
    header.width = width;
    header.height = height;
    header.largest_plane = int64_t{width} * height;
    if (width < 1 || height < 1) fail("has no picture size");
    check_picture_size(header, options_, name_);
  }
  AVStream* stream() const { return format_->streams[index_]; }

  /// Phones store how they were held: quarter turns as an EXIF orientation.
  int orientation() const {
    const uint8_t* matrix = av_stream_get_side_data(stream(), AV_PKT_DATA_DISPLAYMATRIX, nullptr);
    if (!matrix) return 1;
    const double turn = -av_display_rotation_get(reinterpret_cast<const int32_t*>(matrix));  // clockwise
    if (std::isnan(turn)) return 1;
    switch ((static_cast<int>(std::lround(turn / 90)) % 4 + 4) % 4) {
      case 1:
        return 6;
      case 2:
        return 3;
      case 3:
        return 8;
      default:
        return 1;
    }
  }

  void each_packet(const std::function<bool(const AVPacket&)>& visit) {
    const FfmpegPtr<AVPacket> packet(av_packet_alloc());
    for (bool more = true; more;) {
      const int code = av_read_frame(format_.get(), packet.get());
      if (code == AVERROR_EOF) break;
      if (code < 0) throw DataError(name_, "", "the video is cut short or damaged: " + ffmpeg_message(code));
      if (packet->stream_index == index_) more = visit(*packet);
      av_packet_unref(packet.get());
    }
  }

  const std::string& name_;
  const PictureOptions& options_;
  MemoryInput format_;
  FfmpegPtr<AVCodecContext> decoder_;
  int index_ = -1;
};

/// Numbers of the frames that are on screen at the middle of `count` equal parts, each once.
std::vector<int64_t> pick(const std::vector<int64_t>& times, int64_t end, int64_t count) {
  std::vector<int64_t> picked;
  const auto begin = static_cast<double>(times.front()), length = static_cast<double>(end) - begin;
  for (int64_t i = 0; i < count; ++i) {
    const double moment = begin + (static_cast<double>(i) + 0.5) / static_cast<double>(count) * length;
    auto after = std::upper_bound(times.begin(), times.end(), moment,
                                  [](double m, int64_t time) { return m < static_cast<double>(time); });
    if (after != times.begin()) --after;
    if (const int64_t number = after - times.begin(); picked.empty() || picked.back() != number)
      picked.push_back(number);
  }
  return picked;
}

using Choose = std::function<std::vector<int64_t>(const Video& video, const std::vector<int64_t>& times,
                                                  int64_t end, double rate)>;

Frames decode_chosen(std::string_view bytes, const std::string& name, const Choose& choose,
                     const PictureOptions& options) {
  // FFmpeg shows what there is of a GIF; all of it is there when its trailer is.
  if (bytes.starts_with("GIF8") && bytes.find_last_not_of('\0') != std::string_view::npos &&
      bytes[bytes.find_last_not_of('\0')] != ';')
    throw DataError(name, fmt::format("offset {}", bytes.size()), "the file is cut short");
  Video video(bytes, name, options);
  const auto [times, end] = video.times();
  Frames frames;
  frames.duration = video.seconds(end - times.front());
  frames.count = static_cast<int64_t>(times.size());
  frames.rate = video.rate(frames.count, frames.duration);
  // Two frames are left out of account: how long the last one is shown need not be known.
  const double told = video.told_seconds();
  const double apart = frames.duration / static_cast<double>(frames.count);
  if (frames.count > 2 && frames.duration + 2 * apart < 0.95 * told)
    throw DataError(name, fmt::format("{:.1f} s", frames.duration),
                    fmt::format("the file is cut short: its header tells of {:.1f} s", told));
  frames.numbers = choose(video, times, end, frames.rate);
  std::vector<int64_t> wanted;
  for (const int64_t number : frames.numbers) {
    require(number >= 0 && number < frames.count &&
                (wanted.empty() || times[static_cast<size_t>(number)] > wanted.back()),
            "[frames] frame {} of {}: numbers must ascend", number, frames.count);
    wanted.push_back(times[static_cast<size_t>(number)]);
  }
  require(!wanted.empty(), "[frames] no frame is wanted");
  video.rewind();
  video.decode([&](int64_t time, const AVFrame& frame) {
    if (time < wanted[frames.pictures.size()]) return true;
    frames.pictures.push_back(video.picture_of(frame));
    frames.seconds.push_back(video.seconds(time - times.front()));
    return frames.pictures.size() < wanted.size();
  });
  if (frames.pictures.empty()) throw DataError(name, "", "no frame can be decoded");
  if (frames.pictures.size() < wanted.size())
    throw DataError(name, "",
                    fmt::format("{} of {} frames can be decoded: the file is cut short or broken",
                                frames.pictures.size(), wanted.size()));
  return frames;
}

}  // namespace

Frames decode_frames(std::string_view bytes, const std::string& name, const FrameCount& frame_count,
                     const PictureOptions& options) {
  return decode_chosen(
      bytes, name,
      [&](const Video& video, const std::vector<int64_t>& times, int64_t end, double) {
        const int64_t count = frame_count(video.width(), video.height());
        require<UsageError>(count >= 1 && count <= 10000, "{} frames: allowed are 1 to 10000", count);
        return pick(times, end, count);
      },
      options);
}

Frames load_numbered_frames(const std::filesystem::path& path, const FrameNumbers& choose,
                            const PictureOptions& options) {
  return decode_chosen(
      read_file(path, kVideoBytes), path.string(),
      [&](const Video&, const std::vector<int64_t>& times, int64_t, double rate) {
        return choose(static_cast<int64_t>(times.size()), rate);
      },
      options);
}

at::Tensor decode_first_frame(std::string_view bytes, const std::string& name,
                              const PictureOptions& options) {
  Video video(bytes, name, options);
  at::Tensor picture;
  video.decode([&](int64_t, const AVFrame& frame) {
    picture = video.picture_of(frame);
    return false;
  });
  if (!picture.defined()) throw DataError(name, "", "no frame can be decoded");
  return picture;
}

Frames load_frames(const std::filesystem::path& path, int64_t count, const PictureOptions& options) {
  return load_frames(
      path, [count](int64_t, int64_t) { return count; }, options);
}

Frames load_frames(const std::filesystem::path& path, const FrameCount& count,
                   const PictureOptions& options) {
  return decode_frames(read_file(path, kVideoBytes), path.string(), count, options);
}

}  // namespace conclave
