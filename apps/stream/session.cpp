#include "apps/stream/session.h"

#include <fmt/format.h>

#include "apps/common/outputs.h"
#include "apps/stream/control.h"
#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "models/stream/base/fast_math.h"
#include "models/stream/eval/snapshot.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/kafka_url.h"
#include "models/stream/tree/show_tree.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostTreeNodes = 5000;  // that a line tells of all trees together
constexpr double kSnapshotSeconds = 60;  // a slow stream's snapshots do not wait for --snapshot-every

stream::ReaderOptions reader_options(const Json& json) {
  ConfigObject c(json, "reader");
  stream::ReaderOptions o;
  o.format = c.get("format", o.format);
  o.label = c.get("label", o.label);
  o.strict = c.get("strict", o.strict);
  o.header = c.get("header", o.header);
  o.most_values = c.get("most_values", o.most_values);
  o.guess_rows = c.get("guess_rows", o.guess_rows);
  o.regression = c.get("regression", o.regression);
  c.finish();
  return o;
}

}  // namespace

Json SessionPlan::to_json() const {
  return {{"source", source},          {"learner", learner},   {"seed", seed},
          {"rows", run.rows},          {"block", run.block},   {"every", run.every},
          {"delay", run.delay},        {"spread", run.spread}, {"chunk", run.chunk},
          {"labels", run.labels},      {"warm", run.warm},     {"snapshot_every", snapshot_every},
          {"predictions", predictions}};
}

SessionPlan SessionPlan::from_json(const Json& json) {
  ConfigObject c(json, "snapshot");
  SessionPlan plan;
  plan.source = c.part("source");
  plan.learner = c.part("learner");
  plan.seed = c.need<uint64_t>("seed");
  plan.run.rows = c.get_integer("rows", 0);
  plan.run.block = static_cast<size_t>(c.get_integer("block", 256, 1));
  plan.run.every = c.get_integer("every", 10000, 1);
  plan.run.delay = c.get_integer("delay", 0);
  plan.run.spread = c.get_integer("spread", 0);
  plan.run.chunk = c.get_integer("chunk", 0);
  plan.run.labels = c.get("labels", 1.0);
  plan.run.warm = c.get_integer("warm", 0);
  plan.run.seed = plan.seed;
  plan.snapshot_every = c.get_integer("snapshot_every", 100000, 1);
  plan.predictions = c.get<std::string>("predictions", "");
  c.finish();
  return plan;
}

std::string SessionPlan::stream_name() const {
  if (source.contains("generator")) return source["generator"].value("generator", "");
  const auto file = source.value("file", "");
  return stream::is_kafka(file) ? stream::parse_kafka_url(file).topic : fs::path(file).filename().string();
}

void StreamSession::open(const Json& position) {
  stream::Schema schema;
  if (plan_.source.contains("generator")) {
    require<UsageError>(plan_.run.rows > 0, "--rows: a generator never ends by itself");
    source_ = stream::make_generator(plan_.source["generator"]);
    schema = source_->schema();
  } else if (const auto file = plan_.source.value("file", ""); stream::is_kafka(file)) {
    auto topic =
        std::make_unique<stream::KafkaSource>(file, reader_options(plan_.source["reader"]), position);
    kafka_ = topic.get();
    source_ = std::move(topic);
    // The learner is made as it was at first; classes that came later come with its state.
    schema = source_->schema();
    schema.label.values.resize(static_cast<size_t>(kafka_->first_classes()));
  } else {
    auto text = stream::open_text(fs::path(file), reader_options(plan_.source["reader"]));
    text_ = text.get();
    source_ = std::move(text);
    schema = source_->schema();
  }
  for (const auto& input : schema.inputs)
    if (input.left_out)
      log_warning("column '{}' has too many words to learn from and is left out (--most-values)", input.name);
  if (plan_.control) obey_commands();
  first_classes_ = schema.classes();
  learner_ = stream::make_learner(plan_.learner, {schema, plan_.seed, call_.common().thread_count()});
}

