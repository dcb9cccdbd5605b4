#include <array>

#include "framework/base/config_object.h"
#include "framework/moe/losses/balance.h"
#include "framework/moe/losses/entropy.h"
#include "framework/moe/losses/localized_balance.h"
#include "framework/moe/losses/variation.h"
#include "framework/moe/losses/weighted_sum.h"

namespace conclave {
namespace {

template <class L>
std::shared_ptr<L> common(ConfigObject& config) {
  auto loss = std::make_shared<L>();
  loss->nulls = config.get("nulls", true);
  loss->sum = config.one_of("over_layers", {"mean", "sum"}) == "sum";
  return loss;
}

template <class L>
Ptr<Loss> plain(ConfigObject& config) {
  return common<L>(config);
}

template <class L>
std::shared_ptr<L> balance(ConfigObject& config) {
  auto loss = common<L>(config);
  const auto share = config.one_of("share", {"slots", "tokens", "first"});
  if (share == "tokens") loss->form.share = BalanceForm::Share::tokens;
  if (share == "first") loss->form.share = BalanceForm::Share::first;
  loss->form.chosen = config.one_of("probability", {"all", "chosen"}) == "chosen";
  loss->form.importance = config.get("importance", false);
  loss->form.pool_layers = config.get("pool_layers", false);
  return loss;
}

Ptr<Loss> switch_balance(ConfigObject& config) {
  return balance<SwitchBalance>(config);
}
Ptr<Loss> sequence_balance(ConfigObject& config) {
  return balance<SequenceBalance>(config);
}

Ptr<Loss> modality_balance(ConfigObject& config) {
  auto loss = balance<ModalityBalance>(config);
  if (!config.has("modalities")) return loss;
  const Json& weights = config.part("modalities");
  ConfigObject reader(weights, config.name("modalities"));
  loss->weight_M.assign(kModalities + 1, 0.0);
  for (int m = 0; m < kModalities; ++m)
    loss->weight_M[m] = reader.get(modality_name(static_cast<Modality>(m)), 0.0);
  reader.finish();
  return loss;
}

Ptr<Loss> load_cv(ConfigObject& config) {
  auto loss = common<LoadVariation>(config);
  loss->noise_std = config.get("noise_std", 0.0);
  return loss;
}

Ptr<Loss> mutual_information(ConfigObject& config) {
  auto loss = common<MutualInformation>(config);
  if (config.one_of("with", {"task", "modality"}) == "modality")
    loss->with = MutualInformation::With::modality;
  return loss;
}

Ptr<Loss> localized_balance(ConfigObject& config) {
  auto loss = common<LocalizedBalance>(config);
  loss->groups = config.need<std::vector<std::vector<int64_t>>>("groups");
  for (const auto& group : loss->groups)
    for (const int64_t e : group)
      require<UsageError>(e >= 0, "{}: {} is no expert", config.name("groups"), e);
  loss->delta = config.get("delta", loss->delta);
  require<UsageError>(loss->delta >= 0 && loss->delta <= 1, "{} = {}: must be from 0 to 1",
                      config.name("delta"), loss->delta);
  return loss;
}

struct Kind {
  const char* name;
  Ptr<Loss> (*make)(ConfigObject&);
};
constexpr std::array kKinds{
    Kind{"switch_balance", switch_balance},
    Kind{"modality_balance", modality_balance},
    Kind{"sequence_balance", sequence_balance},
    Kind{"window_balance", plain<WindowBalance>},
    Kind{"importance_cv", plain<ImportanceVariation>},
    Kind{"load_cv", load_cv},
    Kind{"z_loss", plain<ZLoss>},
    Kind{"token_entropy", plain<TokenEntropy>},
    Kind{"mean_entropy", plain<MeanEntropy>},
    Kind{"mutual_information", mutual_information},
    Kind{"localized_balance", localized_balance},
};

WeightedSum::Part make_part(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  const auto kind = config.need<std::string>("kind");
  const double weight = config.get("weight", 1.0);
  std::string known;
  for (const Kind& k : kKinds) {
    if (kind == k.name) {
      WeightedSum::Part part{kind, weight, k.make(config)};
      config.finish();
      return part;
    }
    known += (known.empty() ? "" : ", ") + std::string(k.name);
  }
  throw UsageError(fmt::format("{} = \"{}\": must be one of {}", config.name("kind"), kind, known));
}

}  // namespace

Ptr<Loss> make_loss(const Json& config) {
  auto sum = std::make_shared<WeightedSum>();
  if (!config.is_array()) {
    sum->parts.push_back(make_part(config, "loss"));
  } else {
    for (size_t i = 0; i < config.size(); ++i)
      sum->parts.push_back(make_part(config[i], fmt::format("loss[{}]", i)));
  }
  return sum;
}

}  // namespace conclave
