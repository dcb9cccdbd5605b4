#include "apps/vqa/answer_record.h"

#include <algorithm>
#include <numeric>

#include "apps/common/json_lines.h"
#include "framework/base/error.h"
#include "framework/base/sha256.h"

namespace conclave {
namespace {

constexpr size_t kShownExperts = 3;
constexpr size_t kShownWords = 8, kShownWordBytes = 40;
constexpr double kShownProbability = 0.005;

Json size_json(const std::vector<PictureNote>& pictures, bool resized) {
  Json sizes = Json::array();
  for (const auto& picture : pictures) {
    const auto& first = picture.resized.front();
    sizes.push_back(resized ? Json{first.resized_width, first.resized_height}
                            : Json{first.input_width, first.input_height});
  }
  return sizes;
}

Json frames_json(const std::vector<PictureNote>& pictures) {
  Json frames = Json::array();
  for (const auto& picture : pictures) {
    if (picture.seconds.empty()) continue;
    frames.push_back(
        {{"file", picture.file.string()}, {"seconds", picture.seconds}, {"duration", picture.duration}});
  }
  return frames;
}

double rounded(double ms) {
  return std::round(ms * 1000) / 1000;
}

Json metadata_of(const VqaAnswer& answer, uint64_t seed) {
  Json topk = Json::array();
  for (const auto& [text, probability] : answer.top) topk.push_back({text, probability});
  Json metadata = {{"confidence", answer.top.front().second},
                   {"topk", topk},
                   {"latency_ms", rounded(answer.wall_ms)},
                   {"see_ms", rounded(answer.see_ms)},
                   {"read_ms", rounded(answer.read_ms)},
                   {"pictures_remembered", answer.remembered},
                   {"n_visual_tokens", answer.visual_tokens},
                   {"n_question_tokens", answer.question_tokens},
                   {"input_size", size_json(answer.pictures, false)},
                   {"resized_to", size_json(answer.pictures, true)}};
  Json resize = Json::array();
  for (const auto& picture : answer.pictures) resize.push_back(picture.resized.front().to_json());
  metadata["resize"] = resize;
  const Json frames = frames_json(answer.pictures);
  if (!frames.empty()) metadata["frames"] = frames;
  metadata["seed"] = seed;
  metadata["router"] = answer.trace.loads();
  return metadata;
}

std::string unknown_text(const std::vector<std::string>& words) {
  std::string named;
  for (size_t i = 0; i < std::min(words.size(), kShownWords); ++i)
    named += (named.empty() ? "" : ", ") + words[i].substr(0, kShownWordBytes);
  if (words.size() > kShownWords) named += fmt::format(" and {} more", words.size() - kShownWords);
  return "the model has not learnt these words: " + named;
}

std::string first_line(const std::exception& error) {
  const std::string message = error.what();
  return message.substr(0, message.find('\n'));
}

}  // namespace

std::string printable(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  return text;
}

Json question_record(const VqaInput& asked) {
  Json record = {{"question_id", asked.id}};
  if (asked.image_names.size() == 1) record["image"] = asked.image_names.front();
  if (asked.image_names.size() > 1) record["images"] = asked.image_names;
  record["prompt"] = asked.query.question.substr(0, kMaxQuestionBytes);
  if (!asked.expected.empty()) record["expected"] = asked.expected;
  return record;
}

std::string answer_id(const VqaInput& asked, const std::string& model) {
  std::string all = asked.id + "\n" + model + "\n" + asked.query.question;
  for (const auto& image : asked.image_names) all += "\n" + image;
  return sha256(all).substr(0, 22);
}

Json answer_record(const VqaInput& asked, const VqaAnswer& answer, const VqaModel& model, uint64_t seed) {
  Json record = question_record(asked);
  if (answer.error) {
    try {
      std::rethrow_exception(answer.error);
    } catch (const std::exception& e) {
      record.update(error_line(nullptr, e));
    }
    return record;
  }
  record["text"] = answer.top.front().first;
  const auto unknown = model.words.unknown(asked.query.question);
  std::string warning = asked.query.pictures.empty() ? "no picture: a guess from the words alone" : "";
  if (!unknown.empty()) warning += (warning.empty() ? "" : "; ") + unknown_text(unknown);
  if (!warning.empty()) record["warning"] = warning;
  record["model_id"] = model.name;
  record["answer_id"] = answer_id(asked, model.name);
  record["metadata"] = metadata_of(answer, seed);
  if (!unknown.empty()) record["metadata"]["unknown_words"] = unknown;
  return record;
}

std::string busiest_experts(const Trace& trace, Modality modality) {
  std::vector<int64_t> count;
  for (const auto& [site, totals] : trace.sites()) {
    const auto experts = static_cast<size_t>(totals.experts);
    count.resize(std::max(count.size(), experts));
    for (size_t e = 0; e < experts; ++e)
      count[e] += totals.count[static_cast<size_t>(modality) * experts + e];
  }
  const auto total = static_cast<double>(std::accumulate(count.begin(), count.end(), int64_t{0}));
  std::vector<size_t> order(count.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return count[a] > count[b]; });
  order.resize(std::min(order.size(), kShownExperts));
  std::string text;
  for (const size_t e : order) {
    if (count[e] > 0)
      text += fmt::format("{}e{} {:.0f} %", text.empty() ? "" : " ", e,
                          100 * static_cast<double>(count[e]) / total);
  }
  return text;
}

std::string answer_text(const VqaInput& asked, const VqaAnswer& answer, const KnownWords& known, bool named) {
  const std::string question = printable(asked.query.question.substr(0, 200));
  const std::string name = named ? printable(asked.id) + "   " : "";
  if (answer.error) {
    try {
      std::rethrow_exception(answer.error);
    } catch (const std::exception& e) {
      return named ? fmt::format("{}: error: {}\n", printable(asked.id), printable(first_line(e)))
                   : fmt::format("error: {}\n", printable(first_line(e)));
    }
  }
  std::string text =
      fmt::format("{}\"{}\"   {} {:.2f}   {:.0f} ms\n", name, question, answer.top.front().first,
                  answer.top.front().second, answer.see_ms + answer.read_ms);
  std::string others;
  for (size_t i = 1; i < answer.top.size() && answer.top[i].second >= kShownProbability; ++i)
    others += fmt::format("  {} {:.2f}", answer.top[i].first, answer.top[i].second);
  if (!others.empty()) text += "     others:" + others + "\n";
  if (const auto unknown = known.unknown(asked.query.question); !unknown.empty())
    text += "     " + printable(unknown_text(unknown)) + "\n";
  const std::string pictures = busiest_experts(answer.trace, Modality::vision);
  const std::string words = busiest_experts(answer.trace, Modality::text);
  if (!pictures.empty())
    text += "     picture tokens: " + pictures + "   words: " + words + "\n";
  else if (!words.empty())
    text += "     words: " + words + "\n";
  return text;
}

}  // namespace conclave
