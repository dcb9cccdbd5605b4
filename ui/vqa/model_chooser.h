/// Which model answers: the shipped one, one of the history's runs, or a folder.
#pragma once

#include <QComboBox>

#include "ui/app/page.h"

namespace conclave::ui {

class ModelChooser : public QComboBox {
  Q_OBJECT
 public:
  /// Lists models of the runs of `apps`.
  ModelChooser(Context& context, std::vector<std::string> apps, QWidget* parent = nullptr);
  /// Empty: the shipped one.
  QString folder() const { return folder_; }
  /// Options of conclave-vqa for it.
  QStringList words() const;
  /// A folder that is not listed is added. `name` stands for it there; empty: the folder's own.
  void choose(const QString& folder, const QString& name = {});
  /// How the model of a run is called.
  static QString name_of_run(int64_t run, const QString& name, const QString& folder);
  /// Reads the history's models again.
  void refresh();

 Q_SIGNALS:
  /// One was chosen, perhaps the same again.
  void changed();

 private:
  void fill(const std::vector<std::pair<QString, QString>>& models);
  void take(int index);
  void ask_folder();
  Context& context_;
  const std::vector<std::string> apps_;
  Question question_;
  QString folder_;
  std::vector<std::pair<QString, QString>> own_, listed_;  ///< name, folder
};

}  // namespace conclave::ui
