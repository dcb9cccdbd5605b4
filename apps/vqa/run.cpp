#include "apps/vqa/run.h"

#include <fmt/core.h>

#include <utility>

#include "apps/common/app.h"
#include "apps/common/outputs.h"
#include "apps/routing/routing_rows.h"
#include "apps/vqa/answer_record.h"
#include "apps/vqa/run_published.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "models/vlm/routing_lines.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// What can be known without reading pictures.
void check_input(const VqaInput& asked) {
  check_question(asked.query.question);
  for (const auto& picture : asked.query.pictures)
    if (!fs::is_regular_file(picture)) throw DataError(picture.string(), "", "no such file");
}

}  // namespace

std::string RunVerb::examples() const {
  return "conclave-vqa run --image A.png --image B.png --question \"is there a red circle\"\n"
         "conclave-vqa run pictures/ --question \"what is this\" --json\n"
         "conclave-vqa run questions.jsonl --out answers.jsonl --resume\n"
         "conclave-vqa run questions.csv --json\n"
         "echo '{\"question_id\": 1, \"image\": \"a.png\", \"text\": \"is it red\"}' | conclave-vqa run -";
}

void RunVerb::declare(Options& options) {
  options.positional(
      "INPUT", questions_.inputs,
      "A folder of pictures, a picture, a video, or JSON lines (or a .csv table) with question_id, "
      "image or images, and text; - for stdin");
  options.add("image", questions_.images, "Picture or video; repeat for several in one question");
  options.add("question", questions_.questions, "Question; repeat for more");
  options.add("frames", ask_.engine.frames, "Frames of a video or animation; 0: as many as the model takes")
      .range(0, 1024);
  ask_.declare(options);
  options.add("no-cache", no_cache_, "Read the pictures again for every question");
  options.add("out", out_, "File for the answers, in place of stdout").group("Files");
  options.add("resume", resume_, "Go on with --out: ask what it has no answer to, failed questions too")
      .group("Files");
  options.add("routing-out", routing_out_, "File for each token's experts and weights").group("Files");
  options.add("routing-in", routing_in_, "Routing to follow, as --routing-out wrote it")
      .group("Files")
      .existing();
}

void RunVerb::check_files() const {
  require<UsageError>(!resume_ || !out_.empty(), "--resume needs --out");
  std::vector<fs::path> read = questions_.inputs;
  read.insert(read.end(), questions_.images.begin(), questions_.images.end());
  if (!routing_in_.empty()) read.push_back(routing_in_);
  check_outputs({{"--out", out_}, {"--routing-out", routing_out_}}, read);
}

void RunVerb::check_published_options() const {
  for (const auto& [option, given] : {std::pair{"--routing-out", !routing_out_.empty()},
                                      {"--routing-in", !routing_in_.empty()},
                                      {"--candidates", !ask_.engine.candidates.empty()},
                                      {"--mask-expert", !ask_.masked.empty()},
                                      {"--resume", resume_}})
    require<UsageError>(!given, "{}: not with a published model's folder", option);
}

int RunVerb::run_by_published(Invocation& call) {
  check_published_options();
  const auto questions = open_questions(questions_);
  const auto answers_out = open_lines(out_, "--out", false);
  const auto failed = run_published(
      call, ask_.model, ask_.engine.max_tokens, !no_cache_, *questions, [&](const Json& record) {
        if (answers_out) {
          answers_out->write(record);
        } else if (call.json()) {
          call.out().write(record);
        } else if (record.contains("error")) {
          fmt::print(stderr, "error: {}\n", printable(record["error"]["message"].get<std::string>()));
        } else {
          fmt::print("\"{}\"   {}\n", printable(record["prompt"].get<std::string>()),
                     printable(record["text"].get<std::string>()));
          std::fflush(stdout);
        }
      });
  if (answers_out) call.history().output(out_, "answers");
  return failed > 0 ? kExitFailed : kExitDone;
}

int RunVerb::run(Invocation& call) {
  check_files();
  if (is_published(ask_.model)) return run_by_published(call);
  const auto questions = open_questions(questions_);
  const VqaModel model = ask_.load(call);
  const auto done = resume_ ? resume_lines(out_, "question_id", {"model_id", model.name})
                            : std::unordered_set<std::string>();
  const auto answers_out = open_lines(out_, "--out", resume_);
  const auto routing_out = open_lines(routing_out_, "--routing-out", resume_);
  const auto routing_in =
      routing_in_.empty() ? std::map<std::string, QueryEdits>() : read_routing(routing_in_, model.pools());

  VqaOptions engine_options = ask_.engine_of(model);
  engine_options.share_pictures = !no_cache_;
  engine_options.keep_routing = routing_out != nullptr;
  VqaEngine engine(model, engine_options);
  ask_.begin(call);
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
      const std::string text = answer_text(asked, answer, model.words, !questions_.inputs.empty());
      fmt::print(answer.error ? stderr : stdout, "{}", text);
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
  size_t longest = 0;  // question of the batch
  std::unordered_set<std::string> seen;
  bool warned = false, blind = false;
  while (auto asked = questions->next()) {
    throw_if_interrupted();
    if (done.contains(asked->id)) continue;
    if (!warned && !asked->error && !seen.insert(asked->id).second) {
      warned = true;
      log_warning(
          "question_id {} comes twice: --resume, exports and routing files tell questions apart by it",
          asked->id);
    }
    if (asked->query.pictures.empty() && !asked->error && !std::exchange(blind, true))
      log_warning("{}: no picture; what is said is a guess from the words alone", asked->id);
    if (const auto found = routing_in.find(asked->id); found != routing_in.end())
      asked->query.edits = &found->second;
    // A long question is answered by itself, so that an interruption need not wait for several.
    longest = std::max(batch.empty() ? 0 : longest, asked->query.question.size());
    if (!fit_a_batch(batch.size() + 1, longest)) {
      answer_all(batch);
      longest = asked->query.question.size();
    }
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
  if (answered + failed == 0 && done.empty()) log_warning("there was no question");
  if (answers_out || (failed > 0 && answered + failed > 1)) {
    std::string told = fmt::format("{} answered, {} failed", answered, failed);
    if (!done.empty()) told += fmt::format(", {} were there already", done.size());
    if (answers_out) told += " -> " + out_.string();
    failed > 0 ? log_warning("{}", told) : log_info("{}", told);
  }
  return failed > 0 ? kExitFailed : kExitDone;
}

int RunVerb::dry_run(Invocation& call) {
  check_files();
  std::string name;
  if (is_published(ask_.model)) {
    check_published_options();
    name = check_published(ask_.model);
  } else {
    const VqaModel model = ask_.load(call);
    if (!routing_in_.empty()) read_routing(routing_in_, model.pools());
    name = model.name;
  }
  const auto questions = open_questions(questions_);
  int64_t ready = 0, wrong = 0;
  while (auto asked = questions->next()) {
    throw_if_interrupted();
    try {
      if (asked->error) std::rethrow_exception(asked->error);
      check_input(*asked);
      ++ready;
    } catch (const Error& e) {
      // A line that cannot be read names itself.
      if (++wrong <= 10) log_warning("{}{}", asked->error ? "" : asked->id + ": ", e.what());
    }
  }
  fmt::print("{} questions could be asked of {}, {} could not\n", ready, name, wrong);
  return wrong > 0 ? kExitFailed : kExitDone;
}

}  // namespace conclave
