/// Models that runs of the history made or used.
#pragma once

#include <QString>
#include <vector>

#include "framework/history/store.h"

namespace conclave::ui {

/// The folder of the model that `run` made, or else used; empty when it names none.
QString model_folder(const RunDetail& run);

/// Whether a model's folder is as others publish theirs: such models answer, and tell nothing of their
/// experts.
bool is_published_model(const QString& folder);

struct KnownModel {
  int64_t run = 0;
  QString name;  ///< of the run
  QString folder;
};

/// Models of the newest runs of `apps` that are still there, each folder once under its newest run.
std::vector<KnownModel> known_models(const Store& store, const std::vector<std::string>& apps);

}  // namespace conclave::ui