void StreamSession::obey_commands() {
  ControlledSource::Hooks hooks;
  hooks.stands = [this] { tell_standing(); };
  hooks.changed = [this](const std::string& text) {
    asked_.push_back(text);
    call_.history().event("info", text, state_.rows);
  };
  hooks.trees = [this] { tell_trees(); };
  hooks.not_taken = [](const std::string& text) { log_warning("--control: {}", text); };
  source_ = std::make_unique<ControlledSource>(std::move(source_), plan_.source.value("generator", Json()),
                                               plan_.run.every, std::move(hooks));
}

// Where it stands is told at once, also between two records.
void StreamSession::tell_standing() {
  if (!call_.json()) return;
  Json line = record(state_, false);
  line["events"] = std::exchange(asked_, Json::array());
  line.erase("routing");
  line["paused"] = true;
  call_.out().write(line);
}

void StreamSession::tell_trees() {
  if (call_.json()) call_.out().write({{"instances", state_.rows}, {"trees", trees()}});
}

// Of a mixture each with the number of the expert whose tree it is; experts of another kind have none.
Json StreamSession::trees() const {
  const auto views = learner_->trees();
  const Json about = learner_->describe();
  std::vector<size_t> owners;
  if (about.contains("experts"))
    for (size_t e = 0; e < about["experts"].size(); ++e)
      if (about["experts"][e].value("kind", "tree") == "tree") owners.push_back(e);
  Json all = Json::array();
  for (size_t i = 0; i < views.size(); ++i) {
    Json tree = stream::tree_json(views[i], source_->schema(), kMostTreeNodes / views.size());
    tree[owners.size() == views.size() ? "expert" : "tree"] = owners.size() == views.size() ? owners[i] : i;
    all.push_back(std::move(tree));
  }
  return all;
}

void StreamSession::count_votes(const stream::RowBlock& block, const double* votes) {
  const int classes = learner_->classes();
  for (size_t i = 0; i < block.size(); ++i)
    if (const int label = block.label(i); label >= 0)
      confusion_.add(label, stream::arg_max(votes + i * classes, classes));
}

void StreamSession::resume(const fs::path& file, std::optional<int64_t> rows) {
  const auto snapshot = stream::read_snapshot(file);
  plan_ = SessionPlan::from_json(snapshot.about.at("plan"));
  plan_.snapshot = file;
  if (rows) plan_.run.rows = *rows;
  open(snapshot.about.value("kafka", Json()));
  stream::load_state(snapshot.state, file.string(), state_, *learner_);
  require<UsageError>(plan_.run.rows == 0 || plan_.run.rows >= state_.rows,
                      "--rows = {}: the snapshot was taken after row {}", plan_.run.rows, state_.rows);
  if (!kafka_) skip_learned_rows();
  require(learner_->classes() <= std::max(2, source_->schema().classes()),
          "{} is not the stream of the snapshot", plan_.stream_name());
  first_row_ = last_snapshot_ = state_.rows;
  ram_hours_ = snapshot.about.value("ram_hours", 0.0);
  confusion_.set_state(snapshot.about.value("confusion", Json::array()));
  open_predictions(snapshot.about.value("predictions_bytes", int64_t{0}));
}

// The rows that were learned are read again and left out: classes that came with them come again.
void StreamSession::skip_learned_rows() {
  stream::RowBlock skipped;
  for (int64_t left = state_.rows; left > 0; left -= static_cast<int64_t>(skipped.size())) {
    throw_if_interrupted();
    require(source_->read(skipped, static_cast<size_t>(std::min<int64_t>(left, 4096))) > 0,
            "{} ends before row {}, where the snapshot was taken", plan_.stream_name(), state_.rows);
  }
}

void StreamSession::open_predictions(int64_t keep) {
  if (!plan_.predictions.empty())
    predictions_ = conclave::open_predictions(plan_.predictions, kafka_ != nullptr, keep);
}

