#include "apps/model/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "apps/common/app.h"
#include "apps/model/reply_flags.h"
#include "datasets/json_records.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "models/checkpoint/summary.h"
#include "models/vlm/routing_lines.h"

namespace conclave {
namespace {

constexpr int64_t kNextTokens = 5;

// A text to read, or what is wrong with its line.
struct Text {
  std::string id, text;
  std::exception_ptr error;
};

void for_each_text(const std::vector<std::string>& prompts, const std::filesystem::path& file,
                   const std::function<void(const Text&)>& visit) {
  for (size_t i = 0; i < prompts.size(); ++i) visit({std::to_string(i), prompts[i], nullptr});
  if (file.empty()) return;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw DataError(file.string(), "", "cannot be read");
  int64_t number = 0;
  for (std::string line;;) {
    Text text{fmt::format("line {}", ++number), "", nullptr};
    try {
      if (!read_record_line(in, line, file.string(), number)) return;
      if (line.find_first_not_of(" \t\r") == line.npos) continue;
      const Json json = parse_record(line, file.string(), text.id);
      const JsonRecord record(json, file.string(), text.id);
      text.text = record.text("text");
      text.id = record.id("question_id");
    } catch (const Error&) {
      text.error = std::current_exception();
    }
    visit(text);
  }
}

Json record_of(const Text& text, const ReadText& read, const std::string& model) {
  Json record = {{"question_id", text.id}, {"prompt", text.text}, {"text", ""}, {"model_id", model}};
  Json top = Json::array(), routing = Json::array();
  for (const auto& [word, probability] : read.next) top.push_back({word, probability});
  if (!read.next.empty()) record["text"] = read.next.front().first;
  record["metadata"] = {{"confidence", read.next.empty() ? 0 : read.next.front().second},
                        {"topk", top},
                        {"n_question_tokens", read.words.size()}};
  write_routing(text.id, {{"question", read.routing, read.words}}, [&](Json line) {
    line.erase("question_id");
    routing.push_back(std::move(line));
  });
  record["routing"] = routing;
  return record;
}

// A line a token: its text and the first expert of each layer.
void print_tokens(const ReadText& read) {
  fmt::print("{:<16}", "token");
  for (const auto& record : read.routing) fmt::print(" {:>5}", fmt::format("L{}", record.site));
  fmt::print("\n");
  for (size_t t = 0; t < read.words.size(); ++t) {
    std::string word = harmless(read.words[t]);
    std::ranges::replace(word, '\n', ' ');
    fmt::print("{:<16}", word);
    for (const auto& record : read.routing) {
      const auto expert = record.routing.expert_TK[static_cast<int64_t>(t)][0].item<int64_t>();
      fmt::print(" {:>5}", expert < 0 ? "-" : fmt::format("e{}", expert));
    }
    fmt::print("\n");
  }
  if (read.routing.empty()) fmt::print("no layer of this model has experts\n");
}

}  // namespace

std::string ModelInspectVerb::examples() const {
  return "conclave-model inspect model-folder\n"
         "conclave-model inspect model-folder --json\n"
         "conclave-model inspect model-folder --prompt \"Once upon a time\"\n"
         "conclave-model inspect model-folder --prompts texts.jsonl --json";
}

void ModelInspectVerb::declare(Options& options) {
  options.positional("FOLDER", folder_, "A model folder as published").required();
  options.add("prompt", prompts_, "A text to read: which experts its tokens go to; repeat for more");
  options.add("prompts", file_, "Texts to read, JSON lines with question_id and text").existing();
}

int ModelInspectVerb::run(Invocation& call) {
  return prompts_.empty() && file_.empty() ? describe(call) : read_texts(call);
}

int ModelInspectVerb::describe(Invocation& call) const {
  const Json summary = summarise_checkpoint(open_checkpoint(folder_));
  if (call.json()) {
    call.out().write(summary);
    return kExitDone;
  }
  const auto line = [](const std::string& name, const std::string& value) {
    fmt::print("{:<20} {}\n", name, value);
  };
  for (const auto& [key, value] : summary.items()) {
    if (!value.is_object()) line(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const auto& [dtype, bytes] : summary["memory"].items())
    line("memory " + dtype, fmt::format("{:.3f} GB", bytes.get<double>() / 1e9));
  return kExitDone;
}

int ModelInspectVerb::read_texts(Invocation& call) const {
  const auto dtype = published_dtype(call.common());
  set_threads(call.common().thread_count());
  const Speaker speaker = Speaker::load(folder_, dtype);
  call.history().param("model_folder", std::filesystem::absolute(folder_).string());
  const std::string name = std::filesystem::weakly_canonical(folder_).filename().string();
  int64_t failed = 0;
  for_each_text(prompts_, file_, [&](const Text& text) {
    throw_if_interrupted();
    try {
      if (text.error) std::rethrow_exception(text.error);
      const ReadText read = speaker.read(text.text, kNextTokens);
      call.json() ? call.out().write(record_of(text, read, name)) : print_tokens(read);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& e) {
      ++failed;
      if (file_.empty()) throw;
      Json record = {{"question_id", text.id}, {"prompt", text.text}};
      record.update(error_line(nullptr, e));
      if (call.json())
        call.out().write(record);
      else
        fmt::print(stderr, "{}: error: {}\n", harmless(text.id), harmless(e.what()));
    }
  });
  return failed > 0 ? kExitFailed : kExitDone;
}

}  // namespace conclave
