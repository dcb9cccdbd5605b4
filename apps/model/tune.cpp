#include "apps/model/tune.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/model/reply_flags.h"
#include "apps/routing/routing_rows.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/sha256.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "framework/train/trainer.h"
#include "models/checkpoint/pack.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kHeldOutShare = 10;  // without --valid every tenth row is held out

constexpr int64_t kKeptPictures = int64_t{1} << 30;

// How rows may name pictures; nothing where the model reads none, or the folder does not say how.
std::optional<RowPictures> pictures_of(const CheckpointFolder& base) {
  if (!base.config.contains("pictures")) return std::nullopt;
  const auto place = picture_place(base.config["pictures"]);
  if (!place || !(fs::exists(base.path / "preprocessor_config.json") ||
                  fs::exists(base.path / "processor_config.json")))
    return std::nullopt;
  return RowPictures{PictureProcessor::load(base.path), *place};
}

Ptr<Loss> balance_of(const fs::path& folder) {
  const Json loss = balance_of_adapter(folder);
  return loss.is_null() ? nullptr : make_loss(loss);
}

}  // namespace

std::string ModelTuneVerb::examples() const {
  return "  conclave-model tune model-folder --data train.jsonl --out my-adapter\n"
         "  conclave-model tune model-folder --data train.jsonl --kind mixlora --experts 8 --out my-experts\n"
         "  conclave-model tune model-folder --data train.jsonl --kind loramoe --out my-experts\n"
         "  conclave-model tune model-folder --data train.jsonl --weights int4 --out my-adapter\n"
         "  conclave-model run my-adapter --prompt \"Once upon a time\"\n"
         "  conclave-model merge-adapter my-adapter merged-model";
}

void ModelTuneVerb::declare(Options& options) {
  options.positional("FOLDER", folder_, "A model folder as published, with its tokenizer").required();
  options
      .add("data", data_,
           "JSON lines: {\"text\"}, {\"prompt\", \"reply\"} or {\"messages\": [{\"role\", \"content\"}, "
           "...]}, "
           "whose last is the assistant's; replies alone are learnt. \"task\": 0 or 1 beside, for loramoe; "
           "\"images\" beside messages, for models that read pictures")
      .required()
      .existing();
  options
      .add("valid", valid_, "Rows to evaluate on; otherwise every tenth of --data, which is then not learnt")
      .existing();
  options.add("out", out_, "Folder of the adapter and its checkpoints; a stopped run there goes on")
      .required();
  options.add("from", from_, "An adapter to go on from, in place of a fresh one; it keeps its kind and rank")
      .existing()
      .group("Adapter");
  options
      .add("kind", plan_.kind,
           "lora and dora on projections; LoRA experts behind routers: mixlora and mole (LLaVA-MoLE, one a "
           "token) over each feed-forward part, loramoe (all, weighed) on its projections")
      .choices({"lora", "dora", "mixlora", "mole", "loramoe"})
      .group("Adapter");
  options.add("rank", plan_.rank, "Rank of each adapter").range(1, 1024).group("Adapter");
  options.add("alpha", plan_.alpha, "Its output is scaled by alpha / rank").range(1e-6, 1e6).group("Adapter");
  options.add("rslora", plan_.rslora, "Scale by alpha / sqrt(rank) instead").group("Adapter");
  options.add("dropout", plan_.dropout, "Share of the adapter's input that is dropped in training")
      .range(0, 0.9)
      .group("Adapter");
  options
      .add("target", plan_.targets, "Projections by their last name, q_proj; repeat for more; otherwise all")
      .group("Adapter");
  options.add("experts", plan_.experts, "LoRA experts of a bank").range(2, 512).group("Experts");
  options.add("chosen", plan_.chosen, "Of them, for each token, with mixlora").range(1, 512).group("Experts");
  options.add("balance", plan_.balance, "Weight of the loss that keeps their load even")
      .range(0, 100)
      .group("Experts");
  options.add("weights", weights_, "Keep the frozen base in blocks of so many bits; with lora and loramoe")
      .choices({"int8", "int4"});
  options.add("steps", steps_, "Updates").range(1, 100000000).group("Training");
  options.add("batch", batch_, "Rows that are read at once").range(1, 65536).group("Training");
  options.add("accumulate", accumulate_, "Batches of an update").range(1, 65536).group("Training");
  options.add("rate", rate_, "Largest learning rate; a twentieth of the steps warms up, a cosine follows")
      .range(1e-9, 10)
      .group("Training");
  options.add("max-tokens", longest_, "Tokens of a row; longer ones are cut")
      .range(2, 1 << 20)
      .group("Training");
  options.add("every", every_, "Steps between evaluations and checkpoints")
      .range(1, 1000000)
      .group("Training");
}

