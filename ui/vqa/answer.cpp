#include "ui/vqa/answer.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "framework/base/error.h"
#include "framework/base/json.h"

namespace conclave::ui {
namespace {

constexpr int kMostSide = 1 << 20;  // pixels
constexpr size_t kMostTiles = 4096;
constexpr int kMostExperts = 4096;
constexpr const char* kName = "conclave-vqa";

QString text_of(const Json& value) {
  return QString::fromStdString(value.is_string() ? value.get<std::string>() : value.dump());
}

Json parse(const QByteArray& line) {
  return parse_json(std::string_view(line.constData(), static_cast<size_t>(line.size())), kName);
}

// Json's own errors as ours.
template <class Body>
auto checked(const char* what, const Body& body) {
  try {
    return body();
  } catch (const Json::exception&) {
    throw DataError(kName, "", what);
  }
}

std::vector<QRect> tiles_of(const Json& resize) {
  std::vector<QRect> tiles;
  for (const Json& tile : resize.at("tiles")) {
    const auto at = [&](size_t i) {
      const int value = tile.at(i).get<int>();
      require(value >= 0 && value <= kMostSide, "{}: a tile at {}", kName, value);
      return value;
    };
    tiles.emplace_back(at(0), at(1), at(2), at(3));
    require(tiles.size() <= kMostTiles, "{}: too many tiles", kName);
  }
  return tiles;
}

}  // namespace

VqaAnswer parse_answer(const QByteArray& line) {
  const Json record = parse(line);
  return checked("a line is no answer", [&] {
    VqaAnswer answer;
    answer.id = text_of(record.at("question_id"));
    answer.question = text_of(record.at("prompt"));
    if (record.contains("error")) {
      answer.error = text_of(record["error"].at("message"));
      return answer;
    }
    answer.text = text_of(record.at("text"));
    if (record.contains("warning")) answer.warning = text_of(record["warning"]);
    const Json& metadata = record.at("metadata");
    answer.confidence = metadata.at("confidence").get<double>();
    answer.latency_ms = metadata.value("see_ms", 0.0) + metadata.value("read_ms", 0.0);
    for (const Json& choice : metadata.at("topk"))
      answer.top.emplace_back(text_of(choice.at(0)), choice.at(1).get<double>());
    for (const Json& resize : metadata.value("resize", Json::array()))
      answer.tiles.push_back(tiles_of(resize));
    return answer;
  });
}

std::vector<double> PatchRouting::shares() const {
  std::vector<double> shares(static_cast<size_t>(experts));
  for (const Patch& patch : patches)
    if (patch.expert >= 0)
      shares[static_cast<size_t>(patch.expert)] += 1.0 / static_cast<double>(patches.size());
  return shares;
}

std::vector<PatchRouting> parse_patches(const QByteArray& lines, const QString& id,
                                        const std::vector<std::vector<QRect>>& tiles) {
  struct Choice {
    int expert;
    double weight;
  };
  std::map<int, std::vector<Choice>> sites;  // by token
  for (const QByteArray& line : lines.split('\n')) {
    if (line.isEmpty()) continue;
    const Json record = parse(line);
    checked("a line is no routing", [&] {
      if (text_of(record.at("question_id")) != id || record.at("part") != "pictures") return 0;
      Choice choice{-1, 0};
      if (!record.at("experts").empty()) {
        choice = {record["experts"].at(0).get<int>(), record.at("weights").at(0).get<double>()};
        require(choice.expert >= -1 && choice.expert < kMostExperts, "{}: expert {}", kName, choice.expert);
      }
      sites[record.at("site").get<int>()].push_back(choice);
      return 0;
    });
  }
  size_t count = 0;
  for (const auto& picture : tiles) count += picture.size();
  std::vector<PatchRouting> all;
  for (const auto& [site, choices] : sites) {
    require(count > 0 && choices.size() % count == 0, "{}: {} picture tokens do not fit {} tiles", kName,
            choices.size(), count);
    const size_t tokens = choices.size() / count;
    const auto side = static_cast<size_t>(std::sqrt(static_cast<double>(tokens)));  // the rest are registers
    PatchRouting routing;
    routing.site = site;
    size_t tile_index = 0;
    for (size_t p = 0; p < tiles.size(); ++p)
      for (const QRect& tile : tiles[p]) {
        const double w = static_cast<double>(tile.width()) / static_cast<double>(side);
        const double h = static_cast<double>(tile.height()) / static_cast<double>(side);
        for (size_t i = 0; i < side * side; ++i) {
          const Choice& choice = choices[tile_index * tokens + i];
          const QRectF place(tile.x() + static_cast<double>(i % side) * w,
                             tile.y() + static_cast<double>(i / side) * h, w, h);
          routing.patches.push_back({static_cast<int>(p), place, choice.expert, choice.weight});
          routing.experts = std::max(routing.experts, choice.expert + 1);
        }
        ++tile_index;
      }
    all.push_back(std::move(routing));
  }
  return all;
}

}  // namespace conclave::ui
