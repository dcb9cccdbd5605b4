#include "ui/vqa/model_chooser.h"

#include <QFileDialog>
#include <QFileInfo>
#include <algorithm>

#include "ui/data/run_model.h"
#include "ui/process/programs.h"

namespace conclave::ui {
namespace {

constexpr int kOther = Qt::UserRole + 1;  // the row that asks for a folder

// Empty for the shipped one, however it is named.
QString home_of(const QString& folder) {
  if (folder.isEmpty() || QFileInfo(folder) == QFileInfo(find_asset("vqa-small"))) return {};
  return QFileInfo(folder).absoluteFilePath();
}

}  // namespace

QString ModelChooser::name_of_run(int64_t run, const QString& name, const QString& folder) {
  return tr("run %1: %2").arg(run).arg(name.isEmpty() ? QFileInfo(folder).fileName() : name);
}

ModelChooser::ModelChooser(Context& context, std::vector<std::string> apps, QWidget* parent)
    : QComboBox(parent), context_(context), apps_(std::move(apps)) {
  setAccessibleName(tr("Model"));
  setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
  setMinimumContentsLength(16);
  fill({});
  connect(this, &QComboBox::activated, this, &ModelChooser::take);
}

QStringList ModelChooser::words() const {
  return folder_.isEmpty() ? QStringList() : QStringList{"--model", folder_};
}

void ModelChooser::refresh() {
  context_.history.ask(
      this, question_, [apps = apps_](const Store& store) { return known_models(store, apps); },
      [this](Answer<std::vector<KnownModel>> answer) {
        if (!answer.value) return;  // no history yet: the shipped one and folders remain
        std::vector<std::pair<QString, QString>> models;
        for (const KnownModel& model : *answer.value)
          if (const QString home = home_of(model.folder); !home.isEmpty())
            models.emplace_back(name_of_run(model.run, model.name, home), home);
        if (models != listed_) fill(models);
      });
}

void ModelChooser::fill(const std::vector<std::pair<QString, QString>>& models) {
  listed_ = models;
  clear();
  addItem(tr("Shipped model"), QString());
  const auto add = [this](const QString& name, const QString& folder) {
    if (findData(folder) >= 0) return;
    addItem(name, folder);
    setItemData(count() - 1, folder, Qt::ToolTipRole);
  };
  for (const auto& [name, folder] : own_) add(name, folder);
  for (const auto& [name, folder] : listed_) add(name, folder);
  addItem(tr("A folder ..."));
  setItemData(count() - 1, true, kOther);
  setCurrentIndex(std::max(0, findData(folder_)));
}

void ModelChooser::choose(const QString& folder, const QString& name) {
  const QString place = home_of(folder);
  if (!place.isEmpty() && findData(place) < 0) {
    own_.emplace_back(name.isEmpty() ? QFileInfo(place).fileName() : name, place);
    const auto listed = listed_;
    fill(listed);
  }
  setCurrentIndex(findData(place));
  setToolTip(place);
  folder_ = place;
  Q_EMIT changed();
}

void ModelChooser::take(int index) {
  if (itemData(index, kOther).toBool()) return ask_folder();
  choose(itemData(index).toString());
}

void ModelChooser::ask_folder() {
  const QString folder = QFileDialog::getExistingDirectory(
      this, tr("Folder of a model"), context_.preferences.value("vqa/models").toString());
  if (!folder.isEmpty()) context_.preferences.setValue("vqa/models", QFileInfo(folder).path());
  choose(folder.isEmpty() ? folder_ : folder);
}

}  // namespace conclave::ui
