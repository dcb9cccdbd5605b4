#include "datasets/bus_bra.h"

#include <map>
#include <set>

#include "datasets/csv_table.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

const std::string& one_of(const CsvTable& table, size_t row, const std::string& column,
                          const std::set<std::string>& allowed) {
  const auto& value = table.at(row, column);
  if (!allowed.contains(value))
    throw DataError(table.name(), table.where(row), fmt::format("{} '{}' is unknown", column, value));
  return value;
}

// "bus_0001-l" as the name of a file; nothing that leads out of the folder.
std::string number_of(const CsvTable& table, size_t row) {
  const auto& id = table.at(row, "ID");
  if (!id.starts_with("bus_") || id.find('/') != id.npos)
    throw DataError(table.name(), table.where(row), fmt::format("ID '{}' is not bus_NUMBER", id));
  return id.substr(4);
}

// Kinds with dozens of pictures each keep their name; the rest is told by its pathology.
std::string histology_group(const std::string& histology, const std::string& pathology) {
  static const std::set<std::string> kept = {"fibroadenoma", "invasive ductal carcinoma", "cyst",
                                             "fibrocystic changes"};
  if (kept.contains(histology)) return histology;
  return "other " + pathology;
}

}  // namespace

UltrasoundSet load_bus_bra(const fs::path& folder, int fold, int folds) {
  require<UsageError>(folds == 5 || folds == 10, "bus-bra has 5 or 10 folds, not {}", folds);
  require<UsageError>(fold >= 1 && fold <= folds, "bus-bra has folds 1 to {}, not {}", folds, fold);
  const CsvTable lists(folder / fmt::format("{}-fold-cv.csv", folds));
  std::map<std::string, int> fold_of;
  for (size_t r = 0; r < lists.rows(); ++r) {
    const double value = lists.number(r, "kFold");
    if (!(value >= 1 && value <= folds && value == static_cast<int>(value)))
      throw DataError(lists.name(), lists.where(r), fmt::format("kFold {} is not 1 to {}", value, folds));
    fold_of[lists.at(r, "ID")] = static_cast<int>(value);
  }

  const CsvTable table(folder / "bus_data.csv");
  UltrasoundSet set{"bus-bra", "breast", {}};
  std::map<std::string, int> case_fold;
  for (size_t r = 0; r < table.rows(); ++r) {
    const std::string number = number_of(table, r);
    UltrasoundSample sample;
    sample.id = table.at(r, "ID");
    sample.patient = table.at(r, "Case");
    sample.picture = folder / "images" / (sample.id + ".jpg");
    sample.masks = {folder / "masks" / ("mask_" + number + ".png")};
    const auto& pathology = one_of(table, r, "Pathology", {"benign", "malignant"});
    sample.fields = {{"pathology", pathology},
                     {"birads", one_of(table, r, "BIRADS", {"2", "3", "4", "5"})},
                     {"histology", histology_group(table.at(r, "Histology"), pathology)},
                     {"side", one_of(table, r, "Side", {"left", "right", "single"})}};
    sample.device = table.at(r, "Device");
    const auto found = fold_of.find(sample.id);
    if (found == fold_of.end())
      throw DataError(lists.name(), "", fmt::format("does not name the fold of {}", sample.id));
    const auto [known, fresh] = case_fold.emplace(sample.patient, found->second);
    if (!fresh && known->second != found->second)
      throw DataError(lists.name(), "", fmt::format("case {} is in two folds", sample.patient));
    sample.part = found->second == fold                     ? Part::test
                  : held_out_for_validation(sample.patient) ? Part::validation
                                                            : Part::train;
    set.samples.push_back(std::move(sample));
  }
  return set;
}

}  // namespace conclave
