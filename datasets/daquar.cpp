#include "datasets/daquar.h"

#include <sstream>
#include <unordered_set>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/text/regex.h"

namespace conclave {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::istringstream in(read_file(path, size_t{64} << 20));
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

/// "what is on the desk in the image12 ?" as "what is on the desk ?": the number says nothing to a reader.
std::string without_image_name(std::string question) {
  static const Regex tail(R"(\s+((in|of|on) )?((the|this) )?image\d+\s*\?$)"), number(R"((?<=\bimage)\d+)");
  for (const auto& span : tail.find_all(question)) question.replace(span.begin, span.end - span.begin, " ?");
  auto spans = number.find_all(question);
  for (auto span = spans.rbegin(); span != spans.rend(); ++span)
    question.erase(span->begin, span->end - span->begin);
  return question;
}

}  // namespace

VqaSet load_daquar(const std::filesystem::path& dir, const std::string& split) {
  const bool single = split.ends_with("-single");
  const std::string list = single ? split.substr(0, split.size() - 7) : split;
  require<UsageError>(list == "train" || list == "test",
                      "daquar has no split '{}' (allowed: train, test, train-single, test-single)", split);
  const auto names = lines_of(dir / (list + "_images_list.txt"));
  const std::unordered_set<std::string> wanted(names.begin(), names.end());
  const auto path = dir / "all_qa_pairs.txt";
  const auto lines = lines_of(path);
  if (lines.size() % 2 != 0)
    throw DataError(path.string(), fmt::format("line {}", lines.size()), "a question without an answer");

  static const Regex image_name(R"(\bimage\d+\b)");
  VqaSet set{"daquar", split, {}};
  for (size_t i = 0; i < lines.size(); i += 2) {
    const std::string &question = lines[i], &answer = lines[i + 1];
    const auto found = image_name.find_all(question);
    if (found.empty() || answer.empty())
      throw DataError(path.string(), fmt::format("line {}", i + 1),
                      answer.empty() ? "the answer is empty" : "the question names no image");
    const std::string name = question.substr(found.back().begin, found.back().end - found.back().begin);
    if (!wanted.contains(name) || (single && answer.find(',') != answer.npos)) continue;
    set.samples.push_back({std::to_string(i / 2),
                           {dir / "images" / (name + ".jpg")},
                           without_image_name(question),
                           {answer},
                           name});
  }
  return set;
}

}  // namespace conclave
