#include "framework/media/picture.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/random.h"
#include "framework/media/picture_header.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::TempDir;

std::string encoded(const char* extension, const cv::Mat& mat, const std::vector<int>& settings = {}) {
  std::vector<uchar> bytes;
  cv::imencode(extension, mat, bytes, settings);
  return std::string(bytes.begin(), bytes.end());
}

/// A smooth colour picture without symmetry, as OpenCV orders channels.
cv::Mat gradient(int width, int height, int type = CV_8UC3) {
  cv::Mat mat(height, width, type);
  const double top = mat.depth() == CV_16U ? 65535 : 255;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < mat.channels(); ++c) {
        const double value = top * (c == 0        ? x / (width - 1.0)
                                    : c == 1      ? y / (height - 1.0)
                                    : (x + y) % 2 ? 0.2
                                                  : 0.25);
        if (mat.depth() == CV_16U)
          mat.ptr<uint16_t>(y)[x * mat.channels() + c] = static_cast<uint16_t>(value);
        else
          mat.ptr<uchar>(y)[x * mat.channels() + c] = static_cast<uchar>(value);
      }
  return mat;
}

at::Tensor rgb_of(const cv::Mat& bgr) {
  return at::from_blob(bgr.data, {bgr.rows, bgr.cols, 3}, at::kByte).flip(2).contiguous();
}

std::vector<int> pixel(const at::Tensor& picture_HW3, int y, int x) {
  const auto p = picture_HW3[y][x].to(at::kInt).contiguous();
  return {p[0].item<int>(), p[1].item<int>(), p[2].item<int>()};
}

std::string error_of(std::string_view bytes, const PictureOptions& options = {}) {
  try {
    decode_picture(bytes, "x.png", options);
  } catch (const DataError& e) {
    return e.what();
  }
  return "no DataError";
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), text.npos) << text;
}

TEST(Picture, LosslessFormatsGiveTheExactPixels) {
  const cv::Mat mat = gradient(37, 19);
  for (const char* extension : {".png", ".tiff"}) {
    const auto picture = decode_picture(encoded(extension, mat), extension);
    EXPECT_EQ(picture.sizes(), (at::IntArrayRef{19, 37, 3}));
    EXPECT_TRUE(at::equal(picture, rgb_of(mat))) << extension;
  }
  EXPECT_TRUE(at::equal(decode_picture(encoded(".webp", mat, {cv::IMWRITE_WEBP_QUALITY, 101}), "x.webp"),
                        rgb_of(mat)));
}

TEST(Picture, LossyFormatsComeClose) {
  cv::Mat mat(64, 48, CV_8UC3, cv::Scalar(30, 60, 200));
  for (const char* extension : {".jpg", ".webp"}) {
    const auto picture = decode_picture(encoded(extension, mat, {cv::IMWRITE_WEBP_QUALITY, 80}), extension);
    EXPECT_LT((picture.to(at::kInt) - rgb_of(mat).to(at::kInt)).abs().max().item<int>(), 6) << extension;
  }
}

TEST(Picture, SixteenBitsAreRoundedToEight) {
  cv::Mat mat(1, 4, CV_16UC3);
  const uint16_t values[] = {0, 128, 129, 65535};
  for (int x = 0; x < 4; ++x) mat.at<cv::Vec3w>(0, x) = cv::Vec3w(values[x], values[x], values[x]);
  const auto picture = decode_picture(encoded(".png", mat), "x.png");
  const int expected[] = {0, 0, 1, 255};  // 128 / 257 < 1/2 < 129 / 257
  for (int x = 0; x < 4; ++x) EXPECT_EQ(pixel(picture, 0, x)[0], expected[x]) << x;
  const auto wide = decode_picture(encoded(".tiff", gradient(9, 7, CV_16UC3)), "x.tiff");
  EXPECT_LE((wide.to(at::kInt) - rgb_of(gradient(9, 7)).to(at::kInt)).abs().max().item<int>(), 1);
}

