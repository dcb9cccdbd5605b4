// Balance losses against the values that published code gave for recorded logits and choices.
#include <ATen/ATen.h>
#include <ATen/TensorIndexing.h>
#include <gtest/gtest.h>

#include "framework/moe/loss.h"
#include "framework/tensor/safetensors.h"
#include "testing/testing.h"

namespace conclave {
namespace {

Safetensors expected(const std::string& folder) {
  return Safetensors(*testing::data_dir() / "parity" / folder / "expected.safetensors");
}
Safetensors inputs(const std::string& folder) {
  return Safetensors(*testing::data_dir() / "parity" / folder / "inputs.safetensors");
}

Record record_of(const Tensor& logits_TE, const Tensor& expert_TK, int64_t nulls = 0) {
  Record r;
  r.experts = logits_TE.size(1) - nulls;
  r.nulls = nulls;
  r.routing.logits_TE = logits_TE;
  r.routing.prob_TE = logits_TE.softmax(1);
  r.routing.expert_TK = expert_TK.to(at::kInt);
  r.routing.weight_TK = at::zeros(expert_TK.sizes());
  return r;
}

double published_value(const char* config, const std::vector<Record>& records) {
  return (*make_loss(Json::parse(config)))(records).item<double>();
}

Tensor rows_of(const Tensor& sequences_BT) {
  return at::arange(sequences_BT.size(0)).unsqueeze(1).expand(sequences_BT.sizes()).flatten();
}

TEST(PublishedLosses, MixtralOlmoeAndQwenMoe) {
  for (const char* folder : {"mixtral", "olmoe", "qwen2-moe", "qwen3-moe"}) {
    CONCLAVE_NEED_DATA(std::string("parity/") + folder + "/expected.safetensors");
    const auto out = expected(folder);
    std::vector<Record> records;
    for (const std::string layer : {"0", "1"}) {
      records.push_back(record_of(out.tensor("router_logits." + layer), out.tensor("expert_ids." + layer)));
      records.back().context.valid_T = inputs(folder).tensor("attention_mask").flatten().to(at::kBool);
    }
    EXPECT_NEAR(published_value(R"({"kind":"switch_balance","share":"tokens","pool_layers":true})", records),
                out.tensor("aux_loss").item<double>(), 1e-5)
        << folder;
  }
}

/// Which tokens a MoIIE router saw that are no padding. Pictures grow rows by `grown`; padding is on the
/// right.
Tensor moiie_valid(const Safetensors& in, const std::string& use, bool vision) {
  const Tensor type_BT = in.tensor(use + ".token_type_ids");
  const int64_t grown = type_BT.size(1) - in.tensor(use + ".attention_mask").size(1);
  const Tensor length_B1 = in.tensor(use + ".attention_mask").sum(1, true) + grown;
  const Tensor next_BT = at::constant_pad_nd(type_BT.narrow(1, 1, type_BT.size(1) - 1), {0, 1});
  const Tensor vision_T = ((type_BT == 1) & (next_BT == 1)).flatten();
  const Tensor valid_T = (at::arange(type_BT.size(1)) < length_B1).flatten();
  return valid_T.index({vision ? vision_T : vision_T.logical_not()});
}

TEST(PublishedLosses, Moiie) {
  CONCLAVE_NEED_DATA("parity/moiie/expected.safetensors");
  const auto out = expected("moiie");
  const char* config =
      R"({"kind":"modality_balance","share":"tokens","pool_layers":true,"modalities":{"%":1}})";
  for (const std::string use : {"text", "image", "batch"}) {
    for (const auto& [router, modality] :
         {std::pair("vis", Modality::vision), std::pair("lan", Modality::text)}) {
      std::vector<Record> records;
      for (const std::string layer : {"1", "3"}) {
        const std::string name = use + ".router." + layer + "." + router;
        if (out.tensor(name + ".logits").size(0) == 0) continue;
        // The four experts' pool: vision may use the first three, language the last three.
        const int64_t offset = modality == Modality::vision ? 0 : 1,
                      tokens = out.tensor(name + ".logits").size(0);
        Tensor logits_TE = at::full({tokens, 4}, -1e30), allowed_TE = at::zeros({tokens, 4}, at::kBool);
        logits_TE.narrow(1, offset, 3).copy_(out.tensor(name + ".logits"));
        allowed_TE.narrow(1, offset, 3).fill_(true);
        records.push_back(record_of(logits_TE, out.tensor(name + ".experts") + offset));
        records.back().routing.allowed_TE = allowed_TE;
        records.back().context.modality_T = at::full({tokens}, static_cast<int64_t>(modality), at::kLong);
        records.back().context.valid_T = moiie_valid(inputs("moiie"), use, modality == Modality::vision);
      }
      const std::string mine =
          std::string(config).replace(std::string(config).find('%'), 1, modality_name(modality));
      EXPECT_NEAR(published_value(mine.c_str(), records),
                  out.tensor(use + ".aux_loss_" + router).item<double>(), 1e-5)
          << use << router;
    }
  }
}

TEST(PublishedLosses, LlavaMole) {
  CONCLAVE_NEED_DATA("parity/llava_mole-sparse/expected.safetensors");
  const auto out = expected("llava_mole-sparse");
  const Tensor mask_BT = out.tensor("train.attention_mask");
  std::vector<Record> records;
  for (const std::string layer : {"0", "1"}) {
    const Tensor logits = out.tensor("train.router." + layer + ".logits");
    records.push_back(
        record_of(logits.flatten(0, 1), out.tensor("train.router." + layer + ".experts").flatten(0, 1)));
    records.back().context.sequence_T = rows_of(mask_BT);
    records.back().context.valid_T = mask_BT.flatten().to(at::kBool);
  }
  // Recorded as (loss - text_loss) / 0.01 in float32, whose spacing at 8 makes 5e-5 of it.
  EXPECT_NEAR(published_value(R"({"kind":"sequence_balance","pool_layers":true})", records) / 3,
              out.tensor("train.balance").item<double>(), 5e-5);
}

TEST(PublishedLosses, MoeLlavaWithCapacity) {
  CONCLAVE_NEED_DATA("parity/moe_llava-phi2/expected.safetensors");
  const auto out = expected("moe_llava-phi2");
  for (const std::string use : {"text", "image", "batch", "train"}) {
    std::vector<Record> records;
    double sum = 0;
    for (const std::string layer : {"0", "2"}) {
      const std::string name = use + ".router." + layer;
      const Tensor lost = out.tensor(name + ".slot") < 0;
      records.push_back(
          record_of(out.tensor(name + ".logits"), out.tensor(name + ".experts").masked_fill(lost, -1)));
      sum += out.tensor(name + ".l_aux").item<double>();
    }
    EXPECT_NEAR(published_value(R"({"kind":"switch_balance","share":"first","over_layers":"sum"})", records),
                sum, 1e-5)
        << use;
  }
}

/// What the router chose before tokens were dropped: 1 + the number of entries, falling, whose running sum
/// stays below p. The recorded mask is taken after the drop.
Tensor top_p(const Tensor& logits_TE, double p) {
  const auto [sorted, order] = logits_TE.softmax(1).sort(1, /*descending=*/true);
  const Tensor count_T1 = (sorted.cumsum(1) < p).sum(1, true) + 1;
  return at::where(at::arange(logits_TE.size(1)) < count_T1, order, -1);
}

TEST(PublishedLosses, UniMoe2AndDcmoe) {
  for (const char* folder : {"dcmoe", "unimoe2"}) {
    CONCLAVE_NEED_DATA(std::string("parity/") + folder + "/expected.safetensors");
    const auto out = expected(folder);
    std::vector<Record> plain, weighted;
    for (const std::string layer : {"0", "1"}) {
      // Four real experts, one null, then two shared ones that the loss does not see.
      const Tensor logits_TE = out.tensor("router_logits." + layer).narrow(1, 0, 5);
      const Tensor valid_T = inputs(folder).tensor("attention_mask").flatten().to(at::kBool);
      const Tensor expert_TK = top_p(logits_TE, 0.7).masked_fill(valid_T.logical_not().unsqueeze(1), -1);
      plain.push_back(record_of(logits_TE, expert_TK, 1));
      weighted.push_back(plain.back());
      weighted.back().context.valid_T = valid_T;
      weighted.back().context.importance_T =
          inputs(folder).tensor("aux_balance_weight").flatten().to(at::kFloat);
    }
    const char* config =
        R"({"kind":"switch_balance","share":"tokens","probability":"chosen","importance":true})";
    EXPECT_NEAR(published_value(config, weighted), out.tensor("aux_loss").item<double>(), 1e-5) << folder;
    EXPECT_NEAR(published_value(config, plain), out.tensor("aux_loss_without_weight").item<double>(), 1e-5)
        << folder;
  }
}

TEST(PublishedLosses, DeepSeekVl2BySequence) {
  CONCLAVE_NEED_DATA("parity/deepseek_vl2-group_limited/expected.safetensors");
  const auto out = expected("deepseek_vl2-group_limited");
  const Tensor ids_BT = inputs("deepseek_vl2-group_limited").tensor("train.input_ids");
  std::vector<double> ratio;
  for (const std::string name : {"train.router.1", "train.router.2"}) {
    Record record = record_of(out.tensor(name + ".logits"), out.tensor(name + ".experts"));
    record.context.sequence_T = rows_of(ids_BT);
    ratio.push_back(out.tensor(name + ".aux_loss").item<double>() /
                    published_value(R"({"kind":"sequence_balance"})", {record}));
  }
  EXPECT_NEAR(ratio[0], ratio[1], 1e-6);  // both are alpha
}

}  // namespace
}  // namespace conclave
