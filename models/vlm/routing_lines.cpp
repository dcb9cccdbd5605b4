#include "models/vlm/routing_lines.h"

#include <ATen/ATen.h>

#include <cmath>
#include <fstream>

#include "framework/base/error.h"

namespace conclave {
namespace {

template <class T>
std::vector<T> row_of(const Tensor& values_TK, int64_t token) {
  const T* row = values_TK.const_data_ptr<T>() + token * values_TK.size(1);
  return {row, row + values_TK.size(1)};
}

// What the file says of one site in one pass.
struct SiteTokens {
  std::vector<int32_t> experts;
  std::vector<float> weights, shared;
  int64_t tokens = 0;
};

constexpr float kLargestWeight = 1e4F;  // NaN is not below it either

using SiteKey = std::pair<std::string, Site>;  // part, site

// Adds the next token. Throws nlohmann's exception or UsageError.
void add_line(SiteTokens& site, const Json& line, int64_t pool) {
  const auto token = line.at("token").get<int64_t>();
  require<UsageError>(token == site.tokens, "token {} where token {} is next", token, site.tokens);
  const auto experts = line.at("experts").get<std::vector<int32_t>>();
  const auto weights = line.at("weights").get<std::vector<float>>();
  const auto shared = line.value("shared", std::vector<float>());
  require<UsageError>(experts.size() == weights.size(), "{} experts with {} weights", experts.size(),
                      weights.size());
  for (const float weight : weights)
    require<UsageError>(std::abs(weight) <= kLargestWeight, "weight {}: no router gives such", weight);
  for (const auto expert : experts)
    require<UsageError>(expert >= -1 && expert < pool, "expert {} of a pool of {}", expert, pool);
  const auto before = static_cast<size_t>(site.tokens);
  require<UsageError>(before == 0 || (experts.size() * before == site.experts.size() &&
                                      shared.size() * before == site.shared.size()),
                      "another number of slots than the token before");
  site.experts.insert(site.experts.end(), experts.begin(), experts.end());
  site.weights.insert(site.weights.end(), weights.begin(), weights.end());
  site.shared.insert(site.shared.end(), shared.begin(), shared.end());
  ++site.tokens;
}

template <class T>
Tensor matrix(const std::vector<T>& values, int64_t rows, at::ScalarType dtype) {
  return at::tensor(values, dtype).view({rows, static_cast<int64_t>(values.size()) / rows});
}

Edit replay_of(const SiteTokens& site) {
  Edit edit;
  edit.kind = Edit::Kind::replay;
  edit.routing.expert_TK = matrix(site.experts, site.tokens, at::kInt);
  edit.routing.weight_TK = matrix(site.weights, site.tokens, at::kFloat);
  if (!site.shared.empty()) edit.routing.shared_TS = matrix(site.shared, site.tokens, at::kFloat);
  return edit;
}

}  // namespace

void write_routing(const std::string& question_id, const std::vector<PassRouting>& routing,
                   const std::function<void(const Json&)>& line) {
  for (const auto& pass : routing) {
    for (const auto& record : pass.records) {
      const auto host = [](const Tensor& t, at::ScalarType dtype) {
        return t.to(at::kCPU, dtype).contiguous();
      };
      const Tensor expert_TK = host(record.routing.expert_TK, at::kInt);
      const Tensor weight_TK = host(record.routing.weight_TK, at::kFloat);
      const Tensor shared_TS =
          record.routing.shared_TS.defined() ? host(record.routing.shared_TS, at::kFloat) : Tensor();
      const Modality modality = pass.part == "pictures" ? Modality::vision : Modality::text;
      for (int64_t t = 0; t < expert_TK.size(0); ++t) {
        Json json = {{"question_id", question_id},
                     {"part", pass.part},
                     {"site", record.site},
                     {"token", t},
                     {"modality", modality_name(modality)},
                     {"experts", row_of<int32_t>(expert_TK, t)},
                     {"weights", row_of<float>(weight_TK, t)}};
        if (!pass.words.empty()) json["word"] = pass.words.at(static_cast<size_t>(t));
        if (shared_TS.defined()) json["shared"] = row_of<float>(shared_TS, t);
        line(json);
      }
    }
  }
}

std::map<std::string, QueryEdits> read_routing(const std::filesystem::path& file,
                                               const std::map<Site, int64_t>& pools) {
  std::ifstream in(file);
  if (!in) throw DataError(file.string(), "", "cannot be read");
  std::map<std::string, std::map<SiteKey, SiteTokens>> read;
  int64_t number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    const auto fail = [&](const std::string& what) {
      throw DataError(file.string(), fmt::format("line {}", number), what);
    };
    try {
      const Json line = Json::parse(text);
      const auto part = line.at("part").get<std::string>();
      require<UsageError>(part == "pictures" || part == "question" || part == "answer",
                          "part \"{}\": must be pictures, question or answer", part);
      const auto site = line.at("site").get<Site>();
      const auto pool = pools.find(site);
      require<UsageError>(pool != pools.end(), "the model has no site {}", site);
      add_line(read[line.at("question_id").get<std::string>()][{part, site}], line, pool->second);
    } catch (const nlohmann::json::exception& e) {
      fail(fmt::format("is no line of a routing file ({})", e.what()));
    } catch (const UsageError& e) {
      fail(e.what());
    }
  }
  std::map<std::string, QueryEdits> edits;
  for (const auto& [id, sites] : read) {
    QueryEdits& query = edits[id];
    for (const auto& [key, tokens] : sites) {
      if (key.first == "answer") continue;
      Edits& pass = key.first == "pictures" ? query.pictures : query.question;
      pass.at[key.second].push_back(replay_of(tokens));
    }
  }
  return edits;
}

}  // namespace conclave
