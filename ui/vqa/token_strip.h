/// Words one behind the other, each painted by the expert that it went to first.
#pragma once

#include <QWidget>
#include <vector>

#include "ui/vqa/token_routing.h"

namespace conclave::ui {

/// A click or the arrow keys choose a word; a tip tells all its experts.
class TokenStrip : public QWidget {
  Q_OBJECT
 public:
  explicit TokenStrip(QWidget* parent = nullptr);
  /// Tokens of text; every part ("question", "answer") begins a line of its own. The chosen one stays where
  /// there is one at its place.
  void set_tokens(std::vector<RoutedToken> tokens, int experts);
  const std::vector<RoutedToken>& tokens() const { return tokens_; }
  /// -1: none.
  int chosen() const { return chosen_; }
  void choose(int token);
  /// Words that went to none of these are drawn faintly; empty: all alike.
  void show_experts(const std::set<int>& experts);
  /// The color a token is painted in.
  QColor color_of(int token) const;
  int token_at(const QPoint& point) const;
  /// Where a token stands when the strip is `width` wide.
  QRect area_of(int token, int width) const;

  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  QSize sizeHint() const override { return {320, heightForWidth(320)}; }
  void draw(QPainter& painter, int width) const;

 Q_SIGNALS:
  void token_chosen(int token);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  struct Layout {
    std::vector<QRect> words;
    std::vector<std::pair<QRect, QString>> heads;  ///< of the parts
    int height = 0;
  };
  Layout layout_in(int width) const;
  std::vector<RoutedToken> tokens_;
  int experts_ = 0, chosen_ = -1;
  std::set<int> shown_;
};

/// How a token is shown: without the space before it; a line end as a sign.
QString shown_word(const QString& word);

}  // namespace conclave::ui
