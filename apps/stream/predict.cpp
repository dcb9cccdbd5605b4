// conclave-stream predict: a learner as it was saved, on rows that it does not learn.
#include <fmt/format.h>

#include "apps/common/outputs.h"
#include "apps/stream/saved_learner.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "models/stream/base/fast_math.h"
#include "models/stream/io/kafka_url.h"

namespace conclave {
namespace {

constexpr size_t kBlock = 256;

class PredictVerb : public Verb {
 public:
  std::string name() const override { return "predict"; }
  std::string summary() const override {
    return "Predict rows by a snapshot's learner, which learns nothing";
  }
  std::string examples() const override {
    return "  conclave-stream predict run.snap new.csv > predictions.csv\n"
           "  conclave-stream predict run.snap - --json\n"
           "  conclave-stream predict run.snap kafka://broker/rows --predictions kafka://broker/said";
  }
  void declare(Options& options) override {
    options.positional("snapshot", snapshot_, "File that run --snapshot wrote").required().existing();
    options
        .positional("stream", stream_,
                    "File, - for stdin, or kafka://BROKER/TOPIC; its class column may be missing")
        .required();
    options.add("format", reader_.format, "Format of the file")
        .choices({"auto", "arff", "csv", "libsvm", "jsonl"});
    options.add("label", reader_.label, "Column of the class, if there is one; otherwise the run's");
    options.add("header", reader_.header, "Whether the first row of a CSV file names the columns")
        .choices({"auto", "yes", "no"});
    options.add("strict", reader_.strict, "End at the first broken row instead of skipping it");
    options.add("predictions", predictions_, "File for row, class and prediction, or kafka://BROKER/TOPIC");
  }
  int run(Invocation& call) override {
    SavedLearner saved = load_learner(snapshot_, call.common().thread_count());
    reader_.known = std::make_shared<stream::Schema>(saved.schema);
    reader_.regression = saved.schema.regression();
    if (const Json& source = saved.plan.source; reader_.label.empty() && source.contains("reader"))
      reader_.label = source["reader"].value("label", "");
    const auto file_of = [](const std::string& name) { return stream::is_kafka(name) ? "" : name; };
    check_outputs({{"--predictions", file_of(predictions_)}}, {snapshot_, file_of(stream_)});
    stream::KafkaSource* topic = nullptr;
    stream::SourcePtr source;
    if (stream::is_kafka(stream_)) {
      auto opened = std::make_unique<stream::KafkaSource>(stream_, reader_);
      topic = opened.get();
      source = std::move(opened);
    } else {
      source = stream::open_text(stream_, reader_);
    }
    std::unique_ptr<Predictions> out;
    if (!call.json() || predictions_ != "-") out = open_predictions(predictions_, topic != nullptr);

    call.begin();
    stream::Learner& learner = *saved.learner;
    stream::RowBlock block;
    std::vector<double> votes(static_cast<size_t>(learner.classes()));
    int64_t rows = 0, labelled = 0, right = 0;
    while (!interrupted() && source->read(block, kBlock) > 0) {
      const auto& classes = source->schema().label.values;
      for (size_t i = 0; i < block.size(); ++i) {
        learner.votes(block.row(i).data(), votes.data());
        Prediction line;
        std::string target, said;  // of a regression
        line.row = ++rows;
        if (topic) line.origin = &topic->origins()[i];
        if (learner.regression()) {
          target = std::isnan(block.y[i]) ? "" : fmt::to_string(block.y[i]);
          said = fmt::to_string(votes[0]);
          line.label = target;
          line.prediction = said;
        } else {
          const int best = stream::arg_max(votes.data(), learner.classes()), label = block.label(i);
          labelled += label >= 0;
          right += label == best;
          if (label >= 0) line.label = classes[static_cast<size_t>(label)];
          if (static_cast<size_t>(best) < classes.size())
            line.prediction = classes[static_cast<size_t>(best)];
        }
        if (out)
          out->add(line);
        else
          call.out().write(as_json(line, classes, votes));
      }
      if (out && !topic && !source->ready()) out->flush();
    }
    if (out) out->flush();
    if (labelled > 0)
      log_info("{} rows, {} with a class; accuracy {:.4f}", rows, labelled,
               static_cast<double>(right) / static_cast<double>(labelled));
    return interrupted() ? 130 : 0;
  }

 private:
  static Json as_json(const Prediction& line, const std::vector<std::string>& classes,
                      const std::vector<double>& votes) {
    Json json = {{"row", line.row}, {"prediction", line.prediction}};
    if (line.origin) {
      json["partition"] = line.origin->partition;
      json["offset"] = line.origin->offset;
    }
    if (!line.label.empty()) json["class"] = line.label;
    for (size_t c = 0; c < std::min(classes.size(), votes.size()); ++c) json["shares"][classes[c]] = votes[c];
    return json;
  }

  std::filesystem::path snapshot_;
  std::string stream_, predictions_ = "-";
  stream::ReaderOptions reader_;
};

}  // namespace

std::unique_ptr<Verb> make_predict_verb() {
  return std::make_unique<PredictVerb>();
}

}  // namespace conclave
