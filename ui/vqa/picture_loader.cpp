#include "ui/vqa/picture_loader.h"

#include "ui/data/beside.h"

namespace conclave::ui {

void PictureLoader::load(const QStringList& files, Done done) {
  const uint64_t mine = ++newest_;
  ++under_way_;
  struct Read {
    std::vector<ShownPicture> pictures;
    QString problem;
  };
  beside(
      this,
      [files] {
        Read read;
        for (const QString& file : files)
          if (QImage image = read_picture(file, read.problem); !image.isNull())
            read.pictures.push_back({file, image});
        return read;
      },
      [this, mine, done = std::move(done)](Read read) {
        --under_way_;
        if (newest_ == mine) done(std::move(read.pictures), read.problem);
      });
}

}  // namespace conclave::ui
