#include "ui/process/programs.h"

#include <QFileInfo>
#include <QStandardPaths>

#include "framework/base/child_process.h"
#include "framework/base/paths.h"

namespace conclave::ui {
namespace fs = std::filesystem;

QString find_program(const QString& name) {
  const QString beside = QString::fromStdString(program_folder()) + "/" + name;
  return QFileInfo(beside).isExecutable() ? beside : QStandardPaths::findExecutable(name);
}

QStringList application_programs() {
  return {"conclave-vqa", "conclave-audio", "conclave-ultrasound", "conclave-stream", "conclave-model"};
}

QString find_asset(const QString& name) {
  const fs::path folder = program_folder();
  const fs::path installed = folder.parent_path() / "share" / "conclave" / name.toStdString();
  if (fs::exists(installed)) return QString::fromStdString(installed.string());
  const fs::path assets = find_upward(folder, fs::path("assets") / "README.md").parent_path();
  const fs::path asset = assets / name.toStdString();
  return !assets.empty() && fs::exists(asset) ? QString::fromStdString(asset.string()) : QString();
}

}  // namespace conclave::ui
