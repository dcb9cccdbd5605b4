#include "apps/scenes/verbs.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "datasets/scenes/curriculum.h"
#include "datasets/scenes/english.h"
#include "datasets/scenes/generator.h"
#include "datasets/scenes/picture_file.h"
#include "datasets/scenes/render.h"
#include "datasets/scenes/training.h"
#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

Json line_of(const std::string& id, const std::string& image, const std::string& text,
             const std::string& answer, uint64_t group, const std::string& kind) {
  return {{"question_id", id},
          {"image", image},
          {"text", text},
          {"answer", answer},
          {"group", fmt::to_string(group)},
          {"kind", kind}};
}

class Generate : public Verb {
 public:
  std::string name() const override { return "generate"; }
  std::string summary() const override { return "Write pictures and a JSON line per statement"; }
  std::string examples() const override {
    return "conclave-scenes generate --count 20000 --out scenes --questions 12 --seed 1";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.add("out", out_, "Folder for images/ and questions.jsonl").required();
    options.add("count", count_, "Scenes to write").at_least(1);
    options.add("first", first_, "Index of the first scene").at_least(0);
    options.add("questions", questions_, "Statements per scene").range(1, 64);
    options.add("curriculum", curriculum_, "Perception questions per scene").range(0, 64);
    options.add("pool", pool_, "Statements kept ready per kind of scene; another seed draws others")
        .at_least(100);
    options.add("no-pictures", no_pictures_, "Write the scenes as JSON lines only");
  }
  int run(Invocation& call) override {
    require<UsageError>(!fs::exists(out_ / "questions.jsonl"), "--out {}: holds scenes already",
                        out_.string());
    const scenes::SceneGenerator generator(call.common().seed, {.pool = pool_});
    call.begin();
    fs::create_directories(out_ / "images");
    // Blocks of scenes are made side by side and written in order.
    const uint64_t blocks = (count_ + kBlock - 1) / kBlock;
    std::vector<std::string> texts(blocks);
    std::atomic<uint64_t> next{0};
    const auto work = [&] {
      for (uint64_t block; (block = next++) < blocks;)
        texts[block] = make_block(generator, call.common().seed, block);
    };
    std::vector<std::thread> others;
    for (int i = 1; i < call.common().thread_count(); ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    std::string all;
    for (const std::string& text : texts) all += text;
    write_file(out_ / "questions.jsonl", all);
    call.out().write({{"scenes", count_}, {"questions", (out_ / "questions.jsonl").string()}});
    return 0;
  }

 private:
  static constexpr uint64_t kBlock = 64;

  std::string make_block(const scenes::SceneGenerator& generator, uint64_t seed, uint64_t block) const {
    std::string text;
    const uint64_t from = first_ + block * kBlock, to = std::min(from + kBlock, first_ + count_);
    std::array<scenes::Sample, 2> pair;
    for (uint64_t index = from; index < to; ++index) {
      if (index == from || index % 2 == 0) pair = generator.pair(index / 2, questions_);
      text += write_scene(pair[index % 2], seed);
    }
    return text;
  }

  std::string write_scene(const scenes::Sample& sample, uint64_t seed) const {
    const std::string folder = fmt::format("{:04}", sample.index / 1000);
    const std::string image = fmt::format("images/{}/{}.png", folder, sample.index);
    if (!no_pictures_) {
      fs::create_directories(out_ / "images" / folder);
      scenes::write_picture(out_ / image, scenes::render(sample.scene));
    }
    std::string text;
    int number = 0;
    for (const scenes::Statement& statement : sample.statements)
      text += line_of(fmt::format("{}-{}", sample.index, number++), image, statement.text,
                      statement.label ? "true" : "false", sample.index, "statement")
                  .dump() +
              "\n";
    Random random(seed, fmt::format("scenes/curriculum/{}", sample.index));
    for (const scenes::Question& question : scenes::perception_questions(sample.scene, curriculum_, random))
      text += line_of(fmt::format("{}-{}", sample.index, number++), image, question.text, question.answer,
                      sample.index, "curriculum-" + question.skill)
                  .dump() +
              "\n";
    return text;
  }

  fs::path out_;
  uint64_t count_ = 1000, first_ = 0;
  int questions_ = 12, curriculum_ = 0, pool_ = scenes::GeneratorOptions().pool;
  bool no_pictures_ = false;
};

class Check : public Verb {
 public:
  std::string name() const override { return "check"; }
  std::string summary() const override {
    return "Coverage and accuracy of the grammar on NLVR's training statements";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.add("data", data_, "NLVR's folder, with train/train-1000.json").required().existing();
    options.add("list", list_, "Also list the statements that are not read or disagree");
  }
  int run(Invocation& call) override {
    const scenes::TrainingCheck check =
        scenes::check_training(data_, scenes::Grammar(scenes::kEnglishGrammar));
    const auto share = [](int part, int of) { return static_cast<double>(part) / std::max(of, 1); };
    Json result{{"statements", check.statements},
                {"parsed", check.parsed},
                {"agreed", check.agreed},
                {"coverage", share(check.parsed, check.statements)},
                {"accuracy", share(check.agreed, check.parsed)},
                {"skeletons", check.skeletons.size()},
                {"kept_coverage", share(check.kept, check.statements)},
                {"kept_accuracy", share(check.kept_agreed, check.kept)}};
    if (list_) result["unread"] = check.unread, result["disagreed"] = check.disagreed;
    call.out().write(result);
    return 0;
  }

 private:
  fs::path data_;
  bool list_ = false;
};

class Skeletons : public Verb {
 public:
  std::string name() const override { return "skeletons"; }
  std::string summary() const override {
    return "Print the skeletons of the training statements, to renew skeletons.cpp";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.add("data", data_, "NLVR's folder, with train/train-1000.json").required().existing();
  }
  int run(Invocation&) override {
    for (const std::string& line :
         scenes::check_training(data_, scenes::Grammar(scenes::kEnglishGrammar)).skeletons)
      fmt::print("{}\n", line);
    return 0;
  }

 private:
  fs::path data_;
};

}  // namespace

Verbs scenes_verbs() {
  Verbs verbs;
  verbs.push_back(std::make_unique<Generate>());
  verbs.push_back(std::make_unique<Check>());
  verbs.push_back(std::make_unique<Skeletons>());
  return verbs;
}

}  // namespace conclave
