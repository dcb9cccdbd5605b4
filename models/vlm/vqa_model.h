/// A model that answers questions about pictures, as a folder holds it: config.json, model.safetensors (or
/// shards with an index), tokenizer.json, preprocessor_config.json, and perhaps words.txt.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/media/picture_input.h"
#include "framework/moe/layer.h"
#include "framework/text/known_words.h"
#include "models/vlm/vlm.h"
#include "models/vlm/vlm_batch.h"

namespace conclave {

struct VqaModel {
  std::string name;  ///< of the folder
  Ptr<Vlm> vlm;      ///< float32, whatever the file holds
  Tokenizer tokenizer;
  VlmTokens tokens;
  PictureInputConfig picture;
  at::Device device = at::kCPU;
  KnownWords words = {};  ///< of its training questions; empty where the folder has no list

  static constexpr const char* kWordsFile = "words.txt";

  /// Weights are mapped where they are float32 already, so that a model starts at once. Throws DataError that
  /// names the file and the cause; tensors that do not fit are listed.
  static VqaModel load(const std::filesystem::path& folder, at::Device device = at::kCPU);

  /// Experts that each router may choose from, nulls counted; by site.
  std::map<Site, int64_t> pools() const;

  /// What a MoE layer offers: its experts, and those that a picture token and a word may choose.
  struct SitePools {
    int64_t experts = 0, nulls = 0, slots = 0;
    std::vector<int64_t> pictures, words;
  };
  std::map<Site, SitePools> site_pools() const;
};

}  // namespace conclave
