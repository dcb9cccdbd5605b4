// Speech and music from the window.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTableView>
#include <cmath>
#include <numbers>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "ui/audio/audio_page.h"
#include "ui/audio/sound_view.h"
#include "ui/data/table_view.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

Sound tone(double hertz, double seconds) {
  Sound sound{8000, 1, {}};
  for (int i = 0; i < static_cast<int>(seconds * sound.rate); ++i)
    sound.samples.push_back(
        static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * i / sound.rate)));
  return sound;
}

class AudioTest : public UiTest {
 protected:
  AudioPage& page() { return *static_cast<AudioPage*>(window().page("audio")); }
  QString wave(const char* name, double hertz, double seconds) {
    const QByteArray bytes = wav_from(tone(hertz, seconds), 0);
    write_file(dir_ / name, bytes.toStdString());
    return QString::fromStdString((dir_ / name).string());
  }
  QStringList script(const char* text) {
    write_file(dir_ / "player", std::string("#!/bin/sh\n") + text + "\n");
    std::filesystem::permissions(dir_ / "player", std::filesystem::perms::owner_all);
    return {QString::fromStdString((dir_ / "player").string())};
  }
};

TEST_F(AudioTest, RecordingsAreReadAndCut) {
  const Sound sound = read_wav(wave("a.wav", 1000, 0.5));
  EXPECT_EQ(sound.rate, 8000);
  ASSERT_EQ(sound.samples.size(), 4000u);
  EXPECT_NEAR(sound.samples[1], 0.5 * std::sin(2 * std::numbers::pi / 8), 1e-4);
  EXPECT_EQ(wav_from(sound, 0.25).size(), 44 + 2 * 2000);
  EXPECT_EQ(wav_from(sound, 9).size(), 44);
  const auto outline = outline_of(sound, 10);
  EXPECT_NEAR(outline[3].second, 0.5, 1e-3);
  // 1,000 Hz of at most 4,000 is a quarter of the way up.
  const QImage image = spectrogram(sound, 100);
  int loudest = 0, level = -1;
  for (int y = 0; y < image.height(); ++y)
    if (const int g = qGreen(image.pixel(image.width() / 2, y)); g > level) level = g, loudest = y;
  EXPECT_NEAR(1.0 - (loudest + 0.5) / image.height(), 0.25, 0.02);
  for (const std::string& wrong :
       {std::string("RIFF"), std::string("RIFF0000WAVE"), std::string("RIFF0000WAVEdata\4\0\0\0abcd", 24),
        std::string("RIFF0000WAVEfmt \4\0\0\0abcd", 24)}) {
    write_file(dir_ / "bad.wav", wrong);
    EXPECT_THROW(read_wav(QString::fromStdString((dir_ / "bad.wav").string())), Error);
  }
}

TEST_F(AudioTest, NotesAndWordsAreRead) {
  const auto notes = read_notes(CONCLAVE_SOURCE_DIR "/assets/samples/chorale.mid");
  EXPECT_EQ(notes.size(), 63u);
  EXPECT_GT(notes.back().end, 12);
  write_file(dir_ / "bad.mid", "MThd");
  EXPECT_THROW(read_notes(QString::fromStdString((dir_ / "bad.mid").string())), Error);
  const auto words = parse_words(R"({"words":[{"word":"one","begin":0.5,"end":1}]})");
  ASSERT_EQ(words.size(), 1u);
  EXPECT_EQ(words[0].text, "one");
  EXPECT_TRUE(parse_words("{}").empty());
  EXPECT_THROW(parse_words(R"({"words":[1]})"), Error);
}

