#include "ui/runs/file_preview.h"

#include <QFile>
#include <QFileInfo>
#include <QFontDatabase>
#include <QImageReader>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QStackedWidget>
#include <QVBoxLayout>
#include <algorithm>

#include "framework/base/json.h"
#include "ui/audio/sound.h"
#include "ui/data/format.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr qint64 kTextBytes = 64 << 10, kHexBytes = 256, kHexColumns = 16;
constexpr qint64 kJsonBytes = 1 << 20;         // larger ones are not indented
constexpr qint64 kPictureBytes = 64 << 20;     // of the file
constexpr qint64 kPicturePixels = 64'000'000;  // before it is made smaller
constexpr int kShownPixels = 1024;             // along the longer side
constexpr QSize kWaveSize(800, 160);

QString tr(const char* text) {
  return QCoreApplication::translate("conclave::ui", text);
}

Preview picture_of(const QString& file) {
  QImageReader reader(file);
  reader.setAutoTransform(true);
  const QSize size = reader.size();
  if (!size.isValid()) return {{}, {}, tr("a picture that cannot be read: %1").arg(reader.errorString())};
  if (qint64{size.width()} * size.height() > kPicturePixels || QFileInfo(file).size() > kPictureBytes)
    return {{}, {}, tr("%1 × %2 pixels: too large to be shown here").arg(size.width()).arg(size.height())};
  if (std::max(size.width(), size.height()) > kShownPixels)
    reader.setScaledSize(size.scaled(kShownPixels, kShownPixels, Qt::KeepAspectRatio));
  Preview preview;
  preview.picture = reader.read();
  preview.note = preview.picture.isNull() ? tr("a picture that cannot be read: %1").arg(reader.errorString())
                                          : tr("%1 × %2 pixels").arg(size.width()).arg(size.height());
  return preview;
}

Preview sound_of(const QString& file) {
  const Sound sound = read_wav(file);
  QImage wave(kWaveSize, QImage::Format_ARGB32_Premultiplied);
  wave.fill(Qt::transparent);
  QPainter painter(&wave);
  painter.setPen(series_color(0));
  const double middle = kWaveSize.height() / 2.0;
  int x = 0;
  for (const auto& [low, high] : outline_of(sound, kWaveSize.width())) {
    painter.drawLine(QPointF(x, middle - high * middle), QPointF(x, middle - low * middle));
    ++x;
  }
  return {wave, {}, tr("%1 s of sound, %2 Hz").arg(sound.seconds(), 0, 'f', 2).arg(sound.rate)};
}

QString hex_of(const QByteArray& bytes) {
  QStringList lines;
  for (qsizetype at = 0; at < std::min<qsizetype>(bytes.size(), kHexBytes); at += kHexColumns) {
    const QByteArray part = bytes.mid(at, kHexColumns);
    QString letters;
    for (const char c : part) letters += c >= 32 && c < 127 ? QChar(c) : QChar('.');
    lines << QString("%1  %2  %3")
                 .arg(at, 4, 16, QChar('0'))
                 .arg(QString::fromLatin1(part.toHex(' ')), -(3 * kHexColumns - 1))
                 .arg(letters);
  }
  return lines.join('\n');
}

Preview text_of_file(const QString& path, const QString& suffix) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) return {{}, {}, tr("cannot be read: %1").arg(file.errorString())};
  const bool json = suffix == "json" && file.size() <= kJsonBytes;
  const QByteArray bytes = file.read(json ? kJsonBytes : kTextBytes);
  if (bytes.isEmpty()) return {{}, {}, tr("an empty file")};
  if (bytes.contains('\0')) return {{}, hex_of(bytes), tr("the first bytes")};
  Preview preview;
  preview.text = QString::fromUtf8(bytes);
  if (json) {
    const Json value = Json::parse(bytes.toStdString(), nullptr, false);
    if (!value.is_discarded())
      preview.text = QString::fromStdString(value.dump(2, ' ', false, Json::error_handler_t::replace));
    preview.text.truncate(kTextBytes);
  }
  if (file.size() > bytes.size()) preview.note = tr("the first %1").arg(size_text(bytes.size()));
  return preview;
}

}  // namespace

Preview preview_of(const QString& file, int64_t recorded) {
  const QFileInfo info(file);
  if (!info.exists()) return {{}, {}, tr("is not there any more")};
  if (!info.isFile()) return {{}, {}, tr("is no file")};
  Preview preview;
  try {
    const QString suffix = info.suffix().toLower();
    if (QImageReader::supportedImageFormats().contains(suffix.toLatin1()))
      preview = picture_of(file);
    else if (suffix == "wav")
      preview = sound_of(file);
    else
      preview = text_of_file(file, suffix);
  } catch (const std::exception& e) {
    preview.note = QString::fromUtf8(e.what());
  }
  if (info.size() != recorded)
    preview.note = (QStringList(tr("⚠ written anew since this run")) << preview.note)
                       .join(preview.note.isEmpty() ? "" : "  ·  ");
  return preview;
}

FilePreview::FilePreview(HistoryThread& history, QWidget* parent)
    : QWidget(parent),
      history_(history),
      note_(new QLabel),
      picture_(new QLabel),
      text_(new QPlainTextEdit),
      stack_(new QStackedWidget) {
  note_->setForegroundRole(QPalette::PlaceholderText);
  note_->setObjectName("preview.note");
  note_->setWordWrap(true);
  note_->setTextFormat(Qt::PlainText);
  picture_->setObjectName("preview.picture");
  picture_->setAlignment(Qt::AlignCenter);
  picture_->setMinimumSize(1, 1);
  text_->setObjectName("preview.text");
  text_->setAccessibleName(tr("Contents of the file"));
  text_->setReadOnly(true);
  text_->setTabChangesFocus(true);
  text_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  text_->setLineWrapMode(QPlainTextEdit::NoWrap);
  stack_->addWidget(picture_);
  stack_->addWidget(text_);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 4, 0, 0);
  layout->addWidget(note_);
  layout->addWidget(stack_, 1);
  show_file({}, 0);
}

void FilePreview::show_file(const QString& file, int64_t recorded) {
  busy_ = !file.isEmpty();
  whole_ = {};
  picture_->clear();
  stack_->setCurrentWidget(picture_);
  note_->setText(file.isEmpty() ? tr("Choose a file to see what is in it.") : QString());
  if (file.isEmpty()) return;
  history_.ask(
      this, question_, [=](const Store&) { return preview_of(file, recorded); },
      [this](const Answer<Preview>& answer) {
        busy_ = false;
        const Preview preview = answer.value.value_or(Preview{{}, {}, answer.error});
        note_->setText(preview.note);
        note_->setVisible(!preview.note.isEmpty());
        whole_ = preview.picture;
        text_->setPlainText(preview.text);
        stack_->setCurrentWidget(preview.text.isEmpty() ? static_cast<QWidget*>(picture_) : text_);
        fit_picture();
      });
}

void FilePreview::fit_picture() {
  if (whole_.isNull()) return;
  const double scale = devicePixelRatioF();
  const QSize room = stack_->size() * scale;
  if (room.isEmpty()) return;
  QPixmap shown = QPixmap::fromImage(whole_.scaled(room, Qt::KeepAspectRatio, Qt::SmoothTransformation));
  shown.setDevicePixelRatio(scale);
  picture_->setPixmap(shown);
}

void FilePreview::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  fit_picture();
}

}  // namespace conclave::ui
