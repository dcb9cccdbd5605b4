/// Which experts each token went to, read from the lines that conclave-vqa writes of it.
#pragma once

#include <QRectF>
#include <set>
#include <utility>
#include <vector>

#include "ui/vqa/answer.h"

namespace conclave::ui {

/// An expert and its weight.
using ExpertChoice = std::pair<int, double>;

/// "expert 2 with 0.61, expert 0 with 0.39"; in words when there is none.
QString choices_text(const std::vector<ExpertChoice>& choices);

/// The same where there is little room: "e2 0.61 · e0 0.39".
QString short_choices(const std::vector<ExpertChoice>& choices);

/// One token at one MoE layer.
struct RoutedToken {
  QString part;  ///< "pictures", "question", "answer"
  QString word;  ///< of text, with the space before it
  int site = 0, token = 0;
  std::vector<ExpertChoice> choices;  ///< the first choice first; empty: no expert

  int first() const { return choices.empty() ? -1 : choices.front().first; }
};

/// The strongest of `choices` that is one of `experts`; nullptr: none of them.
const ExpertChoice* choice_among(const std::vector<ExpertChoice>& choices, const std::set<int>& experts);

/// Every site, in their order.
std::set<int> sites_of(const std::vector<RoutedToken>& tokens);
/// One more than the highest expert that was chosen.
int experts_of(const std::vector<RoutedToken>& tokens);
/// Words at one site, the question's before the answer's.
std::vector<RoutedToken> words_at(const std::vector<RoutedToken>& tokens, int site);

/// Which expert saw which part of the pictures, at one site.
struct PatchRouting {
  struct Patch {
    int picture = 0;
    QRectF place;     ///< in the picture's pixels
    int expert = -1;  ///< first choice
    double weight = 0;
    std::vector<ExpertChoice> choices = {};
  };
  int site = 0;
  int experts = 0;  ///< one more than the highest that was chosen
  std::vector<Patch> patches;
  /// Share of each expert among the first choices.
  std::vector<double> shares() const;
};

/// Of the experts that `word` went to the strongest that a patch went to as well; the first one when there is
/// none, -1 when it went to no expert.
int shared_expert(const RoutedToken& word, const PatchRouting& patches);

/// The lines of --routing-out about the question `id`. Throws Error on lines that are none.
std::vector<RoutedToken> parse_routing(const QByteArray& lines, const QString& id);

/// The picture tokens by site, where the answer's tiles or grids say. Each tile's tokens are a square of
/// patches with the tile's registers behind them. Throws Error when they do not fit.
std::vector<PatchRouting> patches_of(const std::vector<RoutedToken>& tokens, const VqaAnswer& answer);

/// Rows of layer, picture, x, y, width, height (in its pixels), rank, expert, weight.
QString patches_csv(const std::vector<PatchRouting>& layers);

/// A line of `conclave-vqa inspect --json`: an answer with the experts of all its tokens.
struct InspectedAnswer {
  VqaAnswer answer;
  std::vector<RoutedToken> tokens;
};
/// Throws Error when the line is no such record.
InspectedAnswer parse_inspected(const QByteArray& line);

}  // namespace conclave::ui
