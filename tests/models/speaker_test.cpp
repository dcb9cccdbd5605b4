#include "models/checkpoint/speaker.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/tensor/safetensors.h"
#include "models/lettered_folder.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

std::string text_of(const Tensor& ids) {
  std::string text;
  for (int64_t i = 0; i < ids.numel(); ++i) text += letter(ids.view({-1})[i].item<int64_t>());
  return text;
}

class Recorded : public ::testing::TestWithParam<const char*> {};

TEST_P(Recorded, TheReplyIsTheOriginalsGeneration) {
  CONCLAVE_NEED_DATA(std::string("parity/") + GetParam());
  const fs::path folder = *testing::data_dir() / "parity" / GetParam();
  const Speaker speaker = Speaker::load(LetteredFolder(folder, 150).path());
  const Tensor wanted = Safetensors(folder / "expected.safetensors").tensor("generated");
  std::string streamed;
  ReplyOptions options;
  options.max_tokens = wanted.numel();
  options.on_text = [&](std::string_view text) {
    streamed += text;
    return true;
  };
  const auto prompt = text_of(Safetensors(folder / "inputs.safetensors").tensor("gen.input_ids"));
  const Reply reply = speaker.reply(prompt, true, {}, options);
  EXPECT_EQ(reply.text, text_of(wanted));
  EXPECT_EQ(streamed, reply.text);
  EXPECT_EQ(reply.end, Reply::End::length);
  EXPECT_EQ(reply.prompt_tokens, 7);
  ASSERT_EQ(reply.log_probs.size(), reply.tokens.size());
  EXPECT_LT(reply.log_prob, 0);

  // A stop text ends the reply before it, and nothing of it is shown.
  streamed.clear();
  options.stop = {reply.text.substr(9, 6)};
  const Reply cut = speaker.reply(prompt, true, {}, options);
  EXPECT_EQ(cut.text, reply.text.substr(0, reply.text.find(options.stop[0])));
  EXPECT_EQ(streamed, cut.text);
  EXPECT_EQ(cut.end, Reply::End::stop_text);
}

INSTANTIATE_TEST_SUITE_P(Folders, Recorded,
                         ::testing::Values("mixtral", "olmoe", "qwen3-moe", "deepseek-v3"));

TEST(Speaker, ATokenizerThatDoesNotFitIsRefused) {
  try {
    Speaker::load(LetteredFolder(checked_in("qwen3"), 61).path());
    FAIL() << "no DataError";
  } catch (const DataError& e) {
    EXPECT_NE(std::string(e.what()).find("does not fit the vocabulary: it has ids up to 60"),
              std::string::npos)
        << e.what();
  }
}

TEST(Speaker, NoTokenOutsideTheTokenizerIsChosen) {
  const Speaker speaker = Speaker::load(LetteredFolder(checked_in("qwen3"), 12).path());
  ReplyOptions options;
  options.max_tokens = 40;
  options.sampling.temperature = 3;
  for (const int64_t token : speaker.reply(letter(3), true, {}, options).tokens) EXPECT_LT(token, 12);
}

TEST(Speaker, TheContextBindsPromptAndReply) {
  LetteredFolder copy(checked_in("qwen3"), 60);
  Json config = read_json(copy.path() / "config.json");
  config["eos_token_id"] = nullptr;
  copy.write("config.json", config);
  const Speaker speaker = Speaker::load(copy.path());
  ASSERT_EQ(speaker.context(), 64);
  std::string prompt;
  for (int i = 0; i < 60; ++i) prompt += letter(5);
  ReplyOptions options;
  options.max_tokens = 100;
  EXPECT_EQ(speaker.reply(prompt, true, {}, options).tokens.size(), 4u);
  for (int i = 0; i < 4; ++i) prompt += letter(5);
  EXPECT_THROW(speaker.reply(prompt, true, {}, options), UsageError);
  EXPECT_THROW(speaker.reply("", true, {}, options), UsageError);
}

