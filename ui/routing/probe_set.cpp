#include "ui/routing/probe_set.h"

#include <algorithm>

#include "ui/data/text_table_model.h"
#include "ui/vqa/batch_input.h"

namespace conclave::ui {

const PatchRouting* Probe::patches_at(int site) const {
  for (const PatchRouting& routing : patches)
    if (routing.site == site) return &routing;
  return nullptr;
}

Probe parse_probe(const QByteArray& line, const QString& set) {
  InspectedAnswer inspected = parse_inspected(line);
  Probe probe;
  probe.answer = std::move(inspected.answer);
  probe.tokens = std::move(inspected.tokens);
  probe.pictures = picture_files(set, probe.answer.images);
  try {
    probe.patches = patches_of(probe.tokens, probe.answer);
  } catch (const std::exception& e) {
    probe.trouble = QString::fromUtf8(e.what());
  }
  const int experts = probe.experts();  // one colour for an expert, whoever chose it
  for (PatchRouting& routing : probe.patches) routing.experts = experts;
  return probe;
}

QString probes_csv(const std::vector<Probe>& probes) {
  QString text = csv_line({"question_id", "part", "layer", "token", "word", "rank", "expert", "weight"});
  for (const Probe& probe : probes)
    for (const RoutedToken& token : probe.tokens)
      for (size_t k = 0; k < token.choices.size(); ++k)
        text +=
            csv_line({probe.answer.id, token.part, QString::number(token.site), QString::number(token.token),
                      token.word, QString::number(k), QString::number(token.choices[k].first),
                      QString::number(token.choices[k].second, 'g', 9)});
  return text;
}

}  // namespace conclave::ui
