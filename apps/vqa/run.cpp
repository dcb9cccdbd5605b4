#include "apps/vqa/run.h"

#include <fmt/core.h>

#include "apps/common/app.h"
#include "apps/vqa/answer_record.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "models/vlm/routing_lines.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// A file that is begun anew, or gone on with.
std::unique_ptr<JsonLines> lines_to(const fs::path& file, const char* option, bool resume) {
  if (file.empty()) return nullptr;
  require<UsageError>(resume || !fs::exists(file), "{} {}: is there already; --resume goes on with it",
                      option, file.string());
  return std::make_unique<JsonLines>(file);
}

}  // namespace

std::string RunVerb::examples() const {
  return "conclave-vqa run --image A.png --image B.png --question \"is there a red circle\"\n"
         "conclave-vqa run pictures/ --question \"what is this\" --json\n"
         "conclave-vqa run questions.jsonl --out answers.jsonl --resume";
}

void RunVerb::declare(Options& options) {
  options.positional("INPUT", questions_.inputs,
                     "A folder of pictures, a picture, or a JSON-lines file in LLaVA's format; - for stdin");
  options.add("image", questions_.images, "Picture or video; repeat for several in one question");
  options.add("question", questions_.questions, "Question; repeat for more");
  options.add("frames", ask_.engine.frames, "Frames of a video or animation; 0: as many as the model takes")
      .range(0, 1024);
  ask_.declare(options);
  options.add("no-cache", no_cache_, "Read the pictures again for every question");
  options.add("out", out_, "File for the answers, in place of stdout").group("Files");
  options.add("resume", resume_, "Skip the questions that --out has answers to").group("Files");
  options.add("routing-out", routing_out_, "File for each token's experts and weights").group("Files");
  options.add("routing-in", routing_in_, "Routing to follow, as --routing-out wrote it")
      .group("Files")
      .existing();
}

int RunVerb::run(Invocation& call) {
  require<UsageError>(!resume_ || !out_.empty(), "--resume needs --out");
  const auto questions = open_questions(questions_);
  const auto written = resume_ ? ids_written(out_, "question_id") : std::unordered_set<std::string>();
  const VqaModel model = ask_.load(call);
  const auto answers_out = lines_to(out_, "--out", resume_);
  const auto routing_out = lines_to(routing_out_, "--routing-out", resume_);
  const auto routing_in =
      routing_in_.empty() ? std::map<std::string, QueryEdits>() : read_routing(routing_in_, model.pools());

  VqaOptions engine_options = ask_.engine;
  engine_options.share_pictures = !no_cache_;
  engine_options.keep_routing = routing_out != nullptr;
  VqaEngine engine(model, engine_options);
  Trace trace;
  int64_t answered = 0, failed = 0;

  const auto put = [&](const VqaInput& asked, const VqaAnswer& answer) {
    ++(answer.error ? failed : answered);
    trace.merge(answer.trace);
    if (routing_out)
      write_routing(asked.id, answer.routing, [&](const Json& line) { routing_out->write(line); });
    if (answers_out || call.json()) {
      const Json record = answer_record(asked, answer, model, call.common().seed);
      answers_out ? answers_out->write(record) : call.out().write(record);
    } else {
      fmt::print("{}", answer_text(asked, answer));
      std::fflush(stdout);
    }
  };
  const auto answer_all = [&](std::vector<VqaInput>& batch) {
    std::vector<VqaQuery> queries;
    for (const auto& asked : batch) {
      if (!asked.error) queries.push_back(asked.query);
    }
    auto answers = engine.answer(queries);
    size_t next = 0;
    for (const auto& asked : batch) {
      VqaAnswer unread;
      unread.error = asked.error;
      put(asked, asked.error ? unread : answers[next++]);
    }
    batch.clear();
  };

  std::vector<VqaInput> batch;
  while (auto asked = questions->next()) {
    throw_if_interrupted();
    if (written.contains(asked->id)) continue;
    if (const auto found = routing_in.find(asked->id); found != routing_in.end())
      asked->query.edits = &found->second;
    batch.push_back(std::move(*asked));
    if (static_cast<int64_t>(batch.size()) == engine_options.batch || questions->waits()) answer_all(batch);
  }
  answer_all(batch);

  auto& history = call.history();
  history.metric("answered", 0, static_cast<double>(answered));
  history.metric("failed", 0, static_cast<double>(failed));
  history.routing("run", 0, routing_rows(trace));
  if (answers_out) history.output(out_, "answers");
  if (routing_out) history.output(routing_out_, "routing");
  return failed > 0 ? kExitFailed : kExitDone;
}

}  // namespace conclave
