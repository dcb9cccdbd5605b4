// ModelProto: 1 pieces {1 piece, 2 score, 3 type}, 2 trainer {3 model_type, 24 treat_whitespace_as_suffix,
// 35 byte_fallback}, 3 normalizer {2 precompiled_charsmap, 3 add_dummy_prefix, 4 remove_extra_whitespaces,
// 5 escape_whitespaces}, 5 denormalizer {2 precompiled_charsmap}.
#include "framework/text/sentencepiece.h"

#include <bit>
#include <unordered_set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/protobuf.h"

namespace conclave {
namespace {

const std::string kMark = "\xe2\x96\x81";  // U+2581

enum class PieceType { kNormal = 1, kUnknown, kControl, kUserDefined, kUnused, kByte };
constexpr uint64_t kUnigramType = 1, kBpeType = 2;

struct Piece {
  std::string text;
  float score = 0;
  PieceType type = PieceType::kNormal;
};

struct ModelFile {
  std::vector<Piece> pieces;
  uint64_t model_type = kUnigramType;
  bool byte_fallback = false, whitespace_suffix = false;
  std::string_view char_map, back_map;
  bool dummy_prefix = true, remove_extra_spaces = true, escape_spaces = true;
};

class SentencePieceReader {
 public:
  SentencePieceReader(const std::string& name, const TokenizerLimits& limits)
      : name_(name), limits_(limits) {}

  ModelFile read(std::string_view bytes) {
    ModelFile model;
    each(bytes, 0, [&](const ProtoField& f) {
      if (f.number == 1) model.pieces.push_back(piece(message(f), f.offset, model.pieces.size()));
      if (f.number == 2) trainer(message(f), f.offset, model);
      if (f.number == 3) normalizer(message(f), f.offset, model);
      if (f.number == 5)
        each(message(f), f.offset, [&](const ProtoField& d) {
          if (d.number == 2) model.back_map = message(d);
        });
    });
    check(model);
    return model;
  }

  [[noreturn]] void fail(const std::string& where, const std::string& what) const {
    throw DataError(name_, where, what);
  }

 private:
  template <class Visit>
  void each(std::string_view bytes, size_t offset, const Visit& visit) const {
    ProtoReader reader(bytes, name_, offset);
    while (const auto field = reader.next()) visit(*field);
  }
  std::string_view message(const ProtoField& field) const {
    if (field.wire != ProtoField::Wire::kBytes)
      fail(fmt::format("offset {}", field.offset), fmt::format("field {} holds no bytes", field.number));
    return field.bytes;
  }

  Piece piece(std::string_view bytes, size_t offset, size_t id) const {
    const auto where = fmt::format("piece {}", id);
    if (id >= limits_.tokens) fail(where, fmt::format("the limit is {} pieces", limits_.tokens));
    Piece piece;
    each(bytes, offset, [&](const ProtoField& f) {
      if (f.number == 1) piece.text = message(f);
      if (f.number == 2) piece.score = std::bit_cast<float>(static_cast<uint32_t>(f.value));
      if (f.number == 3) {
        if (f.value < 1 || f.value > 6)
          fail(where, fmt::format("type {} is not known (known: 1 to 6)", f.value));
        piece.type = static_cast<PieceType>(f.value);
      }
    });
    if (piece.text.empty() || piece.text.size() > limits_.token_bytes)
      fail(where, fmt::format("{} bytes long (allowed: 1 to {})", piece.text.size(), limits_.token_bytes));
    if (replace_broken_utf8(piece.text) != piece.text) fail(where, "is no valid UTF-8");
    return piece;
  }
  void trainer(std::string_view bytes, size_t offset, ModelFile& model) const {
    each(bytes, offset, [&](const ProtoField& f) {
      if (f.number == 3) model.model_type = f.value;
      if (f.number == 24) model.whitespace_suffix = f.value != 0;
      if (f.number == 35) model.byte_fallback = f.value != 0;
    });
  }
  void normalizer(std::string_view bytes, size_t offset, ModelFile& model) const {
    each(bytes, offset, [&](const ProtoField& f) {
      if (f.number == 2) model.char_map = message(f);
      if (f.number == 3) model.dummy_prefix = f.value != 0;
      if (f.number == 4) model.remove_extra_spaces = f.value != 0;
      if (f.number == 5) model.escape_spaces = f.value != 0;
    });
  }
  void check(const ModelFile& model) const {
    if (model.pieces.empty()) fail("", "no pieces: not a SentencePiece model");
    if (model.model_type != kUnigramType && model.model_type != kBpeType)
      fail("trainer_spec",
           fmt::format("model_type {} is not supported (allowed: 1 unigram, 2 BPE)", model.model_type));
    if (model.whitespace_suffix) fail("trainer_spec", "treat_whitespace_as_suffix is not supported");
    if (!model.escape_spaces) fail("normalizer_spec", "escape_whitespaces = false is not supported");
    if (!model.back_map.empty()) fail("denormalizer_spec", "a table for decoding is not supported");
    for (size_t id = 0; id < model.pieces.size(); ++id)
      if (model.model_type == kBpeType && model.pieces[id].type == PieceType::kUnused)
        fail(fmt::format("piece {}", id), "is marked as unused, which is not supported in a BPE model");
  }

