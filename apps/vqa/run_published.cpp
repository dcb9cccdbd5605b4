#include "apps/vqa/run_published.h"

#include <algorithm>

#include "apps/vqa/answer_record.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/media/picture.h"
#include "framework/tensor/device.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/speaker.h"

namespace conclave {
namespace {

Reply ask(const Speaker& speaker, const VqaQuery& query, int64_t max_tokens) {
  check_question(query.question);
  std::vector<Tensor> pictures;
  Json content = Json::array();
  for (const auto& file : query.pictures) {
    pictures.push_back(load_picture(file));
    content.push_back({{"type", "image"}});
  }
  content.push_back({{"type", "text"}, {"text", query.question}});
  Json turn = {{"role", "user"}, {"content", pictures.empty() ? Json(query.question) : content}};
  ReplyOptions options;
  options.max_tokens = max_tokens;
  options.on_text = [](std::string_view) { return !interrupted(); };
  return speaker.reply(speaker.text().conversation(Json::array({std::move(turn)})), false, pictures, options);
}

std::string name_of_folder(const std::filesystem::path& folder) {
  return std::filesystem::weakly_canonical(folder).filename().string();
}

}  // namespace

bool is_published(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  if (folder.empty() || !fs::exists(folder)) return false;
  if (fs::is_regular_file(folder) || is_adapter(folder)) return true;
  if (fs::exists(folder / "config.json")) {
    const Json json = read_json(folder / "config.json");
    return json.is_object() && json.value("architectures", Json()) != Json::array({"ConclaveVlm"});
  }
  const fs::directory_iterator files(folder);
  return std::any_of(begin(files), end(files),
                     [](const auto& file) { return file.path().extension() == ".gguf"; });
}

std::string check_published(const std::filesystem::path& folder) {
  const Speaker speaker = Speaker::load(folder, at::kFloat);
  speaker.text().conversation(Json::array({{{"role", "user"}, {"content", "?"}}}));
  return name_of_folder(folder);
}

int64_t run_published(Invocation& call, const std::filesystem::path& folder, int64_t max_tokens,
                      bool share_pictures, Questions& questions,
                      const std::function<void(const Json& record)>& put) {
  set_threads(call.common().thread_count());
  Speaker speaker = Speaker::load(folder, at::kFloat);
  if (!share_pictures) speaker.keep_pictures(0);
  const auto name = name_of_folder(folder);
  call.history().param("model_folder", std::filesystem::absolute(folder).string());
  int64_t failed = 0;
  while (const auto asked = questions.next()) {
    throw_if_interrupted();
    Json record = question_record(*asked);
    try {
      if (asked->error) std::rethrow_exception(asked->error);
      const Stopwatch watch;
      const Reply reply = ask(speaker, asked->query, max_tokens);
      record.update({{"text", reply.text},
                     {"model_id", name},
                     {"answer_id", answer_id(*asked, name)},
                     {"metadata",
                      {{"confidence", std::exp(reply.log_prob)},
                       {"latency_ms", watch.ms()},
                       {"n_prompt_tokens", reply.prompt_tokens},
                       {"n_answer_tokens", reply.tokens.size()},
                       {"seen_pictures", reply.seen_pictures},
                       {"end", name_of(reply.end)},
                       {"seed", call.common().seed}}}});
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& e) {
      ++failed;
      record.update(error_line(nullptr, e));
    }
    put(record);
  }
  return failed;
}

}  // namespace conclave
