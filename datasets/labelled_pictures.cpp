#include "datasets/labelled_pictures.h"

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "datasets/csv_table.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

struct Row {
  const CsvTable& table;
  size_t row;

  std::string text(const std::string& column) const {
    return table.has(column) ? table.at(row, column) : std::string();
  }
  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(table.name(), table.where(row), what);
  }
  std::optional<double> positive(const std::string& column) const {
    if (text(column).empty()) return std::nullopt;
    const double value = table.number(row, column);
    if (!(value > 0)) fail(column + " is not above 0");
    return value;
  }
  // A file below `folder`; nothing that leads out of it.
  fs::path file(const fs::path& folder, const std::string& column) const {
    return file(folder, column, text(column));
  }
  fs::path file(const fs::path& folder, const std::string& column, const fs::path& name) const {
    if (name.empty()) return {};
    if (name.is_absolute() || std::ranges::find(name, fs::path("..")) != name.end())
      fail(fmt::format("{} '{}' lies outside the folder", column, name.string()));
    return folder / name;
  }
  // What has | between it, one entry of each rater.
  std::vector<std::string> entries(const std::string& column) const {
    std::vector<std::string> all;
    std::istringstream in(text(column));
    for (std::string entry; std::getline(in, entry, '|');)
      if (!entry.empty()) all.push_back(entry);
    return all;
  }
  std::vector<fs::path> files(const fs::path& folder, const std::string& column) const {
    std::vector<fs::path> all;
    for (const auto& name : entries(column)) all.push_back(file(folder, column, name));
    return all;
  }
  Part part() const {
    const std::string name = text("part");
    for (const auto part : {Part::train, Part::validation, Part::test})
      if (name == part_name(part)) return part;
    if (!name.empty()) fail(fmt::format("part '{}' is none of train, validation, test", name));
    return Part::test;
  }
};

void take_field(UltrasoundSample& sample, const std::string& field, const std::vector<std::string>& told) {
  if (told.size() <= 1) {
    if (!told.empty()) sample.fields[field] = told.front();
    return;
  }
  auto& votes = sample.votes[field];
  for (const auto& value : told) ++votes[value];
  const auto most = std::ranges::max_element(votes, {}, [](const auto& vote) { return vote.second; });
  if (std::ranges::count(votes, most->second, [](const auto& vote) { return vote.second; }) == 1)
    sample.fields[field] = most->first;
}

}  // namespace

UltrasoundSet load_labelled_pictures(const fs::path& folder, const std::string& task) {
  static const std::set<std::string> known = {"file",    "patient", "part",     "mask",
                                              "contour", "device",  "pixel_mm", "circumference_mm"};
  const CsvTable table(folder / "labels.csv");
  UltrasoundSet set{"folder", task, {}};
  std::map<std::string, Part> part_of;
  for (size_t r = 0; r < table.rows(); ++r) {
    const Row row{table, r};
    UltrasoundSample sample;
    sample.id = table.at(r, "file");
    if (sample.id.empty()) row.fail("names no file");
    sample.picture = row.file(folder, "file");
    sample.masks = row.files(folder, "mask");
    sample.contour = row.file(folder, "contour");
    sample.patient = row.text("patient").empty() ? sample.id : row.text("patient");
    sample.device = row.text("device");
    sample.pixel_mm = row.positive("pixel_mm");
    sample.circumference_mm = row.positive("circumference_mm");
    sample.part = row.part();
    for (const auto& column : table.columns())
      if (!known.contains(column)) take_field(sample, column, row.entries(column));
    const auto [before, fresh] = part_of.emplace(sample.patient, sample.part);
    if (!fresh && before->second != sample.part)
      row.fail(fmt::format("patient {} is in two parts", sample.patient));
    set.samples.push_back(std::move(sample));
  }
  return set;
}

}  // namespace conclave
