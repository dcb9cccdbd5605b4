#include "apps/stream/saved_learner.h"

#include "framework/base/error.h"
#include "models/stream/eval/snapshot.h"

namespace conclave {

SavedLearner load_learner(const std::filesystem::path& file, int threads) {
  const auto snapshot = stream::read_snapshot(file);
  SavedLearner saved;
  stream::Schema first;
  try {
    saved.plan = SessionPlan::from_json(snapshot.about.at("plan"));
    first = saved.schema = stream::schema_from_json(snapshot.about.at("schema"));
    first.label.values.resize(snapshot.about.at("first_classes").get<size_t>());
  } catch (const nlohmann::json::exception& e) {
    throw DataError(file.string(), "", e.what());
  }
  saved.learner = stream::make_learner(saved.plan.learner, {first, saved.plan.seed, threads});
  stream::load_state(snapshot.state, file.string(), saved.state, *saved.learner);
  return saved;
}

}  // namespace conclave