std::pair<std::vector<TuneRow>, std::vector<TuneRow>> ModelTuneVerb::rows(const PublishedText& text,
                                                                          const RowPictures* pictures) const {
  auto train = read_tune_rows(data_, text, longest_, pictures);
  if (train.cut > 0)
    log_warning("{}: {} rows are longer than {} tokens and were cut; --max-tokens allows more",
                data_.string(), train.cut, longest_);
  if (!valid_.empty()) return {std::move(train.rows), read_tune_rows(valid_, text, longest_, pictures).rows};
  std::pair<std::vector<TuneRow>, std::vector<TuneRow>> split;
  for (size_t i = 0; i < train.rows.size(); ++i)
    (i % kHeldOutShare == kHeldOutShare - 1 ? split.second : split.first).push_back(std::move(train.rows[i]));
  return split;
}

TrainOptions ModelTuneVerb::train_options(const CommonOptions& common) const {
  TrainOptions train;
  train.steps = steps_;
  train.batch = batch_;
  train.accumulate = accumulate_;
  train.seed = common.seed;
  train.schedule = {ScheduleKind::cosine, rate_, std::max<int64_t>(steps_ / 20, 1), steps_, 0.05};
  train.optimizer.weight_decay = 0;
  train.folder = out_ / "checkpoints";
  train.checkpoint_every = train.evaluate_every = every_;
  train.keep_last = 1;
  train.metric = "nll";
  return train;
}

void ModelTuneVerb::begin(const CheckpointFolder& base, const CommonOptions& common) const {
  const Json settings = {{"base", fs::absolute(base.path).lexically_normal().string()},
                         {"data", sha256_file(data_)},
                         {"valid", valid_.empty() ? "" : sha256_file(valid_)},
                         {"from", from_.empty() ? "" : sha256_file(from_ / "adapter_model.safetensors")},
                         {"kind", plan_.kind},
                         {"rank", plan_.rank},
                         {"alpha", plan_.alpha},
                         {"rslora", plan_.rslora},
                         {"dropout", plan_.dropout},
                         {"target", plan_.targets},
                         {"experts", plan_.experts},
                         {"chosen", plan_.chosen},
                         {"balance", plan_.balance},
                         {"weights", weights_},
                         {"steps", steps_},
                         {"batch", batch_},
                         {"accumulate", accumulate_},
                         {"rate", rate_},
                         {"max_tokens", longest_},
                         {"seed", common.seed}};
  const fs::path file = out_ / "tune.json";
  if (fs::exists(file)) {
    const Json before = read_json(file);
    for (const auto& [key, value] : settings.items())
      require<UsageError>(before.is_object() && before.value(key, Json()) == value,
                          "{} was begun with another {}: give another --out", out_.string(), key);
    return;
  }
  require<UsageError>(!fs::exists(out_ / "adapter_model.safetensors"),
                      "{} holds an adapter already: give another --out", out_.string());
  if (from_.empty()) {
    write_fresh_adapter(base, plan_, out_, common.seed);
  } else {
    require<UsageError>(is_adapter(from_), "--from {}: holds no adapter_config.json", from_.string());
    fs::create_directories(out_);
    for (const char* name : {"adapter_config.json", "adapter_model.safetensors", "mole_args.json"})
      if (fs::exists(from_ / name)) fs::copy_file(from_ / name, out_ / name);
    Json config = read_json(out_ / "adapter_config.json");
    config["base_model_name_or_path"] = settings["base"];
    write_file(out_ / "adapter_config.json", config.dump(2) + "\n");
  }
  write_file(file, settings.dump(2) + "\n");
}

