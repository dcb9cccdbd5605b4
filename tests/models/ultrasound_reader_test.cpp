#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/tensor/state.h"
#include "framework/train/trainer.h"
#include "models/ultrasound/ellipse.h"
#include "models/ultrasound/read_picture.h"
#include "models/ultrasound/reader_findings.h"
#include "models/ultrasound/reader_folder.h"
#include "models/ultrasound/reader_task.h"
#include "models/ultrasound/reading.h"
#include "models/ultrasound/validation.h"
#include "testing/testing.h"

namespace conclave::ultrasound {
namespace {

Json tiny(const Json& mixing) {
  return {{"tasks",
           {{{"name", "breast"},
             {"height", 32},
             {"width", 32},
             {"fields", {{"pathology", {"benign", "malignant"}}, {"birads", {"2", "3", "4", "5"}}}}},
            {{"name", "fetal_head"}, {"height", 32}, {"width", 48}}}},
          {"widths", {8, 16, 32}},
          {"groups", 4},
          {"blocks", 1},
          {"heads", 4},
          {"dropout", 0.0},
          {"mixing", mixing}};
}

Json dual_path() {
  return Json::parse(R"({"moe": {"experts": {"count": 4, "kind": "gated_ffn", "hidden": 16},
    "router": {"score": {"kind": "per_task", "tasks": 4}, "select": {"kind": "top_k", "k": 2}},
    "dense": {"kind": "gated_ffn", "hidden": 32}}})");
}

Ptr<ReaderModel> model_of(const Json& json, uint64_t seed = 1) {
  at::manual_seed(seed);
  auto model = std::make_shared<ReaderModel>(parse_model_config(json));
  set_trainable(*model, true);
  return model;
}

// Bright discs are malignant, dark ones benign.
std::vector<LabelledPicture> discs(int count) {
  std::vector<LabelledPicture> all;
  Random random(5);
  for (int i = 0; i < count; ++i) {
    LabelledPicture picture;
    const bool bright = i % 2 == 0;
    const Ellipse disc{{8 + 16 * random.uniform(), 8 + 16 * random.uniform()}, 6, 5, 0};
    const Tensor inside = ellipse_mask(disc, 32, 32);
    picture.mask_HW = inside * 255;
    picture.grey_HW = (at::full({32, 32}, 100.0) + inside * (bright ? 120.0 : -80.0)).to(at::kByte);
    picture.field = {bright ? 1 : 0, -1};
    all.push_back(picture);
  }
  return all;
}

TEST(ReaderModel, GivesTheOutlineAndTheFieldsOfItsTask) {
  const auto model = model_of(tiny(dual_path()));
  const Reading breast = read_pictures(*model, at::zeros({2, 32, 32}, at::kByte), 0);
  EXPECT_EQ(breast.mask_NHW.sizes(), (at::IntArrayRef{2, 32, 32}));
  EXPECT_EQ(breast.fields.at("birads").sizes(), (at::IntArrayRef{2, 4}));
  const Reading head = read_pictures(*model, at::zeros({1, 32, 48}, at::kByte), 1);
  EXPECT_EQ(head.mask_NHW.sizes(), (at::IntArrayRef{1, 32, 48}));
  EXPECT_TRUE(head.fields.empty());
  EXPECT_THROW(read_pictures(*model, at::zeros({1, 32, 32}, at::kByte), 2), UsageError);
  EXPECT_THROW(read_pictures(*model, at::zeros({1, 30, 32}, at::kByte), 0), Error);
}

TEST(ReaderModel, APictureDoesNotSeeItsNeighbours) {
  const auto model = model_of(tiny(dual_path()));
  const Tensor pictures = at::randint(0, 255, {3, 32, 32}, at::kByte);
  const Reading all = read_pictures(*model, pictures, 0);
  const Reading one = read_pictures(*model, pictures.narrow(0, 1, 1), 0);
  EXPECT_TRUE(at::allclose(all.mask_NHW[1], one.mask_NHW[0], 1e-4, 1e-4));
  EXPECT_TRUE(at::allclose(all.fields.at("pathology")[1], one.fields.at("pathology")[0], 1e-4, 1e-4));
}

