#include "apps/model/run.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/common/outputs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/base/terminal.h"
#include "framework/media/picture.h"

namespace conclave {

std::string ModelRunVerb::examples() const {
  return "conclave-model run model-folder --prompt \"Once upon a time\"\n"
         "conclave-model run model-folder --prompt \"What is a router?\" --chat --temperature 0.7 --json\n"
         "conclave-model run model-folder --prompt \"What is this?\" --image a.png --chat\n"
         "conclave-model run model-folder --prompt \"What happens?\" --video a.mp4 --chat\n"
         "conclave-model run model-folder --input prompts.jsonl --out replies.jsonl --resume\n"
         "conclave-model run model-folder --adapter law=adapters/law --adapter tea=adapters/tea --input "
         "prompts.jsonl --json";
}

void ModelRunVerb::declare(Options& options) {
  options.add("prompt", prompt_, "The text to go on from");
  options.add("image", images_, "A picture; repeat for more. They come before the words of a question")
      .existing();
  options.add("video", videos_, "A video; repeat for more. Behind the pictures").existing();
  options
      .add("frames", frames_,
           "Most frames of a video that are looked at (default: as many as the folder says)")
      .range(1, 10000);
  options.add("input", input_,
              "In the place of --prompt, JSON lines with prompt (or text, or messages), and perhaps "
              "question_id, adapter, image or images, video or videos; - for stdin");
  options.add("batch", batch_, "Rows of --input that are answered together").range(1, 256);
  options.add(
      "adapter", adapters_,
      "NAME=FOLDER of a LoRA or DoRA adapter that rows may choose; repeat for more: all stay in memory");
  options.add("use", adapter_of_prompt_, "The adapter of --prompt, and of rows that name none");
  options.add("chat", chat_, "Put prompts into the folder's chat template, as questions");
  options.add("out", out_, "File for the replies to --input, in place of stdout").group("Files");
  options.add("resume", resume_, "Go on with --out: answer what it has no reply to, failed rows too")
      .group("Files");
  flags_.declare(options);
}

void ModelRunVerb::check() const {
  require<UsageError>(prompt_.empty() != input_.empty(), "give either --prompt or --input");
  require<UsageError>(input_.empty() || (images_.empty() && videos_.empty()),
                      "--image, --video: with --input, rows name their own");
  require<UsageError>(!input_.empty() || out_.empty(), "--out: with --input alone");
  require<UsageError>(!resume_ || !out_.empty(), "--resume needs --out");
  if (!input_.empty()) check_outputs({{"--out", out_}}, {input_});
}

NamedFolders ModelRunVerb::adapters() const {
  NamedFolders folders;
  for (const auto& given : adapters_) {
    const size_t sign = given.find('=');
    require<UsageError>(sign != given.npos && sign > 0 && sign + 1 < given.size(),
                        "--adapter {}: must be NAME=FOLDER", given);
    folders.emplace_back(given.substr(0, sign), given.substr(sign + 1));
  }
  return folders;
}

Sights ModelRunVerb::load(const PromptRow& row, const Speaker& speaker) const {
  Sights sights;
  for (const auto& picture : row.pictures) sights.pictures.push_back(load_picture(picture));
  for (const auto& video : row.videos) sights.videos.push_back(speaker.load_video(video, frames_));
  return sights;
}

int ModelRunVerb::run_one(Invocation& call, const Speaker& speaker) const {
  ReplyOptions options = flags_.options(call);
  options.adapter = adapter_of_prompt_;
  PromptRow row;
  row.text = prompt_;
  row.pictures = images_;
  row.videos = videos_;
  const Sights sights = load(row, speaker);
  const std::string prompt = chat_ ? speaker.text().conversation(row.conversation()) : prompt_;
  const Reply reply = speaker.reply(prompt, !chat_, sights, options);
  if (call.json()) {
    Json record = {{"prompt", prompt_}};
    record.update(reply_record(reply, speaker.text().tokenizer, !sights.empty()));
    call.out().write(record);
  } else {
    fmt::print("\n");
  }
  call.history().metric("tokens", 0, static_cast<double>(reply.tokens.size()));
  return interrupted() ? kExitInterrupted : kExitDone;
}

int ModelRunVerb::run_rows(Invocation& call, const Speaker& speaker) const {
  PromptRows rows(input_);
  const std::string model = flags_.model_name();
  const auto done =
      resume_ ? resume_lines(out_, "question_id", {"model_id", model}) : std::unordered_set<std::string>();
  const auto out = open_lines(out_, "--out", resume_);
  ReplyOptions options = flags_.options(call);
  options.on_text = [](std::string_view) { return !interrupted(); };
  call.begin();
  int64_t answered = 0, failed = 0, tokens = 0;
  const auto put = [&](const PromptRow& row, const Answered& answer) {
    Json record = {{"question_id", row.id}};
    record["prompt"] = row.messages.is_array() ? row.messages : Json(row.text);
    if (!row.adapter.empty()) record["adapter"] = row.adapter;
    if (row.names.size() == 1) record["image"] = row.names.front();
    if (row.names.size() > 1) record["images"] = row.names;
    if (row.video_names.size() == 1) record["video"] = row.video_names.front();
    if (row.video_names.size() > 1) record["videos"] = row.video_names;
    try {
      if (answer.error) std::rethrow_exception(answer.error);
      record.update(reply_record(answer.reply, speaker.text().tokenizer,
                                 !row.names.empty() || !row.video_names.empty()));
      record["model_id"] = model;
      ++answered;
      tokens += std::ssize(answer.reply.tokens);
    } catch (const Error& e) {
      ++failed;
      record.update(error_line(nullptr, e));
      if (!out && !call.json())
        print_stderr(fmt::format("error: {}: {}", harmless(row.id), harmless(e.what())));
    }
    if (out) {
      out->write(record);
    } else if (call.json()) {
      call.out().write(record);
    } else if (!record.contains("error")) {
      fmt::print("{}: {}\n", harmless(row.id), harmless(answer.reply.text));
      std::fflush(stdout);
    }
  };
  const auto request = [&](PromptRow& row) {
    if (row.error) std::rethrow_exception(row.error);
    if (row.adapter.empty()) row.adapter = adapter_of_prompt_;
    Request asked;
    asked.adapter = row.adapter;
    asked.sights = load(row, speaker);
    asked.raw = !chat_ && !row.messages.is_array();
    asked.prompt = asked.raw ? row.text : speaker.text().conversation(row.conversation());
    return asked;
  };
  std::vector<PromptRow> batch;
  const auto answer_all = [&] {
    std::vector<Request> requests;
    for (auto& row : batch) try {
        requests.push_back(request(row));
      } catch (const Error&) {
        row.error = std::current_exception();
      }
    const auto answers = speaker.replies(requests, options);
    throw_if_interrupted();
    size_t next = 0;
    for (const auto& row : batch) put(row, row.error ? Answered{{}, row.error} : answers[next++]);
    batch.clear();
  };
  while (auto row = rows.next()) {
    throw_if_interrupted();
    if (done.contains(row->id)) continue;
    batch.push_back(std::move(*row));
    if (std::ssize(batch) == batch_) answer_all();
  }
  answer_all();
  auto& history = call.history();
  history.metric("answered", 0, static_cast<double>(answered));
  history.metric("failed", 0, static_cast<double>(failed));
  history.metric("tokens", 0, static_cast<double>(tokens));
  if (out) history.output(out_, "replies");
  if (answered + failed == 0 && done.empty()) log_warning("there was no prompt");
  if (out) log_info("{} answered, {} failed -> {}", answered, failed, out_.string());
  return failed > 0 ? kExitFailed : kExitDone;
}

int ModelRunVerb::run(Invocation& call) {
  check();
  const NamedFolders folders = adapters();
  Speaker speaker = flags_.load(call);
  if (!folders.empty()) speaker.add_adapters(folders);
  return input_.empty() ? run_one(call, speaker) : run_rows(call, speaker);
}

}  // namespace conclave
