/// What conclave-vqa says about pictures, read from its JSON lines.
#pragma once

#include <QByteArray>
#include <QRect>
#include <QString>
#include <QStringList>
#include <vector>

namespace conclave::ui {

struct VqaAnswer {
  QString question, text, error;                ///< error: in place of a text
  QString warning;                              ///< words that the model never learnt
  double confidence = 0;                        ///< probability of the answer
  std::vector<std::pair<QString, double>> top;  ///< the best first
  double latency_ms = 0;
  QString id;
  /// Tiles that each picture was cut to, in its own pixels.
  std::vector<std::vector<QRect>> tiles;
};

/// Throws Error when the line is no such record.
VqaAnswer parse_answer(const QByteArray& line);

/// Which expert saw which part of the pictures, at one site.
struct PatchRouting {
  struct Patch {
    int picture = 0;
    QRectF place;     ///< in the picture's pixels
    int expert = -1;  ///< first choice
    double weight = 0;
  };
  int site = 0;
  int experts = 0;  ///< one more than the highest that was chosen
  std::vector<Patch> patches;
  /// Share of each expert among the first choices.
  std::vector<double> shares() const;
};

/// The lines of --routing-out for the pictures of the question `id`, by site. Each tile's tokens are a square
/// of patches with the tile's registers behind them. Throws Error on lines that are none, or that do not fit
/// the tiles.
std::vector<PatchRouting> parse_patches(const QByteArray& lines, const QString& id,
                                        const std::vector<std::vector<QRect>>& tiles);

}  // namespace conclave::ui
