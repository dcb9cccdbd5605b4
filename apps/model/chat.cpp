#include "apps/model/chat.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/base/terminal.h"
#include "framework/media/picture.h"

namespace conclave {

std::string ModelChatVerb::examples() const {
  return "conclave-model chat model-folder\n"
         "conclave-model chat model-folder --system \"Answer in one sentence.\" --temperature 0.7\n"
         "printf 'What is red?\\nAnd blue?\\n' | conclave-model chat model-folder --json";
}

void ModelChatVerb::declare(Options& options) {
  options.add("system", system_, "What the system says first");
  flags_.declare(options);
}

Json ModelChatVerb::beginning() const {
  Json messages = Json::array();
  if (!system_.empty()) messages.push_back({{"role", "system"}, {"content", system_}});
  return messages;
}

namespace {

// Words, and the places of pictures before them.
Json question(const std::string& words, size_t pictures) {
  if (pictures == 0) return words;
  Json content(pictures, Json{{"type", "image"}});
  content.push_back({{"type", "text"}, {"text", words}});
  return content;
}

}  // namespace

int ModelChatVerb::run(Invocation& call) {
  const Speaker speaker = flags_.load(call);
  require<UsageError>(speaker.text().chat.has_value(),
                      "{} has no chat template; 'conclave-model run' needs none",
                      speaker.folder().path.string());
  const ReplyOptions options = flags_.options(call);
  const bool terminal = isatty(STDIN_FILENO) != 0;
  Json messages = beginning();
  ReadBefore before;
  std::vector<at::Tensor> pictures;  // of the whole conversation
  size_t shown = 0;                  // those that go with the next question
  int64_t turns = 0;
  std::string line;
  for (;;) {
    if (terminal) {
      fmt::print(stderr, "> ");
      std::fflush(stderr);
    }
    if (interrupted() || !std::getline(std::cin, line) || line == "/exit") break;
    if (line == "/reset") {
      messages = beginning();
      pictures.clear();
      shown = 0;
      continue;
    }
    if (line.empty()) continue;
    const size_t asked_before = pictures.size() - shown;
    try {
      if (line.starts_with("/image ")) {
        pictures.push_back(load_picture(line.substr(7)));
        ++shown;
        continue;
      }
      messages.push_back({{"role", "user"}, {"content", question(line, shown)}});
      shown = 0;
      const Reply reply =
          speaker.reply(speaker.text().conversation(messages), false, pictures, options, &before);
      messages.push_back({{"role", "assistant"}, {"content", reply.text}});
      if (call.json())
        call.out().write(reply_record(reply, speaker.text().tokenizer, !pictures.empty()));
      else
        fmt::print("\n");
      std::fflush(stdout);
      ++turns;
    } catch (const Error& e) {  // the conversation outgrew the context, or there is no such picture
      if (!terminal) throw;
      if (!line.starts_with("/image ")) {
        messages.erase(messages.size() - 1);
        pictures.resize(asked_before);
      }
      print_stderr(fmt::format("{}; /reset begins anew", e.what()));
    }
  }
  call.history().metric("turns", 0, static_cast<double>(turns));
  return interrupted() ? kExitInterrupted : kExitDone;
}

}  // namespace conclave
