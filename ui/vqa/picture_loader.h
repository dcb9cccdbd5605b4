/// Pictures may be large: they are read beside the window.
#pragma once

#include <QObject>
#include <functional>

#include "ui/vqa/picture_canvas.h"

namespace conclave::ui {

class PictureLoader : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  /// `done` gets those that can be read, and what is wrong with the last that cannot; it is not called when
  /// others were asked for meanwhile.
  using Done = std::function<void(std::vector<ShownPicture> pictures, const QString& problem)>;
  void load(const QStringList& files, Done done);
  bool busy() const { return under_way_ > 0; }

 private:
  uint64_t newest_ = 0;
  int under_way_ = 0;
};

}  // namespace conclave::ui
