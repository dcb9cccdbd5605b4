/// A few fixed questions, asked of any model: what it answers, and by which experts.
#pragma once

#include <QStringList>
#include <vector>

#include "ui/vqa/token_routing.h"

namespace conclave::ui {

/// One question of the set with its answer.
struct Probe {
  VqaAnswer answer;
  QStringList pictures;  ///< files
  std::vector<RoutedToken> tokens;
  std::vector<PatchRouting> patches;  ///< by site
  QString trouble;                    ///< why there are no patches, where there should be some

  std::set<int> sites() const { return sites_of(tokens); }
  int experts() const { return experts_of(tokens); }
  std::vector<RoutedToken> words_at(int site) const { return ui::words_at(tokens, site); }
  /// nullptr: none.
  const PatchRouting* patches_at(int site) const;
};

/// `line` of `conclave-vqa inspect --json`, asked with the JSON-lines file `set`, beside which its pictures
/// lie. Throws Error when it is no such line.
Probe parse_probe(const QByteArray& line, const QString& set);

/// question_id, part, layer, token, word, rank, expert, weight: a row for each expert of each token.
QString probes_csv(const std::vector<Probe>& probes);

}  // namespace conclave::ui
