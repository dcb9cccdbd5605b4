#include "models/stream/generators/concept_drift.h"

#include "framework/base/config_object.h"
#include "framework/base/error.h"

namespace conclave::stream {
namespace {

class ConceptDrift final : public Generator {
 public:
  ConceptDrift(GeneratorPtr before, GeneratorPtr after, double position, double width, int64_t seed,
               DriftRamp ramp)
      : before_(std::move(before)),
        after_(std::move(after)),
        position_(position),
        width_(width),
        random_(seed),
        ramp_(ramp) {
    schema_ = before_->schema();
    const Schema& other = after_->schema();
    bool same = schema_.width() == other.width() && schema_.label.nominal == other.label.nominal;
    for (int i = 0; same && i < schema_.width(); ++i)
      same = schema_.inputs[i].nominal == other.inputs[i].nominal &&
             schema_.inputs[i].values.size() == other.inputs[i].values.size();
    require<UsageError>(same, "concepts of one stream need the same columns: {} and {} differ", schema_.name,
                        other.name);
    if (other.classes() > schema_.classes()) schema_.label = other.label;
  }
  double next(double* x) override {
    ++n_;
    // MOA draws before it compares, also far away from the drift.
    const bool old = random_.next_double() > drift_probability(ramp_, n_, position_, width_);
    return (old ? before_ : after_)->next(x);
  }

 private:
  GeneratorPtr before_, after_;
  double position_, width_, n_ = 0;
  JavaRandom random_;
  DriftRamp ramp_;
};

// Reads one concept; lists are read at `index`.
GeneratorPtr make_concept(const Json& config, size_t index, const std::string& path) {
  Json at = Json::object();
  for (const auto& [key, value] : config.items()) {
    if (key == "positions" || key == "width" || key == "ramp" || key == "concepts") continue;
    require<UsageError>(!value.is_array() || index < value.size(),
                        "{}.{} has {} values; concept {} needs one more", path, key, value.size(), index + 1);
    at[key] = value.is_array() ? value[index] : value;
  }
  ConfigObject c(at, path);
  const auto name = c.need<std::string>("generator");
  GeneratorOptions o;
  // What a generator has no use for stays unread, and is refused by finish().
  const auto take = [&](const char* key, auto& value) {
    if (has_option(name, key)) value = c.get(key, value);
  };
  take("seed", o.seed);
  take("model_seed", o.model_seed);
  take("function", o.function);
  take("noise", o.noise);
  take("balance", o.balance);
  take("drift_attributes", o.drift_attributes);
  take("classes", o.classes);
  take("attributes", o.attributes);
  take("centroids", o.centroids);
  take("centroids_drifting", o.centroids_drifting);
  take("speed", o.speed);
  take("magnitude", o.magnitude);
  take("sigma", o.sigma);
  take("perturbation", o.perturbation);
  take("irrelevant", o.irrelevant);
  take("nominals", o.nominals);
  take("numerics", o.numerics);
  take("nominal_values", o.nominal_values);
  take("depth", o.depth);
  take("first_leaf", o.first_leaf);
  take("leaf_fraction", o.leaf_fraction);
  c.finish();
  return make_generator(name, o);
}

}  // namespace

DriftRamp drift_ramp(const std::string& name) {
  if (name == "moa") return DriftRamp::moa;
  if (name == "capymoa") return DriftRamp::capymoa;
  require<UsageError>(name == "linear", "ramp = '{}' is none of: moa, capymoa, linear", name);
  return DriftRamp::linear;
}

double drift_probability(DriftRamp ramp, double n, double position, double width) {
  if (ramp == DriftRamp::moa) return 1.0 / (1.0 + std::exp(-4.0 * (n - position) / width));
  if (width <= 0) return n >= position ? 1 : 0;
  const double progress = (n - (position - width / 2)) / width;
  if (progress <= 0 || progress >= 1) return progress <= 0 ? 0 : 1;
  return ramp == DriftRamp::linear ? progress
                                   : 1.0 / (1.0 + std::exp(-2.0 * std::log(99.0) * (progress - 0.5)));
}

GeneratorPtr make_concept_drift(GeneratorPtr before, GeneratorPtr after, double position, double width,
                                int64_t seed, DriftRamp ramp) {
  require<UsageError>(width >= (ramp == DriftRamp::moa ? 1 : 0), "width = {} is too small", width);
  return std::make_unique<ConceptDrift>(std::move(before), std::move(after), position, width, seed, ramp);
}

GeneratorPtr make_generator(const Json& config) {
  require<UsageError>(config.is_object(), "a stream is an object, not {}", config.dump());
  const auto list = [&](const char* key) {
    const Json found = config.value(key, Json::array());
    require<UsageError>(found.is_array(), "{} = {} must be a list", key, found.dump());
    return found;
  };
  const Json positions = list("positions"), concepts = list("concepts");
  const double width =
      config.contains("width") && config["width"].is_number() ? config["width"].get<double>() : 1;
  const auto ramp = drift_ramp(config.value("ramp", "moa"));
  const auto concept_at = [&](size_t i) {
    if (concepts.empty()) return make_concept(config, i, "stream");
    require<UsageError>(i < concepts.size(), "{} concepts and {} positions: one position less is needed",
                        concepts.size(), positions.size());
    return make_concept(concepts[i], 0, fmt::format("stream.concepts[{}]", i));
  };
  GeneratorPtr made = concept_at(0);
  for (size_t i = 0; i < positions.size(); ++i) {
    require<UsageError>(positions[i].is_number(), "positions = {} must be numbers", positions.dump());
    made = make_concept_drift(std::move(made), concept_at(i + 1), positions[i].get<double>(), width, 1, ramp);
  }
  return made;
}

}  // namespace conclave::stream
