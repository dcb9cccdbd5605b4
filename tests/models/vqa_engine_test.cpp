// Answering questions with a small untrained model: its answers are nonsense, but they must be the same
// nonsense however they are asked for.
#include "models/vlm/vqa_engine.h"

#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/tensor/device.h"
#include "framework/tensor/state.h"
#include "framework/text/bpe_trainer.h"
#include "models/vlm/routing_lines.h"
#include "testing/pictures.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

Json config_of(const std::string& variant, int64_t vocabulary) {
  return {
      {"architectures", {"ConclaveVlm"}},
      {"vocab_size", vocabulary},
      {"max_tiles", 4},
      {"vision", {{"kind", "conv"}, {"image", 16}, {"widths", {8, 16}}, {"strides", {4, 2}}, {"groups", 4}}},
      {"connector", {{"kind", "mlp2x_gelu"}}},
      {"text",
       {{"width", 32},
        {"layers", 2},
        {"heads", 4},
        {"ffn", {{"hidden", 48}}},
        {"moe", {{"variant", variant}, {"experts", 4}, {"hidden", 24}, {"rank", 4}}},
        {"moe_layers", "all"}}}};
}

void write_model(const fs::path& folder, const std::string& variant) {
  fs::create_directories(folder);
  BpeTrainer trainer(
      {.vocab_size = 300, .special_tokens = {VlmTokens::kPad, VlmTokens::kAnswer, VlmTokens::kEos}});
  trainer.add("is there a yellow square touching the edge true false red blue green circle");
  const Tokenizer tokenizer = trainer.train();
  tokenizer.save(folder / "tokenizer.json");
  at::manual_seed(11);
  const auto model = make_vlm(config_of(variant, tokenizer.size()));
  // Logits far enough apart that the likeliest answers are not a matter of rounding.
  at::NoGradGuard no_grad;
  model->embed_tokens.weight.mul_(4);
  save_state(*model, folder / "model.safetensors");
  write_file(folder / "config.json", model->config.dump());
  write_file(folder / "preprocessor_config.json", R"({"policy": "tiles", "size": 16, "max_tiles": 2})");
}

class Engine : public ::testing::Test {
 protected:
  void SetUp() override {
    write_model(dir_ / "small", "modality-aware");
    for (int i = 0; i < 3; ++i) testing::write_picture(dir_ / fmt::format("{}.png", i), i);
    testing::write_picture(dir_ / "wide.png", 7, 48, 24);
    model_.emplace(VqaModel::load(dir_ / "small"));
  }
  // Questions about the same and about other pictures, several and none, short and long.
  std::vector<VqaQuery> queries() const {
    const fs::path a = dir_ / "0.png", b = dir_ / "1.png", wide = dir_ / "wide.png";
    return {{{a}, "is there a square"},
            {{b}, "is there a yellow square touching the edge"},
            {{a}, "red"},
            {{a, b}, "is there a square"},
            {{}, "is there a square"},
            {{wide}, "blue circle"},
            {{a}, "green"},
            {{wide, a}, "what"}};
  }
  std::vector<VqaAnswer> ask(const std::vector<VqaQuery>& queries, VqaOptions options) const {
    options.max_tokens = 6;
    return VqaEngine(*model_, options).answer(queries);
  }
  static void expect_same(const std::vector<VqaAnswer>& a, const std::vector<VqaAnswer>& b) {
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      ASSERT_FALSE(a[i].error || b[i].error);
      ASSERT_EQ(a[i].top.size(), b[i].top.size()) << "query " << i;
      for (size_t k = 0; k < a[i].top.size(); ++k) {
        EXPECT_EQ(a[i].top[k].first, b[i].top[k].first) << "query " << i;
        EXPECT_NEAR(a[i].top[k].second, b[i].top[k].second, 1e-5) << "query " << i;
      }
      EXPECT_EQ(a[i].trace.loads(), b[i].trace.loads()) << "query " << i;
      EXPECT_EQ(a[i].visual_tokens, b[i].visual_tokens);
    }
  }
  static std::string message(const VqaAnswer& answer) {
    if (!answer.error) return "";
    try {
      std::rethrow_exception(answer.error);
    } catch (const std::exception& e) {
      return e.what();
    }
  }
  testing::TempDir dir_;
  std::optional<VqaModel> model_;
};

