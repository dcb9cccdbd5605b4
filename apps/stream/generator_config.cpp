#include "apps/stream/generator_config.h"

namespace conclave {

void GeneratorFlags::declare(Options& options, const std::string& seed) {
  options.add(seed, seed_, "Seed of the generated rows");
  options.add("model-seed", model_seed_, "Seed of the concept (rbf, random-tree)");
  options.add("function", function_,
              "Classification function, from 1; one per concept (all but led, rbf, hyperplane, random-tree)");
  options.add("drift-attributes", drift_attributes_,
              "Attributes with drift (led-drift, hyperplane); one per concept");
  options.add("positions", positions_, "Rows around which the next concept takes over");
  options.add("width", width_, "Rows over which a concept takes over").at_least(0);
  options.add("ramp", ramp_, "How it takes over").choices({"moa", "capymoa", "linear"});
  options.add("noise", noise_, "Percent of flipped labels (sea, hyperplane; led: segments)").range(0, 100);
  options.add("classes", classes_, "Classes (rbf, hyperplane, random-tree)").range(2, 10000);
  options.add("attributes", attributes_, "Attributes (rbf, hyperplane)").at_least(1);
  options.add("centroids", centroids_, "Centroids (rbf)").at_least(1);
  options.add("centroids-drifting", centroids_drifting_, "Centroids that move (rbf-drift)").at_least(0);
  options.add("speed", speed_, "Way of a centroid per row (rbf-drift)").at_least(0);
  options.add("magnitude", magnitude_, "Change of a weight per row (hyperplane)").at_least(0);
  options.add("balance", balance_, "Classes in turn (sea, agrawal, sine, mixed, stagger)");
}

Json GeneratorFlags::config(const std::string& generator) const {
  Json config = {{"generator", generator},
                 {"seed", seed_},
                 {"model_seed", model_seed_},
                 {"ramp", ramp_},
                 {"width", width_}};
  if (balance_) config["balance"] = true;
  const auto put_list = [&](const char* key, const std::vector<int>& list) {
    if (list.size() == 1) config[key] = list[0];
    if (list.size() > 1) config[key] = list;
  };
  const auto put = [&](const char* key, const auto& value) {
    if (value) config[key] = *value;
  };
  put_list("function", function_);
  put_list("drift_attributes", drift_attributes_);
  if (!positions_.empty()) config["positions"] = positions_;
  put("noise", noise_);
  put("classes", classes_);
  put("attributes", attributes_);
  put("centroids", centroids_);
  put("centroids_drifting", centroids_drifting_);
  put("speed", speed_);
  put("magnitude", magnitude_);
  return config;
}

}  // namespace conclave
