/// The pictures of a question, side by side, with patches painted by the expert that saw them.
#pragma once

#include <QImage>
#include <QWidget>
#include <vector>

#include "ui/vqa/token_routing.h"

namespace conclave::ui {

struct ShownPicture {
  QString file;
  QImage image;
};

/// Reads a picture for the screen: at most 2000 pixels a side, and never more than 256 MB of memory; an error
/// in one sentence in `problem`.
QImage read_picture(const QString& file, QString& problem);

/// Takes files that are dropped on it. The wheel, + and - zoom, 0 shows all; dragging and the arrow keys
/// move; E goes through the experts below the picture.
class PictureCanvas : public QWidget {
  Q_OBJECT
 public:
  static constexpr double kMostZoom = 32;

  explicit PictureCanvas(QWidget* parent = nullptr);
  /// What stands here as long as there is no picture.
  void say_when_empty(const QString& text) { empty_ = text; }
  void set_pictures(std::vector<ShownPicture> pictures);
  const std::vector<ShownPicture>& pictures() const { return pictures_; }
  /// Sizes of the pictures as they are in their files; patches are in these pixels.
  void set_patches(const PatchRouting& routing);
  void clear_patches();
  const PatchRouting& patches() const { return routing_; }
  /// Only patches that went to one of these are painted, by how much they did, and the rest is dimmed; empty:
  /// each by its first expert.
  void show_experts(const std::set<int>& experts);
  const std::set<int>& shown_experts() const { return shown_; }
  /// How many patches went to one of those that are shown.
  int patches_shown() const;
  /// Where an expert stands below the picture; empty where it does not.
  QRect legend_of(int expert) const;
  /// Frames one patch; -1: none.
  void mark_patch(int patch);
  int marked_patch() const { return marked_; }
  /// The patch that is shown at `point`; -1 where there is none.
  int patch_at(const QPointF& point) const;
  /// Where a patch is shown.
  QRectF area_of(int patch) const;

  /// 1: all is seen. `point` stays where it is.
  void zoom_at(const QPointF& point, double factor);
  /// About the middle.
  void zoom_by(double factor) { zoom_at(QRectF(rect()).center(), factor); }
  void show_all();
  double zoom() const { return zoom_; }
  QSize sizeHint() const override { return {480, 420}; }
  /// What is seen, drawn anywhere.
  void draw(QPainter& painter, const QSize& size) const;

 Q_SIGNALS:
  void dropped(const QStringList& files);
  /// A patch was clicked.
  void patch_chosen(int patch);
  /// An expert below the picture was; -1: with the keyboard, the one behind the last.
  void expert_chosen(int expert);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  bool event(QEvent* event) override;

 private:
  struct Place {
    QRectF area;
    double scale;  ///< of the file's pixels
  };
  std::vector<Place> fitted(const QSize& size) const;
  std::vector<Place> places(const QSize& size) const;
  static QRectF area_in(const std::vector<Place>& places, const PatchRouting::Patch& patch);
  void look_at(QPointF middle);
  void draw_patches(QPainter& painter, const std::vector<Place>& places) const;
  struct LegendEntry {
    int expert;
    QString text;
    QRect area;
  };
  struct Legend {
    QString head;
    QRect area;
    std::vector<LegendEntry> entries;
    bool whole = true;  ///< false: there was no room for all
  };
  Legend legend_in(const QSize& size) const;
  void draw_legend(QPainter& painter, const Legend& legend) const;
  void choose_next_expert();
  std::vector<ShownPicture> pictures_;
  PatchRouting routing_;
  QString empty_;
  std::set<int> shown_;
  int marked_ = -1;
  double zoom_ = 1;
  QPointF middle_{0.5,
                  0.5};  ///< of what is seen, in parts of the whole: it stays when the window's size changes
  QPointF pressed_, grabbed_;
  bool dragging_ = false;
};

}  // namespace conclave::ui