TEST_F(Engine, MaskedExpertsServeNoToken) {
  VqaOptions options;
  options.edits = forbid_experts(std::vector<std::string>{"0:0"}, model_->pools());
  const auto plain = ask(queries(), {}), masked = ask(queries(), options);
  bool other = false;
  for (size_t i = 0; i < masked.size(); ++i) {
    ASSERT_FALSE(masked[i].error);
    other = other || masked[i].top != plain[i].top;
    const auto& totals = masked[i].trace.sites().at(0);
    for (size_t row = 0; row < totals.count.size(); row += static_cast<size_t>(totals.experts))
      EXPECT_EQ(totals.count[row], 0);
  }
  EXPECT_TRUE(other);
}

TEST_F(Engine, BatchCacheAndThreadsLeaveTheAnswers) {
  const auto alone = ask(queries(), {.batch = 1, .share_pictures = false});
  for (const int64_t batch : {2, 3, 16}) expect_same(alone, ask(queries(), {.batch = batch}));
  expect_same(alone, ask(queries(), {.batch = 16, .share_pictures = false}));
  expect_same(alone, ask(queries(), {.batch = 2, .memory_bytes = 0}));
  set_threads(3);
  expect_same(alone, ask(queries(), {}));
  set_threads(1);
  expect_same(alone, ask(queries(), {}));
  EXPECT_NE(alone[0].top, alone[1].top);
}

TEST_F(Engine, ReadsPicturesOnce) {
  const auto answers = ask(queries(), {.batch = 2});
  std::vector<bool> remembered;
  for (const auto& answer : answers) remembered.push_back(answer.remembered);
  EXPECT_EQ(remembered, (std::vector<bool>{false, false, true, false, false, false, true, false}));
  EXPECT_EQ(answers[2].see_ms, 0);
  EXPECT_GT(answers[0].see_ms, 0);
}

TEST_F(Engine, SeesThatAFileHasChanged) {
  VqaEngine engine(*model_, {.max_tokens = 6});
  const std::vector<VqaQuery> query = {{{dir_ / "0.png"}, "red"}};
  const auto before = engine.answer(query);
  testing::write_picture(dir_ / "0.png", 9, 40, 40);
  const auto after = engine.answer(query);
  EXPECT_FALSE(after[0].remembered);
  EXPECT_NE(before[0].top, after[0].top);
}

TEST_F(Engine, ForgetsTheLeastRecentlyUsed) {
  PictureMemory memory(2 * 2 * 4 * 4);  // two states of 4 + 4 floats
  const auto seen = [](const char* name) {
    auto pictures = std::make_shared<SeenPictures>();
    pictures->state = DecodeState(1);
    pictures->state.segments[0].layers[0] = {at::zeros({1, 1, 2, 2}), at::zeros({1, 1, 2, 2})};
    return pictures;
  };
  memory.keep("a", seen("a"));
  memory.keep("b", seen("b"));
  EXPECT_TRUE(memory.find("a"));
  memory.keep("c", seen("c"));
  EXPECT_TRUE(memory.find("a"));
  EXPECT_FALSE(memory.find("b"));
  EXPECT_TRUE(memory.find("c"));
  EXPECT_EQ(memory.bytes(), 64u);
}