TEST(ReaderModel, PathGateMixesDenseAndExperts) {
  const auto model = model_of(tiny(dual_path()));
  RoutingLog log;
  read_pictures(*model, at::zeros({1, 32, 32}, at::kByte), 0, &log);
  ASSERT_EQ(log.records.size(), 1U);
  const auto& record = log.records[0];
  EXPECT_TRUE(at::allclose(record.routing.path_TP.sum(1), at::ones({18}), 1e-5, 1e-6));
  // 16 places of the picture, 2 fields.
  EXPECT_EQ(record.context.task_T.eq(0).sum().item<int64_t>(), 16);
  EXPECT_EQ(record.context.task_T.eq(1).sum().item<int64_t>(), 2);
}

TEST(ReaderModel, WrongConfigurationsNameTheKey) {
  const auto wrong = [](const std::string& path, const Json& value) {
    Json json = tiny(dual_path());
    json[Json::json_pointer(path)] = value;
    try {
      model_of(json);
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string("no UsageError");
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(wrong("/tasks/0/height", 33), HasSubstr("multiples of 8"));
  EXPECT_THAT(wrong("/tasks/0/height", 1000000), HasSubstr("model.tasks[0].height"));
  EXPECT_THAT(wrong("/widths/1", 15), HasSubstr("model.widths has 15"));
  EXPECT_THAT(wrong("/widths/1", 1000000000), HasSubstr("model.widths"));
  EXPECT_THAT(wrong("/heads", 5), HasSubstr("model.heads"));
  EXPECT_THAT(wrong("/tasks/0/fields/birads", {"2"}), HasSubstr("at least two values"));
  EXPECT_THAT(wrong("/mixing/dense", Json::object()), HasSubstr("either moe or dense"));
  EXPECT_THAT(wrong("/blocks", 1000), HasSubstr("model.blocks"));
}

TrainOptions options(int64_t steps) {
  TrainOptions o;
  o.steps = steps;
  o.batch = 8;
  o.seed = 7;
  o.schedule.kind = ScheduleKind::constant;
  o.schedule.peak = 3e-3;
  o.evaluate_every = 1000;
  o.metric = "score";
  o.maximize = true;
  return o;
}

ReaderTask task_of(ReaderModel& model, const std::vector<LabelledPicture>& pictures) {
  ReaderLosses losses;
  losses.routing = {{"kind", "switch_balance"}, {"weight", 0.01}};
  AugmentOptions quiet;
  quiet.scale = quiet.rotate = quiet.gamma = quiet.contrast = quiet.brightness = 0;
  return ReaderTask(model, pictures, losses, {quiet, quiet});
}

TEST(ReaderTask, GradientsReachEveryPartOfTheTask) {
  const auto model = model_of(tiny(dual_path()));
  const auto pictures = discs(8);
  auto task = task_of(*model, pictures);
  MicroBatch batch{{0, 1, 2, 3, 4, 5, 6, 7}, 0, 0, 0, Random(1)};
  task.loss(batch).loss.backward();
  for (const auto& [name, tensor, kind] : named_parameters(*model)) {
    // The other task and the field without labels have nothing to learn from.
    if (name.starts_with("heads.fetal_head") || name.find("hidden.1") != name.npos ||
        name.find("out.1") != name.npos)
      continue;
    EXPECT_TRUE(tensor.grad().defined() && tensor.grad().isfinite().all().item<bool>()) << name;
  }
}

TEST(ReaderTask, LearnsDiscsAndTheirKind) {
  const auto model = model_of(tiny(dual_path()));
  const auto pictures = discs(24);
  auto task = task_of(*model, pictures);
  task.evaluation = [&] { return validate(*model, pictures).metrics; };
  Trainer trainer(task, options(60));
  const auto result = trainer.run();
  EXPECT_GT(result.evaluation.at("dice.breast"), 0.85);
  EXPECT_GT(result.evaluation.at("auc.pathology"), 0.95);
  EXPECT_FALSE(result.evaluation.contains("accuracy.birads"));  // nothing is labelled
  // Noise and stripes are told from discs.
  Random random(9);
  std::vector<Tensor> strange;
  for (int i = 0; i < 12; ++i) strange.push_back(made_outlier(32, 32, random).to(at::kByte));
  const Tensor other_N = read_pictures(*model, at::stack(strange), 0).known_N;
  std::vector<Tensor> known;
  for (const auto& picture : pictures) known.push_back(picture.grey_HW);
  const Tensor known_N = read_pictures(*model, at::stack(known), 0).known_N;
  EXPECT_GT(known_N.mean().item<double>(), other_N.mean().item<double>() + 1);
}

// The same pictures, each with three votes of four for benign: told are these shares, not certainty.
TEST(ReaderTask, LearnsTheSharesOfVotes) {
  const auto model = model_of(tiny(dual_path()));
  auto pictures = discs(8);
  for (auto& picture : pictures) {
    picture.field = {-1, -1};
    picture.shares = {{0.75, 0.25}};
  }
  pictures[0].field[0] = 0;  // a label beside votes
  pictures[0].shares.clear();
  ReaderLosses losses;
  losses.label_smoothing = 0;
  losses.outlier_share = 0;
  AugmentOptions quiet;
  ReaderTask task(*model, pictures, losses, {quiet, quiet});
  Trainer(task, options(60)).run();
  std::vector<Tensor> grey;
  for (const auto& picture : pictures) grey.push_back(picture.grey_HW);
  const Tensor benign_N =
      read_pictures(*model, at::stack(grey), 0).fields.at("pathology").softmax(1).select(1, 0);
  EXPECT_NEAR(benign_N.narrow(0, 1, 7).mean().item<double>(), 0.77, 0.1);
}

TEST(ReaderTask, GoesOnBitForBit) {
  const auto pictures = discs(12);
  testing::TempDir dir;
  const auto train = [&](int64_t steps, const std::string& folder, bool resume) {
    const auto model = model_of(tiny(dual_path()));
    auto task = task_of(*model, pictures);
    TrainOptions o = options(steps);
    o.folder = dir / folder;
    o.bfloat16 = true;
    o.ema_decay = 0.9;
    Trainer trainer(task, o);
    EXPECT_EQ(trainer.resume(), resume);
    trainer.run();
    return state_of(*model);
  };
  const auto whole = train(4, "whole", false);
  train(2, "parts", false);
  const auto parts = train(4, "parts", true);
  for (size_t i = 0; i < whole.size(); ++i)
    EXPECT_TRUE(at::equal(whole[i].second, parts[i].second)) << whole[i].first;
}

TEST(ReaderTask, UnknownLabelsAndMissingOutlinesTeachNothing) {
  const auto model = model_of(tiny(dual_path()));
  auto pictures = discs(4);
  for (auto& picture : pictures) {
    picture.mask_HW = Tensor();
    picture.field = {-1, -1};
  }
  ReaderLosses losses;
  losses.outlier_share = 0;
  ReaderTask task(*model, pictures, losses, {AugmentOptions{}, AugmentOptions{}});
  MicroBatch batch{{0, 1, 2, 3}, 0, 0, 0, Random(1)};
  EXPECT_EQ(task.loss(batch).loss.item<double>(), 0);
}

// Of each disc one rater draws the bright core and one all of it: which of them draws cannot be seen.
std::vector<LabelledPicture> discs_of_two_raters(int count) {
  auto all = discs(count);
  Random random(6);
  for (auto& picture : all) {
    const Point middle{10 + 12 * random.uniform(), 10 + 12 * random.uniform()};
    const Tensor core = ellipse_mask({middle, 4, 4, 0}, 32, 32),
                 whole = ellipse_mask({middle, 8, 8, 0}, 32, 32);
    picture.grey_HW = (40 + core * 120 + whole * 60).to(at::kByte);
    picture.raters_RHW = at::stack({core, whole}) * 255;
    picture.mask_HW = (core * 128 + whole * 127).to(at::kByte);
    picture.field = {-1, -1};
  }
  return all;
}

Json with_latent() {
  Json json = tiny(dual_path());
  json["tasks"][0]["latent"] = 2;
  return json;
}

// The generalised energy distance of a reader that learnt from `losses`, over what it learnt from.
double distance_from_raters(const Json& model_json, const Json& losses) {
  const auto model = model_of(model_json);
  const auto pictures = discs_of_two_raters(24);
  AugmentOptions quiet;
  ReaderTask task(*model, pictures, parse_reader_losses(losses, "losses"), {quiet, quiet});
  Trainer(task, options(100)).run();
  double sum = 0;
  for (const auto& picture : pictures) {
    const Reading reading = read_pictures(*model, picture.grey_HW.unsqueeze(0), 0);
    const Tensor all_SHW = reading.samples_NSHW.defined() ? reading.samples_NSHW[0] : reading.mask_NHW;
    sum += generalised_energy_distance(all_SHW.gt(0).unbind(0), picture.raters_RHW.unbind(0));
  }
  return sum / static_cast<double>(pictures.size());
}

TEST(Raters, SampledOutlinesComeCloserThanOneOutline) {
  const double one = distance_from_raters(tiny(dual_path()), {{"outlier_share", 0}});
  for (const char* distance : {"energy", "sinkhorn"}) {
    const Json losses = {{"outlier_share", 0}, {"raters", {{"weight", 4}, {"distance", distance}}}};
    EXPECT_LT(distance_from_raters(with_latent(), losses), 0.6 * one) << distance;
  }
}

TEST(Raters, LatentAndLossBelongTogether) {
  const auto pictures = discs(4);
  const auto make = [&](const Json& json, const ReaderLosses& losses) {
    const auto model = model_of(json);
    ReaderTask(*model, pictures, losses, {AugmentOptions{}, AugmentOptions{}});
  };
  ReaderLosses compared;
  compared.raters.weight = 1;
  EXPECT_NO_THROW(make(with_latent(), compared));
  EXPECT_THROW(make(with_latent(), {}), UsageError);
  EXPECT_THROW(make(tiny(dual_path()), compared), UsageError);
}

TEST(Raters, APictureIsReadWithTheSameDrawsWhateverIsBesideIt) {
  const auto model = model_of(with_latent());
  const Tensor pictures = at::randint(0, 255, {3, 32, 32}, at::kByte);
  const Reading all = read_pictures(*model, pictures, 0),
                one = read_pictures(*model, pictures.narrow(0, 2, 1), 0);
  EXPECT_EQ(all.samples_NSHW.sizes(), (at::IntArrayRef{3, 16, 32, 32}));
  EXPECT_TRUE(at::allclose(all.samples_NSHW[2], one.samples_NSHW[0], 1e-4, 1e-4));
  EXPECT_FALSE(at::allclose(one.samples_NSHW[0][0], one.samples_NSHW[0][1], 1e-4, 1e-4));
}

TEST(Augment, TheSameStreamGivesTheSamePictures) {
  const Tensor grey = at::randint(0, 255, {3, 32, 48}, at::kByte),
               mask = at::zeros({3, 1, 32, 48}, at::kByte);
  Random a(4), b(4), c(5);
  const auto first = augment(grey, mask, {}, a), again = augment(grey, mask, {}, b),
             other = augment(grey, mask, {}, c);
  EXPECT_TRUE(at::equal(first.grey_NHW, again.grey_NHW));
  EXPECT_FALSE(at::equal(first.grey_NHW, other.grey_NHW));
  EXPECT_EQ(a.position(), b.position());
}

TEST(Augment, NothingChangesWhenAllIsOff) {
  const Tensor grey = at::randint(0, 255, {2, 16, 24}, at::kByte), masks = at::stack({255 - grey, grey}, 1);
  AugmentOptions off;
  off.flip_columns = off.rotate = off.scale = off.stretch = off.shift = off.gamma = off.contrast =
      off.brightness = off.noise = 0;
  Random random(1);
  const auto same = augment(grey, masks, off, random);
  EXPECT_TRUE(at::allclose(same.grey_NHW, grey.to(at::kFloat), 0, 0.05));
  EXPECT_TRUE(at::allclose(same.masks_NMHW, masks.to(at::kFloat) / 255, 0, 2e-4));
  off.flip_columns = 1;
  const auto mirrored = augment(grey, masks, off, random);
  EXPECT_TRUE(mirrored.flipped[0]);
  EXPECT_TRUE(at::allclose(mirrored.grey_NHW, grey.flip(2).to(at::kFloat), 0, 0.05));
  EXPECT_TRUE(at::allclose(mirrored.masks_NMHW, masks.flip(3).to(at::kFloat) / 255, 0, 2e-4));
}

TEST(Outliers, MixturesTellTheirShare) {
  Random random(2);
  const Tensor real = at::full({4, 16, 24}, 200.0);
  const auto batch = outliers_for(real, {at::zeros({16, 24}, at::kByte)}, 64, random);
  EXPECT_EQ(batch.grey_MHW.sizes(), (at::IntArrayRef{64, 16, 24}));
  EXPECT_GE(batch.grey_MHW.min().item<double>(), 0);
  EXPECT_LE(batch.grey_MHW.max().item<double>(), 255);
  int mixed = 0, black = 0;
  for (int64_t m = 0; m < 64; ++m) {
    const double share = batch.known_M[m].item<double>(), mean = batch.grey_MHW[m].mean().item<double>();
    mixed += share > 0;
    // Mixed with black, or made.
    if (batch.grey_MHW[m].min().item<double>() == batch.grey_MHW[m].max().item<double>() &&
        std::abs(mean - 200 * share) < 0.01)
      ++black;
  }
  EXPECT_GT(mixed, 16);
  EXPECT_LT(mixed, 48);
  EXPECT_GT(black, 16);
}

TEST(Canvas, MasksComeBackWhereTheyWere) {
  const Tensor mask = ellipse_mask({{120, 70}, 60, 40, 0.4}, 150, 260);
  const Canvas canvas = fit_canvas(mask * 200, 64, 96);
  const Tensor small = fit_mask(mask, 64, 96).to(at::kFloat) / 255;
  EXPECT_GT(dice_of(to_picture(canvas, small).gt(0.5), mask), 0.98);
  EXPECT_THROW(fit_canvas(at::zeros({0, 4}, at::kByte), 64, 64), Error);
}

TEST(Ellipses, AreFoundAgain) {
  const Ellipse drawn{{130.3, 90.6}, 80.2, 55.7, 0.5};
  const auto found = ellipse_around(ellipse_mask(drawn, 200, 300));
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->center.x, drawn.center.x, 0.2);
  EXPECT_NEAR(found->center.y, drawn.center.y, 0.2);
  // The outermost pixels inside lie up to half a pixel within the line.
  EXPECT_NEAR(found->long_half, drawn.long_half, 0.6);
  EXPECT_NEAR(found->short_half, drawn.short_half, 0.6);
  EXPECT_NEAR(found->angle, drawn.angle, 0.02);
}

TEST(Ellipses, ACutHeadIsCompleted) {
  const Ellipse drawn{{40, 90}, 80, 55, 0};  // its left end is outside
  const auto found = ellipse_around(ellipse_mask(drawn, 200, 300));
  ASSERT_TRUE(found);
  EXPECT_NEAR(circumference(*found), circumference(drawn), 6);
}

TEST(Ellipses, NoLineIsNoEllipse) {
  EXPECT_FALSE(ellipse_around(at::zeros({50, 50}, at::kByte)));
  EXPECT_FALSE(ellipse_through(at::ones({50, 50}, at::kByte)));  // all white
  EXPECT_FALSE(ellipse_through(at::zeros({50, 50}, at::kByte)));
}

TEST(Ellipses, CircumferenceOfACircleAndOfKepler) {
  EXPECT_NEAR(circumference({{}, 3, 3, 0}), 6 * std::numbers::pi, 1e-12);
  EXPECT_NEAR(circumference({{}, 2, 1, 0}), 9.688448220547675, 1e-5);  // 8 E(3/4)
}

TEST(Masks, DiceHausdorffAndLargestPartByHand) {
  const Tensor a = at::zeros({20, 20}, at::kByte), b = at::zeros({20, 20}, at::kByte);
  a.narrow(0, 2, 4).narrow(1, 2, 4).fill_(1);
  b.narrow(0, 2, 4).narrow(1, 4, 4).fill_(1);
  EXPECT_DOUBLE_EQ(dice_of(a, b), 2.0 * 8 / 32);
  EXPECT_DOUBLE_EQ(hausdorff95(a, b), 2);
  EXPECT_DOUBLE_EQ(hausdorff95(a, a), 0);
  EXPECT_TRUE(std::isnan(hausdorff95(a, at::zeros_like(a))));
  EXPECT_DOUBLE_EQ(dice_of(at::zeros_like(a), at::zeros_like(a)), 1);
  Tensor two = a.clone();
  two[15][15] = 1;
  EXPECT_TRUE(at::equal(largest_part(two), a));
  Tensor ring = a.clone();
  ring[3][3] = 0;
  EXPECT_TRUE(at::equal(largest_part(ring), a));  // holes are filled
}

SavedReader saved_of(std::vector<Look> looks) {
  SavedReader reader;
  reader.name = "test";
  reader.model = model_of(tiny(dual_path()));
  reader.looks = std::move(looks);
  return reader;
}

PictureReading read_by(const SavedReader& reader, const Tensor& grey_HW) {
  return read_picture(reader, 0, grey_HW, first_look(reader, 0, grey_HW));
}

Tensor blob_picture() {
  const Tensor inside = ellipse_mask({{50, 30}, 12, 8, 0.3}, 60, 90);
  return (at::randint(0, 80, {60, 90}, at::kByte) + inside * 100).to(at::kByte);
}

TEST(ReadPicture, MirrorImagesGiveMirroredOutlines) {
  const auto reader = saved_of({{1.5, false}, {1.5, true}});
  const Tensor grey = blob_picture();
  const auto left = read_by(reader, grey), right = read_by(reader, grey.flip(1));
  EXPECT_EQ(left.mask_HW.sizes(), grey.sizes());
  EXPECT_TRUE(at::allclose(left.mask_HW, right.mask_HW.flip(1), 1e-4, 1e-4));
  for (size_t v = 0; v < 2; ++v)
    EXPECT_NEAR(left.logits.at("pathology")[v], right.logits.at("pathology")[v], 1e-4);
}

TEST(ReadPicture, TheMeanOfItsLooksCounts) {
  const std::vector<Look> looks = {{1, false}, {1.5, true}, {0.5, false}};
  const Tensor grey = blob_picture();
  Tensor mask_HW = at::zeros(grey.sizes(), at::kFloat);
  double benign = 0;
  for (const auto& look : looks) {
    const auto alone = read_by(saved_of({look}), grey);
    mask_HW += alone.mask_HW / 3;
    benign += alone.logits.at("pathology")[0] / 3;
  }
  const auto all = read_by(saved_of(looks), grey);
  EXPECT_TRUE(at::allclose(all.mask_HW, mask_HW, 1e-4, 1e-4));
  EXPECT_NEAR(all.logits.at("pathology")[0], benign, 1e-5);
  // A look at another scale is another reading.
  EXPECT_GT((read_by(saved_of({{1.5, false}}), grey).mask_HW - read_by(saved_of({{1, false}}), grey).mask_HW)
                .abs()
                .max()
                .item<double>(),
            1e-3);
}

TEST(ReadPicture, ALookOnTheTrainedCanvasIsTheNetworksReading) {
  const auto reader = saved_of({{1, false}});
  const Tensor grey = at::randint(0, 255, {32, 32}, at::kByte);
  const Reading whole = read_pictures(*reader.model, grey.unsqueeze(0), 0);
  const auto reading = read_by(reader, grey);
  EXPECT_TRUE(at::equal(reading.mask_HW, whole.mask_NHW[0]));
  EXPECT_EQ(static_cast<float>(reading.logits.at("pathology")[1]),
            whole.fields.at("pathology")[0][1].item<float>());
}

TEST(ReadPicture, OnePixelIsRead) {
  const auto reading = read_by(saved_of({{1.25, false}, {2, true}}), at::full({1, 1}, 7, at::kByte));
  EXPECT_EQ(reading.mask_HW.numel(), 1);
  EXPECT_TRUE(std::isfinite(reading.logits.at("pathology")[0]));
  EXPECT_THROW(first_look(saved_of({{1, false}}), 0, at::zeros({0, 5}, at::kByte)), Error);
}

TEST(ReaderFolder, LooksNameTheKey) {
  const auto error_of = [](const Json& json) {
    try {
      parse_looks(json, "looks");
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string("no UsageError");
  };
  using ::testing::HasSubstr;
  const auto list = [](const Json& one) { return Json::array({one}); };
  EXPECT_THAT(error_of(list({{"scale", 0}})), HasSubstr("looks[0].scale = 0"));
  EXPECT_THAT(error_of(list({{"scale", 1e9}})), HasSubstr("looks[0].scale"));
  EXPECT_THAT(error_of(list({{"mirrored", 1}})), HasSubstr("looks[0].mirrored"));
  EXPECT_THAT(error_of(list({{"other", 1}})), HasSubstr("other"));
  EXPECT_THAT(error_of({{"scale", 1}}), HasSubstr("1 to 16"));
  EXPECT_THAT(error_of(Json(std::vector<Json>(17, Json::object()))), HasSubstr("1 to 16"));
  EXPECT_EQ(parse_looks(Json(), "looks").size(), 2U);
}

TEST(ReaderFolder, ComesBackAsItWas) {
  testing::TempDir dir;
  SavedReader reader;
  reader.name = "test";
  reader.model_config = tiny(dual_path());
  reader.training = {{"fold", 2}};
  reader.temperatures = {{"breast", {{"pathology", 1.5}}}};
  reader.known_from = {{"breast", -0.5}};
  reader.looks = {{1.25, true}};
  reader.model = model_of(reader.model_config);
  save_reader(reader, dir.path(), false);
  const auto back = load_reader(dir.path());
  EXPECT_EQ(back.training.at("fold"), 2);
  EXPECT_EQ(back.temperature("breast", "pathology"), 1.5);
  EXPECT_EQ(back.temperature("breast", "birads"), 1);
  EXPECT_EQ(back.known_from.at("breast"), -0.5);
  ASSERT_EQ(back.looks.size(), 1U);
  EXPECT_EQ(back.looks[0].scale, 1.25);
  EXPECT_TRUE(back.looks[0].mirrored);
  const Tensor picture = at::randint(0, 255, {1, 32, 32}, at::kByte);
  EXPECT_TRUE(at::equal(read_pictures(*reader.model, picture, 0).mask_NHW,
                        read_pictures(*back.model, picture, 0).mask_NHW));
  save_reader(reader, dir.path(), true);
  EXPECT_TRUE(at::allclose(read_pictures(*reader.model, picture, 0).mask_NHW,
                           read_pictures(*load_reader(dir.path()).model, picture, 0).mask_NHW, 1e-2, 2e-2));
}

TEST(ReaderFolder, BadFoldersAreNamed) {
  testing::TempDir dir;
  EXPECT_THROW(load_reader(dir.path()), DataError);
  for (const char* text : {"[]", "{}", R"({"kind": "other"})", R"({"kind": "ultrasound-reader", "name": 3})",
                           R"({"kind": "ultrasound-reader", "name": "x", "model": {}})"}) {
    write_file(dir / "config.json", text);
    EXPECT_THROW(load_reader(dir.path()), DataError) << text;
  }
}

// Frames of one grey each.
struct GreyFrames : dicom::FrameSource {
  explicit GreyFrames(int64_t count) : count(count) {}
  int64_t frame_count() const override { return count; }
  dicom::Frame read(int64_t index) override {
    EXPECT_GT(index, last);  // once, forward
    last = index;
    ++reads;
    return {40, 30, std::vector<uint8_t>(40 * 30 * 3, static_cast<uint8_t>(index % 255))};
  }
  std::string name() const override { return "grey"; }
  int64_t count, last = -1, reads = 0;
};

ReaderFindings findings_reader(double known_from) {
  SavedReader reader;
  reader.name = "test";
  reader.model = model_of(tiny(dual_path()));
  reader.known_from = {{"breast", known_from}, {"fetal_head", 1e9}};
  // An outline everywhere.
  reader.model->heads[0]->mask.bias.data().fill_(50);
  return ReaderFindings({reader});
}

TEST(ReaderFindings, FillsWhatTheReportAsksFor) {
  auto reader = findings_reader(-1e9);
  GreyFrames frames(1);
  const auto found = reader.read(frames, {});
  EXPECT_FALSE(found.abstained);
  EXPECT_EQ(found.organ, "breast");  // the only one that knows it
  ASSERT_EQ(found.findings.size(), 1U);
  const auto& lesion = found.findings[0];
  EXPECT_EQ(lesion.kind, "breast_lesion");
  EXPECT_NEAR(lesion.confidence, 1, 1e-3);
  ASSERT_TRUE(lesion.mask);
  EXPECT_EQ(lesion.mask->pixels.size(), 1200U);
  EXPECT_EQ(lesion.evidence.box->width, 40);
  ASSERT_EQ(lesion.fields.size(), 2U);
  EXPECT_EQ(lesion.fields[0].name, "pathology");
  EXPECT_NEAR(lesion.fields[0].probabilities.at("benign") + lesion.fields[0].probabilities.at("malignant"), 1,
              1e-9);
  EXPECT_EQ(lesion.fields[1].name, "reader_category");
  ASSERT_EQ(lesion.measurements.size(), 2U);
  EXPECT_EQ(lesion.measurements[0].name, "long_axis");
  EXPECT_NEAR(std::hypot(lesion.measurements[0].to.x - lesion.measurements[0].from.x,
                         lesion.measurements[0].to.y - lesion.measurements[0].from.y),
              39, 1);
}

TEST(ReaderFindings, AbstainsFromWhatItDoesNotKnow) {
  auto reader = findings_reader(1e9);
  GreyFrames frames(1), other(1);
  const auto found = reader.read(frames, {});
  EXPECT_TRUE(found.abstained);
  EXPECT_GT(found.outlier_score, 0.5);
  EXPECT_TRUE(found.findings.empty());
  EXPECT_NE(reader.read(other, {"thyroid", ""}).reason.find("thyroid"), std::string::npos);
}

TEST(ReaderFindings, LooksAtSomeFramesOfALongClip) {
  auto reader = findings_reader(-1e9);
  GreyFrames frames(300);
  const auto found = reader.read(frames, {"breast", ""});
  EXPECT_EQ(frames.reads, 30);
  ASSERT_EQ(found.warnings.size(), 1U);
  EXPECT_NE(found.warnings[0].find("30 of 300"), std::string::npos);
}

TEST(ReaderFindings, AxesOfABox) {
  const Tensor mask = at::zeros({40, 60}, at::kByte);
  mask.narrow(0, 10, 11).narrow(1, 20, 31).fill_(1);
  const auto axes = axes_of(mask);
  ASSERT_TRUE(axes);
  EXPECT_NEAR(std::abs(axes->long_to.x - axes->long_from.x), 30, 0.01);
  EXPECT_NEAR(axes->long_from.y, 15, 0.01);
  EXPECT_NEAR(std::abs(axes->short_to.y - axes->short_from.y), 10, 0.01);
  EXPECT_FALSE(axes_of(at::zeros_like(mask)));
}

}  // namespace
}  // namespace conclave::ultrasound
