#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/train/trainer.h"
#include "models/checkpoint/fresh_adapter.h"
#include "models/checkpoint/merge.h"
#include "models/checkpoint/random_model.h"
#include "models/checkpoint/speaker.h"
#include "models/checkpoint/tune_task.h"
#include "models/lettered_folder.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr int64_t kTokens = 60;

std::string word(std::initializer_list<int64_t> ids) {
  std::string text;
  for (const int64_t id : ids) text += letter(id);
  return text;
}

/// A checked-in model, a fresh adapter and rows that say a prompt's letter twice.
class Tuned {
 public:
  Tuned(const fs::path& folder, const AdapterPlan& plan, std::optional<kernels::Packing> packing = {})
      : folder_(folder, kTokens), base_(open_checkpoint(folder_.path())), packing_(packing) {
    write_fresh_adapter(base_, plan, adapter(), 1);
    std::string lines;
    for (int64_t id = 10; id < 26; ++id)
      lines += Json({{"prompt", word({5, id})}, {"reply", word({id, id})}}).dump() + "\n";
    write_file(data(), lines);
  }

  fs::path base() const { return folder_.path(); }
  fs::path adapter() const { return dir_ / "adapter"; }
  fs::path data() const { return dir_ / "rows.jsonl"; }
  Ptr<Multimodal> model() const { return load_checkpoint(base_, {}, packing_); }
  const CheckpointFolder& checkpoint() const { return base_; }

  /// Of the rows, with the adapter as it lies in the folder.
  double loss() const {
    const auto rows = read_tune_rows(data(), read_published_text(base()), 64).rows;
    const auto model = this->model();
    return TuneTask(model, load_adapter(*model, base_, adapter()), rows, rows, nullptr).evaluate().at("nll");
  }

  /// Learns up to `steps` updates, `most` of them in this call, and saves; the mean loss of the rows then.
  double learn(int64_t steps, int64_t most = 1000) const {
    const auto rows = read_tune_rows(data(), read_published_text(base()), 64).rows;
    const auto model = this->model();
    TuneTask task(model, load_adapter(*model, base_, adapter()), rows, rows, nullptr);
    TrainOptions options;
    options.steps = steps;
    options.batch = 8;
    options.schedule = {ScheduleKind::constant, 2e-2, 0, steps, 0};
    options.folder = dir_ / "checkpoints";
    options.metric = "nll";
    int64_t done = 0;
    TrainCallbacks callbacks;
    callbacks.should_stop = [&] { return done++ == most; };
    Trainer trainer(task, options, callbacks);
    trainer.resume();
    trainer.run();
    if (trainer.step() == steps) save_adapter(task.adapter(), adapter());
    return task.evaluate().at("nll");
  }

 private:
  LetteredFolder folder_;
  testing::TempDir dir_;
  CheckpointFolder base_;
  std::optional<kernels::Packing> packing_;
};

class Kinds : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Kinds, AreLearntSavedAndReadAgain) {
  const auto [folder, kind] = GetParam();
  AdapterPlan plan;
  plan.kind = kind;
  plan.rank = 4;
  plan.experts = 4;
  const Tuned tuned(checked_in(folder), plan);
  const double before = tuned.loss(), after = tuned.learn(60);
  EXPECT_LT(after, before - 1);
  EXPECT_DOUBLE_EQ(tuned.loss(), after);  // as it is read from the folder
  // A speaker finds the base by the adapter.
  ReplyOptions options;
  options.max_tokens = 2;
  const Speaker speaker = Speaker::load(tuned.adapter());
  EXPECT_EQ(speaker.reply(word({5, 12}), true, {}, options).prompt_tokens, 2);
}

INSTANTIATE_TEST_SUITE_P(Adapters, Kinds,
                         ::testing::Values(std::pair("qwen3", "lora"), std::pair("qwen3", "dora"),
                                           std::pair("qwen3", "mixlora"), std::pair("qwen3", "mole"),
                                           std::pair("mistral", "loramoe"),
                                           std::pair("phi3", "lora")),  // one projection for q, k and v
                         [](const auto& info) {
                           return std::string(info.param.first) + "_" + info.param.second;
                         });

TEST(Tune, GoesOnWhereItStoppedBitForBit) {
  AdapterPlan plan;
  plan.rank = 4;
  plan.dropout = 0.1;
  const Tuned whole(checked_in("qwen3"), plan), broken(checked_in("qwen3"), plan);
  const double once = whole.learn(12);
  broken.learn(12, 5);
  EXPECT_EQ(broken.learn(12), once);
  EXPECT_EQ(read_file(broken.adapter() / "adapter_model.safetensors"),
            read_file(whole.adapter() / "adapter_model.safetensors"));
}

TEST(Tune, TheBaseStaysAsItIs) {
  const Tuned tuned(checked_in("qwen3"), {});
  const auto rows = read_tune_rows(tuned.data(), read_published_text(tuned.base()), 64).rows;
  const auto model = tuned.model(), plain = tuned.model();
  TuneTask task(model, load_adapter(*model, tuned.checkpoint(), tuned.adapter()), rows, rows, nullptr);
  TrainOptions options;
  options.steps = 3;
  options.metric = "nll";
  Trainer(task, options).run();
  std::map<std::string, Tensor> now;
  for (const auto& t : named_tensors(*model)) now[t.name] = t.tensor;
  for (const auto& t : named_tensors(*plain)) EXPECT_TRUE(at::equal(t.tensor, now.at(t.name))) << t.name;
}

