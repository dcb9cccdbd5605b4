// Several prompts answered together, through adapters of their own.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/fresh_adapter.h"
#include "models/checkpoint/merge.h"
#include "models/checkpoint/speaker.h"
#include "models/lettered_folder.h"
#include "models/parity_folders.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// An adapter on `base` that changes what is said.
void write_adapter(const fs::path& base, const fs::path& folder, const AdapterPlan& plan, uint64_t seed) {
  write_fresh_adapter(open_checkpoint(base), plan, folder, seed);
  auto tensors = testing::tensors_of(folder / "adapter_model.safetensors");
  at::manual_seed(seed);
  for (auto& [name, tensor] : tensors)
    if (name.find("lora_B") != std::string::npos) tensor.normal_(0, 0.3);
  testing::save_tensors(folder / "adapter_model.safetensors", tensors);
}

std::string lettered(const std::vector<int64_t>& ids) {
  std::string text;
  for (const int64_t id : ids) text += letter(id);
  return text;
}

// Of several lengths.
const std::vector<std::vector<int64_t>> kPrompts = {{5, 6, 7}, {8, 9, 10, 11, 12, 13, 14}, {5, 6, 7}, {20},
                                                    {5, 6, 7}, {21, 22, 23, 24, 25}};

struct TwoAdapters : ::testing::Test {
  TwoAdapters() {
    AdapterPlan plan;
    plan.rank = 4;
    write_adapter(base.path(), made / "a", plan, 1);
    plan.targets = {"q_proj", "down_proj"};  // not where the other one lies
    plan.kind = "dora";
    write_adapter(base.path(), made / "b", plan, 2);
  }
  NamedFolders both() const { return {{"a", made / "a"}, {"b", made / "b"}}; }
  std::vector<Request> requests() const {
    std::vector<Request> all;
    for (size_t i = 0; i < kPrompts.size(); ++i)
      all.push_back({lettered(kPrompts[i]), true, {}, std::vector<std::string>{"a", "b", ""}[i / 2]});
    return all;
  }
  const LetteredFolder base{checked_in("qwen3"), 40};
  const testing::TempDir made;
};

TEST_F(TwoAdapters, OneBatchGivesWhatEachGivesAlone) {
  Speaker speaker = Speaker::load(base.path());
  speaker.add_adapters(both());
  const Speaker plain = Speaker::load(base.path());
  std::map<std::string, Speaker> alone, merged;
  for (const auto& [name, folder] : both()) {
    alone.emplace(name, Speaker::load(folder));
    merge_adapter(folder, made / (name + "-merged"));
    merged.emplace(name, Speaker::load(made / (name + "-merged")));
  }
  ReplyOptions options;
  options.max_tokens = 12;
  for (const double temperature : {0.0, 1.5}) {
    options.sampling.temperature = temperature;
    const auto asked = requests();
    const auto answered = speaker.replies(asked, options);
    ASSERT_EQ(answered.size(), asked.size());
    std::set<std::vector<int64_t>> different;
    for (size_t i = 0; i < asked.size(); ++i) {
      ASSERT_FALSE(answered[i].error);
      const Reply& reply = answered[i].reply;
      different.insert(reply.tokens);
      const auto expect_same = [&](const Speaker& other, const std::string& adapter) {
        ReplyOptions own = options;
        own.adapter = adapter;
        const Reply want = other.reply(asked[i].prompt, true, {}, own);
        EXPECT_EQ(reply.tokens, want.tokens) << i;
        EXPECT_EQ(reply.text, want.text) << i;
        EXPECT_EQ(reply.end, want.end) << i;
        EXPECT_EQ(reply.prompt_tokens, want.prompt_tokens);
        ASSERT_EQ(reply.log_probs.size(), want.log_probs.size());
        for (size_t t = 0; t < want.log_probs.size(); ++t)
          EXPECT_NEAR(reply.log_probs[t], want.log_probs[t], 1e-5) << i << " " << t;
      };
      const std::string& name = asked[i].adapter;
      expect_same(speaker, name);
      expect_same(name.empty() ? plain : alone.at(name), "");
      if (!name.empty()) expect_same(merged.at(name), "");
    }
    EXPECT_GT(different.size(), 3u) << "the adapters change what is said";
  }
}

TEST_F(TwoAdapters, LogitsOfAMixedBatch) {
  const auto folder = open_checkpoint(base.path());
  const at::NoGradGuard no_grad;
  for (const auto packing : {std::optional<kernels::Packing>{}, {kernels::Packing::int8}}) {
    if (packing) {  // DoRA needs numbers
      AdapterPlan plan;
      plan.targets = {"v_proj"};
      fs::remove_all(made / "b");
      write_adapter(base.path(), made / "b", plan, 3);
    }
    const auto mixed = load_checkpoint(folder, at::kFloat, packing);
    load_adapters(*mixed, folder, both());
    Inputs inputs;
    inputs.ids_NL = at::randint(3, 40, {3, 9}, at::kLong);
    inputs.adapter_N = at::tensor({1, -1, 0}, at::kLong);
    const Tensor logits_NV = mixed->prompt(inputs).logits_NV;
    for (int64_t n = 0; n < 3; ++n) {
      const auto one = load_checkpoint(folder, at::kFloat, packing);
      const auto which = inputs.adapter_N[n].item<int64_t>();
      if (which >= 0) load_adapter(*one, folder, both()[static_cast<size_t>(which)].second);
      Inputs own;
      own.ids_NL = inputs.ids_NL.narrow(0, n, 1);
      EXPECT_LT(testing::max_difference(logits_NV[n], one->prompt(own).logits_NV[0]), 1e-5) << n;
    }
  }
}

