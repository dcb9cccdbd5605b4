/// The language that the window speaks.
#pragma once

#include <QCoreApplication>
#include <QHash>
#include <QTranslator>

namespace conclave::ui {

/// Words of a .ts file as Qt's linguist and lupdate keep it, read as it is: lrelease is no part of what a
/// build needs.
class Translation : public QTranslator {
 public:
  using QTranslator::QTranslator;
  /// False when the file is none.
  bool read(const QString& file);
  bool isEmpty() const override { return words_.isEmpty(); }
  /// Languages with one form of number alone; Qt puts the number in.
  QString translate(const char* context, const char* source, const char* disambiguation,
                    int n) const override;

 private:
  QHash<std::pair<QString, QString>, QString> words_;  ///< by context and source
};

/// Takes the words of `name` ("zh_CN"), or of the system's language when it is empty; English where there are
/// none.
void speak_language(QCoreApplication& app, const QString& name);

}  // namespace conclave::ui