TEST_F(AudioTest, PlaysStopsSeeksAndComparesAtOnePlace) {
  window().open_page("audio");
  page().player().set_player(script("cp \"$1\" \"$0.played\"; sleep 5"));
  const QAbstractItemModelTester tester(child<QTableView>("audio.versions")->model(),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  page().open_file(wave("a.wav", 440, 4));
  ASSERT_TRUE(wait([&] { return page().versions().size() == 1; }));
  page().open_file(wave("b.wav", 880, 4));
  ASSERT_TRUE(wait([&] { return page().versions().size() == 2; }));
  SoundView& view = page().view();
  QTest::mouseClick(&view, Qt::LeftButton, {}, {view.width() / 2, 30});
  EXPECT_NEAR(view.playhead(), 2, 0.1);
  QTest::keyClick(&window(), Qt::Key_P, Qt::ControlModifier);
  ASSERT_TRUE(page().player().playing());
  EXPECT_TRUE(wait([&] { return view.playhead() > 2.1; })) << "it moves";
  ASSERT_TRUE(wait([&] { return std::filesystem::exists(dir_ / "player.played"); }));
  EXPECT_LT(std::filesystem::file_size(dir_ / "player.played"), 44u + 2 * 8000 * 2.2)
      << "from the playhead on";
  QTest::keyClick(&window(), Qt::Key_Up, Qt::ControlModifier);
  EXPECT_TRUE(page().player().playing()) << "the other version goes on";
  EXPECT_GT(view.playhead(), 2);
  QTest::keyClick(&window(), Qt::Key_Left, Qt::ControlModifier);
  EXPECT_LT(view.playhead(), 2);
  QTest::keyClick(&window(), Qt::Key_P, Qt::ControlModifier);
  EXPECT_FALSE(page().player().playing());
  page().player().set_player(script("echo no sound card >&2; exit 1"));
  trigger("audio.play");
  EXPECT_TRUE(wait([&] { return child<QLabel>("status.message")->text().contains("no sound card"); }));
  EXPECT_FALSE(page().player().playing());
}

TEST_F(AudioTest, VersionsStandSideBySideUnderOnePlayhead) {
  window().open_page("audio");
  page().open_file(wave("a.wav", 440, 4));
  ASSERT_TRUE(wait([&] { return page().versions().size() == 1; }));
  page().open_file(wave("b.wav", 880, 2));
  ASSERT_TRUE(wait([&] { return page().versions().size() == 2; }));
  EXPECT_EQ(page().views().size(), 1u);
  child<QTableView>("audio.versions")->selectAll();
  ASSERT_EQ(page().views().size(), 2u);
  EXPECT_EQ(page().views()[0]->version()->title, "b.wav") << "the current one is above";
  EXPECT_EQ(page().views()[1]->version()->title, "a.wav");
  SoundView& below = *page().views()[1];
  QTest::qWait(50);  // a new widget is laid out
  QTest::mouseClick(&below, Qt::LeftButton, {}, {below.width() / 4, 30});
  EXPECT_NEAR(page().views()[0]->playhead(), 1, 0.1);
  EXPECT_NEAR(below.playhead(), 1, 0.1) << "one playhead";
  keep_picture("audio-beside");
  choose_row(*child<QTableView>("audio.versions"), 0);
  EXPECT_EQ(page().views().size(), 1u);
}

TEST_F(AudioTest, RoutingIsReadAndTakenAlong) {
  const QByteArray line =
      R"({"routing":{"times":[0,0.5,1],"layers":[{"name":"layer 1","experts":1,"nulls":1,)"
      R"("weights":[[0.75,0.25],null]}]}})";
  Version version;
  version.routing = parse_routing(line);
  ASSERT_EQ(version.routing.layers.size(), 1u);
  EXPECT_TRUE(version.routing.layers[0].weights[1].empty());
  EXPECT_EQ(version_csv(version).toStdString(),
            "kind,begin,end,name,value\nexpert,0.0000,0.5000,layer 1:0,0.75\n"
            "no expert,0.0000,0.5000,layer 1:1,0.25\n");
  EXPECT_TRUE(parse_routing("{}").layers.empty());
  QByteArray wrong = line;
  EXPECT_THROW(parse_routing(wrong.replace("0,0.5,1", "0")), Error) << "frames without times";
  EXPECT_THROW(parse_routing(R"({"routing":1})"), Error);
}

TEST_F(AudioTest, WhatCannotBeShownIsSaid) {
  window().open_page("audio");
  write_file(dir_ / "x.wav", "no sound");
  page().open_file(QString::fromStdString((dir_ / "x.wav").string()));
  ASSERT_TRUE(wait([&] { return page().versions().size() == 1; }));
  EXPECT_THAT(page().versions()[0]->error.toStdString(), ::testing::HasSubstr("x.wav"));
  trigger("audio.play");
  EXPECT_FALSE(page().player().playing());
}

TEST_F(AudioTest, ASpokenNumberBecomesAVersionAndANoteRollToo) {
  window().open_page("audio");
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().form("speak").ready(); }, 30000));
  auto* text = page().form("speak").findChild<QLineEdit*>("form.text");
  ASSERT_NE(text, nullptr);
  QTest::keyClicks(text, "314");
  QTest::keyClick(&window(), Qt::Key_Return, Qt::ControlModifier);
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().versions().size() == 1; }, 60000))
      << child<QLabel>("audio.state")->text().toStdString();
  EXPECT_EQ(page().versions()[0]->error, "");
  EXPECT_GT(page().versions()[0]->sound.seconds(), 0.5);
  ASSERT_EQ(page().versions()[0]->words.size(), 3u);
  EXPECT_EQ(page().versions()[0]->words[0].text, "three");
  ASSERT_FALSE(page().versions()[0]->routing.layers.empty());
  EXPECT_GT(page().versions()[0]->routing.layers[0].weights.size(), 20u) << "experts along time";
  EXPECT_EQ(page().command(), QStringList({"conclave-audio", "speak", "--text", "314"}));
  keep_picture("audio-speak");
  ASSERT_TRUE(QTest::qWaitFor(
      [&] {
        page().refresh();
        return page().form("music").ready();
      },
      30000));
  page().form("music").set_value("bars", 4);
  trigger("audio.make");
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().versions().size() == 2; }, 60000));
  EXPECT_EQ(page().versions()[1]->error, "");
  EXPECT_GT(page().versions()[1]->notes.size(), 8u);
  EXPECT_FALSE(page().versions()[1]->routing.layers.empty());
  keep_picture("audio-music");
}

TEST_F(AudioTest, AScoreIsChosenToGoOnFrom) {
  window().open_page("audio");
  page().open_file("/pieces/a.MUSICXML");
  EXPECT_TRUE(child<QLabel>("status.message")->text().contains("a.MUSICXML is chosen"));
  EXPECT_TRUE(wait([&] { return page().command().contains("/pieces/a.MUSICXML"); }))
      << page().command().join(' ').toStdString();
}

}  // namespace
}  // namespace conclave::ui