  const std::string& name_;
  const TokenizerLimits& limits_;
};

NormalStep replacement(const std::string& pattern, const std::string& content) {
  NormalStep step;
  step.kind = NormalStep::Kind::kReplaceRegex;
  step.pattern = pattern;
  step.content = content;
  return step;
}

std::vector<NormalStep> normal_steps(const ModelFile& model) {
  std::vector<NormalStep> steps;
  if (!model.char_map.empty()) {
    NormalStep map;
    map.kind = NormalStep::Kind::kCharMap;
    map.map = std::make_shared<CharMap>(model.char_map);
    map.longest = true;
    steps.push_back(map);
  }
  if (model.remove_extra_spaces) {
    steps.push_back(replacement(" {2,}", " "));
    steps.push_back(replacement("\\A +|[ " + kMark + "]+\\z", ""));
  }
  return steps;
}

SplitStep space_marks(const ModelFile& model, const SentencePieceOptions& options) {
  SplitStep step;
  step.kind = SplitStep::Kind::kMetaspace;
  step.pattern = kMark;
  step.split_spaces = false;
  step.prepend_doubles = true;
  if (model.dummy_prefix)
    step.prepend = options.prefix_first ? SplitStep::Prepend::kFirst : SplitStep::Prepend::kAlways;
  return step;
}

std::vector<DecodeStep> decode_steps(const ModelFile& model) {
  std::vector<DecodeStep> steps(4);
  steps[0].kind = DecodeStep::Kind::kReplace;
  steps[0].pattern = kMark;
  steps[0].content = " ";
  steps[1].kind = DecodeStep::Kind::kByteFallback;
  steps[2].kind = DecodeStep::Kind::kFuse;
  steps[3].kind = DecodeStep::Kind::kStrip;
  steps[3].content = " ";
  steps[3].start = model.dummy_prefix ? 1 : 0;
  return steps;
}

std::variant<Bpe, Unigram> token_model(const ModelFile& model) {
  std::vector<std::string> tokens;
  std::vector<std::optional<float>> scores;
  std::optional<int64_t> unknown;
  for (const auto& piece : model.pieces) {
    if (piece.type == PieceType::kUnknown) unknown = static_cast<int64_t>(tokens.size());
    tokens.push_back(piece.text);
    const bool taken_for_text = piece.type == PieceType::kNormal || piece.type == PieceType::kUserDefined;
    scores.push_back(taken_for_text ? std::optional(piece.score) : std::nullopt);
  }
  require<UsageError>(unknown.has_value(), "there is no unknown piece");
  if (model.model_type == kBpeType) {
    Bpe::Options options;
    options.unknown = tokens[static_cast<size_t>(*unknown)];
    options.characters = options.fuse_unknown = true;
    options.byte_fallback = model.byte_fallback;
    return Bpe(std::move(tokens), scores, std::move(options));
  }
  const Unigram::Options options{.unknown = *unknown, .byte_fallback = model.byte_fallback, .single = true};
  return Unigram(std::move(tokens), {scores.begin(), scores.end()}, options);
}

}  // namespace

Tokenizer parse_sentencepiece(std::string_view bytes, const std::string& name,
                              const SentencePieceOptions& options, const TokenizerLimits& limits) {
  if (bytes.size() > limits.file_bytes)
    throw DataError(name, "", fmt::format("{} bytes: the limit is {}", bytes.size(), limits.file_bytes));
  SentencePieceReader reader(name, limits);
  const ModelFile model = reader.read(bytes);
  TokenizerParts parts;
  try {
    parts.normalizer = Normalizer(normal_steps(model));
    parts.model = token_model(model);
  } catch (const UsageError& e) {
    reader.fail("", e.what());
  }
  parts.pre_tokenizer = PreTokenizer({space_marks(model, options)});
  parts.decoder = TokenDecoder(decode_steps(model));
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const auto& piece = model.pieces[id];
    if (piece.type == PieceType::kNormal || piece.type == PieceType::kByte ||
        piece.type == PieceType::kUnused)
      continue;
    AddedToken token;
    token.id = static_cast<int64_t>(id);
    token.content = piece.text;
    token.special = piece.type != PieceType::kUserDefined;
    parts.added.push_back(token);
  }
  const auto around = [&](const char* content, std::vector<int64_t>& ids) {
    const auto id = parts.vocabulary().id_of(content);
    if (!id) reader.fail("", fmt::format("there is no piece '{}' to put around texts", content));
    ids.push_back(*id);
  };
  if (options.bos) around("<s>", parts.prefix);
  if (options.eos) around("</s>", parts.suffix);
  return Tokenizer(std::move(parts));
}

Tokenizer load_sentencepiece(const std::filesystem::path& path, const SentencePieceOptions& options,
                             const TokenizerLimits& limits) {
  return parse_sentencepiece(read_file(path, limits.file_bytes), path.string(), options, limits);
}

}  // namespace conclave
