// One type, one name: two headers of the libraries that define one name in one namespace break the
// one-definition rule, and the linker says nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace conclave {
namespace {

namespace fs = std::filesystem;

// "conclave::TokenContext" and the like: what stands at the left margin and is defined, not only named.
std::set<std::string> types_of(std::istream& header) {
  static const std::regex opens(R"(^namespace ([\w:]+) \{)");
  static const std::regex type(R"(^(?:class|struct|union|enum class|enum) (\w+)[^;]*$)");
  std::set<std::string> types;
  std::string space;
  for (std::string line; std::getline(header, line);) {
    std::smatch found;
    if (std::regex_search(line, found, opens)) space = found[1];
    if (std::regex_search(line, found, type) ||
        (line.find('{') != line.npos &&
         std::regex_search(line, found,
                           std::regex(R"(^(?:class|struct|union|enum class|enum) (\w+)[^;]*\{)"))))
      types.insert(space + "::" + found[1].str());
  }
  return types;
}

TEST(Types, NoNameIsGivenTwice) {
  std::map<std::string, std::string> first;
  for (const char* part : {"framework", "models", "datasets"}) {
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(CONCLAVE_SOURCE_DIR) / part)) {
      if (entry.path().extension() != ".h") continue;
      std::ifstream in(entry.path());
      for (const auto& type : types_of(in)) {
        const auto [at, fresh] = first.try_emplace(type, entry.path().string());
        EXPECT_TRUE(fresh) << type << " is defined in " << at->second << " and in " << entry.path();
      }
    }
  }
  EXPECT_GT(first.size(), 300U);
}

TEST(Types, DefinitionsAreTold) {
  std::istringstream header(
      "namespace a::b {\nclass Named;\nstruct Short { int x; };\nclass Long : public Named {\n  struct Inner "
      "{};\n};\n"
      "enum class Kind : int { one };\n}\n");
  EXPECT_EQ(types_of(header), (std::set<std::string>{"a::b::Short", "a::b::Long", "a::b::Kind"}));
}

}  // namespace
}  // namespace conclave