void StreamSession::write_predictions(const stream::RowBlock& block, const double* votes) {
  const auto& names = source_->schema().label.values;
  const int classes = learner_->classes();
  for (size_t i = 0; i < block.size(); ++i) {
    const auto predicted = static_cast<size_t>(stream::arg_max(votes + i * classes, classes));
    Prediction line;
    std::string target, said;  // of a regression
    line.row = state_.rows - static_cast<int64_t>(block.size()) + static_cast<int64_t>(i) + 1;
    if (kafka_) line.origin = &kafka_->origins()[i];
    if (learner_->regression()) {
      target = std::isnan(block.y[i]) ? "" : fmt::to_string(block.y[i]);
      said = fmt::to_string(votes[i]);
      line.label = target;
      line.prediction = said;
    } else {
      if (const int label = block.label(i); label >= 0) line.label = names[label];
      if (predicted < names.size()) line.prediction = names[predicted];
    }
    predictions_->add(line);
  }
}

void StreamSession::save(const stream::RunState& now) {
  Json about = {{"plan", plan_.to_json()},
                {"rows", now.rows},
                {"schema", stream::to_json(source_->schema())},
                {"first_classes", first_classes_},
                {"ram_hours", ram_hours_},
                {"confusion", confusion_.state()}};
  about["predictions_bytes"] = predictions_ ? predictions_->flush() : 0;
  if (kafka_) about["kafka"] = kafka_->position();
  stream::write_snapshot(plan_.snapshot, {about, stream::save_state(state_, *learner_)});
  last_snapshot_ = now.rows;
  snapshot_seconds_ = seconds_;
}

void StreamSession::check() {
  const std::string stream = plan_.source.value("file", "");
  check_outputs({{"--predictions", stream::is_kafka(plan_.predictions) ? "" : plan_.predictions},
                 {"--snapshot", plan_.snapshot},
                 {"--moa-csv", plan_.moa_csv}},
                {stream::is_kafka(stream) ? "" : stream});
}

std::string StreamSession::dry_run() {
  check();
  if (const auto file = plan_.source.value("file", ""); file == "-" || stream::is_kafka(file)) {
    stream::Schema any{"", {stream::Attribute::numeric("x")}, stream::Attribute::counted("class", 2)};
    if (plan_.source["reader"].value("regression", false)) any.label = stream::Attribute::numeric("y");
    stream::make_learner(plan_.learner, {any, plan_.seed, 1});
    return fmt::format("{} is read when it comes", plan_.stream_name());
  }
  open();
  const auto& schema = source_->schema();
  return fmt::format(
      "{}: {} inputs, {}; {} could learn it", plan_.stream_name(), schema.width(),
      schema.regression() ? "a number to predict" : fmt::format("{} classes so far", schema.classes()),
      plan_.learner.value("learner", ""));
}

