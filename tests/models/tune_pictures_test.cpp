// Tuning on rows with pictures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "framework/base/error.h"
#include "framework/media/picture.h"
#include "framework/train/trainer.h"
#include "models/checkpoint/fresh_adapter.h"
#include "models/checkpoint/speaker.h"
#include "models/checkpoint/tune_task.h"
#include "models/lettered_folder.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

class PictureRows : public ::testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  PictureRows() : folder_(checked_in(GetParam().first), 60) {
    Json settings = {{"image_processor_type", GetParam().second},
                     {"image_mean", {0.5, 0.5, 0.5}},
                     {"image_std", {0.5, 0.5, 0.5}}};
    if (std::string(GetParam().second) == "CLIPImageProcessor")
      settings.update({{"size", {{"shortest_edge", 8}}}, {"crop_size", 8}, {"do_center_crop", true}});
    else
      settings.update({{"patch_size", 2}, {"min_pixels", 64}, {"max_pixels", 256}});
    folder_.write("preprocessor_config.json", settings);
    folder_.write(
        "tokenizer_config.json",
        {{"chat_template",
          "{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for part in "
          "m.content %}{{ '" +
              letter(50) +
              "' if part.type == 'image' else part.text }}{% endfor %}{% endif %}{% endfor %}"}});
    cv::imwrite((dir_ / "dark.png").string(), cv::Mat(12, 9, CV_8UC3, cv::Scalar::all(10)));
    cv::imwrite((dir_ / "light.png").string(), cv::Mat(9, 14, CV_8UC3, cv::Scalar::all(240)));
    std::string lines;
    for (int i = 0; i < 8; ++i)
      lines += row(i % 2 == 0 ? "dark.png" : "light.png", i % 2 == 0 ? 20 : 30) + "\n";
    lines += Json({{"prompt", letter(5)}, {"reply", letter(25)}}).dump() + "\n";  // words alone go beside
    write_file(dir_ / "rows.jsonl", lines);
  }
  static std::string row(const char* picture, int64_t said) {
    return Json({{"messages",
                  {{{"role", "user"}, {"content", letter(7)}},
                   {{"role", "assistant"}, {"content", letter(said)}}}},
                 {"images", {picture}}})
        .dump();
  }
  std::vector<TuneRow> rows() const {
    const auto base = open_checkpoint(folder_.path());
    const RowPictures pictures{PictureProcessor::load(folder_.path()),
                               *picture_place(base.config["pictures"])};
    return read_tune_rows(dir_ / "rows.jsonl", read_published_text(folder_.path()), 200, &pictures).rows;
  }

  LetteredFolder folder_;
  testing::TempDir dir_;
};

// The same words about either picture: only who sees them can tell what is said.
TEST_P(PictureRows, AreLearnt) {
  const auto base = open_checkpoint(folder_.path());
  AdapterPlan plan;
  plan.rank = 4;
  write_fresh_adapter(base, plan, dir_ / "adapter", 1);
  const auto model = load_checkpoint(base, at::kFloat);
  const auto looker = std::make_shared<PictureLooker>(folder_.path(), model, 1 << 20);
  TuneTask task(model, load_adapter(*model, base, dir_ / "adapter"), rows(), rows(), nullptr, looker);
  const double before = task.evaluate().at("nll");
  TrainOptions options;
  options.steps = 120;
  options.batch = 5;
  options.schedule = {ScheduleKind::constant, 2e-2, 0, 120, 0};
  options.metric = "nll";
  Trainer(task, options).run();
  const double after = task.evaluate().at("nll");
  EXPECT_LT(after, before - 1);
  save_adapter(task.adapter(), dir_ / "adapter");
  // Whatever is kept, the numbers are the same.
  const auto anew = std::make_shared<PictureLooker>(folder_.path(), model, 0);
  TuneTask looks_again(model, load_adapter(*model, base, dir_ / "adapter"), rows(), rows(), nullptr, anew);
  EXPECT_NEAR(looks_again.evaluate().at("nll"), after, 1e-4);
  // And the adapter says it.
  const Speaker speaker = Speaker::load(dir_ / "adapter");
  ReplyOptions reply;
  reply.max_tokens = 1;
  const auto prompt = letter(50) + letter(7);
  EXPECT_EQ(speaker.reply(prompt, false, {load_picture(dir_ / "dark.png")}, reply).text, letter(20));
  EXPECT_EQ(speaker.reply(prompt, false, {load_picture(dir_ / "light.png")}, reply).text, letter(30));
}

TEST_P(PictureRows, WhatIsWrongIsSaid) {
  const auto error_for = [&](const std::string& line, bool reads) {
    write_file(dir_ / "rows.jsonl", line);
    return testing::error_of([&] {
      if (reads)
        rows();
      else
        read_tune_rows(dir_ / "rows.jsonl", read_published_text(folder_.path()), 200);
    });
  };
  EXPECT_THAT(error_for(row("gone.png", 9), true), HasSubstr("gone.png"));
  EXPECT_THAT(error_for(row("dark.png", 9), false),
              HasSubstr("has pictures, which this model does not read"));
  EXPECT_THAT(error_for(R"({"text": "a", "images": ["dark.png"]})", true), HasSubstr("\"images\" go with"));
  Json two = Json::parse(row("dark.png", 9));
  two["messages"][0]["content"] = {{{"type", "image"}}, {{"type", "image"}}};
  EXPECT_THAT(error_for(two.dump(), true), HasSubstr("has 1 pictures, and the chat template makes 2 places"));
}

INSTANTIATE_TEST_SUITE_P(Folders, PictureRows,
                         ::testing::Values(std::pair{"qwen2.5-vl", "Qwen2VLImageProcessor"},
                                           std::pair{"llava-1.5", "CLIPImageProcessor"}));

}  // namespace
}  // namespace conclave
