#include "apps/model/inspect.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "apps/common/app.h"
#include "apps/model/reply_flags.h"
#include "datasets/llava.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/media/picture.h"
#include "framework/tensor/device.h"
#include "models/checkpoint/summary.h"
#include "models/vlm/routing_lines.h"

namespace conclave {
namespace {

constexpr int64_t kNextTokens = 5;

using Paths = std::vector<std::filesystem::path>;

// A text to read, or what is wrong with its line.
struct Text {
  std::string id, text;
  std::vector<std::string> names = {};  // of its pictures, as they were given
  Paths pictures = {};
  std::exception_ptr error = nullptr;
};

void for_each_text(const std::vector<std::string>& prompts, const Paths& images,
                   const std::filesystem::path& file, const std::function<void(const Text&)>& visit) {
  for (size_t i = 0; i < prompts.size(); ++i) {
    Text text{std::to_string(i), prompts[i], {}, images};
    for (const auto& image : images) text.names.push_back(image.string());
    visit(text);
  }
  if (file.empty()) return;
  std::ifstream in(file, std::ios::binary);
  if (!in) throw DataError(file.string(), "", "cannot be read");
  std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  if (std::filesystem::is_directory(folder / "images")) folder /= "images";
  int64_t number = 0;
  for (std::string line;;) {
    Text text{fmt::format("line {}", ++number), ""};
    try {
      if (!read_record_line(in, line, file.string(), number)) return;
      if (line.find_first_not_of(" \t\r") == line.npos) continue;
      const Json json = parse_record(line, file.string(), text.id);
      const VqaSample sample = llava_sample(JsonRecord(json, file.string(), text.id), folder);
      text.text = sample.question;
      text.pictures = sample.images;
      for (const auto& image : sample.images) text.names.push_back(image.lexically_relative(folder).string());
      text.id = sample.id;
    } catch (const Error&) {
      text.error = std::current_exception();
    }
    visit(text);
  }
}

// Patch by patch, picture by picture.
std::vector<int64_t> patch_tokens(const ReadText& read) {
  std::vector<int64_t> tokens;
  for (const auto& picture : read.pictures)
    for (int64_t i = 0; i < picture.rows * picture.columns; ++i) tokens.push_back(picture.first + i);
  return tokens;
}

// Some of the tokens that were read.
PassRouting part_of(const ReadText& read, const std::string& part, const std::vector<int64_t>& tokens) {
  PassRouting pass{part, {}, {}};
  const at::Tensor token_T = at::tensor(tokens, at::kLong);
  for (const Record& record : read.routing) {
    Record some{record.site, record.experts, record.nulls, {}, {}, {}, {}};
    some.routing.expert_TK = record.routing.expert_TK.cpu().index_select(0, token_T);
    some.routing.weight_TK = record.routing.weight_TK.cpu().index_select(0, token_T);
    if (record.routing.shared_TS.defined())
      some.routing.shared_TS = record.routing.shared_TS.cpu().index_select(0, token_T);
    pass.records.push_back(std::move(some));
  }
  if (part == "question")
    for (const int64_t token : tokens) pass.words.push_back(read.words[static_cast<size_t>(token)]);
  return pass;
}

Json record_of(const Text& text, const ReadText& read, const std::string& model) {
  Json record = {{"question_id", text.id}, {"prompt", text.text}, {"text", ""}, {"model_id", model}};
  if (text.names.size() == 1) record["image"] = text.names.front();
  if (text.names.size() > 1) record["images"] = text.names;
  Json top = Json::array(), routing = Json::array();
  for (const auto& [word, probability] : read.next) top.push_back({word, probability});
  if (!read.next.empty()) record["text"] = read.next.front().first;
  const auto patches = patch_tokens(read);
  std::vector<int64_t> words;
  for (int64_t t = 0; t < std::ssize(read.words); ++t)
    if (!std::ranges::binary_search(patches, t)) words.push_back(t);
  record["metadata"] = {{"confidence", read.next.empty() ? 0 : read.next.front().second},
                        {"topk", top},
                        {"n_question_tokens", words.size()}};
  for (size_t i = 0; i < read.pictures.size(); ++i)
    record["metadata"]["patches"].push_back({{"picture", i},
                                             {"area", read.pictures[i].area},
                                             {"rows", read.pictures[i].rows},
                                             {"columns", read.pictures[i].columns}});
  write_routing(text.id, {part_of(read, "pictures", patches), part_of(read, "question", words)},
                [&](Json line) {
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
    for (size_t i = 0; i < read.pictures.size(); ++i) {
      const int64_t patch = static_cast<int64_t>(t) - read.pictures[i].first;
      if (patch >= 0 && patch < read.pictures[i].rows * read.pictures[i].columns)
        word = fmt::format("[{} patch {}]", i + 1, patch);
    }
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
         "conclave-model inspect model-folder --prompt \"what is it\" --image a.png --json\n"
         "conclave-model inspect model-folder --prompts texts.jsonl --json";
}

void ModelInspectVerb::declare(Options& options) {
  options.positional("FOLDER", folder_, "A model folder as published").required();
  options.add("prompt", prompts_, "A text to read: which experts its tokens go to; repeat for more");
  options.add("image", images_, "A picture that goes with each --prompt; repeat for more").existing();
  options
      .add("prompts", file_,
           "Texts to read, JSON lines with question_id and text; image or images where the model reads some")
      .existing();
}

int ModelInspectVerb::run(Invocation& call) {
  require<UsageError>(images_.empty() || !prompts_.empty(), "--image: what is asked? Give a --prompt");
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
  for_each_text(prompts_, images_, file_, [&](const Text& text) {
    throw_if_interrupted();
    try {
      if (text.error) std::rethrow_exception(text.error);
      // One file of questions is asked of every model: those of words alone read the words.
      std::vector<at::Tensor> pictures;
      if (!images_.empty() || speaker.reads_pictures())
        for (const auto& picture : text.pictures) pictures.push_back(load_picture(picture));
      const ReadText read = speaker.read(text.text, kNextTokens, pictures);
      call.json() ? call.out().write(record_of(text, read, name)) : print_tokens(read);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& e) {
      ++failed;
      if (file_.empty()) throw;
      Json record = {{"question_id", text.id}, {"prompt", text.text}};
      if (!text.names.empty()) record["images"] = text.names;
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