int StreamSession::run() {
  if (!source_) {
    check();
    open();
    open_predictions(0);
  }
  if (!plan_.moa_csv.empty() || !plan_.capymoa.empty()) result_files_.emplace(plan_.moa_csv, plan_.capymoa);
  auto& history = call_.history();
  for (const char* name :
       {"accuracy", "window/accuracy", "window/kappa", "kappa", "kappa_t", "kappa_m", "g_mean"})
    history.describe_metric(name, "", "max");
  for (const char* name : {"mae", "rmse", "window/mae"}) history.describe_metric(name, "", "min");
  history.describe_metric("r2", "", "max");
  history.describe_metric("instances_per_s", "1/s", "max");
  history.describe_metric("memory_bytes", "B", "min");
  Progress bar("stream " + plan_.stream_name(), plan_.run.rows, "rows");
  bar.start_at(state_.rows);
  const Stopwatch watch;
  int64_t shown = state_.rows;
  stream::RunHooks hooks;
  const bool confuses = (call_.json() || !plan_.snapshot.empty()) && !learner_->regression();
  if (predictions_ || result_files_ || confuses)
    hooks.on_votes = [this, confuses](const auto& block, const double* votes) {
      if (confuses) count_votes(block, votes);
      if (predictions_) write_predictions(block, votes);
      if (predictions_ && !kafka_ && !source_->ready()) predictions_->flush();  // a reader may wait for them
      if (result_files_) result_files_->add_rows(block, votes, learner_->classes());
    };
  hooks.on_progress = [&](const stream::RunState& now) {
    seconds_ = watch.seconds();
    if (learner_->regression())
      bar.note(fmt::format("MAE {:.5g}  last 1000 {:.5g}", now.regression.cumulative().mae,
                           now.regression.windowed().mae));
    else
      bar.note(fmt::format("accuracy {:.4f}  last 1000 {:.4f}", now.evaluation.cumulative().accuracy,
                           now.evaluation.windowed().accuracy));
    bar.advance(now.rows - shown);
    shown = now.rows;
    return progress(now);
  };
  stream::run_prequential(*source_, *learner_, plan_.run, state_, hooks);
  seconds_ = watch.seconds();
  if (result_files_) result_files_->finish(state_);
  if (predictions_) predictions_->flush();
  if (!plan_.snapshot.empty()) save(state_);
  if (kafka_) kafka_->commit();
  report_rows();
  const Json last = record(state_, true);
  for (const char* key : {"kappa", "kappa_t", "kappa_m", "g_mean", "rmse", "r2", "instances_per_s"})
    if (last.contains(key) && last[key].is_number())
      history.metric(key, state_.rows, last[key].get<double>());
  if (call_.json())
    call_.out().write(last);
  else
    print(last);
  if (!interrupted()) return 0;
  const auto& saved = plan_.snapshot;
  log_warning("interrupted after row {}{}", state_.rows,
              saved.empty() ? "; without --snapshot it cannot be gone on with"
                            : fmt::format(": conclave-stream resume {} goes on", saved.string()));
  return 130;
}

bool StreamSession::progress(const stream::RunState& now) {
  const size_t bytes = learner_->bytes();
  ram_hours_ += static_cast<double>(bytes) / 1e9 * (seconds_ - counted_seconds_) / 3600;
  counted_seconds_ = seconds_;
  if (result_files_) result_files_->add_point(now, bytes, ram_hours_);
  auto& history = call_.history();
  if (learner_->regression()) {
    history.metric("mae", now.rows, now.regression.cumulative().mae);
    history.metric("window/mae", now.rows, now.regression.windowed().mae);
  } else {
    const auto all = now.evaluation.cumulative(), recent = now.evaluation.windowed();
    history.metric("accuracy", now.rows, all.accuracy);
    history.metric("window/accuracy", now.rows, recent.accuracy);
    history.metric("window/kappa", now.rows, recent.kappa);
  }
  history.metric("memory_bytes", now.rows, static_cast<double>(bytes));
  events_ = learner_->take_events();
  for (const auto& event : events_) history.event("info", event.get<std::string>(), now.rows);
  for (const auto& asked : std::exchange(asked_, Json::array())) events_.push_back(asked);
  routing_ = nullptr;
  if (auto use = learner_->take_use(); use.rows > 0) {
    RoutingRow row;
    row.site = "experts";
    row.modality = "rows";
    row.tokens = use.rows;
    row.counts = std::move(use.led);
    row.prob_sums = std::move(use.weights);
    routing_ = {{"rows", row.tokens}, {"led", row.counts}, {"weights", row.prob_sums}};
    history.routing("run", now.rows, std::span(&row, 1));
  }
  if (call_.json()) call_.out().write(record(now, false));
  if (!plan_.snapshot.empty() &&
      (now.rows - last_snapshot_ >= plan_.snapshot_every || seconds_ - snapshot_seconds_ >= kSnapshotSeconds))
    save(now);
  if (kafka_) kafka_->commit();
  return !interrupted();
}

