// Which way things point: reads every #include and fails on a wrong arrow.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace conclave {
namespace {

namespace fs = std::filesystem;

// A part may include itself and what is listed here; nothing points back.
std::map<std::string, std::set<std::string>> allowed() {
  std::map<std::string, std::set<std::string>> to;
  // Without tensors: these three make libconclave_core.
  to["framework/base"] = {};
  to["framework/score"] = {"framework/base", "framework/text"};
  to["framework/text"] = {"framework/base"};
  to["framework/history"] = {"framework/base"};
  to["framework/dicom"] = {"framework/base"};
  // Each of these may use all before it, but not what stands beside it.
  std::set<std::string> before = {"framework/base", "framework/score"};
  const std::vector<std::vector<std::string>> layers = {
      {"framework/tensor"}, {"framework/nn", "framework/media", "framework/text"},
      {"framework/moe"},    {"framework/lora"},
      {"framework/blocks"}, {"framework/train", "framework/generate", "framework/distributed"},
      {"models"},
  };
  for (const auto& layer : layers) {
    for (const auto& part : layer) to.try_emplace(part, before);
    before.insert(layer.begin(), layer.end());
  }
  to["models/stream"] = {"framework/base"};  // without tensors, too
  to["models/ultrasound/report"] = {"framework/base", "framework/dicom"};
  to["models"].insert({"framework/dicom", "models/ultrasound/report"});
  to["datasets"] = {"framework/base", "framework/media", "framework/text"};
  to["apps/common"] = {"framework/base", "framework/history"};
  before.insert({"framework/history", "framework/dicom", "models/stream", "models/ultrasound/report",
                 "datasets", "apps/common", "apps/routing"});
  to["apps"] = before;
  to["ui"] = {"framework/base", "framework/history"};
  return to;
}

// "framework/moe/layer.h" -> "framework/moe"; "models/vlm/a.h" -> "models"; "apps/vqa/a.h" -> "apps/vqa".
std::string part_of(const std::string& path) {
  if (path.starts_with("models/stream/")) return "models/stream";
  for (const char* part : {"models/ultrasound/rules/", "models/ultrasound/report/",
                           "models/ultrasound/findings.h", "models/ultrasound/circumference.h"})
    if (path.starts_with(part)) return "models/ultrasound/report";  // what needs no tensors of it
  const size_t first = path.find('/');
  const std::string top = path.substr(0, first);
  if (first == std::string::npos || (top != "framework" && top != "apps")) return top;
  const size_t second = path.find('/', first + 1);
  return second == std::string::npos ? top : path.substr(0, second);
}

// What is wrong with `file` including `included`; empty when nothing is.
std::string fault(const std::string& file, const std::string& included) {
  static const auto table = allowed();
  const std::string from = part_of(file), to = part_of(included);
  if (from == to) return "";
  if (from == "ui" && included == "framework/media/midi_file.h") return "";  // notes; knows no tensors
  const auto rule = table.find(from.starts_with("apps/") && from != "apps/common" ? "apps" : from);
  if (rule == table.end()) return file + ": '" + from + "' is not in the table of this test";
  if (to == "ATen" || to == "torch" || to == "c10") {
    const bool tensors = from != "ui" && from != "apps/common" && from != "framework/base" &&
                         from != "framework/score" && from != "framework/text" &&
                         from != "framework/history" && from != "framework/dicom" &&
                         from != "models/stream" && from != "models/ultrasound/report";
    return tensors ? "" : file + ": '" + from + "' knows no tensors, but includes <" + included + ">";
  }
  const std::set<std::string> ours = {"framework", "models", "datasets", "apps", "ui", "tests", "bench"};
  if (!ours.contains(included.substr(0, included.find('/')))) return "";  // of the system
  return rule->second.contains(to) ? "" : file + ": '" + from + "' must not include \"" + included + "\"";
}

std::vector<std::string> includes_of(const fs::path& file) {
  std::vector<std::string> found;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line.compare(hash, 1, "#") != 0) continue;
    const size_t word = line.find("include", hash);
    if (word == std::string::npos) continue;
    const size_t open = line.find_first_of("\"<", word), close = line.find_first_of("\">", open + 1);
    if (open != std::string::npos && close != std::string::npos)
      found.push_back(line.substr(open + 1, close - open - 1));
  }
  return found;
}

TEST(Structure, EveryIncludePointsTheRightWay) {
  const fs::path root = CONCLAVE_SOURCE_DIR;
  int files = 0;
  for (const char* top : {"framework", "models", "datasets", "apps", "ui"}) {
    if (!fs::exists(root / top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cpp" && extension != ".cu" && extension != ".cuh") continue;
      ++files;
      const std::string file = fs::relative(entry.path(), root).string();
      for (const auto& included : includes_of(entry.path())) {
        const std::string wrong = fault(file, included);
        EXPECT_TRUE(wrong.empty()) << wrong;
      }
    }
  }
  EXPECT_GT(files, 20);
}

TEST(Structure, WrongArrowsAreSeen) {
  EXPECT_EQ(fault("framework/moe/layer.h", "framework/nn/linear.h"), "");
  EXPECT_EQ(fault("framework/moe/layer.h", "vector"), "");
  EXPECT_EQ(fault("apps/vqa/main.cpp", "models/vlm/native.h"), "");
  EXPECT_EQ(fault("apps/vqa/main.cpp", "apps/vqa/verbs.h"), "");
  for (const auto& [file, included] : std::vector<std::pair<std::string, std::string>>{
           {"framework/base/log.h", "framework/tensor/module.h"},
           {"framework/nn/linear.h", "framework/moe/layer.h"},
           {"framework/nn/linear.h", "framework/media/picture.h"},
           {"framework/train/trainer.cpp", "framework/history/store.h"},
           {"framework/history/store.cpp", "ATen/ATen.h"},
           {"framework/text/bpe.cpp", "framework/tensor/module.h"},
           {"framework/moe/layer.h", "models/vlm/native.h"},
           {"models/stream/source.h", "framework/tensor/module.h"},
           {"models/ultrasound/report/report.h", "ATen/ATen.h"},
           {"models/ultrasound/findings.h", "models/ultrasound/network.h"},
           {"datasets/nlvr.cpp", "models/vlm/native.h"},
           {"apps/vqa/main.cpp", "apps/audio/verbs.h"},
           {"apps/common/app.h", "framework/tensor/module.h"},
           {"ui/pages/home.cpp", "framework/moe/layer.h"},
           {"ui/pages/home.cpp", "torch/script.h"},
           {"framework/brandnew/a.h", "framework/base/log.h"},
           {"framework/moe/layer.h", "tests/testing/testing.h"},
       })
    EXPECT_NE(fault(file, included), "") << file << " -> " << included;
}

// A page that nothing leads to is not read.
TEST(Docs, ReadmeNamesEveryPage) {
  std::ifstream in(fs::path(CONCLAVE_SOURCE_DIR) / "README.md");
  const std::string readme{std::istreambuf_iterator<char>(in), {}};
  for (const auto& page : fs::directory_iterator(fs::path(CONCLAVE_SOURCE_DIR) / "docs")) {
    if (page.path().extension() != ".md") continue;
    EXPECT_NE(readme.find("(docs/" + page.path().filename().string() + ")"), std::string::npos)
        << page.path().filename() << " has no link in README.md";
  }
}

}  // namespace
}  // namespace conclave