TEST(Picture, GreyBecomesThreeEqualChannels) {
  const auto picture = decode_picture(encoded(".png", cv::Mat(2, 3, CV_8UC1, cv::Scalar(77))), "x.png");
  EXPECT_EQ(pixel(picture, 1, 2), (std::vector{77, 77, 77}));
}

TEST(Picture, TransparentPixelsShowTheNamedBackground) {
  cv::Mat mat(1, 3, CV_8UC4);
  mat.at<cv::Vec4b>(0, 0) = {10, 20, 200, 0};    // transparent
  mat.at<cv::Vec4b>(0, 1) = {10, 20, 200, 255};  // opaque: R 200, G 20, B 10
  mat.at<cv::Vec4b>(0, 2) = {0, 0, 0, 51};       // a fifth of black
  const auto bytes = encoded(".png", mat);
  const auto on = [&](const char* background) {
    return decode_picture(bytes, "x.png", {.background = background});
  };
  EXPECT_EQ(pixel(on("white"), 0, 0), (std::vector{255, 255, 255}));
  EXPECT_EQ(pixel(on("black"), 0, 0), (std::vector{0, 0, 0}));
  EXPECT_EQ(pixel(on("grey"), 0, 0), (std::vector{128, 128, 128}));
  EXPECT_EQ(pixel(on("white"), 0, 1), (std::vector{200, 20, 10}));
  EXPECT_EQ(pixel(on("white"), 0, 2), (std::vector{204, 204, 204}));
  EXPECT_THROW(on("pink"), UsageError);
}

std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// Three palette colours, (200,30,40), (10,220,60), (0,0,255); in the second file the middle one is
// transparent.
TEST(Picture, PaletteColoursAreLookedUp) {
  const auto plain = from_hex(
      "89504e470d0a1a0a0000000d4948445200000003000000010203000000668efc2700000009504c5445c81e280adc3c0000ff6f"
      "7e05d8"
      "0000000a49444154789c63900000001a00192d88f4360000000049454e44ae426082");
  const auto clear = from_hex(
      "89504e470d0a1a0a0000000d4948445200000003000000010203000000668efc2700000009504c5445c81e280adc3c0000ff6f"
      "7e05d8"
      "0000000374524e53ff00ff69ec1fbe0000000a49444154789c63900000001a00192d88f4360000000049454e44ae426082");
  EXPECT_EQ(pixel(decode_picture(plain, "x.png"), 0, 0), (std::vector{200, 30, 40}));
  EXPECT_EQ(pixel(decode_picture(plain, "x.png"), 0, 1), (std::vector{10, 220, 60}));
  EXPECT_EQ(pixel(decode_picture(clear, "x.png"), 0, 1), (std::vector{255, 255, 255}));
  EXPECT_EQ(pixel(decode_picture(clear, "x.png"), 0, 2), (std::vector{0, 0, 255}));
}

