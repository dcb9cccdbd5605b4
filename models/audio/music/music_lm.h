/// A language model of notes. Time and chord are two directions: a causal transformer reads whole frames,
/// and a chord is then spelled note by note from the highest down, each note knowing those above it.
///
/// So p(frame | past) = Π p(note | notes above, past) is a distribution over all sets of the 88 keys: a note
/// must lie below the one before it, everything else has probability 0, and the end token closes the set.
#pragma once

#include "framework/blocks/transformer.h"
#include "framework/nn/embedding.h"
#include "models/audio/music/note_tokens.h"

namespace conclave {

/// x + ffn(norm(x)), dense or routed; one step of spelling a chord.
struct VoiceBlock : Module {
  Ptr<Norm> norm;
  Ptr<Path> ffn;   ///< dense; or
  Ptr<Layer> moe;  ///< routed
  double dropout = 0;

  Tensor forward(const Tensor& x_TD, const TokenContext& context) const;
  void visit(Visitor& v) override;
};

struct MusicLm : Module {
  Json config;                      ///< as written to config.json
  std::vector<std::string> styles;  ///< what kinds of pieces it knows
  int64_t ranks = 0;                ///< places from the top that have embeddings of their own
  double dropout = 0;

  Embedding heard;  ///< [(ranks+1)·90, D]: a note by its place from the top; the last table is the bass
  Embedding size;   ///< how many notes a frame had
  Linear join;      ///< this frame and the one before it, 2D -> D
  Tensor begin_SD;  ///< stands before the first frame, by style
  Ptr<Transformer> frames;
  Embedding above, last;  ///< notes of the chord so far: all of them, and the lowest
  Tensor place_RD;        ///< which note of the chord is asked for
  std::vector<Ptr<VoiceBlock>> voices;
  Ptr<Norm> norm;
  Linear head;         ///< D -> 89
  Linear independent;  ///< D -> 88: the keys one by one, for a protocol that knows no chords

  int64_t width() const { return frames->width; }
  /// Place of a style; UsageError that lists them.
  int64_t style(const std::string& name) const;
  DecodeState new_state() const { return frames->new_state(); }

  /// What is heard in each frame [B,T,D].
  Tensor embed(const NoteBatch& batch) const;
  /// Features [B,T,D]; those of frame t know the frames before it, and style_B int64.
  Tensor read(const NoteBatch& batch, const Tensor& style_B, const TokenContext& context) const;
  /// One frame on: heard_BD is embed() of the last frame and before_BD of the one before it; both undefined
  /// at the beginning. -> features [B,D] of the next frame; `state` grows.
  Tensor read_on(const Tensor& heard_BD, const Tensor& before_BD, const Tensor& style_B, DecodeState& state,
                 const TokenContext& context) const;
  /// -log p of each frame [B,T] in nats; 0 where the frame is padding.
  Tensor chord_nll(const Tensor& features_BTD, const NoteBatch& batch, TokenContext context) const;
  /// Log-probabilities [B,89] of the next token, features_BD, spelled_BN int64 (N may be 0).
  Tensor next_note(const Tensor& features_BD, const Tensor& spelled_BN, const TokenContext& context) const;
  /// Logits [B,T,88] that each key sounds, whatever the others do.
  Tensor independent_logits(const Tensor& features_BTD) const;
  /// -log p of each frame [B,T] under them.
  Tensor independent_nll(const Tensor& features_BTD, const NoteBatch& batch) const;

  void visit(Visitor& v) override;

 private:
  Tensor spell(const Tensor& x_MD, const Tensor& previous_M, const TokenContext& context) const;
};

/// Builds a model with fresh weights from the contents of config.json; docs/audio.md lists the keys. Throws
/// UsageError that names the key.
///   {"architectures": ["ConclaveMusic"], "styles": ["chorale"], "frames_per_beat": 1, "ranks": 4,
///    "dropout": 0.2, "frames": {a transformer}, "voices": {"layers": 1, "ffn": {...} or "moe": {...}}}
Ptr<MusicLm> make_music_lm(const Json& config);

}  // namespace conclave