TEST_F(Engine, ProbabilitiesAreOfWholeAnswers) {
  // By hand: the best answer of a greedy search, its tokens' probabilities multiplied.
  const auto query = queries()[1];
  const auto answer = ask({query}, {.top_k = 1})[0];
  at::NoGradGuard no_grad;
  const Vlm& vlm = *model_->vlm;
  const auto tiles = load_picture_set(query.pictures, model_->picture, 1, 1).tiles_N3SS;
  DecodeState state = vlm.read_pictures(tiles.unsqueeze(0), {}, {});
  auto ids = question_ids(model_->tokenizer, model_->tokens, query.question);
  std::vector<int64_t> said;
  double log_prob = 0;
  for (int i = 0; i < 6; ++i) {
    const Tensor hidden = vlm.read_text(at::tensor(ids, at::kLong).unsqueeze(0), {}, state, {});
    const Tensor log_prob_V = vlm.logits(hidden[0][-1]).log_softmax(0);
    const auto next = log_prob_V.argmax().item<int64_t>();
    log_prob += log_prob_V[next].item<double>();
    if (next == model_->tokens.eos) break;
    said.push_back(next);
    ids = {next};
  }
  EXPECT_EQ(answer.top[0].first, model_->tokenizer.decode(said));
  EXPECT_NEAR(answer.top[0].second, std::exp(log_prob), 1e-5);
}

TEST_F(Engine, ChoosesAmongCandidates) {
  const auto answers = ask(queries(), {.top_k = 2, .candidates = {"true", "false", "blue circle"}});
  const auto all = ask(queries(), {.top_k = 9, .candidates = {"true", "false", "blue circle"}});
  for (size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].top.size(), 2u);
    ASSERT_EQ(all[i].top.size(), 3u);
    EXPECT_NEAR(all[i].top[0].second + all[i].top[1].second + all[i].top[2].second, 1, 1e-9);
    EXPECT_GE(all[i].top[0].second, all[i].top[1].second);
  }
}

TEST_F(Engine, RefusesCandidatesThatAreNoChoice) {
  EXPECT_THROW(ask(queries(), {.candidates = {"yes", " "}}), UsageError);
  EXPECT_THROW(ask(queries(), {.candidates = {"yes", "no", "yes"}}), UsageError);
}

TEST_F(Engine, ReadsLongQuestionsApartFromShortOnes) {
  EXPECT_TRUE(fit_a_batch(1, kMaxQuestionBytes));
  EXPECT_FALSE(fit_a_batch(2, kMaxQuestionBytes));
  EXPECT_TRUE(fit_a_batch(16, 512));
  auto asked = queries();
  asked[1].question = std::string(3000, 'x');
  const auto together = ask(asked, {.batch = 16});
  const auto alone = ask({asked[1]}, {});
  EXPECT_EQ(together[1].top[0].first, alone[0].top[0].first);
  EXPECT_NEAR(together[1].top[0].second, alone[0].top[0].second, 1e-5);
}

TEST_F(Engine, BadQueriesLeaveTheOthersAlone) {
  auto asked = queries();
  const auto good = ask(asked, {});
  write_file(dir_ / "cut.png", read_file(dir_ / "0.png").substr(0, 60));
  write_file(dir_ / "sound.png", std::string("RIFF\x24\0\0\0WAVEfmt ", 16) + std::string(40, '\0'));
  std::string huge = read_file(dir_ / "0.png");
  huge.replace(16, 8, std::string("\0\0\x9c\x40\0\0\x9c\x40", 8));  // 40,000 x 40,000
  write_file(dir_ / "huge.png", huge);
  const fs::path a = dir_ / "0.png";
  const std::vector<std::pair<VqaQuery, std::string>> bad = {
      {{{dir_ / "none.png"}, "red"}, "none.png"},
      {{{dir_ / "cut.png"}, "red"}, "cut.png"},
      {{{dir_ / "sound.png"}, "red"}, "sound.png: "},
      {{{dir_ / "huge.png"}, "red"}, "huge.png"},
      {{{a}, ""}, "the question is empty"},
      {{{a}, " \n"}, "the question is empty"},
      {{{a}, std::string(1000000, 'x')}, "1000000 bytes, the limit is 8192"},
      {{{a, a, a, a, a}, "red"}, "the model takes at most 4"}};
  std::vector<VqaQuery> mixed;
  for (size_t i = 0; i < asked.size(); ++i) {
    mixed.push_back(bad[i].first);
    mixed.push_back(asked[i]);
  }
  const auto answers = ask(mixed, {});
  std::vector<VqaAnswer> rest;
  for (size_t i = 0; i < asked.size(); ++i) {
    EXPECT_THAT(message(answers[2 * i]), HasSubstr(bad[i].second));
    rest.push_back(answers[2 * i + 1]);
  }
  expect_same(good, rest);
  EXPECT_THAT(message(answers[4]), HasSubstr("WAV"));
  EXPECT_THAT(message(answers[6]), HasSubstr("40000"));
}