std::string big_endian(uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

/// EXIF data with one tag, the orientation.
std::string exif(int orientation) {
  std::string data("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19);
  data += static_cast<char>(orientation);
  data.append(6, '\0');
  return data;
}

std::string jpeg_with_exif(const cv::Mat& mat, int orientation) {
  const auto bytes = encoded(".jpg", mat, {cv::IMWRITE_JPEG_QUALITY, 100});
  std::string data("Exif\0\0", 6);
  data += exif(orientation);
  std::string result = bytes.substr(0, 2);
  result += "\xff\xe1";
  result += big_endian(static_cast<uint32_t>(data.size() + 2)).substr(2);
  result += data;
  result += bytes.substr(2);
  return result;
}

TEST(Picture, EveryExifOrientationIsTurnedUpright) {
  // Corners of the upright picture: top left red, top right green, bottom left blue, bottom right white.
  cv::Mat up(32, 48, CV_8UC3, cv::Scalar(128, 128, 128));
  up(cv::Rect(0, 0, 16, 16)) = cv::Scalar(0, 0, 255);
  up(cv::Rect(32, 0, 16, 16)) = cv::Scalar(0, 255, 0);
  up(cv::Rect(0, 16, 16, 16)) = cv::Scalar(255, 0, 0);
  up(cv::Rect(32, 16, 16, 16)) = cv::Scalar(255, 255, 255);
  const auto turned = [&](int orientation) {  // what a camera held so would store
    cv::Mat m;
    switch (orientation) {
      case 2:
        cv::flip(up, m, 1);
        return m;
      case 3:
        cv::rotate(up, m, cv::ROTATE_180);
        return m;
      case 4:
        cv::flip(up, m, 0);
        return m;
      case 5:
        cv::transpose(up, m);
        return m;
      case 6:
        cv::rotate(up, m, cv::ROTATE_90_COUNTERCLOCKWISE);
        return m;
      case 7:
        cv::rotate(up, m, cv::ROTATE_180);
        cv::transpose(m, m);
        return m;
      case 8:
        cv::rotate(up, m, cv::ROTATE_90_CLOCKWISE);
        return m;
      default:
        return up.clone();
    }
  };
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto bytes = jpeg_with_exif(turned(orientation), orientation);
    EXPECT_EQ(read_picture_header(bytes, "x").orientation, orientation);
    const auto picture = decode_picture(bytes, "x.jpg");
    ASSERT_EQ(picture.sizes(), (at::IntArrayRef{32, 48, 3})) << orientation;
    EXPECT_GT(pixel(picture, 4, 4)[0], 200) << orientation;
    EXPECT_LT(pixel(picture, 4, 4)[1], 60) << orientation;
    EXPECT_GT(pixel(picture, 4, 44)[1], 200) << orientation;
    EXPECT_LT(pixel(picture, 4, 44)[0], 60) << orientation;
    EXPECT_GT(pixel(picture, 28, 4)[2], 200) << orientation;
    EXPECT_LT(pixel(picture, 28, 4)[0], 60) << orientation;
  }
}

/// An uncompressed 2 x 1 grey TIFF: a black and a white pixel.
std::string tiff(int orientation) {
  const auto entry = [](uint16_t tag, uint16_t type, uint32_t value) {
    std::string e = {
        static_cast<char>(tag), static_cast<char>(tag >> 8), static_cast<char>(type), 0, 1, 0, 0, 0};
    for (int shift = 0; shift < 32; shift += 8) e += static_cast<char>(value >> shift);
    return e;
  };
  std::string file("II*\0\x08\0\0\0\x0a\0", 10);
  for (const auto& [tag, type, value] :
       std::vector<std::array<uint32_t, 3>>{{256, 4, 2},
                                            {257, 4, 1},
                                            {258, 3, 8},
                                            {259, 3, 1},
                                            {262, 3, 1},
                                            {273, 4, 134},
                                            {274, 3, static_cast<uint32_t>(orientation)},
                                            {277, 3, 1},
                                            {278, 4, 1},
                                            {279, 4, 2}})
    file += entry(static_cast<uint16_t>(tag), static_cast<uint16_t>(type), value);
  file.append(4, '\0');
  file.append("\x00\xff", 2);
  return file;
}

TEST(Picture, TiffOrientationIsAppliedOnce) {
  EXPECT_EQ(pixel(decode_picture(tiff(1), "x.tiff"), 0, 1)[0], 255);
  EXPECT_EQ(pixel(decode_picture(tiff(2), "x.tiff"), 0, 1)[0], 0);
  EXPECT_EQ(decode_picture(tiff(6), "x.tiff").sizes(), (at::IntArrayRef{2, 1, 3}));
}

/// A PNG that says it has this size and is otherwise sound in structure.
std::string png_of_size(uint32_t width, uint32_t height) {
  auto bytes = encoded(".png", cv::Mat(4, 4, CV_8UC1, cv::Scalar(9)));
  return bytes.replace(16, 8, big_endian(width) + big_endian(height));
}

TEST(PictureLimits, AHugeHeaderIsRefusedBeforeDecoding) {
  const auto message = error_of(png_of_size(40000, 40000));
  expect_contains(message, "40000 x 40000");
  expect_contains(message, "100000000 pixels");
  expect_contains(error_of(png_of_size(0xffffffff, 0xffffffff)), "the limit is");
  expect_contains(error_of(png_of_size(0, 7)), "0 x 7");

  auto jpeg = encoded(".jpg", cv::Mat(8, 8, CV_8UC1, cv::Scalar(9)));
  const auto frame = jpeg.find("\xff\xc0");
  expect_contains(error_of(jpeg.replace(frame + 5, 4, "\xff\xff\xff\xff")), "65535 x 65535");

  auto webp = encoded(".webp", cv::Mat(8, 8, CV_8UC3, cv::Scalar(9, 9, 9)), {cv::IMWRITE_WEBP_QUALITY, 80});
  const auto start = webp.find("\x9d\x01\x2a");
  ASSERT_NE(start, webp.npos);
  expect_contains(error_of(webp.replace(start + 3, 4, "\xff\x3f\xff\x3f")), "16383 x 16383");

  auto wide = tiff(1);
  wide.replace(18, 4, std::string("\0\0\0\x10", 4));
  wide.replace(30, 4, std::string("\0\0\0\x10", 4));
  expect_contains(error_of(wide), "268435456 x 268435456");
  expect_contains(error_of(encoded(".png", gradient(20, 20)), {.max_pixels = 399}), "20 x 20");
  EXPECT_EQ(error_of(encoded(".png", gradient(20, 20)), {.max_pixels = 400}), "no DataError");
  expect_contains(error_of(encoded(".png", gradient(20, 20)), {.max_bytes = 10}), "the limit is 10");
}

TEST(PictureErrors, ACutOffPictureIsRefusedWhereverItEnds) {
  for (const char* extension : {".png", ".jpg", ".webp", ".tiff"}) {
    const auto bytes = encoded(extension, gradient(40, 30));
    ASSERT_EQ(error_of(bytes), "no DataError");
    for (size_t end :
         {bytes.size() - 1, bytes.size() * 3 / 4, bytes.size() / 2, size_t{30}, size_t{13}, size_t{4}})
      EXPECT_NE(error_of(std::string_view(bytes).substr(0, end)), "no DataError")
          << extension << " cut at " << end;
  }
  expect_contains(error_of(encoded(".png", gradient(40, 30)).substr(0, 100)), "cut off");
  expect_contains(error_of(encoded(".jpg", gradient(40, 30)).substr(0, 700)), "cut off");
}

TEST(PictureErrors, BrokenDataAreRefused) {
  auto bytes = encoded(".png", gradient(40, 30));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  expect_contains(error_of(bytes), "cannot be decoded");
}

TEST(PictureErrors, AJpegWithFewerDataThanItsHeaderPromises) {
  for (const int progressive : {0, 1}) {
    auto bytes = encoded(".jpg", gradient(64, 64), {cv::IMWRITE_JPEG_PROGRESSIVE, progressive});
    const auto frame = bytes.find(progressive ? "\xff\xc2" : "\xff\xc0");
    ASSERT_NE(frame, bytes.npos);
    for (const std::string& size : {std::string("\x07\xd0\x07\xd0"), std::string("\0\x60\0\x40", 4)}) {
      ::testing::internal::CaptureStderr();
      const auto message = error_of(bytes.replace(frame + 5, 4, size));
      EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
      expect_contains(message, "x.png: the picture cannot be decoded: Corrupt JPEG data: premature end");
    }
  }
}

TEST(PictureErrors, WhatTheLibrariesSayIsOurWarningWithTheFilesName) {
  // An ancillary chunk with a wrong checksum, and a revision of JFIF that there is not.
  auto png = encoded(".png", gradient(9, 7));
  std::string chunk = big_endian(4) + "gAMA" + big_endian(45455) + "\1\2\3\4";
  png.insert(33, chunk);
  auto jpeg = encoded(".jpg", gradient(9, 7));
  ASSERT_EQ(jpeg.substr(6, 4), "JFIF");
  jpeg[11] = 7;
  for (const auto& bytes : {png, jpeg}) {
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(decode_picture(bytes, "odd.file").size(1), 9);
    const std::string said = ::testing::internal::GetCapturedStderr();
    expect_contains(said, "warning: odd.file: ");
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
  for (const char* extension : {".png", ".jpg", ".webp", ".tiff"}) {  // broken ones say it in the error alone
    auto bytes = encoded(extension, gradient(40, 30));
    for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 8; ++i) bytes[i] = '\x7e';
    ::testing::internal::CaptureStderr();
    error_of(bytes);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "") << extension;
  }
}