TEST_F(TwoAdapters, AConversationIsReadAnewByAnotherAdapter) {
  Speaker speaker = Speaker::load(base.path());
  speaker.add_adapters(both());
  ReplyOptions options;
  options.max_tokens = 5;
  ReadBefore before;
  std::vector<int64_t> read;
  for (const char* name : {"a", "a", "b", ""}) {
    options.adapter = name;
    const std::string prompt = lettered({5, 6, 7, 8});
    const Reply reply = speaker.reply(prompt, true, {}, options, &before);
    EXPECT_EQ(reply.tokens, speaker.reply(prompt, true, {}, options).tokens) << name;
    read.push_back(reply.read_tokens);
  }
  EXPECT_EQ(read, (std::vector<int64_t>{4, 1, 4, 4}));
}

TEST_F(TwoAdapters, WhatIsWrongWithOneLeavesTheOthers) {
  Speaker speaker = Speaker::load(base.path());
  speaker.add_adapters(both());
  ReplyOptions options;
  options.max_tokens = 4;
  const std::string good = lettered({5, 6});
  const auto answered = speaker.replies({{good, true, {}, "a"},
                                         {"", true, {}, ""},
                                         {lettered(std::vector<int64_t>(70, 5)), true, {}, "b"},
                                         {good, true, {}, "c"},
                                         {good, true, {}, "b"}},
                                        options);
  const auto told = [&](size_t i) {
    return testing::error_of([&] { std::rethrow_exception(answered[i].error); });
  };
  EXPECT_FALSE(answered[0].error);
  EXPECT_THAT(told(1), HasSubstr("the prompt is empty"));
  EXPECT_THAT(told(2), HasSubstr("the prompt has 70 tokens"));
  EXPECT_THAT(told(3), HasSubstr("no adapter 'c' here (there are a, b)"));
  EXPECT_FALSE(answered[4].error);
  options.adapter = "b";
  EXPECT_EQ(answered[4].reply.tokens, speaker.reply(good, true, {}, options).tokens);
}

TEST_F(TwoAdapters, WhatCannotBeChosenRowByRowIsRefused) {
  const auto error_for = [&](const NamedFolders& folders) {
    return testing::error_of([&] { Speaker::load(base.path()).add_adapters(folders); });
  };
  EXPECT_EQ(error_for(both()), "no error");
  EXPECT_THAT(error_for({{"a", made / "a"}, {"a", made / "b"}}), HasSubstr("'a' comes twice"));
  EXPECT_THAT(error_for({{"a", base.path()}}), HasSubstr("has no adapter_config.json"));
  AdapterPlan plan;
  plan.kind = "mixlora";
  plan.experts = 3;
  write_fresh_adapter(open_checkpoint(base.path()), plan, made / "mixed", 1);
  EXPECT_THAT(error_for({{"m", made / "mixed"}}), HasSubstr("cannot be chosen row by row"));
  Json config = read_json(made / "a" / "adapter_config.json");
  config["target_parameters"] = {"mlp.experts.gate_up_proj"};
  write_file(made / "a" / "adapter_config.json", config.dump());
  EXPECT_THAT(error_for(both()), HasSubstr("target_parameters"));
  EXPECT_THAT(testing::error_of([&] {
                Speaker::load(made / "b").add_adapters({{"a", made / "b"}});
              }),
              HasSubstr("was loaded with an adapter"));
}

// Padding in a batch, in layers of every kind.
TEST(SpeakerBatch, RowsOfAnyLengthGiveWhatEachGivesAlone) {
  for (const char* folder : {"mistral", "phi", "phi3", "qwen2.5-vl", "llava-1.5", "qwen3-next",
                             "deepseek-moe", "ernie-4.5-vl", "qwen3.5-moe"}) {
    const Speaker speaker = Speaker::load(LetteredFolder(checked_in(folder), 40).path());
    ReplyOptions options;
    options.max_tokens = 6;
    std::vector<Request> asked;
    for (const auto& ids : kPrompts) asked.push_back({lettered(ids)});
    const auto answered = speaker.replies(asked, options);
    for (size_t i = 0; i < asked.size(); ++i) {
      ASSERT_FALSE(answered[i].error) << folder;
      const Reply alone = speaker.reply(asked[i].prompt, true, {}, options);
      EXPECT_EQ(answered[i].reply.tokens, alone.tokens) << folder << " " << i;
      EXPECT_NEAR(answered[i].reply.log_prob, alone.log_prob, 1e-4) << folder << " " << i;
    }
  }
}

}  // namespace
}  // namespace conclave
