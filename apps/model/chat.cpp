#include "apps/model/chat.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/base/terminal.h"

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

int ModelChatVerb::run(Invocation& call) {
  const Speaker speaker = flags_.load(call);
  require<UsageError>(speaker.text().chat.has_value(),
                      "{} has no chat template; 'conclave-model run' needs none",
                      speaker.folder().path.string());
  const ReplyOptions options = flags_.options(call);
  const bool terminal = isatty(STDIN_FILENO) != 0;
  Json messages = beginning();
  ReadBefore before;
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
      continue;
    }
    if (line.empty()) continue;
    messages.push_back({{"role", "user"}, {"content", line}});
    try {
      const Reply reply = speaker.reply(speaker.text().conversation(messages), false, {}, options, &before);
      messages.push_back({{"role", "assistant"}, {"content", reply.text}});
      if (call.json())
        call.out().write(reply_record(reply, speaker.text().tokenizer));
      else
        fmt::print("\n");
      std::fflush(stdout);
      ++turns;
    } catch (const UsageError& e) {  // the conversation outgrew the context
      if (!terminal) throw;
      messages.erase(messages.size() - 1);
      print_stderr(fmt::format("{}; /reset begins anew", e.what()));
    }
  }
  call.history().metric("turns", 0, static_cast<double>(turns));
  return interrupted() ? kExitInterrupted : kExitDone;
}

}  // namespace conclave
