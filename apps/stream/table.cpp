#include "apps/stream/table.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

Json read_toml(const fs::path& file) {
  try {
    std::ostringstream text;
    text << toml::json_formatter(toml::parse(read_file(file, 1 << 20), file.string()));
    return parse_json(text.str(), file.string());
  } catch (const toml::parse_error& e) {
    throw DataError(file.string(), fmt::format("line {}", e.source().begin.line),
                    std::string(e.description()));
  }
}

}  // namespace

TableRecipe read_table(const fs::path& file, const fs::path& data) {
  const Json all = read_toml(file);
  ConfigObject root(all, file.filename().string());
  TableRecipe recipe;
  ConfigObject table(root.part("table"), "table");
  for (const Json& seed : table.part("seeds")) {
    require<UsageError>(seed.is_number_unsigned(), "table.seeds: {} is no seed", seed.dump());
    recipe.seeds.push_back(seed.get<uint64_t>());
  }
  table.finish();
  for (const Json& entry : root.part("stream")) {
    ConfigObject c(entry, "stream");
    TableStream stream{c.need<std::string>("name"), c.part("generator"), {}, c.get_integer("rows", 0)};
    const auto name = c.get<std::string>("file", "");
    if (!name.empty()) stream.file = data / name;
    require<UsageError>(stream.generator.empty() == !name.empty(), "stream {}: give a generator or a file",
                        stream.name);
    require<UsageError>(!name.empty() || stream.rows > 0, "stream {}: a generator needs rows", stream.name);
    c.finish();
    recipe.streams.push_back(std::move(stream));
  }
  for (const Json& entry : root.part("learner")) {
    TableLearner learner{entry.value("name", ""), entry};
    require<UsageError>(!learner.name.empty(), "a learner of {} has no name", file.string());
    learner.config.erase("name");
    recipe.learners.push_back(std::move(learner));
  }
  root.finish();
  require<UsageError>(!recipe.seeds.empty() && !recipe.streams.empty() && !recipe.learners.empty(),
                      "{}: seeds, [[stream]] and [[learner]] are needed", file.string());
  return recipe;
}

Spread spread(const std::vector<double>& values) {
  Spread s;
  s.n = static_cast<int>(values.size());
  if (s.n == 0) return s;
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / s.n;
  double squares = 0;
  for (const double value : values) squares += (value - s.mean) * (value - s.mean);
  s.deviation = s.n > 1 ? std::sqrt(squares / (s.n - 1)) : 0;
  return s;
}

double wilcoxon(const std::vector<double>& differences) {
  std::vector<double> used;
  for (const double d : differences)
    if (d != 0) used.push_back(d);
  const auto n = used.size();
  if (n == 0) return 1;
  std::sort(used.begin(), used.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  // Twice the ranks, so that those of ties stay whole.
  std::vector<int> ranks(n);
  for (size_t i = 0; i < n;) {
    size_t j = i;
    while (j < n && std::fabs(used[j]) == std::fabs(used[i])) ++j;
    for (size_t k = i; k < j; ++k) ranks[k] = static_cast<int>(i + j + 1);
    i = j;
  }
  int sum = 0, total = 0;
  for (size_t i = 0; i < n; ++i) {
    total += ranks[i];
    if (used[i] > 0) sum += ranks[i];
  }
  const int low = std::min(sum, total - sum);
  if (n > 25) {
    double variance = 0;
    for (const int rank : ranks) variance += rank * rank / 4.0;
    return std::erfc((total / 2.0 - low) / std::sqrt(2 * variance));
  }
  std::vector<double> ways(total + 1, 0.0);
  ways[0] = 1;
  for (const int rank : ranks)
    for (int s = total; s >= rank; --s) ways[s] += ways[s - rank];
  double at_most = 0;
  for (int s = 0; s <= low; ++s) at_most += ways[s];
  return std::min(1.0, 2 * at_most / std::ldexp(1.0, static_cast<int>(n)));
}

}  // namespace conclave