// Turn by turn, with a prompt that goes on, one that turns off in the middle, and one that is taken back.
TEST(Speaker, WhatWasReadBeforeIsNotReadAgain) {
  for (const char* folder : {"qwen3", "mistral", "phi3", "qwen2.5-vl"}) {
    const Speaker speaker = Speaker::load(LetteredFolder(checked_in(folder), 40).path());
    ReplyOptions options;
    options.max_tokens = 6;
    ReadBefore before;
    std::vector<int64_t> read;
    for (const std::vector<int64_t>& ids : {std::vector<int64_t>{5, 6, 7, 8},
                                            {5, 6, 7, 8, 9, 10},
                                            {5, 6, 7, 8, 11, 12, 13},
                                            {5, 6},
                                            {9, 5, 6}}) {
      std::string prompt;
      for (const int64_t id : ids) prompt += letter(id);
      const Reply kept = speaker.reply(prompt, true, {}, options, &before);
      const Reply whole = speaker.reply(prompt, true, {}, options);
      EXPECT_EQ(kept.tokens, whole.tokens) << folder;
      EXPECT_NEAR(kept.log_prob, whole.log_prob, 1e-4) << folder;
      EXPECT_EQ(whole.read_tokens, std::ssize(ids));
      read.push_back(kept.read_tokens);
    }
    EXPECT_EQ(read, (std::vector<int64_t>{4, 2, 3, 1, 3})) << folder;
  }
}

// Recurrent layers keep one sum: it goes on, and what is taken back is read anew.
TEST(Speaker, ASumOfTokensGoesOnAndIsNotTakenBack) {
  const LetteredFolder copy(checked_in("qwen3-next"), 40);
  Speaker speaker = Speaker::load(copy.path());
  ReplyOptions options;
  options.max_tokens = 6;
  ReadBefore before;
  std::vector<int64_t> read;
  for (const std::vector<int64_t>& ids :
       {std::vector<int64_t>{5, 6, 7, 8}, {5, 6, 7, 8, 9, 10}, {5, 6, 7, 8, 11, 12, 13}, {5, 6}}) {
    std::string prompt;
    for (const int64_t id : ids) prompt += letter(id);
    const Reply kept = speaker.reply(prompt, true, {}, options, &before);
    EXPECT_EQ(kept.tokens, speaker.reply(prompt, true, {}, options).tokens);
    read.push_back(kept.read_tokens);
  }
  EXPECT_EQ(read, (std::vector<int64_t>{4, 2, 7, 2}));
  speaker.set_draft(Speaker::load(copy.path()), 3);
  EXPECT_THROW(speaker.reply(letter(5), true, {}, options), UsageError);
}

// Whatever proposes, the reply is the model's own; a twin's proposals are all taken.
TEST(Speaker, ADraftChangesNoReply) {
  const LetteredFolder copy(checked_in("qwen3"), 40), other(checked_in("qwen2"), 40),
      small(checked_in("qwen3"), 39);
  const Speaker plain = Speaker::load(copy.path());
  ReplyOptions options;
  options.max_tokens = 20;
  const std::string prompt = letter(5) + letter(6) + letter(7);
  const Reply wanted = plain.reply(prompt, true, {}, options);
  EXPECT_EQ(wanted.proposed, 0);
  for (const auto& folder : {copy.path(), other.path()}) {
    Speaker drafted = Speaker::load(copy.path());
    drafted.set_draft(Speaker::load(folder), 3);
    const Reply reply = drafted.reply(prompt, true, {}, options);
    EXPECT_EQ(reply.tokens, wanted.tokens) << folder;
    EXPECT_NEAR(reply.log_prob, wanted.log_prob, 1e-3) << folder;
    EXPECT_GT(reply.proposed, 0) << folder;
    if (folder == copy.path()) EXPECT_EQ(reply.accepted, reply.proposed);
    ReadBefore before;  // a conversation's state is kept beside it
    EXPECT_EQ(drafted.reply(prompt, true, {}, options, &before).tokens, wanted.tokens) << folder;
    options.sampling.temperature = 1;
    EXPECT_THROW(drafted.reply(prompt, true, {}, options), UsageError);
    options.sampling.temperature = 0;
  }
  Speaker drafted = Speaker::load(copy.path());
  EXPECT_THROW(drafted.set_draft(Speaker::load(small.path()), 3), UsageError);
}

