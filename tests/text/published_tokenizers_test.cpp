// data/published was made by tests/parity/make_tokenizers.py: tokenizers with the settings of published ones
// and vocabularies of their own, and the ids that tokenizers 0.23.3 and sentencepiece 0.2.3 give for each
// line.
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/base/sha256.h"
#include "framework/text/sentencepiece.h"
#include "testing/testing.h"

namespace conclave {
namespace {

const std::string kTokenizerData = std::string(CONCLAVE_SOURCE_DIR) + "/tests/text/data/published/";
using Ids = std::vector<int64_t>;

/// The lines as bytes; a line's end inside of one stands there as 0x1e.
std::vector<std::string> lines() {
  std::vector<std::string> lines(1);
  for (const char byte : read_file(kTokenizerData + "lines.txt")) {
    if (byte == '\n')
      lines.emplace_back();
    else
      lines.back() += byte == '\x1e' ? '\n' : byte;
  }
  return lines;
}

std::string short_sum(const std::string& bytes) {
  return sha256(bytes).substr(0, 4);
}

std::string sum_of(const Ids& ids) {
  std::string bytes;
  for (const int64_t id : ids)
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(id >> shift & 0xff);
  return short_sum(bytes);
}

void compare(const std::string& name, const Tokenizer& tokenizer, Tokenizer::EncodeOptions options,
             const std::function<bool(size_t line, const Ids& ids)>& decodes_otherwise) {
  const Json expected = read_json(kTokenizerData + name + ".expected.json");
  for (const auto& told : expected["told"]) {
    const auto line = lines()[told["line"].get<size_t>()];
    EXPECT_EQ(tokenizer.encode(line, options), told["ids"].get<Ids>()) << name << ": " << line;
  }
  const auto id_sums = expected["ids"].get<std::string>(), text_sums = expected["texts"].get<std::string>();
  const auto all = lines();
  ASSERT_EQ(id_sums.size(), 4 * all.size());
  ASSERT_GT(all.size(), 2000u);
  std::vector<size_t> wrong_ids, wrong_texts;
  for (size_t i = 0; i < all.size(); ++i) {
    const auto ids = tokenizer.encode(all[i], options);
    if (sum_of(ids) != id_sums.substr(4 * i, 4)) wrong_ids.push_back(i);
    if (decodes_otherwise(i, ids)) continue;
    if (short_sum(tokenizer.decode(ids)) != text_sums.substr(4 * i, 4)) wrong_texts.push_back(i);
  }
  EXPECT_TRUE(wrong_ids.empty()) << name << ": " << fmt::format("{}", fmt::join(wrong_ids, " "));
  EXPECT_TRUE(wrong_texts.empty()) << name << ": " << fmt::format("{}", fmt::join(wrong_texts, " "));
}

class PublishedTokenizer : public ::testing::TestWithParam<const char*> {};

TEST_P(PublishedTokenizer, GivesTheIdsAndTextsOfTokenizers) {
  compare(GetParam(), Tokenizer::load(kTokenizerData + GetParam() + ".json"), {},
          [](size_t, const Ids&) { return false; });
}

TEST_P(PublishedTokenizer, AWrittenFileReadsBackTheSame) {
  const auto tokenizer = Tokenizer::load(kTokenizerData + GetParam() + ".json");
  const auto again = Tokenizer::parse(tokenizer.to_json(), "again");
  EXPECT_EQ(again.to_json(), tokenizer.to_json());
  for (const auto& line : lines()) ASSERT_EQ(again.encode(line), tokenizer.encode(line)) << line;
}

TEST_P(PublishedTokenizer, AStreamGivesTheSameText) {
  const auto tokenizer = Tokenizer::load(kTokenizerData + GetParam() + ".json");
  const auto all = lines();
  for (size_t i = 0; i < all.size(); i += 7) {
    const auto ids = tokenizer.encode(all[i]);
    StreamDecoder stream(tokenizer);
    std::string whole;
    for (const int64_t id : ids) whole += stream.push(id);
    ASSERT_EQ(whole + stream.finish(), tokenizer.decode(ids)) << all[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, PublishedTokenizer,
                         ::testing::Values("qwen2", "llama3", "deepseek_v2", "deepseek_v3", "llama2", "nllb",
                                           "t5", "first_scheme"));

class SentencePiece : public ::testing::TestWithParam<const char*> {};

TEST_P(SentencePiece, GivesTheIdsAndTextsOfTheLibrary) {
  const std::string name = GetParam() + std::string(".model");
  const auto tokenizer = load_sentencepiece(kTokenizerData + name);
  const int64_t unknown = *tokenizer.id_of("<unk>");
  // The library writes the unknown piece as a sign of its own; here it is a special token and left out.
  // It also takes away every mark that the text itself begins with.
  const auto all = lines();
  compare(name, tokenizer, {.add_special = false, .parse_special = false}, [&](size_t i, const Ids& ids) {
    return std::find(ids.begin(), ids.end(), unknown) != ids.end() || all[i].starts_with("\u2581");
  });
}

INSTANTIATE_TEST_SUITE_P(Kinds, SentencePiece, ::testing::Values("llama2", "nllb", "t5", "bytes"));

TEST(SentencePieceFile, OptionsOfTheFolderHold) {
  const auto file = kTokenizerData + "llama2.model";
  const auto plain = load_sentencepiece(file);
  const auto framed = load_sentencepiece(file, {.bos = true, .eos = true});
  auto ids = plain.encode("red");
  ids.insert(ids.begin(), *plain.id_of("<s>"));
  ids.push_back(*plain.id_of("</s>"));
  EXPECT_EQ(framed.encode("red"), ids);
  // Behind a special token the next word has a space of its own, or not.
  const auto behind = [](const Tokenizer& t) { return t.decode(t.encode("a</s>red"), false); };
  EXPECT_EQ(behind(plain), "a</s> red");
  EXPECT_EQ(behind(load_sentencepiece(file, {.prefix_first = true})), "a</s>red");
}

TEST(SentencePieceFile, CutAndChangedFilesAreRefused) {
  const auto bytes = read_file(kTokenizerData + "llama2.model");
  const auto message = [](const std::string& data) -> std::string {
    try {
      parse_sentencepiece(data, "m.model");
    } catch (const DataError& e) {
      return e.what();
    }
    return "no DataError";
  };
  EXPECT_NE(message("").find("not a SentencePiece model"), std::string::npos);
  EXPECT_NE(message(bytes.substr(0, 1000)).find("offset"), std::string::npos)
      << message(bytes.substr(0, 1000));
  EXPECT_NE(message(std::string("\x0a\x02\x0a\x00", 4)).find("piece 0: 0 bytes long"), std::string::npos);
  EXPECT_NE(message(bytes + std::string("\x12\x02\x18\x03", 4)).find("model_type 3"), std::string::npos);
  EXPECT_NE(message(bytes + std::string("\x12\x03\xc0\x01\x01", 5)).find("treat_whitespace_as_suffix"),
            std::string::npos);
  EXPECT_NE(message(bytes + std::string("\x0a\x05\x0a\x01q\x18\x05", 7)).find("unused"), std::string::npos);
  EXPECT_NE(message(bytes + std::string("\x0a\x05\x0a\x01q\x18\x07", 7)).find("type 7"), std::string::npos);
  EXPECT_NE(message(bytes + std::string("\x1a\x04\x12\x02hi", 6)).find("character map"), std::string::npos);
}

}  // namespace
}  // namespace conclave
