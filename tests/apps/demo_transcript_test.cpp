// What `conclave demo` prints, against data/demo.txt, with everything masked that another model, machine or
// moment changes: answers but their kind, probabilities, times, experts, paths. To renew the file after a
// change that is meant: CONCLAVE_RENEW=1 build/release/bin/test_apps --gtest_filter='DemoTranscript.*'
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(CONCLAVE_SOURCE_DIR) / "tests" / "apps" / "data" / "demo.txt";

std::string masked(std::string text, const fs::path& folder) {
  const std::pair<std::string, std::string> rules[] = {
      {"  (?:true|false) \\d\\.\\d\\d ", "  <true or false> <p> "},
      {"  [a-z]+ \\d\\.\\d\\d ", "  <word> <p> "},
      {"\\d+ ms", "<n> ms"},
      {"e\\d+ \\d+ %", "e<n> <n> %"},
      {"\\d\\.\\d\\d (before|after|again)", "<p> $1"},
      {"again \\d+ rows later", "again <n> rows later"},
      {"\\d+ (experts were replaced|rows a second)", "<n> $1"},
      {"\\d+\\.\\d s of sound", "<t> s of sound"},
      {"\\d+ times as fast", "<n> times as fast"},
      {"\\d+ in the end, made in \\d+\\.\\d s", "<n> in the end, made in <t> s"},
      {"pathology [a-z]+ \\d\\.\\d\\d, reader_category \\d \\d\\.\\d\\d, BI-RADS \\w+",
       "pathology <word> <p>, reader_category <n> <p>, BI-RADS <n>"},
      {"\\d+\\.\\d mm around", "<n> mm around"},
      {"runs   \\d+ in", "runs   <n> in"},
      {"programs are in [^;]+;", "programs are in <folder>;"},
  };
  for (size_t at; (at = text.find(folder.string())) != text.npos;)
    text.replace(at, folder.string().size(), "<folder>");
  for (const auto& [pattern, mask] : rules) text = std::regex_replace(text, std::regex(pattern), mask);
  return text;
}

TEST(DemoTranscript, IsTheGoldenOne) {
  const testing::TempDir dir;
  const fs::path history = dir / "history.db", out = dir / "out";
  const auto outcome =
      testing::run_program({"conclave", "demo", "--out", out.string(), "--history", history.string()},
                           {{"XDG_CONFIG_HOME", (dir / "config").string()},
                            {"XDG_STATE_HOME", (dir / "state").string()},
                            {"DISPLAY", ""},
                            {"WAYLAND_DISPLAY", ""}});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(read_file(out / "experts.png").substr(1, 3), "PNG");
  const auto runs =
      testing::run_program({"conclave-history", "list", "--json", "--history", history.string()});
  EXPECT_EQ(std::count(runs.out.begin(), runs.out.end(), '\n'), 10) << "all that was shown";

  std::string told = outcome.out;
  if (const size_t at = told.find("       as conclave-workbench shows them"); at != told.npos) {
    told.erase(at, told.find('\n', at) + 1 - at);  // only where Qt is
    EXPECT_EQ(read_file(out / "runs-light.png").substr(1, 3), "PNG");
  }
  const std::string transcript = masked(told, dir.path());
  if (std::getenv("CONCLAVE_RENEW")) write_file(kGolden, transcript);
  EXPECT_EQ(read_file(kGolden), transcript)
      << "The demo prints something else than tests/apps/data/demo.txt. Where that is meant, renew the "
         "file:\n"
      << "  CONCLAVE_RENEW=1 build/release/bin/test_apps --gtest_filter='DemoTranscript.*'\nUnmasked:\n"
      << outcome.out;
}

}  // namespace
}  // namespace conclave