TEST_F(Engine, BlankPicturesAreAllAlike) {
  const fs::path a = dir_ / "0.png", b = dir_ / "1.png";
  const auto answers = ask({{{a}, "red"}, {{b}, "red"}}, {.blank_pictures = true});
  EXPECT_EQ(answers[0].top, answers[1].top);
}

class Routed : public ::testing::TestWithParam<std::string> {};

TEST_P(Routed, ReplayGivesTheSameBits) {
  testing::TempDir dir;
  write_model(dir / "m", GetParam());
  testing::write_picture(dir / "a.png", 1);
  testing::write_picture(dir / "b.png", 2);
  const VqaModel model = VqaModel::load(dir / "m");
  const std::vector<VqaQuery> queries = {{{dir / "a.png"}, "is there a square"}, {{dir / "b.png"}, "red"}};
  const auto written = [&](const std::vector<VqaAnswer>& answers, const fs::path& file) {
    std::ofstream out(file);
    for (size_t i = 0; i < answers.size(); ++i)
      write_routing(std::to_string(i), answers[i].routing,
                    [&](const Json& line) { out << line.dump() << "\n"; });
    out.close();
    return read_file(file);
  };
  const VqaOptions options{.max_tokens = 6, .keep_routing = true};
  const auto first = VqaEngine(model, options).answer(queries);
  ASSERT_FALSE(first[0].error);
  const std::string text = written(first, dir / "out.jsonl");
  EXPECT_THAT(text, HasSubstr("\"part\":\"pictures\""));
  EXPECT_THAT(text, HasSubstr("\"part\":\"answer\""));

  const auto replay = [&](const fs::path& file) {
    const auto edits = read_routing(file, model.pools());
    auto edited = queries;
    for (size_t i = 0; i < edited.size(); ++i) edited[i].edits = &edits.at(std::to_string(i));
    return VqaEngine(model, options).answer(edited);
  };
  const auto again = replay(dir / "out.jsonl");
  ASSERT_FALSE(again[0].error);
  EXPECT_EQ(first[0].top, again[0].top);
  EXPECT_EQ(first[1].top, again[1].top);
  EXPECT_EQ(text, written(again, dir / "again.jsonl"));

  // Another routing is followed too: the first expert of all picture tokens takes the place of its choice.
  std::string changed;
  std::istringstream in(text);
  for (std::string row; std::getline(in, row);) {
    Json line = Json::parse(row);
    if (line["part"] == "question") line["weights"][0] = 0.125;
    changed += line.dump() + "\n";
  }
  write_file(dir / "changed.jsonl", changed);
  const auto other = replay(dir / "changed.jsonl");
  EXPECT_NE(first[0].top, other[0].top);
  EXPECT_EQ(read_routing(dir / "changed.jsonl", model.pools()).size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Variants, Routed, ::testing::Values("modality-aware", "null-shared", "lora"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_F(Engine, RefusesBadRoutingFiles) {
  const auto error_of = [&](const std::string& text) {
    write_file(dir_ / "r.jsonl", text);
    try {
      read_routing(dir_ / "r.jsonl", model_->pools());
    } catch (const DataError& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  const std::string head = R"({"question_id":"0","part":"question","site":0,"token":)";
  EXPECT_THAT(error_of("{}\n"), HasSubstr("line 1"));
  EXPECT_THAT(error_of(head + R"(0,"experts":[4],"weights":[1]})"),
              HasSubstr("line 1: expert 4 of a pool of 4"));
  EXPECT_THAT(error_of(head + R"(0,"experts":[1,2],"weights":[1]})"), HasSubstr("2 experts with 1 weights"));
  EXPECT_THAT(error_of(head + R"(1,"experts":[1],"weights":[1]})"),
              HasSubstr("token 1 where token 0 is next"));
  EXPECT_THAT(error_of(head + R"(0,"experts":[1],"weights":[1]})"
                              "\nnonsense\n"),
              HasSubstr("line 2"));

  // A replay of another number of tokens is refused for that question alone.
  write_file(dir_ / "r.jsonl", head + R"(0,"experts":[1],"weights":[1]})"
                                      "\n");
  const auto edits = read_routing(dir_ / "r.jsonl", model_->pools());
  auto asked = queries();
  asked[0].edits = &edits.at("0");
  const auto answers = ask(asked, {});
  EXPECT_THAT(message(answers[0]), HasSubstr("replay of 1 tokens"));
  EXPECT_FALSE(answers[1].error);
}

TEST_F(Engine, RefusesDamagedModels) {
  const fs::path weights = dir_ / "small" / "model.safetensors", config = dir_ / "small" / "config.json";
  const std::string bytes = read_file(weights), settings = read_file(config);
  const auto error_of = [&] {
    try {
      VqaModel::load(dir_ / "small");
    } catch (const DataError& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  write_file(weights, bytes.substr(0, bytes.size() / 2));
  EXPECT_THAT(error_of(), HasSubstr("model.safetensors"));
  std::string lying = bytes;
  lying.replace(0, 8, std::string(8, '\x7f'));
  write_file(weights, lying);
  EXPECT_THAT(error_of(), HasSubstr("model.safetensors"));
  write_file(weights, bytes);

  Json other = Json::parse(settings);
  other["text"]["width"] = 64;
  write_file(config, other.dump());
  EXPECT_THAT(error_of(),
              ::testing::AllOf(HasSubstr("misshapen: embed_tokens.weight"), HasSubstr("expected")));
  other = Json::parse(settings);
  other["vocab_size"] = int64_t{1} << 50;
  write_file(config, other.dump());
  EXPECT_THAT(error_of(), ::testing::AllOf(HasSubstr("config.json"), HasSubstr("vocab_size")));
  write_file(config, settings.substr(0, 30));
  EXPECT_THAT(error_of(), HasSubstr("config.json"));
  write_file(config, settings);

  write_file(dir_ / "small" / "preprocessor_config.json", R"({"size": 99})");
  EXPECT_THAT(error_of(), ::testing::AllOf(HasSubstr("preprocessor_config.json"), HasSubstr("99")));
  fs::remove(dir_ / "small" / "tokenizer.json");
  EXPECT_THAT(error_of(), HasSubstr("tokenizer.json"));
  fs::remove_all(dir_ / "small");
  EXPECT_THAT(error_of(), HasSubstr("no such model folder"));
}

TEST_F(Engine, ReadsHalfPrecisionWeights) {
  const auto full = ask(queries(), {.top_k = 1});
  const auto file = dir_ / "small" / "model.safetensors";
  TensorList halved;
  for (const auto& [name, tensor] : state_of(*model_->vlm)) halved.emplace_back(name, tensor.to(at::kHalf));
  model_.reset();
  save_safetensors(file, halved);
  model_.emplace(VqaModel::load(dir_ / "small"));
  EXPECT_EQ(model_->vlm->embed_tokens.weight.scalar_type(), at::kFloat);
  const auto half = ask(queries(), {.top_k = 1});
  EXPECT_NEAR(half[0].top[0].second, full[0].top[0].second, 0.05);
}

}  // namespace
}  // namespace conclave
