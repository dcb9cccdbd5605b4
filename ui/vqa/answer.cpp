#include "ui/vqa/answer.h"

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "ui/vqa/json_record.h"

namespace conclave::ui {
namespace {

constexpr int kMostSide = 1 << 20;  // pixels
constexpr size_t kMostTiles = 4096;
constexpr int kMostPatches = 1 << 14;  // along a side

std::vector<QRect> tiles_of(const Json& resize) {
  std::vector<QRect> tiles;
  for (const Json& tile : resize.at("tiles")) {
    const auto at = [&](size_t i) {
      const int value = tile.at(i).get<int>();
      require(value >= 0 && value <= kMostSide, "{}: a tile at {}", kVqaProgram, value);
      return value;
    };
    tiles.emplace_back(at(0), at(1), at(2), at(3));
    require(tiles.size() <= kMostTiles, "{}: too many tiles", kVqaProgram);
  }
  return tiles;
}

VqaAnswer::PatchGrid grid_of(const Json& patches) {
  VqaAnswer::PatchGrid grid;
  const auto edge = [&](size_t i) {
    const auto value = patches.at("area").at(i).get<double>();
    require(std::abs(value) <= kMostSide, "{}: patches at {}", kVqaProgram, value);
    return value;
  };
  grid.area = QRectF(edge(0), edge(1), edge(2), edge(3));
  grid.picture = patches.at("picture").get<int>();
  grid.rows = patches.at("rows").get<int>();
  grid.columns = patches.at("columns").get<int>();
  require(grid.picture >= 0 && std::min(grid.rows, grid.columns) > 0 &&
              std::max(grid.rows, grid.columns) <= kMostPatches,
          "{}: {} x {} patches of picture {}", kVqaProgram, grid.rows, grid.columns, grid.picture);
  return grid;
}

}  // namespace

VqaAnswer answer_of(const Json& record) {
  VqaAnswer answer;
  answer.id = json_text(record.at("question_id"));
  answer.question = json_text(record.at("prompt"));
  if (record.contains("image")) answer.images << json_text(record["image"]);
  for (const Json& image : record.value("images", Json::array())) answer.images << json_text(image);
  for (const Json& right : record.value("expected", Json::array())) answer.expected << json_text(right);
  if (record.contains("error")) {
    answer.error = json_text(record["error"].at("message"));
    return answer;
  }
  answer.text = json_text(record.at("text"));
  if (record.contains("warning")) answer.warning = json_text(record["warning"]);
  const Json& metadata = record.at("metadata");
  answer.confidence = metadata.at("confidence").get<double>();
  answer.latency_ms = metadata.value("see_ms", 0.0) + metadata.value("read_ms", 0.0);
  for (const Json& choice : metadata.value("topk", Json::array()))
    answer.top.emplace_back(json_text(choice.at(0)), choice.at(1).get<double>());
  if (answer.top.empty()) answer.top.emplace_back(answer.text, answer.confidence);  // a published model's
  for (const Json& resize : metadata.value("resize", Json::array())) answer.tiles.push_back(tiles_of(resize));
  for (const Json& patches : metadata.value("patches", Json::array()))
    answer.grids.push_back(grid_of(patches));
  return answer;
}

VqaAnswer parse_answer(const QByteArray& line) {
  const Json record = parse_vqa_json(line);
  return checked_json("a line is no answer", [&] { return answer_of(record); });
}

}  // namespace conclave::ui
