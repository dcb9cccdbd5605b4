/// Reads one published adapter onto a model.
#pragma once

#include <set>

#include "framework/base/config_object.h"
#include "framework/moe/experts/ffn.h"
#include "framework/tensor/safetensors.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/name_map.h"

namespace conclave {

class AdapterLoader {
 public:
  AdapterLoader(Multimodal& model, const CheckpointFolder& base, const std::filesystem::path& folder);
  AdapterTensors load();

 private:
  void load_peft(ConfigObject& c);
  void load_mixlora(ConfigObject& c);
  void load_mole();
  void load_loramoe(ConfigObject& c);

  /// `module` may be several of our projections, row below row.
  void put_on_linear(const std::string& stem, const std::string& module, bool dora);
  /// `suffix` stands behind ".lora_A" and ".lora_B".
  void put_on_parts(const std::string& stem, const std::vector<Linear*>& parts, bool dora,
                    const std::string& suffix = ".weight");
  bool put_on_experts(const std::string& stem, const std::string& module,
                      const std::vector<std::string>& parameters);
  FfnExperts* bank_of(const std::string& tensor);
  /// Pairs are called `stem`, their number, ".lora_A" and `suffix`.
  void fill_bank(const Ptr<LowRankBank>& pairs, const std::string& stem,
                 const std::string& suffix = ".weight");
  /// One of our tensors that is copied from, and published as, a whole one.
  void fill_tensor(const std::string& name, Tensor tensor);

  double scale_for(int64_t rank) const;
  /// A float32 copy that can be trained.
  Tensor take(const std::string& name) { return files_.tensor(name).to(at::kFloat).clone(); }
  /// A tensor that is one of ours as it is.
  Tensor place(const std::string& name, const Tensor& tensor);
  /// A tensor that is several of ours, row below row.
  void place_rows(const std::string& name, const std::vector<Tensor>& parts);
  void check(const std::string& name, bool fine, const std::string& what) const;

  Multimodal& model_;
  NameMap names_;
  std::string path_;
  Json config_;
  Safetensors files_;
  double alpha_ = 0, dropout_ = 0;
  bool rslora_ = false;
  std::map<std::string, Linear*> linears_;
  std::set<std::string> known_;
  AdapterTensors placed_;
};

/// "[4, 64]"
std::string shape_text(const Tensor& t);

}  // namespace conclave
