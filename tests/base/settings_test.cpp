#include "framework/base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/paths.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Variable {
  Variable(const char* name, const std::string& value) : name(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name); }
  const char* name;
};

class SettingsTest : public ::testing::Test {
 protected:
  Settings with(const std::string& project, const std::string& user) {
    write_file(dir_ / "project.toml", project);
    write_file(dir_ / "user.toml", user);
    Settings settings;
    settings.add_file(SettingLayer::project, dir_ / "project.toml");
    settings.add_file(SettingLayer::user, dir_ / "user.toml");
    return settings;
  }
  testing::TempDir dir_;
};

TEST_F(SettingsTest, HigherLayerWins) {
  Settings settings = with("seed = 3\n", "seed = 2\n");
  settings.set_default("seed", 1);
  EXPECT_EQ(settings.get<int64_t>("seed", 0), 3);
  EXPECT_EQ(settings.find("seed")->layer, SettingLayer::project);
  EXPECT_THAT(settings.find("seed")->origin, HasSubstr("project.toml: line 1"));
  const Variable variable("CONCLAVE_SEED", "4");
  EXPECT_EQ(settings.get<int64_t>("seed", 0), 4);
  EXPECT_EQ(settings.find("seed")->origin, "CONCLAVE_SEED");
  settings.set_flag("seed", 5, "--seed");
  EXPECT_EQ(settings.get<int64_t>("seed", 0), 5);
}

TEST_F(SettingsTest, UserFileThenDefault) {
  Settings settings = with("", "[vqa.train]\nlearning-rate = 1e-3\n");
  settings.set_default("vqa.train.learning_rate", 1.0);
  settings.set_default("vqa.train.steps", 10);
  EXPECT_EQ(settings.get<double>("vqa.train.learning_rate", 0), 1e-3);
  EXPECT_EQ(settings.find("vqa.train.learning_rate")->layer, SettingLayer::user);
  EXPECT_EQ(settings.get<int64_t>("vqa.train.steps", 0), 10);
  EXPECT_FALSE(settings.find("vqa.train.batch"));
}

// The layer decides first, the more special key second.
TEST_F(SettingsTest, SpecialKeyWinsWithinALayerOnly) {
  const Settings settings = with("steps = 1\n", "[vqa]\nsteps = 2\n[vqa.train]\nsteps = 3\n");
  const std::vector<std::string> keys{"vqa.train.steps", "vqa.steps", "steps"};
  EXPECT_EQ(settings.find(keys)->value, 1);
  const std::vector<std::string> narrow{"vqa.train.steps", "vqa.steps"};
  EXPECT_EQ(settings.find(narrow)->value, 3);
}

TEST_F(SettingsTest, ListsAndTypes) {
  const Settings settings = with("a = [1, 2]\nb = true\nc = 'x'\nd = 1.5\n", "");
  EXPECT_THAT(settings.get<std::vector<int64_t>>("a", {}), ElementsAre(1, 2));
  EXPECT_TRUE(settings.get<bool>("b", false));
  EXPECT_EQ(settings.get<std::string>("c", ""), "x");
  EXPECT_THROW(settings.get<int64_t>("d", 0), UsageError);
  EXPECT_THROW(settings.get<int64_t>("c", 0), UsageError);
  const Variable variable("CONCLAVE_A", "7,8,9");
  EXPECT_THAT(settings.get<std::vector<int64_t>>("a", {}), ElementsAre(7, 8, 9));
  const Variable bad("CONCLAVE_D", "1.5x");
  try {
    settings.get<double>("d", 0);
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("CONCLAVE_D: d = \"1.5x\" is not a number"));
  }
}

TEST_F(SettingsTest, BadTomlNamesTheLine) {
  try {
    with("a = 1\nb = = 2\n", "");
    FAIL();
  } catch (const DataError& e) {
    EXPECT_EQ(e.where(), "line 2");
    EXPECT_THAT(e.file(), HasSubstr("project.toml"));
  }
  EXPECT_THROW(with("a = 1\na = 2\n", ""), DataError);
  EXPECT_THROW(with(std::string("a = \"\xff\xfe\"\n"), ""), DataError);
  EXPECT_THROW(Settings::load(dir_ / "absent.toml"), DataError);
}

TEST_F(SettingsTest, LoadFindsProjectFileUpwardAndUserFile) {
  std::filesystem::create_directories(dir_ / "a/b");
  write_file(dir_ / "conclave.toml", "threads = 2\n");
  write_file(dir_ / "config/conclave/config.toml", "threads = 9\ndtype = 'bfloat16'\n");
  const Variable config("XDG_CONFIG_HOME", (dir_ / "config").string());
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir_ / "a/b");
  const Settings settings = Settings::load();
  std::filesystem::current_path(before);
  EXPECT_EQ(settings.get<int64_t>("threads", 0), 2);
  EXPECT_EQ(settings.get<std::string>("dtype", ""), "bfloat16");
  EXPECT_EQ(settings.in_files("thr").size(), 2u);
}

TEST(Paths, EnvironmentOverrides) {
  const Variable data("XDG_DATA_HOME", "/somewhere");
  EXPECT_EQ(data_home(), "/somewhere/conclave");
  const Variable relative("XDG_STATE_HOME", "not/absolute");
  EXPECT_TRUE(state_home().is_absolute());
  EXPECT_EQ(expand_user("a/~/b"), "a/~/b");
  EXPECT_TRUE(expand_user("~/b").is_absolute());
}

}  // namespace
}  // namespace conclave