TEST(Tune, LearnsOverPackedProjectionsAndExperts) {
  RandomModelShape shape;
  shape.layers = 2, shape.width = 64, shape.expert_width = 32, shape.experts = 4, shape.experts_per_token = 2;
  shape.heads = 4, shape.kv_heads = 2, shape.vocabulary = kTokens, shape.context = 64;
  const testing::TempDir dir;
  write_random_model(dir / "model", shape, 0);
  AdapterPlan plan;
  plan.rank = 8;
  for (const auto packing : {kernels::Packing::int8, kernels::Packing::int4}) {
    const Tuned tuned(dir / "model", plan, packing);
    const double before = tuned.loss();
    EXPECT_LT(tuned.learn(80), before - 0.5);
  }
}

TEST(Tune, AFreshAdapterChangesNothing) {
  for (const char* kind : {"lora", "dora", "mixlora", "mole", "loramoe"}) {
    AdapterPlan plan;
    plan.kind = kind;
    const Tuned tuned(checked_in("qwen3"), plan);
    const Speaker with = Speaker::load(tuned.adapter()), without = Speaker::load(tuned.base());
    const auto best = [](const Speaker& speaker) { return speaker.read(word({7, 8, 9}), 5).next; };
    const auto a = best(with), b = best(without);
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_EQ(a[i].first, b[i].first) << kind;
      EXPECT_NEAR(a[i].second, b[i].second, 1e-6) << kind;
    }
  }
}

TEST(Tune, AMergedAdapterSpeaksAlike) {
  AdapterPlan plan;
  plan.rank = 4;
  plan.targets = {"q_proj", "down_proj"};
  const Tuned tuned(checked_in("qwen3"), plan);
  tuned.learn(30);
  const testing::TempDir merged;
  merge_adapter(tuned.adapter(), merged / "model");
  const auto with = Speaker::load(tuned.adapter()).read(word({5, 11}), 5).next;
  const auto folded = Speaker::load(merged / "model").read(word({5, 11}), 5).next;
  for (size_t i = 0; i < with.size(); ++i) EXPECT_NEAR(with[i].second, folded[i].second, 1e-5);
}

TEST(Tune, WhatDoesNotFitIsSaid) {
  AdapterPlan plan;
  plan.targets = {"q_proj", "w_proj"};
  EXPECT_THAT([&] { Tuned(checked_in("qwen3"), plan); },
              ::testing::ThrowsMessage<UsageError>(HasSubstr("--target w_proj")));
  CONCLAVE_NEED_DATA("parity/qwen3-moe");
  const testing::TempDir dir;
  AdapterPlan experts;
  experts.kind = "mixlora";
  const auto moe = open_checkpoint(*testing::data_dir() / "parity/qwen3-moe");
  EXPECT_THAT([&] { write_fresh_adapter(moe, experts, dir / "a", 0); },
              ::testing::ThrowsMessage<UsageError>(HasSubstr("layer 0 has no dense")));
}

TEST(TuneRows, FormsAndTheirTokens) {
  LetteredFolder folder(checked_in("qwen3"), kTokens);
  folder.write("tokenizer_config.json", {{"chat_template", "{% for m in messages %}" + letter(3) +
                                                               "{{ m.content }}{% endfor %}" + letter(4)}});
  const testing::TempDir dir;
  const auto read = [&](const std::string& lines, int64_t longest = 64) {
    write_file(dir / "rows.jsonl", lines);
    return read_tune_rows(dir / "rows.jsonl", read_published_text(folder.path()), longest);
  };
  const auto rows = read(Json({{"text", word({7, 8})}}).dump() + "\n\n" +
                         Json({{"prompt", word({7, 8})}, {"reply", word({9})}}).dump() + "\n" +
                         Json({{"messages",
                                {{{"role", "user"}, {"content", word({7})}},
                                 {{"role", "assistant"}, {"content", word({9})}}}}})
                             .dump())
                        .rows;
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].ids, (std::vector<int64_t>{7, 8, 2}));
  EXPECT_EQ(rows[0].asked_from, 1);
  EXPECT_EQ(rows[1].ids, (std::vector<int64_t>{7, 8, 9, 2}));
  EXPECT_EQ(rows[1].asked_from, 2);
  EXPECT_EQ(rows[2].ids, (std::vector<int64_t>{3, 7, 4, 9, 2}));
  EXPECT_EQ(rows[2].asked_from, 3);

  const auto cut = read(Json({{"prompt", word({7, 8})}, {"reply", word({9, 9, 9})}}).dump() + "\n" +
                            Json({{"prompt", word({7, 8, 7, 8})}, {"reply", word({9})}}).dump(),
                        4);
  EXPECT_EQ(cut.cut, 2);
  ASSERT_EQ(cut.rows.size(), 1u);
  EXPECT_EQ(cut.rows[0].ids.size(), 4u);

  const auto refused = [&](const std::string& lines, const std::string& why) {
    EXPECT_THAT([&] { read(lines); }, ::testing::ThrowsMessage<DataError>(HasSubstr(why))) << lines;
  };
  refused("{\"text\": \"x\"}\n{\"text\": 3}", "line 2: \"text\" must be a text");
  refused("{\"prompt\": \"x\"}", "line 1: must have text, prompt and reply, or messages");
  refused("[]", "line 1: must be an object");
  refused("{\"text\": ", "line 1");
  refused("{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}",
          "must end with one of the role assistant");
  refused("\n", "no row to learn from");
}

}  // namespace
}  // namespace conclave