TEST(Picture, JpegAndPngGiveThePixelsThatOpenCVGives) {
  const auto by_opencv = [](const std::string& bytes) {
    const cv::Mat raw(1, static_cast<int>(bytes.size()), CV_8U, const_cast<char*>(bytes.data()));
    return rgb_of(cv::imdecode(raw, cv::IMREAD_COLOR));
  };
  for (const int type : {CV_8UC1, CV_8UC3}) {
    const cv::Mat mat = gradient(61, 43, type);
    for (const int progressive : {0, 1}) {
      const auto jpeg = encoded(".jpg", mat, {cv::IMWRITE_JPEG_PROGRESSIVE, progressive});
      EXPECT_TRUE(at::equal(decode_picture(jpeg, "x.jpg"), by_opencv(jpeg)));
    }
    const auto png = encoded(".png", mat);
    EXPECT_TRUE(at::equal(decode_picture(png, "x.png"), by_opencv(png)));
  }
}

TEST(PictureErrors, WhatIsNoPictureIsNamed) {
  expect_contains(error_of(std::string("RIFF\x24\0\0\0WAVEfmt ", 16)),
                  "is a WAV sound file; a picture is wanted");
  expect_contains(error_of("OggS and so on"), "Ogg");
  expect_contains(error_of(""), "is empty");
  expect_contains(error_of("RIFF"), "is no picture of a known format");
  expect_contains(error_of("%PDF-1.4"), "PDF");
  TempDir dir;
  EXPECT_THROW(load_picture(dir / "none.png"), DataError);
  EXPECT_THROW(load_picture(dir.path()), DataError);
  write_file(dir / "a.png", encoded(".png", gradient(5, 4)));
  EXPECT_EQ(load_picture(dir / "a.png").size(1), 5);
}

