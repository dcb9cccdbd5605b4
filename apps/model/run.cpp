#include "apps/model/run.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/media/picture.h"

namespace conclave {

std::string ModelRunVerb::examples() const {
  return "conclave-model run model-folder --prompt \"Once upon a time\"\n"
         "conclave-model run model-folder --prompt \"What is a router?\" --chat --temperature 0.7 --json\n"
         "conclave-model run model-folder --prompt \"What is this?\" --image a.png --chat";
}

void ModelRunVerb::declare(Options& options) {
  options.add("prompt", prompt_, "The text to go on from").required();
  options.add("image", images_, "A picture; repeat for more. They come before the words of a question")
      .existing();
  options.add("chat", chat_, "Put the prompt into the folder's chat template, as a question");
  flags_.declare(options);
}

Json ModelRunVerb::question() const {
  Json content = prompt_;
  if (!images_.empty()) {
    content = Json::array();
    for (size_t i = 0; i < images_.size(); ++i) content.push_back({{"type", "image"}});
    content.push_back({{"type", "text"}, {"text", prompt_}});
  }
  Json turn = {{"role", "user"}, {"content", std::move(content)}};
  return Json::array({std::move(turn)});
}

int ModelRunVerb::run(Invocation& call) {
  const Speaker speaker = flags_.load(call);
  const ReplyOptions options = flags_.options(call);
  std::vector<at::Tensor> pictures;
  for (const auto& image : images_) pictures.push_back(load_picture(image));
  const std::string prompt = chat_ ? speaker.text().conversation(question()) : prompt_;
  const Reply reply = speaker.reply(prompt, !chat_, pictures, options);
  if (call.json()) {
    Json record = {{"prompt", prompt_}};
    record.update(reply_record(reply, speaker.text().tokenizer));
    call.out().write(record);
  } else {
    fmt::print("\n");
  }
  call.history().metric("tokens", 0, static_cast<double>(reply.tokens.size()));
  return interrupted() ? kExitInterrupted : kExitDone;
}

}  // namespace conclave
