#include "models/stream/generators/generator.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <initializer_list>

#include "framework/base/error.h"

namespace conclave::stream {
namespace {

struct Entry {
  const char* name;
  GeneratorPtr (*make)(const GeneratorOptions&);
  int functions;                           // 0: has none
  std::initializer_list<const char*> own;  // beside seed and model_seed
};

const Entry kGenerators[] = {
    {"sea", make_sea, 4, {"function", "noise", "balance"}},
    {"led", make_led, 0, {"noise", "irrelevant"}},
    {"led-drift", make_led, 0, {"noise", "irrelevant", "drift_attributes"}},
    {"rbf", make_rbf, 0, {"classes", "attributes", "centroids"}},
    {"rbf-drift", make_rbf, 0, {"classes", "attributes", "centroids", "centroids_drifting", "speed"}},
    {"agrawal", make_agrawal, 10, {"function", "balance", "perturbation"}},
    {"hyperplane",
     make_hyperplane,
     0,
     {"classes", "attributes", "drift_attributes", "magnitude", "noise", "sigma"}},
    {"sine", make_sine, 4, {"function", "balance", "irrelevant"}},
    {"mixed", make_mixed, 2, {"function", "balance"}},
    {"stagger", make_stagger, 3, {"function", "balance"}},
    {"random-tree",
     make_random_tree,
     0,
     {"classes", "nominals", "numerics", "nominal_values", "depth", "first_leaf", "leaf_fraction"}},
    {"friedman", make_friedman, 10, {"function"}},
};

const Entry& entry_of(const std::string& name) {
  for (const Entry& entry : kGenerators)
    if (name == entry.name) return entry;
  throw UsageError(fmt::format("no generator '{}'; there are: {}", name, fmt::join(generator_names(), ", ")));
}

void check(bool holds, const std::string& generator, const char* key, double value, const char* allowed) {
  require<UsageError>(holds, "{}: {} = {} is not allowed: {}", generator, key, value, allowed);
}

}  // namespace

size_t Generator::read(RowBlock& block, size_t most) {
  block.width = schema_.width();
  block.x.resize(most * block.width);
  block.y.resize(most);
  for (size_t i = 0; i < most; ++i) block.y[i] = next(block.x.data() + i * block.width);
  return most;
}

std::vector<std::string> generator_names() {
  std::vector<std::string> names;
  for (const Entry& entry : kGenerators) names.emplace_back(entry.name);
  return names;
}

bool has_option(const std::string& generator, const std::string& option) {
  const auto& own = entry_of(generator).own;
  return option == "seed" || option == "model_seed" || std::find(own.begin(), own.end(), option) != own.end();
}

int function_count(const std::string& generator) {
  return entry_of(generator).functions;
}

GeneratorPtr make_generator(const std::string& name, const GeneratorOptions& o) {
  const Entry& entry = entry_of(name);
  if (entry.functions > 0)
    require<UsageError>(o.function >= 1 && o.function <= entry.functions, "{}: function = {} is not in 1..{}",
                        name, o.function, entry.functions);
  check(o.noise >= -1 && o.noise <= 100, name, "noise", o.noise, "0..100 percent");
  check(o.classes >= 2 && o.classes <= 10000, name, "classes", o.classes, "2..10000");
  check(o.attributes >= 1 && o.attributes <= 100000, name, "attributes", o.attributes, "1..100000");
  check(o.centroids >= 1 && o.centroids <= 100000, name, "centroids", o.centroids, "1..100000");
  check(o.centroids_drifting >= 0, name, "centroids_drifting", o.centroids_drifting, "0 or more");
  check(o.drift_attributes >= 0, name, "drift_attributes", o.drift_attributes, "0 or more");
  check(o.depth >= 0 && o.depth <= 12, name, "depth", o.depth, "0..12");
  check(o.nominals >= 0 && o.numerics >= 0 && o.nominals + o.numerics >= 1, name, "nominals", o.nominals,
        "at least one attribute");
  check(o.nominal_values >= 2 && o.nominal_values <= 100, name, "nominal_values", o.nominal_values, "2..100");
  GeneratorOptions used = o;
  if (name == "led") used.drift_attributes = 0;
  if (name == "rbf") used.centroids_drifting = 0;
  return entry.make(used);
}

}  // namespace conclave::stream