/// A tokenizer of printable letters and a few longer tokens, 60 in all.
Json json_letters() {
  Json vocabulary = Json::object();
  for (const char* token : {"{", "}", "[", "]", "\"", ":", ",",    " ",      "a",    "b",   "n", "m",
                            "e", "1", "2", "0", "-",  ".", "true", "\"name", "\": ", "x\"", "!", "},"})
    vocabulary[token] = vocabulary.size();
  while (vocabulary.size() < 60)
    vocabulary[letter(static_cast<int64_t>(vocabulary.size()))] = vocabulary.size();
  return {{"decoder", {{"type", "Fuse"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}, {"unk_token", " "}}}};
}

TEST(Speaker, RepliesKeepToASchema) {
  LetteredFolder copy(checked_in("qwen3"), 60);
  copy.write("tokenizer.json", json_letters());
  const Speaker speaker = Speaker::load(copy.path());
  ReplyOptions options;
  options.max_tokens = 50;
  options.sampling.temperature = 2;
  options.schema = std::make_shared<JsonSchema>(Json::parse(
      R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}, "b": {"type": "boolean"}},
          "required": ["name"]})"));
  int whole = 0;
  for (options.seed = 0; options.seed < 12; ++options.seed) {
    const Reply reply = speaker.reply("a", true, {}, options);
    if (reply.end == Reply::End::length) continue;  // blanks may use the tokens up
    ++whole;
    EXPECT_EQ(reply.end, Reply::End::json);
    const Json json = Json::parse(reply.text, nullptr, /*allow_exceptions=*/false);
    EXPECT_TRUE(json.is_object() && json.contains("name") && json["name"].is_string()) << reply.text;
  }
  EXPECT_GT(whole, 6);
  // What no token of the vocabulary can say.
  options.schema = std::make_shared<JsonSchema>(Json::parse(R"({"const": "7"})"));
  EXPECT_THROW(speaker.reply("a", true, {}, options), Error);
}

TEST(Speaker, SamplesAreThoseOfTheSeed) {
  const Speaker speaker = Speaker::load(LetteredFolder(checked_in("qwen3"), 60).path());
  ReplyOptions options;
  options.sampling.temperature = 2;
  options.max_tokens = 30;
  options.seed = 1;
  const auto first = speaker.reply(letter(9), true, {}, options);
  EXPECT_EQ(speaker.reply(letter(9), true, {}, options).tokens, first.tokens);
  options.seed = 2;
  EXPECT_NE(speaker.reply(letter(9), true, {}, options).tokens, first.tokens);
}

Json picture_settings(const char* type) {
  Json settings = {
      {"image_processor_type", type}, {"image_mean", {0.5, 0.5, 0.5}}, {"image_std", {0.5, 0.5, 0.5}}};
  if (std::string(type).starts_with("CLIP"))
    settings.update({{"size", {{"shortest_edge", 8}}}, {"crop_size", 8}, {"do_center_crop", true}});
  else
    settings.update({{"patch_size", 2}, {"min_pixels", 64}, {"max_pixels", 256}});
  return settings;
}

/// A picture changes the reply's probabilities; the wrong number of places is an error.
void ask_about_pictures(const char* folder, const char* type) {
  LetteredFolder copy(checked_in(folder), 60);
  copy.write("preprocessor_config.json", picture_settings(type));
  const Speaker speaker = Speaker::load(copy.path());
  ReplyOptions options;
  options.max_tokens = 3;
  const auto dark = at::zeros({9, 12, 3}, at::kByte), light = at::full({9, 12, 3}, 250, at::kByte);
  const auto prompt = letter(7) + letter(50) + letter(9);
  const Reply first = speaker.reply(prompt, true, {dark}, options);
  EXPECT_NE(first.log_prob, speaker.reply(prompt, true, {light}, options).log_prob);
  EXPECT_EQ(first.log_prob, speaker.reply(prompt, true, {dark}, options).log_prob);
  EXPECT_THROW(speaker.reply(prompt, true, {dark, light}, options), UsageError);
  EXPECT_THROW(speaker.reply(letter(7), true, {dark}, options), UsageError);
}