int ModelTuneVerb::run(Invocation& call) {
  const auto& common = call.common();
  const auto dtype = published_dtype(common);
  set_threads(common.thread_count());
  require<UsageError>(plan_.kind != "mixlora" || plan_.chosen <= plan_.experts,
                      "--chosen {}: there are {} experts", plan_.chosen, plan_.experts);
  require<UsageError>(weights_.empty() || plan_.kind == "lora" || plan_.kind == "loramoe",
                      "--weights {}: with --kind lora and loramoe alone", weights_);
  const auto base = open_checkpoint(folder_);
  const auto text = read_published_text(folder_);
  const auto pictures = pictures_of(base);
  auto [train, held_out] = rows(text, pictures ? &*pictures : nullptr);
  require<UsageError>(!train.empty(), "{}: one row alone is there, and it is held out; give --valid",
                      data_.string());
  begin(base, common);
  call.begin();
  auto& history = call.history();
  history.param("model_folder", fs::absolute(folder_).string());
  history.input(data_, "data");
  const auto model = load_checkpoint(base, dtype, packing_named(weights_));
  AdapterTensors adapter = load_adapter(*model, base, out_);
  TuneTask task(model, std::move(adapter), std::move(train), std::move(held_out), balance_of(out_),
                pictures ? std::make_shared<PictureLooker>(base.path, model, kKeptPictures) : nullptr);
  log_info("{} rows to learn from, {} weights of {} learn", task.items(), count_parameters(task.model()),
           count_parameters(*shape_of(base)) + count_parameters(task.model()));

  Progress progress("tune", steps_, "steps");
  TrainCallbacks callbacks;
  callbacks.should_stop = [] { return interrupted(); };
  callbacks.on_step = [&](const StepReport& report) {
    std::string note = fmt::format("rate {:.1e}", report.rate);
    for (const auto& [name, value] : report.means) note += fmt::format("  {} {:.3f}", name, value);
    progress.note(note);
    progress.advance();
    for (const auto& [name, value] : report.metrics) history.metric("train/" + name, report.step, value);
    if (report.step % every_ == 0) history.routing("train", report.step, routing_rows(task.take_trace()));
  };
  bool kept = false;
  callbacks.on_evaluation = [&](int64_t step, const Metrics& metrics, bool best) {
    Json line = {{"step", step}, {"best", best}};
    for (const auto& [name, value] : metrics) {
      line[name] = value;
      history.metric("validation/" + name, step, value);
      log_info("step {}: {} {:.4f}{}", step, name, value, best ? "  (the best so far)" : "");
    }
    if (call.json()) call.out().write(line);
    if (best) save_adapter(task.adapter(), out_);
    kept = kept || best;
  };
  Trainer trainer(task, train_options(common), callbacks);
  if (trainer.resume()) {
    kept = true;
    progress.start_at(trainer.step());
    log_info("goes on at step {}", trainer.step());
  }
  const auto before = trainer.step() == 0 ? task.evaluate() : Metrics();
  for (const auto& [name, value] : before) {
    history.metric("validation/" + name, 0, value);
    log_info("step 0: {} {:.4f}", name, value);
    if (call.json()) call.out().write({{"step", 0}, {"best", false}, {name, value}});
  }
  const auto result = trainer.run();
  if (result.end == TrainEnd::stopped)
    throw Interrupted(fmt::format("interrupted; saved at step {} in {}: the same command goes on",
                                  result.step, out_.string()));
  if (!kept) save_adapter(task.adapter(), out_);  // nothing was held out
  history.output(out_ / "adapter_model.safetensors", "adapter");
  if (call.json()) call.out().write({{"adapter", out_.string()}, {"step", result.step}});
  log_info("the adapter is in {}", out_.string());
  return kExitDone;
}

}  // namespace conclave
