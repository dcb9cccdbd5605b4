#include "framework/media/memory_input.h"

#include <algorithm>
#include <cstring>

#include "framework/base/error.h"
#include "framework/media/picture_header.h"

namespace conclave {
namespace {

constexpr int kIoBlock = 1 << 16;

}  // namespace

std::string ffmpeg_message(int code) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(code, text, sizeof text);
  return text;
}

int MemoryInput::Source::read(void* self, uint8_t* to, int wanted) {
  auto& source = *static_cast<Source*>(self);
  const int64_t left = static_cast<int64_t>(source.bytes.size()) - source.at;
  const int count = static_cast<int>(std::min<int64_t>(left, wanted));
  if (count <= 0) return AVERROR_EOF;
  std::memcpy(to, source.bytes.data() + source.at, static_cast<size_t>(count));
  source.at += count;
  return count;
}

int64_t MemoryInput::Source::seek(void* self, int64_t offset, int whence) {
  auto& source = *static_cast<Source*>(self);
  const auto size = static_cast<int64_t>(source.bytes.size());
  if (whence & AVSEEK_SIZE) return size;
  const int64_t base = whence == SEEK_CUR ? source.at : whence == SEEK_END ? size : 0;
  if (base + offset < 0 || base + offset > size) return AVERROR(EINVAL);
  return source.at = base + offset;
}

MemoryInput::MemoryInput(std::string_view bytes, const std::string& name, const char* containers,
                         const char* kind)
    : source_{bytes} {
  av_log_set_level(AV_LOG_QUIET);  // what goes wrong is thrown
  io_.reset(avio_alloc_context(static_cast<unsigned char*>(av_malloc(kIoBlock)), kIoBlock, 0, &source_,
                               Source::read, nullptr, Source::seek));
  AVFormatContext* context = avformat_alloc_context();
  context->pb = io_.get();
  AVDictionary* settings = nullptr;
  av_dict_set(&settings, "format_whitelist", containers, 0);
  av_dict_set(&settings, "protocol_whitelist", "", 0);
  const int opened = avformat_open_input(&context, nullptr, nullptr, &settings);
  av_dict_free(&settings);
  if (opened < 0) {  // it has freed the context
    const auto what = describe_bytes(bytes);
    throw DataError(name, "",
                    fmt::format("cannot be opened as {}{}: {}", kind,
                                what.empty() ? "" : " (it is " + what + ")", ffmpeg_message(opened)));
  }
  format_.reset(context);
  const int read = avformat_find_stream_info(context, nullptr);
  if (read < 0)
    throw DataError(name, "", fmt::format("its streams cannot be read: {}", ffmpeg_message(read)));
}

}  // namespace conclave
