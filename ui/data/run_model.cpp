#include "ui/data/run_model.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSet>

namespace conclave::ui {
namespace {

constexpr int64_t kSearchedModels = 100;  // runs of each kind
constexpr const char* kModelConfig = "config.json";
constexpr qint64 kLargestConfig = 16 << 20;

QString folder_in(const RunDetail& run, const std::string& direction) {
  for (const RunArtifact& file : run.artifacts) {
    const QFileInfo path(QString::fromStdString(file.path));
    if (file.kind == "model" && file.direction == direction && path.fileName() == kModelConfig)
      return path.path();
  }
  return {};
}

}  // namespace

bool is_published_model(const QString& folder) {
  QFile file(folder + "/" + kModelConfig);
  if (!file.open(QIODevice::ReadOnly) || file.size() > kLargestConfig) return false;
  const QJsonObject config = QJsonDocument::fromJson(file.readAll()).object();
  return config.contains("architectures") && config["architectures"].toArray() != QJsonArray{"ConclaveVlm"};
}

QString model_folder(const RunDetail& run) {
  for (const char* direction : {"output", "input"})
    if (const QString folder = folder_in(run, direction); !folder.isEmpty()) return folder;
  for (const RunParam& param : run.params)
    if (param.key == "model_folder" && param.value.is_string())
      return QString::fromStdString(param.value.get<std::string>());
  return {};
}

std::vector<KnownModel> known_models(const Store& store, const std::vector<std::string>& apps) {
  std::vector<KnownModel> models;
  QSet<QString> seen;
  std::vector<std::pair<std::string, std::string>> kinds;
  for (const char* verb : {"train", ""})  // what was made stands before what was used
    for (const std::string& app : apps) kinds.emplace_back(app, verb);
  for (const auto& [app, verb] : kinds) {
    RunFilter filter;
    filter.app = app;
    filter.verb = verb;
    filter.limit = kSearchedModels;
    for (const RunSummary& run : store.list(filter, std::vector<std::string>{})) {
      const QString folder = model_folder(store.show(run.id));
      if (folder.isEmpty() || seen.contains(folder) || !QFileInfo(folder + "/" + kModelConfig).isFile())
        continue;
      seen.insert(folder);
      models.push_back({run.id, QString::fromStdString(run.name), folder});
    }
  }
  return models;
}

}  // namespace conclave::ui
