/// The words of a question and its answer below its picture: what went to the same expert as a word, a patch
/// or an expert that is chosen.
#pragma once

#include <QWidget>

#include "ui/vqa/picture_canvas.h"
#include "ui/vqa/token_strip.h"

class QLabel;
class QScrollArea;

namespace conclave::ui {

class WordView : public QWidget {
  Q_OBJECT
 public:
  /// Paints the patches of `canvas`, which lives at least as long.
  explicit WordView(PictureCanvas& canvas, QWidget* parent = nullptr);
  /// Words of one layer, whose patches the canvas has already; the chosen word stays chosen.
  void set_words(std::vector<RoutedToken> words, int experts);
  /// Nothing is chosen.
  void forget();
  TokenStrip& strip() const { return *strip_; }

 private:
  void choose_word(int word);
  void choose_expert(int expert);
  void show_experts(const std::set<int>& experts);
  QString text() const;
  PictureCanvas& canvas_;
  TokenStrip* strip_;
  QScrollArea* scroll_;
  QLabel* label_;
  std::set<int> shown_;
};

}  // namespace conclave::ui
