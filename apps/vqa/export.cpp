#include "apps/vqa/export.h"

#include <fmt/core.h>

#include "apps/common/app.h"
#include "apps/vqa/eval.h"
#include "datasets/json_records.h"
#include "datasets/vqa_exports.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"

namespace conclave {
namespace {

// The answers of a file and, for want of a data set, the questions that it names.
struct AnswerFile {
  VqaPredictions predictions;
  VqaSet asked;
  int64_t failed = 0;
};

AnswerFile read_answers(const std::filesystem::path& file) {
  AnswerFile answers;
  answers.asked.name = "answers";
  for_each_json_line(file, [&](const JsonRecord& record) {
    VqaSample sample;
    sample.id = record.id("question_id");
    if (record.has("prompt")) sample.question = record.text("prompt");
    if (record.has("image")) sample.images.emplace_back(record.text("image"));
    if (record.has("images") && record.json()["images"].is_array()) {
      for (const auto& image : record.json()["images"]) {
        if (!image.is_string()) record.fail("'images' holds something that is not a string");
        sample.images.emplace_back(image.get<std::string>());
      }
    }
    if (record.has("error")) {
      ++answers.failed;
      answers.asked.samples.push_back(std::move(sample));
      return;
    }
    answers.predictions[sample.id] = record.text("text");
    answers.asked.samples.push_back(std::move(sample));
  });
  return answers;
}

}  // namespace

std::string ExportVerb::examples() const {
  return "conclave-vqa export answers.jsonl --format vqav2 --out results.json\n"
         "conclave-vqa export answers.jsonl --format nlvr --dataset nlvr --data DIR --split dev --out "
         "nlvr.csv";
}

void ExportVerb::declare(Options& options) {
  auto sets = vqa_set_names();
  sets.insert(sets.begin(), "");
  options.positional("ANSWERS", answers_, "File that run --out or eval --predictions wrote")
      .required()
      .existing();
  options.add("format", format_, "Layout").required().choices({"vqav2", "lmms-eval", "vlmevalkit", "nlvr"});
  options.add("out", out_, "File to write (default: stdout)");
  options.add("dataset", dataset_, "Data set that the questions are from, for its answers and its order")
      .group("Data set")
      .choices(sets);
  options.add("data", data_, "Its folder, or the folder that this one is in").group("Data set");
  options.add("split", split_, "Its split").group("Data set");
}

int ExportVerb::run(Invocation& call) {
  std::error_code wrong;
  require<UsageError>(out_.empty() || !std::filesystem::equivalent(out_, answers_, wrong),
                      "--out {}: is the input", out_.string());
  require<UsageError>(dataset_.empty() == split_.empty() && dataset_.empty() == data_.empty(),
                      "--dataset, --data and --split go together");
  const AnswerFile answers = read_answers(answers_);
  const VqaSet set = dataset_.empty() ? answers.asked : load_set(dataset_, data_, split_);
  const std::string text = export_vqa(format_, set, answers.predictions);
  if (answers.failed > 0)
    log_warning("{}: {} questions have an error in place of an answer; theirs is empty here",
                answers_.string(), answers.failed);
  call.history().input(answers_, "answers");
  if (out_.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(out_, text);
    call.history().output(out_, format_);
  }
  return kExitDone;
}

}  // namespace conclave