TEST(PictureErrors, RandomDamageNeverCrashes) {
  Random random(7);
  for (const char* extension : {".png", ".jpg", ".webp", ".tiff"}) {
    const auto sound = encoded(extension, gradient(24, 16));
    for (int i = 0; i < 150; ++i) {
      auto bytes = sound;
      for (int k = 0; k < 3; ++k) bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
      try {
        decode_picture(bytes, "x", {.max_pixels = 100000});
      } catch (const Error&) {
      }
    }
  }
}

TEST(NormalizePicture, IsChannelFirstAndScaled) {
  cv::Mat mat(2, 3, CV_8UC3, cv::Scalar(255, 51, 0));  // B, G, R
  const auto x =
      normalize_picture(decode_picture(encoded(".png", mat), "x.png"), {0.5, 0.2, 0.4}, {0.5, 0.1, 0.3});
  EXPECT_EQ(x.sizes(), (at::IntArrayRef{3, 2, 3}));
  EXPECT_EQ(x.scalar_type(), at::kFloat);
  EXPECT_NEAR(x[0][0][0].item<double>(), -1, 1e-6);
  EXPECT_NEAR(x[1][1][2].item<double>(), 0, 1e-6);
  EXPECT_NEAR(x[2][1][2].item<double>(), 2, 1e-6);
}

// Real files of all sets: 400 x 100 RGBA, 64 x 64 RGB, 320 x 240 JPEG.
TEST(Picture, RealFiles) {
  CONCLAVE_NEED_DATA("vqa/nlvr/dev/images/3/dev-1085-3-0.png");
  const auto vqa = *testing::data_dir() / "vqa";
  EXPECT_EQ(load_picture(vqa / "nlvr/dev/images/3/dev-1085-3-0.png").sizes(), (at::IntArrayRef{100, 400, 3}));
  EXPECT_EQ(load_picture(vqa / "easy-vqa/test/images/0.png").sizes(), (at::IntArrayRef{64, 64, 3}));
  EXPECT_EQ(load_picture(vqa / "daquar/images/image1.jpg").size(2), 3);
}

}  // namespace
}  // namespace conclave
