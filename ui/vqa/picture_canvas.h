/// The pictures of a question, side by side, with patches painted by the expert that saw them.
#pragma once

#include <QImage>
#include <QWidget>
#include <vector>

#include "ui/vqa/answer.h"

namespace conclave::ui {

struct ShownPicture {
  QString file;
  QImage image;
};

/// Reads a picture for the screen: at most 2000 pixels a side, and never more than 256 MB of memory; an error
/// in one sentence in `problem`.
QImage read_picture(const QString& file, QString& problem);

/// Takes files that are dropped on it.
class PictureCanvas : public QWidget {
  Q_OBJECT
 public:
  explicit PictureCanvas(QWidget* parent = nullptr);
  void set_pictures(std::vector<ShownPicture> pictures);
  /// Sizes of the pictures as they are in their files; patches are in these pixels.
  void set_patches(const PatchRouting& routing);
  void clear_patches();
  const PatchRouting& patches() const { return routing_; }
  QSize sizeHint() const override { return {480, 420}; }
  /// What is seen, drawn anywhere.
  void draw(QPainter& painter, const QSize& size) const;

 Q_SIGNALS:
  void dropped(const QStringList& files);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  bool event(QEvent* event) override;

 private:
  struct Place {
    QRectF area;
    double scale;  ///< of the file's pixels
  };
  std::vector<Place> places(const QSize& size) const;
  void draw_patches(QPainter& painter, const std::vector<Place>& places) const;
  void draw_legend(QPainter& painter, const QRect& area) const;
  std::vector<ShownPicture> pictures_;
  PatchRouting routing_;
};

}  // namespace conclave::ui
