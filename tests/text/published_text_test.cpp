#include "framework/text/published_text.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
const std::string kPublishedData = std::string(CONCLAVE_SOURCE_DIR) + "/tests/text/data/published/";

/// A folder with a tokenizer of the reference set in it.
class Folder : public ::testing::Test {
 protected:
  void put(const char* from, const char* to) { fs::copy_file(kPublishedData + from, dir_ / to); }
  void write(const char* name, const Json& json) { write_file(dir_ / name, json.dump()); }
  PublishedText read() { return read_published_text(dir_.path()); }
  std::string message() {
    try {
      read();
    } catch (const DataError& e) {
      return e.what();
    }
    return "no DataError";
  }
  testing::TempDir dir_;
};

TEST_F(Folder, TokenizerTemplateAndEndsAreFound) {
  put("qwen2.json", "tokenizer.json");
  write("tokenizer_config.json",
        {{"eos_token", "</s>"},
         {"bos_token", {{"content", "<s>"}, {"lstrip", false}}},
         {"chat_template", "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}"}});
  write("generation_config.json", {{"eos_token_id", {5, 1}}});
  write("config.json", {{"eos_token_id", 7}});
  const auto text = read();
  EXPECT_EQ(text.stop, (std::vector<int64_t>{5, 1, 7}));
  EXPECT_EQ(text.conversation({{{"role", "user"}, {"content", "hi"}}}), "<s>hi</s>");
}

TEST_F(Folder, AFileForTheTemplateWins) {
  put("qwen2.json", "tokenizer.json");
  write(
      "tokenizer_config.json",
      {{"chat_template", {{{"name", "tool"}, {"template", "t"}}, {{"name", "default"}, {"template", "d"}}}}});
  EXPECT_EQ(read().conversation(Json::array()), "d");
  write("chat_template.json", {{"chat_template", "j"}});
  EXPECT_EQ(read().conversation(Json::array()), "j");
  write_file(dir_ / "chat_template.jinja", "f");
  EXPECT_EQ(read().conversation(Json::array()), "f");
}

TEST_F(Folder, WithoutATemplateThereIsNoConversation) {
  put("qwen2.json", "tokenizer.json");
  EXPECT_THROW(read().conversation(Json::array()), UsageError);
}

TEST_F(Folder, SentencePieceGetsItsAddedTokensFromBeside) {
  put("llama2.model", "tokenizer.model");
  write("added_tokens.json", {{"<pad>", 5000}});
  write("tokenizer_config.json",
        {{"added_tokens_decoder", {{"5001", {{"content", "<image>"}, {"special", true}}}}}});
  auto text = read();
  const int64_t bos = *text.tokenizer.id_of("<s>");
  EXPECT_EQ(text.tokenizer.encode("<image><pad>"), (std::vector<int64_t>{bos, 5001, 5000}));
  write("tokenizer_config.json", {{"add_bos_token", false}, {"add_eos_token", true}});
  text = read();
  EXPECT_EQ(text.tokenizer.encode("<pad>"), (std::vector<int64_t>{5000, *text.tokenizer.id_of("</s>")}));
}

TEST_F(Folder, LlamasClassFollowsItsSettings) {
  put("llama2.json", "tokenizer.json");
  const auto count = [&] { return read().tokenizer.encode("").size(); };
  EXPECT_EQ(count(), 1u);  // the template of the file
  write("tokenizer_config.json", {{"tokenizer_class", "LlamaTokenizerFast"}, {"add_bos_token", false}});
  EXPECT_EQ(count(), 0u);
  write("tokenizer_config.json", {{"tokenizer_class", "LlamaTokenizerFast"}, {"add_bos_token", true}});
  EXPECT_NE(message().find("'bos_token' is no token"), std::string::npos);
}

TEST_F(Folder, WhatIsWrongIsNamed) {
  EXPECT_NE(message().find("has no tokenizer (looked for tokenizer.json, tokenizer.model"),
            std::string::npos);
  put("llama2.model", "tokenizer.model");
  write("tokenizer_config.json", Json::array());
  EXPECT_NE(message().find("a JSON object is wanted"), std::string::npos);
  write("tokenizer_config.json", {{"chat_template", 3}});
  EXPECT_NE(message().find("'chat_template' is no string"), std::string::npos);
  write("tokenizer_config.json", {{"chat_template", "\n{{ x"}});
  EXPECT_NE(message().find("tokenizer_config.json: chat_template: line 2"), std::string::npos) << message();
  write("tokenizer_config.json", {{"added_tokens_decoder", {{"-1", {{"content", "x"}}}}}});
  EXPECT_NE(message().find("'added_tokens_decoder' has no token at '-1'"), std::string::npos);
}

}  // namespace
}  // namespace conclave