TEST(Speaker, QwenReadsPicturesAmongWords) {
  ask_about_pictures("qwen2.5-vl", "Qwen2VLImageProcessor");
}

TEST(Speaker, LlavaReadsPicturesAmongWords) {
  ask_about_pictures("llava-1.5", "CLIPImageProcessor");
}

/// A video of two groups of two frames of 4 x 4 pixels, whose places are one token each.
Frames video_of(int level) {
  Frames video;
  for (int i = 0; i < 4; ++i) video.pictures.push_back(at::full({4, 4, 3}, level + 10 * i, at::kByte));
  video.numbers = {0, 1, 2, 3};
  video.count = 4;
  video.rate = 2;
  return video;
}

/// `words` is what the prompt has beside the places.
void ask_about_videos(const char* folder, const char* type, int64_t words) {
  LetteredFolder copy(checked_in(folder), 52);
  Json tokens = letters(52);
  for (const auto& [id, name] : {std::pair{52, "<|vision_start|>"}, {53, "<|vision_end|>"}})
    tokens["added_tokens"].push_back({{"id", id}, {"content", name}, {"special", true}});
  copy.write("tokenizer.json", tokens);
  Json settings = picture_settings("Qwen2VLImageProcessor");
  for (const char* key : {"min_pixels", "max_pixels"}) settings.erase(key);
  settings["video_processor_type"] = type;
  settings["size"] = {{"shortest_edge", 16}, {"longest_edge", 64}};
  copy.write("video_preprocessor_config.json", settings);
  const Speaker speaker = Speaker::load(copy.path());
  ReplyOptions options;
  options.max_tokens = 3;
  const auto prompt = letter(7) + "<|vision_start|>" + letter(51) + "<|vision_end|>" + letter(9);
  const auto ask = [&](int level) {
    return speaker.reply(prompt, true, Sights({}, {video_of(level)}), options);
  };
  const Reply first = ask(0);
  EXPECT_EQ(first.prompt_tokens, words + 2) << "a token for each two frames";
  EXPECT_NE(first.log_prob, ask(100).log_prob);
  EXPECT_EQ(first.log_prob, ask(0).log_prob);
  EXPECT_THROW(speaker.reply(letter(7), true, Sights({}, {video_of(0)}), options), UsageError);
  copy.write("a.mp4", "no video");
  EXPECT_THROW(speaker.load_video(copy.path() / "a.mp4"), DataError);
}

TEST(Speaker, QwenReadsVideosAmongWords) {
  ask_about_videos("qwen2-vl", "Qwen2VLVideoProcessor", 4);
  ask_about_videos("qwen2.5-vl", "Qwen2VLVideoProcessor", 4);
}

TEST(Speaker, FramesStandBehindTheirSeconds) {
  // Two words, and for each two frames "<0.2 seconds>" and the marks around its place.
  ask_about_videos("qwen3-vl-moe", "Qwen3VLVideoProcessor", 2 + 2 * (13 + 2));
}

TEST(Speaker, AModelWithoutVideosRefusesThem) {
  LetteredFolder copy(checked_in("llava-1.5"), 60);
  copy.write("preprocessor_config.json", picture_settings("CLIPImageProcessor"));
  const Speaker speaker = Speaker::load(copy.path());
  EXPECT_THROW(speaker.load_video(copy.path() / "a.mp4"), UsageError);
  EXPECT_THROW(speaker.reply(letter(7), true, Sights({}, {video_of(0)}), {}), UsageError);
}

TEST(Speaker, AModelOfWordsRefusesPictures) {
  const Speaker speaker = Speaker::load(LetteredFolder(checked_in("qwen3"), 60).path());
  EXPECT_THROW(speaker.reply(letter(7), true, {at::zeros({4, 4, 3}, at::kByte)}, {}), UsageError);
}

}  // namespace
}  // namespace conclave
