#include "datasets/vqa_sample.h"

#include "datasets/daquar.h"
#include "datasets/easy_vqa.h"
#include "datasets/llava.h"
#include "datasets/nlvr.h"
#include "datasets/vqav2.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr struct {
  const char* name;
  VqaSet (*load)(const std::filesystem::path&, const std::string&);
} kSets[] = {{"easy-vqa", load_easy_vqa},
             {"nlvr", load_nlvr},
             {"daquar", load_daquar},
             {"llava", load_llava},
             {"vqav2", load_vqav2}};

}  // namespace

VqaSet load_vqa(const std::string& name, const std::filesystem::path& dir, const std::string& split) {
  for (const auto& set : kSets)
    if (name == set.name) return set.load(dir, split);
  throw UsageError(fmt::format("no data set '{}' (allowed: {})", name, fmt::join(vqa_set_names(), ", ")));
}

std::vector<std::string> vqa_set_names() {
  std::vector<std::string> names;
  for (const auto& set : kSets) names.emplace_back(set.name);
  return names;
}

}  // namespace conclave
