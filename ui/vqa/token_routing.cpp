#include "ui/vqa/token_routing.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <map>
#include <span>

#include "ui/data/format.h"
#include "ui/data/text_table_model.h"
#include "ui/vqa/json_record.h"

namespace conclave::ui {
namespace {

constexpr int kMostExperts = 4096, kMostSites = 4096;

RoutedToken token_of(const Json& record) {
  RoutedToken token;
  token.part = json_text(record.at("part"));
  token.site = record.at("site").get<int>();
  token.token = record.at("token").get<int>();
  require(token.site >= 0 && token.site < kMostSites, "{}: site {}", kVqaProgram, token.site);
  if (record.contains("word")) token.word = json_text(record["word"]);
  const Json& experts = record.at("experts");
  const Json& weights = record.at("weights");
  for (size_t k = 0; k < experts.size(); ++k) {
    const int expert = experts.at(k).get<int>();
    require(expert >= -1 && expert < kMostExperts, "{}: expert {}", kVqaProgram, expert);
    if (expert >= 0) token.choices.emplace_back(expert, weights.at(k).get<double>());
  }
  return token;
}

}  // namespace

QString choices_text(const std::vector<ExpertChoice>& choices) {
  QStringList texts;
  for (const auto& [expert, weight] : choices)
    texts << QCoreApplication::translate("Experts", "expert %1 with %2").arg(expert).arg(number_text(weight));
  return texts.isEmpty() ? QCoreApplication::translate("Experts", "no expert") : texts.join(", ");
}

QString short_choices(const std::vector<ExpertChoice>& choices) {
  QStringList texts;
  for (const auto& [expert, weight] : choices) texts << QString("e%1 %2").arg(expert).arg(weight, 0, 'f', 2);
  return texts.isEmpty() ? QString("–") : texts.join(" · ");
}

const ExpertChoice* choice_among(const std::vector<ExpertChoice>& choices, const std::set<int>& experts) {
  const ExpertChoice* best = nullptr;
  for (const ExpertChoice& choice : choices)
    if (experts.contains(choice.first) && (!best || choice.second > best->second)) best = &choice;
  return best;
}

std::set<int> sites_of(const std::vector<RoutedToken>& tokens) {
  std::set<int> sites;
  for (const RoutedToken& token : tokens) sites.insert(token.site);
  return sites;
}

int experts_of(const std::vector<RoutedToken>& tokens) {
  int experts = 0;
  for (const RoutedToken& token : tokens)
    for (const auto& [expert, weight] : token.choices) experts = std::max(experts, expert + 1);
  return experts;
}

std::vector<RoutedToken> words_at(const std::vector<RoutedToken>& tokens, int site) {
  std::vector<RoutedToken> words;
  for (const char* part : {"question", "answer"})
    for (const RoutedToken& token : tokens)
      if (token.site == site && token.part == part) words.push_back(token);
  return words;
}

std::vector<double> PatchRouting::shares() const {
  std::vector<double> shares(static_cast<size_t>(experts));
  for (const Patch& patch : patches)
    if (patch.expert >= 0)
      shares[static_cast<size_t>(patch.expert)] += 1.0 / static_cast<double>(patches.size());
  return shares;
}

int shared_expert(const RoutedToken& word, const PatchRouting& patches) {
  std::set<int> seen;
  for (const PatchRouting::Patch& patch : patches.patches)
    for (const auto& [expert, weight] : patch.choices) seen.insert(expert);
  const ExpertChoice* shared = choice_among(word.choices, seen);
  return shared ? shared->first : word.first();
}

std::vector<RoutedToken> parse_routing(const QByteArray& lines, const QString& id) {
  std::vector<RoutedToken> tokens;
  for (const QByteArray& line : lines.split('\n')) {
    if (line.isEmpty()) continue;
    const Json record = parse_vqa_json(line);
    checked_json("a line is no routing", [&] {
      if (json_text(record.at("question_id")) == id) tokens.push_back(token_of(record));
      return 0;
    });
  }
  return tokens;
}

namespace {

// Adds a square or grid of patches whose tokens begin at `first`.
void add_grid(PatchRouting& routing, std::span<const RoutedToken* const> tokens,
              const VqaAnswer::PatchGrid& grid) {
  const double w = grid.area.width() / grid.columns, h = grid.area.height() / grid.rows;
  for (int i = 0; i < grid.rows * grid.columns; ++i) {
    const RoutedToken& token = *tokens[static_cast<size_t>(i)];
    const QRectF place(grid.area.x() + i % grid.columns * w, grid.area.y() + i / grid.columns * h, w, h);
    const double weight = token.choices.empty() ? 0 : token.choices.front().second;
    routing.patches.push_back({grid.picture, place, token.first(), weight, token.choices});
    routing.experts = std::max(routing.experts, token.first() + 1);
  }
}

// The grids that an answer's tiles stand for, and how many tokens each has: registers stand behind the
// patches.
std::pair<std::vector<VqaAnswer::PatchGrid>, size_t> grids_of(const std::vector<std::vector<QRect>>& tiles,
                                                              size_t tokens) {
  size_t count = 0;
  for (const auto& picture : tiles) count += picture.size();
  require(count > 0 && tokens % count == 0, "{}: {} picture tokens do not fit {} tiles", kVqaProgram, tokens,
          count);
  const auto side = static_cast<int>(std::sqrt(static_cast<double>(tokens / count)));
  std::vector<VqaAnswer::PatchGrid> grids;
  for (size_t p = 0; p < tiles.size(); ++p)
    for (const QRect& tile : tiles[p]) grids.push_back({static_cast<int>(p), QRectF(tile), side, side});
  return {grids, tokens / count};
}

}  // namespace

std::vector<PatchRouting> patches_of(const std::vector<RoutedToken>& tokens, const VqaAnswer& answer) {
  std::map<int, std::vector<const RoutedToken*>> sites;
  for (const RoutedToken& token : tokens)
    if (token.part == "pictures") sites[token.site].push_back(&token);
  std::vector<PatchRouting> all;
  for (const auto& [site, of_site] : sites) {
    PatchRouting routing;
    routing.site = site;
    const std::span<const RoutedToken* const> here(of_site);
    if (answer.grids.empty()) {
      const auto [grids, each] = grids_of(answer.tiles, here.size());
      for (size_t i = 0; i < grids.size(); ++i) add_grid(routing, here.subspan(i * each, each), grids[i]);
    } else {
      size_t first = 0;
      for (const auto& grid : answer.grids) {
        const auto size = static_cast<size_t>(grid.rows) * static_cast<size_t>(grid.columns);
        require(first + size <= here.size(), "{}: {} picture tokens are too few for the patches", kVqaProgram,
                here.size());
        add_grid(routing, here.subspan(first, size), grid);
        first += size;
      }
      require(first == here.size(), "{}: {} picture tokens for {} patches", kVqaProgram, here.size(), first);
    }
    all.push_back(std::move(routing));
  }
  return all;
}

QString patches_csv(const std::vector<PatchRouting>& layers) {
  QString text = csv_line({"layer", "picture", "x", "y", "width", "height", "rank", "expert", "weight"});
  for (const PatchRouting& layer : layers)
    for (const PatchRouting::Patch& patch : layer.patches)
      for (size_t k = 0; k < patch.choices.size(); ++k) {
        QStringList cells{QString::number(layer.site), QString::number(patch.picture)};
        for (const double edge :
             {patch.place.x(), patch.place.y(), patch.place.width(), patch.place.height()})
          cells << QString::number(edge);
        const auto& [expert, weight] = patch.choices[k];
        text += csv_line(cells << QString::number(k) << QString::number(expert)
                               << QString::number(weight, 'g', 9));
      }
  return text;
}

InspectedAnswer parse_inspected(const QByteArray& line) {
  const Json record = parse_vqa_json(line);
  return checked_json("a line is no answer with its experts", [&] {
    InspectedAnswer inspected{answer_of(record), {}};
    if (!inspected.answer.error.isEmpty()) return inspected;
    for (const Json& token : record.at("routing")) inspected.tokens.push_back(token_of(token));
    return inspected;
  });
}

}  // namespace conclave::ui
