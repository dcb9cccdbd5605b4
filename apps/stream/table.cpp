#include "apps/stream/table.h"

#include <toml++/toml.h>

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
    stream.ceiling = c.get("ceiling", 0.0);
    stream.regression = c.get("regression", false);
    c.get<std::string>("peer", "");  // for those who run the peers
    const auto name = c.get<std::string>("file", "");
    if (!name.empty()) stream.file = data / name;
    require<UsageError>(stream.generator.empty() == !name.empty(), "stream {}: give a generator or a file",
                        stream.name);
    require<UsageError>(!name.empty() || stream.rows > 0, "stream {}: a generator needs rows", stream.name);
    require<UsageError>(!stream.regression || !name.empty(),
                        "stream {}: generators make classes; regression needs a file", stream.name);
    c.finish();
    recipe.streams.push_back(std::move(stream));
  }
  for (const Json& entry : root.part("learner")) {
    TableLearner learner{entry.value("name", ""), entry, entry.value("past_labels", false)};
    require<UsageError>(!learner.name.empty(), "a learner of {} has no name", file.string());
    learner.config.erase("name");
    learner.config.erase("past_labels");
    recipe.learners.push_back(std::move(learner));
  }
  root.finish();
  require<UsageError>(!recipe.seeds.empty() && !recipe.streams.empty() && !recipe.learners.empty(),
                      "{}: seeds, [[stream]] and [[learner]] are needed", file.string());
  return recipe;
}

}  // namespace conclave
