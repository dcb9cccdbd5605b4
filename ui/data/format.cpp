#include "ui/data/format.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QLocale>
#include <QRegularExpression>
#include <cmath>

namespace conclave::ui {
namespace {
QString tr(const char* text) {
  return QCoreApplication::translate("conclave::ui", text);
}
}  // namespace

QString number_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
  if (value == std::round(value) && std::abs(value) < 1e9) return count_text(static_cast<int64_t>(value));
  if (std::abs(value) >= 1e4 && std::abs(value) < 1e9) return QLocale().toString(value, 'f', 0);
  return QString::number(value, 'g', 4);
}

QString duration_text(double seconds) {
  const auto whole = static_cast<int64_t>(std::max(0.0, seconds));
  if (seconds < 10) return tr("%1 s").arg(std::max(0.0, seconds), 0, 'f', 1);
  if (whole < 60) return tr("%1 s").arg(whole);
  if (whole < 3600) return tr("%1 min %2 s").arg(whole / 60).arg(whole % 60, 2, 10, QChar('0'));
  return tr("%1 h %2 min").arg(whole / 3600).arg(whole / 60 % 60, 2, 10, QChar('0'));
}

QString time_text(int64_t ms) {
  const QDateTime time = QDateTime::fromMSecsSinceEpoch(ms);
  const QDateTime now = QDateTime::currentDateTime();
  if (time.date() == now.date()) return time.toString("HH:mm");
  return time.toString(time.date().year() == now.date().year() ? "d MMM HH:mm" : "d MMM yyyy HH:mm");
}

QString size_text(int64_t bytes) {
  return QLocale().formattedDataSize(bytes, 1, QLocale::DataSizeSIFormat);
}

QString count_text(int64_t count) {
  return QLocale().toString(static_cast<qlonglong>(count));
}

QString json_text(const Json& value) {
  return QString::fromStdString(value.is_string()
                                    ? value.get<std::string>()
                                    : value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

QString status_text(const std::string& status) {
  [[maybe_unused]] static constexpr const char* kWords[] = {
      QT_TRANSLATE_NOOP("status", "queued"),    QT_TRANSLATE_NOOP("status", "waiting"),
      QT_TRANSLATE_NOOP("status", "running"),   QT_TRANSLATE_NOOP("status", "finished"),
      QT_TRANSLATE_NOOP("status", "done"),      QT_TRANSLATE_NOOP("status", "failed"),
      QT_TRANSLATE_NOOP("status", "cancelled"), QT_TRANSLATE_NOOP("status", "lost")};
  return QCoreApplication::translate("status", status.c_str());
}

QString shell_text(const QStringList& words) {
  static const QRegularExpression plain("^[A-Za-z0-9_@%+=:,./-]+$");
  QStringList quoted;
  for (QString word : words) {
    if (!plain.match(word).hasMatch()) word = "'" + word.replace("'", "'\\''") + "'";
    quoted << word;
  }
  return quoted.join(' ');
}

QString short_path(const QString& path) {
  const QString home = QDir::homePath() + "/";
  return path.startsWith(home) && path.size() > home.size() ? "~/" + path.mid(home.size()) : path;
}

QString short_shell_text(const QStringList& words) {
  QStringList text;
  for (const QString& word : words) {
    const QString shorter = short_path(word), rest = shorter.mid(2);
    text << (shorter != word && shell_text(QStringList{rest}) == rest ? shorter
                                                                      : shell_text(QStringList{word}));
  }
  return text.join(' ');
}

QString shell_text(const std::vector<std::string>& words) {
  QStringList list;
  for (const auto& word : words) list << QString::fromStdString(word);
  return shell_text(list);
}

}  // namespace conclave::ui
