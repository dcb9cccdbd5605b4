#include "datasets/hc18.h"

#include <charconv>

#include "datasets/csv_table.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/picture_header.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr double kOriginalWidth = 800;  // of nearly all pictures
constexpr size_t kMaxPicture = size_t{64} << 20;

// "010_2HC.png" -> "010_2HC"; only what the set is known to use.
std::string stem_of(const CsvTable& table, size_t row) {
  const auto& file = table.at(row, "filename");
  const std::string stem = fs::path(file).stem().string();
  if (stem.size() < 6 || file != stem + ".png" || stem[3] != '_' || stem.find_first_not_of("0123456789") != 3)
    throw DataError(table.name(), table.where(row), fmt::format("'{}' is not NNN_HC.png", file));
  return stem;
}

double width_of(const fs::path& picture) {
  return static_cast<double>(read_picture_header(read_file(picture, kMaxPicture), picture.string()).width);
}

Part part_of(const std::string& subject) {
  int number = 0;
  std::from_chars(subject.data(), subject.data() + subject.size(), number);
  const int digit = number % 10;
  return digit == 3 || digit == 8 ? Part::test : digit == 5 ? Part::validation : Part::train;
}

double positive(const CsvTable& table, size_t row, const std::string& column) {
  const double value = table.number(row, column);
  if (!(value > 0)) throw DataError(table.name(), table.where(row), column + " is not above 0");
  return value;
}

}  // namespace

UltrasoundSet load_hc18(const fs::path& folder) {
  const CsvTable table(folder / "training_set_pixel_size_and_HC.csv");
  UltrasoundSet set{"hc18", "fetal_head", {}};
  for (size_t r = 0; r < table.rows(); ++r) {
    UltrasoundSample sample;
    sample.id = stem_of(table, r);
    sample.patient = sample.id.substr(0, 3);
    sample.picture = folder / "images" / (sample.id + ".jpg");
    const fs::path contour = folder / "contours" / (sample.id + "_Annotation.png");
    if (fs::exists(contour)) sample.contour = contour;
    const double original = sample.contour.empty() ? kOriginalWidth : 2 * width_of(sample.contour);
    sample.pixel_mm = positive(table, r, "pixel size(mm)") * original / width_of(sample.picture);
    sample.circumference_mm = positive(table, r, "head circumference (mm)");
    sample.part = part_of(sample.patient);
    set.samples.push_back(std::move(sample));
  }
  return set;
}

}  // namespace conclave