Json StreamSession::record(const stream::RunState& state, bool last) const {
  Json line = {{"stream", plan_.stream_name()},
               {"learner", plan_.learner.value("learner", "")},
               {"instances", state.rows}};
  const auto scores = state.evaluation.cumulative();
  if (learner_->regression()) {
    line.update(state.regression.cumulative().to_json());
    line["window_mae"] = state.regression.windowed().mae;
  } else {
    line.update(scores.to_json());
    line["window_accuracy"] = state.evaluation.windowed().accuracy;
    line["fading_accuracy"] = state.evaluation.fading_accuracy();
    line["adwin_accuracy"] = state.evaluation.adwin_accuracy();
    if (call_.json()) line["confusion"] = confusion_.to_json(source_->schema().label.values);
  }
  line["instances_per_s"] = seconds_ > 0 ? static_cast<double>(state.rows - first_row_) / seconds_ : 0;
  line["memory_bytes"] = learner_->bytes();
  line["ram_hours"] = ram_hours_;
  if (!last) {
    line["events"] = events_;
    if (!routing_.is_null()) line["routing"] = routing_;
    return line;
  }
  if (!learner_->regression()) line["recall"] = scores.recall;
  line["model"] = learner_->describe();
  if (plan_.control) line["trees"] = trees();
  if (const auto* const met = counts()) {
    line["input"] = {{"skipped", met->skipped},
                     {"unknown_values", met->unknown_values},
                     {"not_finite", met->not_finite},
                     {"new_classes", met->new_classes},
                     {"first_problem", met->first_problem}};
    if (kafka_) line["input"]["broker_absences"] = kafka_->absences();
  }
  return line;
}

const stream::ReadCounts* StreamSession::counts() const {
  if (kafka_) return &kafka_->counts();
  return text_ ? &text_->counts() : nullptr;
}

void StreamSession::report_rows() const {
  if (!counts()) return;
  const auto say = [&](int64_t n, const std::string& text) {
    if (n == 0) return;
    log_warning("{}", text);
    call_.history().event("warning", text);
  };
  const auto& met = *counts();
  say(met.skipped, fmt::format("{} broken rows were skipped; the first: {}", met.skipped, met.first_problem));
  say(met.unknown_values,
      fmt::format("{} values that their columns do not have were read as missing", met.unknown_values));
  say(met.not_finite, fmt::format("{} infinities and NaNs were read as missing", met.not_finite));
  say(met.new_classes, fmt::format("{} classes appeared after the beginning", met.new_classes));
  if (kafka_)
    say(kafka_->absences(),
        fmt::format("{} times no broker could be reached for a while", kafka_->absences()));
}

void StreamSession::print(const Json& last) const {
  std::FILE* const to = plan_.predictions == "-" ? stderr : stdout;
  if (state_.evaluation.rows() + state_.regression.rows() == 0) {
    fmt::print(to, "{} rows: nothing to evaluate\n", state_.rows);
    return;
  }
  if (learner_->regression()) {
    fmt::print(to, "{} rows by {}: MAE {:.6g}  RMSE {:.6g}  R2 {:.4f}  {:.0f} rows/s  {:.1f} MB\n",
               state_.rows, last["learner"].get<std::string>(), last["mae"].get<double>(),
               last["rmse"].get<double>(), last["r2"].get<double>(), last["instances_per_s"].get<double>(),
               last["memory_bytes"].get<double>() / 1e6);
    return;
  }
  fmt::print(
      to,
      "{} rows by {}: accuracy {:.4f}  kappa {:.4f}  kappa-T {:.4f}  kappa-M {:.4f}  {:.0f} rows/s  {:.1f} "
      "MB\n",
      state_.rows, last["learner"].get<std::string>(), last["accuracy"].get<double>(),
      last["kappa"].get<double>(), last["kappa_t"].get<double>(), last["kappa_m"].get<double>(),
      last["instances_per_s"].get<double>(), last["memory_bytes"].get<double>() / 1e6);
}

}  // namespace conclave
