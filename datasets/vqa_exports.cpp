#include "datasets/vqa_exports.h"

#include <algorithm>
#include <charconv>

#include "datasets/vqa_normalize.h"
#include "framework/base/error.h"
#include "framework/base/sha256.h"

namespace conclave {
namespace {

std::string answer_of(const VqaSample& sample, const VqaPredictions& predictions) {
  const auto found = predictions.find(sample.id);
  return found == predictions.end() ? "" : found->second;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json id_json(const std::string& id) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error == std::errc() && end == id.data() + id.size() && std::to_string(number) == id) return number;
  return id;
}

/// The most frequent of the answers, the first of them on a tie.
std::string target_of(const VqaSample& sample) {
  const std::string* best = nullptr;
  for (const auto& answer : sample.answers)
    if (!best || std::count(sample.answers.begin(), sample.answers.end(), answer) >
                     std::count(sample.answers.begin(), sample.answers.end(), *best))
      best = &answer;
  return best ? *best : "";
}

/// One cell as CSV readers take it: quoted where it has a tab, a line end or a quote.
std::string cell(const std::string& text) {
  if (text.find_first_of("\t\r\n\"") == text.npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

constexpr struct {
  const char* name;
  std::string (*write)(const VqaSet&, const VqaPredictions&);
} kFormats[] = {{"vqav2", export_vqav2},
                {"lmms-eval", export_lmms_eval},
                {"vlmevalkit", export_vlmevalkit},
                {"nlvr", export_nlvr}};

}  // namespace

std::string export_vqav2(const VqaSet& set, const VqaPredictions& predictions) {
  Json results = Json::array();
  for (const auto& sample : set.samples)
    results.push_back({{"question_id", id_json(sample.id)}, {"answer", answer_of(sample, predictions)}});
  return dump(results) + "\n";
}

std::string export_lmms_eval(const VqaSet& set, const VqaPredictions& predictions) {
  const bool labelled = !set.samples.empty() && std::ranges::all_of(set.samples, [](const auto& sample) {
    return !sample.answers.empty();
  });
  const VqaScores scores = labelled ? score_vqa(set, predictions) : VqaScores();
  std::string lines;
  int64_t number = 0;
  for (const auto& sample : set.samples) {
    const std::string answer = answer_of(sample, predictions), target = target_of(sample);
    Json images = Json::array();
    for (const auto& image : sample.images) images.push_back(image.string());
    const Json doc = {{"question_id", sample.id},
                      {"images", images},
                      {"question", sample.question},
                      {"answers", sample.answers}};
    Json line = {{"doc_id", number++},
                 {"doc", doc},
                 {"target", target},
                 {"arguments", Json::array({Json::array({sample.question})})},
                 {"resps", Json::array({Json::array({answer})})},
                 {"filtered_resps", Json::array({answer})},
                 {"doc_hash", sha256(dump(doc))},
                 {"prompt_hash", sha256(sample.question)},
                 {"target_hash", sha256(target)}};
    if (labelled) line[scores.metric] = scores.by_id.at(sample.id);
    lines += dump(line) + "\n";
  }
  return lines;
}

std::string export_vlmevalkit(const VqaSet& set, const VqaPredictions& predictions) {
  std::string table = "index\timage_path\tquestion\tanswer\tprediction\n";
  for (const auto& sample : set.samples) {
    // Several pictures are written as a list, which the kit evaluates.
    std::string path = sample.images.empty() ? "" : sample.images.front().string();
    if (sample.images.size() > 1) {
      Json list = Json::array();
      for (const auto& image : sample.images) list.push_back(image.string());
      path = dump(list);
    }
    table += fmt::format("{}\t{}\t{}\t{}\t{}\n", cell(sample.id), cell(path), cell(sample.question),
                         cell(target_of(sample)), cell(answer_of(sample, predictions)));
  }
  return table;
}

std::string export_nlvr(const VqaSet& set, const VqaPredictions& predictions) {
  require<UsageError>(set.name == "nlvr", "the nlvr export is for the data set nlvr, not for {}", set.name);
  std::string table;
  for (const auto& sample : set.samples)
    table +=
        fmt::format("{}-{}.png,{}\n", set.split, sample.id, normalize_answer(answer_of(sample, predictions)));
  return table;
}

std::string export_vqa(const std::string& format, const VqaSet& set, const VqaPredictions& predictions) {
  std::string known;
  for (const auto& [name, write] : kFormats) {
    if (format == name) return write(set, predictions);
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw UsageError(fmt::format("no export '{}' (allowed: {})", format, known));
}

}  // namespace conclave
