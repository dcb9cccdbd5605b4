// Letters to phones: learned by heart, refused where there are no letters, the same each time.
#include "models/audio/pronouncer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/train/trainer.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;

Ptr<Pronouncer> tiny_pronouncer() {
  at::manual_seed(5);
  return make_pronouncer(Json::parse(R"({"kind": "pronouncer", "phones": ["k", "s", "ae", "t", "iy"],
    "text": {"width": 32, "layers": 2, "heads": 2, "rope": {"theta": 10000}, "ffn": {"hidden": 64}}})"));
}

TEST(Pronouncer, LearnsWhatALetterIsBeforeAnother) {
  const auto model = tiny_pronouncer();
  const std::vector<PronouncedWord> words = {{"cat", {"k", "ae", "t"}},
                                             {"city", {"s", "iy", "t", "iy"}},
                                             {"tact", {"t", "ae", "k", "t"}},
                                             {"cit", {"s", "iy", "t"}}};
  PronouncerTask task(model, words, words);
  TrainOptions options;
  options.metric = "nll";
  options.steps = 150;
  options.batch = 4;
  options.schedule.peak = 3e-3;
  Trainer(task, options).run();
  const at::NoGradGuard no_grad;
  const Metrics told = task.evaluate();
  EXPECT_LT(told.at("nll"), 0.1);
  EXPECT_EQ(told.at("phone_error_rate"), 0);
  EXPECT_EQ(told.at("word_error_rate"), 0);
  EXPECT_THAT(model->of("city"), ElementsAre("s", "iy", "t", "iy"));
}

TEST(Pronouncer, SaysPhonesAloneHoweverLittleItKnows) {
  const auto model = tiny_pronouncer();
  const auto said = model->of("it's");
  EXPECT_LE(said.size(), 14u);
  EXPECT_EQ(model->of("it's"), said);
  EXPECT_THROW(model->of(""), UsageError);
  EXPECT_THROW(model->of("caf\u00e9"), UsageError);
  EXPECT_THROW(PronouncerTask(model, {{"cat", {"x"}}}, {}), UsageError);
}

}  // namespace
}  // namespace conclave
