#include "ui/app/language.h"

#include <QFile>
#include <QLibraryInfo>
#include <QLocale>
#include <QXmlStreamReader>

namespace conclave::ui {

bool Translation::read(const QString& file) {
  QFile in(file);
  if (!in.open(QIODevice::ReadOnly)) return false;
  QXmlStreamReader xml(&in);
  QString context, source;
  while (!xml.atEnd()) {
    if (xml.readNext() != QXmlStreamReader::StartElement) continue;
    if (xml.name() == QLatin1String("name")) {
      context = xml.readElementText();
    } else if (xml.name() == QLatin1String("source")) {
      source = xml.readElementText();
    } else if (xml.name() == QLatin1String("translation")) {
      const bool finished = !xml.attributes().hasAttribute("type");
      const QString text = xml.readElementText(QXmlStreamReader::IncludeChildElements);
      // Indented where it stands in a form of number.
      if (finished) words_[{context, source}] = text.startsWith(QChar(10)) ? text.trimmed() : text;
    }
  }
  return !xml.hasError();
}

QString Translation::translate(const char* context, const char* source, const char*, int) const {
  return words_.value({QString::fromUtf8(context), QString::fromUtf8(source)});
}

void speak_language(QCoreApplication& app, const QString& name) {
  const QLocale locale = name.isEmpty() ? QLocale() : QLocale(name);
  QLocale::setDefault(locale);
  auto* of_qt = new QTranslator(&app);  // file dialogs and the like
  if (of_qt->load(locale, "qtbase", "_", QLibraryInfo::path(QLibraryInfo::TranslationsPath)))
    QCoreApplication::installTranslator(of_qt);
  auto* own = new Translation(&app);
  if (own->read(":/translations/conclave_" + locale.name() + ".ts")) QCoreApplication::installTranslator(own);
}

}  // namespace conclave::ui
