// Where tokens went, as matrices and on the page.
#include <gmock/gmock.h>

#include <QComboBox>
#include <QPushButton>
#include <QSlider>
#include <QTableView>
#include <cmath>

#include "framework/base/file.h"
#include "testing/vision_folder.h"
#include "ui/compare/pins.h"
#include "ui/data/table_view.h"
#include "ui/plots/color_map.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/custom_plot.h"
#include "ui/plots/plot_export.h"
#include "ui/routing/expert_curve.h"
#include "ui/routing/probe_view.h"
#include "ui/routing/routing_page.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

using ::testing::DoubleNear;

RoutingRow row(const std::string& site, const std::string& modality, std::vector<uint32_t> counts,
               std::vector<uint32_t> dropped = {}) {
  RoutingRow row;
  row.site = site;
  row.modality = modality;
  row.counts = std::move(counts);
  row.dropped = std::move(dropped);
  return row;
}

TEST(RoutingMatrix, SharesByLayerAndModality) {
  const std::vector<RoutingRow> rows{row("10", "text", {0, 4}), row("2", "text", {3, 1}),
                                     row("2", "vision", {1, 1, 2})};
  const auto matrices = routing_matrices(rows, RoutingMeasure::load);
  ASSERT_EQ(matrices.size(), 2u);
  EXPECT_EQ(matrices[0].title, "text");
  EXPECT_EQ(matrices[0].rows, QStringList({"layer 2", "layer 10"})) << "by number";
  EXPECT_EQ(matrices[0].columns.size(), 3);
  EXPECT_DOUBLE_EQ(matrices[0].at(0, 0), 0.75);
  EXPECT_DOUBLE_EQ(matrices[0].at(1, 1), 1);
  EXPECT_TRUE(std::isnan(matrices[0].at(0, 2)));
  EXPECT_DOUBLE_EQ(matrices[1].at(0, 2), 0.5);
  EXPECT_TRUE(std::isnan(matrices[1].at(1, 0))) << "no vision token went through layer 10";
  EXPECT_TRUE(routing_matrices(rows, RoutingMeasure::probability).empty()) << "not recorded";
  const auto difference =
      subtract(matrices, routing_matrices({row("2", "text", {1, 1})}, RoutingMeasure::load));
  EXPECT_DOUBLE_EQ(difference[0].at(0, 0), 0.25);
  EXPECT_TRUE(std::isnan(difference[0].at(1, 0)));
  const auto lost = routing_matrices({row("0", "text", {3, 0}, {1, 0})}, RoutingMeasure::dropped);
  EXPECT_DOUBLE_EQ(lost[0].at(0, 0), 0.25);
  EXPECT_DOUBLE_EQ(lost[0].at(0, 1), 0);
}

RoutingRow row_with(std::vector<uint32_t> counts, std::vector<float> probabilities,
                    const std::string& modality = "text") {
  RoutingRow made = row("0", modality, std::move(counts));
  made.prob_sums = std::move(probabilities);
  return made;
}

TEST(RoutingMatrix, LoadStandsAboveProbability) {
  const auto both =
      routing_matrices({row_with({3, 1}, {1, 1}), row_with({2, 2}, {}, "vision")}, RoutingMeasure::both);
  ASSERT_EQ(both.size(), 2u);
  EXPECT_DOUBLE_EQ(both[0].at(0, 0), 0.75);
  EXPECT_DOUBLE_EQ(both[0].below_at(0, 0), 0.5);
  EXPECT_TRUE(both[1].below.empty()) << "not recorded";
  EXPECT_TRUE(std::isnan(both[1].below_at(0, 0)));
  const auto less = subtract(both, routing_matrices({row_with({1, 1}, {3, 1})}, RoutingMeasure::both));
  EXPECT_DOUBLE_EQ(less[0].at(0, 0), 0.25);
  EXPECT_DOUBLE_EQ(less[0].below_at(0, 0), -0.25);
  HeatMap map;
  map.resize(300, 250);
  map.name_halves("share", "probability");
  map.set_matrices(both, ColorMap::viridis);
  EXPECT_DOUBLE_EQ(map.largest(), 0.75);
  EXPECT_EQ(map.csv().section('\n', 0, 2),
            "block,row,column,share,probability\ntext,layer 0,e0,0.75,0.5\ntext,layer 0,e1,0.25,0.5");
  // Each half in the color of its number.
  const QImage drawn = map.grab().toImage();
  std::set<QRgb> seen;
  for (int x = 0; x < drawn.width(); ++x)
    for (int y = 0; y < drawn.height() - 70; ++y) seen.insert(drawn.pixel(x, y));  // not the scale
  for (const double value : {0.75, 0.25, 0.5}) EXPECT_TRUE(seen.contains(map.color_of(value).rgb())) << value;
  QString tip;
  for (int x = 0; x < map.width() && tip.isEmpty(); ++x) tip = map.text_at({x, 60});
  EXPECT_EQ(tip, "text, layer 0, e0: 0.75 (share), 0.5 (probability)");
}

TEST(RoutingMatrix, BalanceOfALayer) {
  const auto even = balance_of({row("0", "text", {1, 3}), row("0", "vision", {3, 1})});
  ASSERT_EQ(even.size(), 1u);
  EXPECT_DOUBLE_EQ(even[0].entropy, 1);
  EXPECT_DOUBLE_EQ(even[0].cv, 0);
  const auto one = balance_of({row("0", "text", {4, 0}, {1, 0})});
  EXPECT_DOUBLE_EQ(one[0].entropy, 0);
  EXPECT_DOUBLE_EQ(one[0].cv, 1);
  EXPECT_EQ(one[0].dead, 1);
  EXPECT_DOUBLE_EQ(one[0].dropped, 0.2);
}

TEST(ColorMap, EndsAndMiddle) {
  EXPECT_EQ(map_color(ColorMap::viridis, 0).name(), "#440154");
  EXPECT_EQ(map_color(ColorMap::viridis, 2).name(), "#fde725");
  EXPECT_EQ(map_color(ColorMap::diverging, 0.5).name(), "#f7f7f7");
  EXPECT_EQ(ink_on(Qt::black), QColor(Qt::white));
}

class RoutingTest : public UiTest {
 protected:
  RoutingPage& page() { return *static_cast<RoutingPage*>(window().page("routing")); }
  int64_t add_routed(const std::string& name, uint32_t first) {
    RunWriter run(history(), {"vqa", "train", name});
    for (int step = 0; step <= 20; ++step) run.metric("loss", step, 1.0 / (step + 1));
    for (const int64_t step : {0, 10, 20}) {
      const std::vector<RoutingRow> rows{row_with({first, 8 - first}, {1, 3}),
                                         row("0", "vision", {4, static_cast<uint32_t>(step)})};
      run.routing("train", step, rows);
    }
    run.finish("finished", 0);
    return *Store::open(history()).find_uuid(run.uuid());
  }
};

TEST_F(RoutingTest, NewestRunStepByStepAndMinusAnother) {
  const int64_t other = add_routed("a", 2);
  add_run("without", 0.5);
  const int64_t run = add_routed("b", 4);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  EXPECT_EQ(child<QLabel>("routing.what")->text(), QString("Run %1: b · split train · step 20").arg(run));
  EXPECT_DOUBLE_EQ(page().map().matrices()[0].at(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(page().map().matrices()[1].at(0, 1), 20.0 / 24);
  child<QSlider>("routing.steps")->setValue(1);
  ASSERT_TRUE(wait([&] { return page().settled() && page().map().matrices()[1].at(0, 1) == 10.0 / 14; }));
  page().subtract_run(other);
  ASSERT_TRUE(wait([&] { return page().settled() && page().map().matrices()[0].at(0, 0) == 0.25; }));
  keep_picture("routing");
  EXPECT_EQ(page().map().color_of(0).name(), "#f7f7f7");
  EXPECT_EQ(page().balance().rowCount(), 1);
  EXPECT_THAT(page().map().csv().toStdString(), ::testing::HasSubstr("text,layer 0,e0,0.25"));
  const QSize size = page().map().size();
  EXPECT_EQ(page().map().text_at({size.width() - 1, size.height() - 1}), "");
}

TEST_F(RoutingTest, TheChosenExpertIsFollowedOverTheSteps) {
  const int64_t other = add_routed("a", 2);
  const int64_t run = add_routed("b", 4);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  ExpertCurve& curve = page().expert_curve();
  QAction* take = window().actions().find("routing.take-expert");
  EXPECT_FALSE(curve.isVisible());
  EXPECT_FALSE(take->isEnabled());
  page().map().setFocus();
  QTest::keyClick(&page().map(), Qt::Key_Down);
  ASSERT_TRUE(wait([&] { return page().settled() && curve.isVisible(); }));
  EXPECT_TRUE(take->isEnabled());
  EXPECT_THAT(child<QLabel>("routing.chosen")->text().toStdString(),
              ::testing::StartsWith("layer 0, expert 0: 0.5 of text, probability 0.25"));
  const auto head = "run,split,layer,modality,expert,measure,step,value\n";
  QString expected = head;
  for (const auto& [measure, value] : {std::pair("share", 0.5), {"probability", 0.25}})
    for (const int step : {0, 10, 20})
      expected += QString("%1,train,0,text,0,%2,%3,%4\n").arg(run).arg(measure).arg(step).arg(value);
  EXPECT_EQ(curve.csv(), expected);
  // The same steps as the loss, which has more points, and the same place on them.
  auto* loss = page().loss_curve().plot();
  EXPECT_TRUE(wait([&] { return loss->xAxis->range().upper == 20; }));
  EXPECT_EQ(curve.plot().plot()->xAxis->range(), loss->xAxis->range());
  EXPECT_EQ(curve.plot().cursor(), 20);
  page().loss_curve().zoom(5, 15);
  EXPECT_EQ(curve.plot().plot()->xAxis->range(), QCPRange(5, 15));
  curve.plot().zoom(2, 18);
  EXPECT_EQ(loss->xAxis->range(), QCPRange(2, 18));
  page().loss_curve().show_all();
  EXPECT_TRUE(wait([&] { return curve.plot().plot()->xAxis->range() == QCPRange(0, 20); }));
  child<QSlider>("routing.steps")->setValue(1);
  EXPECT_TRUE(wait([&] { return page().settled() && curve.plot().cursor() == 10; }));
  Q_EMIT curve.plot().cursor_moved(7);
  EXPECT_EQ(page().loss_curve().cursor(), 7);
  // What was not recorded has no curve; another expert has its own.
  page().map().choose(HeatMap::Cell{1, 0, 1});
  ASSERT_TRUE(wait([&] { return page().settled() && curve.csv().contains("vision"); }));
  EXPECT_EQ(curve.csv(), QString(head) + QString("%1,train,0,vision,1,share,0,0\n").arg(run) +
                             QString("%1,train,0,vision,1,share,10,0.714285714\n").arg(run) +
                             QString("%1,train,0,vision,1,share,20,0.833333333\n").arg(run));
  keep_picture("routing-expert");
  for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
    const QString file = QString::fromStdString((dir_ / "expert.").string()) + suffix;
    EXPECT_EQ(export_to(curve.takeaway(), file), "");
    EXPECT_GT(QFileInfo(file).size(), *suffix == 'c' ? 100 : 1000) << suffix;
  }
  // Minus another run: both.
  page().subtract_run(other);
  ASSERT_TRUE(wait([&] { return page().settled() && curve.csv().count("\n") == 7; }))
      << curve.csv().toStdString();
  EXPECT_TRUE(curve.csv().contains(QString("\n%1,train,0,vision,1,share,20,").arg(other)));
  child<QComboBox>("routing.measure")->setCurrentIndex(3);
  ASSERT_TRUE(wait([&] { return page().settled() && !curve.isVisible(); })) << "drops were not recorded";
  page().map().choose(std::nullopt);
  EXPECT_FALSE(take->isEnabled());
}

TEST(Ablation, RepeatsTheEvaluationWithoutAnExpert) {
  RunDetail run;
  run.id = 7;
  run.uuid = "0123456789abcdef";
  run.folder = "/somewhere";
  run.argv = {"conclave-vqa",          "eval",          "--dataset", "nlvr",  "--predictions", "p.jsonl",
              "--export=vqav2=a.json", "--mask-expert", "0:1",       "--json"};
  const JobSpec job = ablation_job(run, "2", 3);
  EXPECT_THAT(job.argv,
              ::testing::ElementsAre("conclave-vqa", "eval", "--dataset", "nlvr", "--mask-expert", "0:1",
                                     "--json", "--mask-expert", "2:3", "--run-name", "run 7 without 2:3"));
  EXPECT_EQ(job.folder, "/somewhere");
}

TEST_F(RoutingTest, AnExpertIsTakenOutAndWhatIsLostIsShown) {
  RunWriter run(history(), {"vqa", "eval", "base", "", {"conclave-vqa", "eval", "--no-such-option"}});
  run.describe_metric("accuracy", "", "max");
  run.metric("accuracy", 0, 0.75);
  const std::vector<RoutingRow> rows{row("0", "text", {2, 6}), row("1", "text", {4, 4})};
  run.routing("dev", 0, rows);
  run.finish("finished", 0);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  QAction* ablate = window().actions().find("routing.ablate");
  EXPECT_FALSE(ablate->isEnabled()) << "no expert is chosen yet";
  page().map().setFocus();
  QTest::keyClick(&page().map(), Qt::Key_Down);   // the first cell
  QTest::keyClick(&page().map(), Qt::Key_Down);   // layer 1
  QTest::keyClick(&page().map(), Qt::Key_Right);  // expert 1
  EXPECT_THAT(child<QLabel>("routing.chosen")->text().toStdString(),
              ::testing::StartsWith("layer 1, expert 1: 0.5 of text"));
  ASSERT_TRUE(ablate->isEnabled());
  QTest::keyClick(&page().map(), Qt::Key_X);
  const auto cell = [&](int column) { return page().ablations().index(0, column).data().toString(); };
  ASSERT_TRUE(wait([&] { return page().ablations().rowCount() == 1; }));
  EXPECT_EQ(cell(0), "1:1");
  EXPECT_EQ(cell(2), "0.75");
  const Store store = Store::open(history());
  const Job job = Queue(store).list().front();
  EXPECT_THAT(job.argv, ::testing::Contains("--mask-expert"));
  {
    ::setenv("CONCLAVE_JOB", job.uuid.c_str(), 1);  // as the program does that the queue starts
    RunWriter without(history(), {"vqa", "eval", "without"});
    ::unsetenv("CONCLAVE_JOB");
    without.metric("accuracy", 0, 0.5);
    without.finish("finished", 0);
  }
  EXPECT_TRUE(wait([&] { return cell(3) == "0.5" && cell(4) == "-0.25"; })) << cell(4).toStdString();
  keep_picture("ablation");
}

TEST_F(RoutingTest, WithoutAnEvaluationItSaysWhatToDo) {
  add_routed("a", 2);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  page().map().choose(HeatMap::Cell{0, 0, 0});
  EXPECT_THAT(child<QLabel>("routing.chosen")->text().toStdString(),
              ::testing::HasSubstr("conclave-vqa eval"));
  EXPECT_FALSE(window().actions().find("routing.ablate")->isEnabled());
}

TEST_F(RoutingTest, WithoutRoutingItSaysWhatWouldBeHere) {
  add_run("without", 0.5);
  window().open_page("routing");
  EXPECT_TRUE(
      wait([&] { return child<QLabel>("routing.empty")->text().contains("No run has recorded routing"); }));
}

// A line of conclave-vqa inspect: a picture of one tile of 2 x 2 patches, two words and the answer.
constexpr const char* kAnswerWithoutRouting =
    R"({"question_id":"0","prompt":"x","text":"y","metadata":{"confidence":1,"topk":[]}})";

std::string inspected(const std::string& id, const std::string& image, const std::string& question,
                      int experts = 4) {
  Json routing = Json::array();
  for (const int site : {1, 4}) {
    for (int token = 0; token < 4; ++token)
      routing.push_back({{"part", "pictures"},
                         {"site", site},
                         {"token", token},
                         {"modality", "vision"},
                         {"experts", {token % experts, (token + 1) % experts}},
                         {"weights", {0.75, 0.25}}});
    for (const auto& [part, token, word] :
         {std::tuple("question", 0, "is"), {"question", 1, " it"}, {"answer", 0, " yes"}})
      routing.push_back({{"part", part},
                         {"site", site},
                         {"token", token},
                         {"modality", "text"},
                         {"experts", {(token + site) % experts, -1}},
                         {"weights", {0.5, 0.0}},
                         {"word", word}});
  }
  Json record = Json::parse(R"({"text": "yes", "metadata": {"confidence": 0.75, "topk": [["yes", 0.75]],
                                "resize": [{"tiles": [[0, 0, 64, 64]]}]}})");
  record["question_id"] = id;
  record["image"] = image;
  record["prompt"] = question;
  record["routing"] = routing;
  return record.dump();
}

TEST(ProbeSet, ALineIsReadAndWritten) {
  const Probe probe =
      parse_probe(QByteArray::fromStdString(inspected("7", "a.png", "is it")), "/set/q.jsonl");
  EXPECT_EQ(probe.pictures, QStringList("/set/a.png"));
  EXPECT_EQ(probe.sites(), (std::set<int>{1, 4}));
  EXPECT_EQ(probe.experts(), 4);
  const auto words = probe.words_at(4);
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[1].word, " it");
  EXPECT_EQ(words[1].choices, (std::vector<ExpertChoice>{{1, 0.5}})) << "-1 is an empty slot";
  EXPECT_EQ(words[2].part, "answer");
  ASSERT_NE(probe.patches_at(1), nullptr);
  EXPECT_EQ(probe.patches_at(1)->patches.size(), 4u);
  EXPECT_EQ(probe.patches_at(2), nullptr);
  const QString csv = probes_csv({probe});
  EXPECT_TRUE(csv.contains("7,question,4,1, it,0,1,0.5\n")) << csv.toStdString();
  EXPECT_EQ(csv.count('\n'), 1 + 2 * (4 * 2 + 3));
  const Probe failed = parse_probe(R"({"question_id":"0","prompt":"x","error":{"message":"gone"}})", "q");
  EXPECT_EQ(failed.answer.error, "gone");
  const QByteArray whole = QByteArray::fromStdString(inspected("7", "a.png", "is it"));
  for (const QByteArray& wrong :
       {QByteArray("{"), QByteArray("[]"), QByteArray(kAnswerWithoutRouting),
        QByteArray(whole).replace("\"experts\":[0,1]", "\"experts\":[0]").replace("[0.75,0.25]", "[]"),
        QByteArray(whole).replace("\"experts\":[0,1]", "\"experts\":[99999,1]"),
        QByteArray(whole).replace("\"site\":1", "\"site\":-3"),
        QByteArray(whole).replace("\"weights\":[0.75", "\"weights\":[\"x\"")})
    EXPECT_THROW(parse_probe(wrong, "q"), Error) << wrong.left(100).toStdString();
  // Tiles that do not fit take the patches away, not the words.
  const Probe misfit =
      parse_probe(QByteArray(whole).replace("[0,0,64,64]", "[0,0,64,64],[0,0,1,1],[0,0,1,1]"), "q");
  EXPECT_TRUE(misfit.patches.empty());
  EXPECT_FALSE(misfit.trouble.isEmpty());
  EXPECT_EQ(misfit.words_at(1).size(), 3u);
}

TEST(TokenStrip, WordsAreChosenByKeyAndMouse) {
  const Probe probe = parse_probe(QByteArray::fromStdString(inspected("7", "a.png", "is it")), "q");
  TokenStrip strip;
  strip.resize(300, 200);
  strip.set_tokens(probe.words_at(4), 4);
  EXPECT_EQ(strip.chosen(), -1);
  QTest::keyClick(&strip, Qt::Key_Right);
  EXPECT_EQ(strip.chosen(), 0);
  QTest::keyClick(&strip, Qt::Key_End);
  EXPECT_EQ(strip.chosen(), 2);
  QTest::keyClick(&strip, Qt::Key_Right);
  EXPECT_EQ(strip.chosen(), 2) << "the last one";
  EXPECT_EQ(strip.accessibleDescription(), "yes: expert 0 with 0.5");
  QTest::mouseClick(&strip, Qt::LeftButton, {}, strip.area_of(1, strip.width()).center());
  EXPECT_EQ(strip.chosen(), 1);
  EXPECT_EQ(strip.token_at(strip.area_of(0, strip.width()).center()), 0);
  EXPECT_GT(strip.area_of(2, 300).y(), strip.area_of(1, 300).y()) << "the answer has a line of its own";
  EXPECT_EQ(strip.color_of(0), strip.color_of(2)) << "the same expert";
  EXPECT_NE(strip.color_of(0), strip.color_of(1));
  EXPECT_GE(strip.heightForWidth(40), strip.heightForWidth(300));
  strip.set_tokens({}, 0);
  EXPECT_EQ(strip.chosen(), -1);
  QTest::keyClick(&strip, Qt::Key_Right);
  EXPECT_EQ(shown_word(" it"), "it");
  EXPECT_EQ(shown_word("\n"), "↵");
  EXPECT_EQ(shown_word("  "), "··");
  EXPECT_EQ(shown_word(QString(100, 'x')).size(), 40);
}

class ProbeTest : public RoutingTest {
 protected:
  const char* first_page() const override { return "routing"; }
  ProbeView& probes() { return page().probes(); }
  void open_tab() {
    window();
    trigger("routing.tab");
    QImage picture(64, 64, QImage::Format_RGB32);
    picture.fill(Qt::gray);
    picture.save(QString::fromStdString((dir_ / "a.png").string()));
    write_file(dir_ / "probe.jsonl", "{}\n");
    probes().set_questions(QString::fromStdString((dir_ / "probe.jsonl").string()));
  }
  void use_script(const std::string& text) {
    write_file(dir_ / "script",
               "#!/bin/sh\necho \"$@\" >> " + (dir_ / "asked").string() + "\n" + text + "\n");
    std::filesystem::permissions(dir_ / "script", std::filesystem::perms::owner_all);
    probes().set_program(QString::fromStdString((dir_ / "script").string()));
  }
  std::string state_after_asking() {
    probes().ask();
    EXPECT_TRUE(wait([&] { return probes().settled(); }));
    return child<QLabel>("routing.probeState")->text().toStdString();
  }
  QString cell(const char* table, int row, int column) {
    return child<QTableView>(table)->model()->index(row, column).data().toString();
  }
};

TEST_F(ProbeTest, TheRunsModelIsAskedAndItsTokensAreSeen) {
  std::filesystem::create_directories(dir_ / "model");
  write_file(dir_ / "model" / "config.json", "{}");
  {
    RunWriter run(history(), {"vqa", "train", "base"});
    run.output(dir_ / "model" / "config.json", "model");
    const std::vector<RoutingRow> rows{row("0", "text", {2, 6})};
    run.routing("train", 0, rows);
    run.finish("finished", 0);
  }
  open_tab();
  ASSERT_TRUE(wait([&] { return probes().command().contains("--model"); })) << "the newest run's";
  use_script("cat <<'EOF'\n" + inspected("a", "a.png", "is it") + "\n" +
             R"({"question_id":"b","prompt":"what","error":{"message":"no such picture"}})" +
             "\nEOF\nexit 1");
  QTest::mouseClick(probes().findChild<QPushButton*>("primary"), Qt::LeftButton);
  ASSERT_TRUE(wait([&] { return probes().settled() && probes().probes().size() == 2; }));
  EXPECT_EQ(page().command(),
            QStringList({"conclave-vqa", "inspect", QString::fromStdString((dir_ / "probe.jsonl").string()),
                         "--json", "--model", QString::fromStdString((dir_ / "model").string())}));
  EXPECT_THAT(read_file(dir_ / "asked"), ::testing::HasSubstr("--history " + history().string()));
  EXPECT_EQ(child<QLabel>("routing.probeState")->text(), "2 questions, 1 of them without an answer");
  EXPECT_EQ(cell("routing.probes", 1, 1), "⚠ no such picture");
  auto* canvas = child<PictureCanvas>("routing.canvas");
  EXPECT_EQ(canvas->patches().site, 4) << "the last layer";
  EXPECT_EQ(canvas->patches().patches.size(), 4u);
  auto* strip = child<TokenStrip>("routing.tokens");
  EXPECT_EQ(strip->tokens().size(), 3u);
  EXPECT_EQ(child<QTableView>("routing.tokenTable")->model()->rowCount(), 7);
  EXPECT_EQ(cell("routing.tokenTable", 3, 0), "patch 0");
  EXPECT_EQ(cell("routing.tokenTable", 3, 1), "e0 0.75 · e1 0.25");
  // By keys: a word, the layer, a patch.
  strip->setFocus();
  QTest::keyClick(strip, Qt::Key_Right);
  EXPECT_EQ(child<QLabel>("routing.token")->text(), "is: expert 0 with 0.5");
  QTest::keyClick(child<QSlider>("routing.layer"), Qt::Key_Left);
  EXPECT_EQ(canvas->patches().site, 1);
  EXPECT_EQ(child<QLabel>("routing.token")->text(), "is: expert 1 with 0.5") << "the word stays chosen";
  auto* table = child<QTableView>("routing.tokenTable");
  table->setFocus();
  for (int i = 0; i < 4; ++i) QTest::keyClick(table, Qt::Key_Down);
  EXPECT_EQ(canvas->marked_patch(), 1);
  EXPECT_EQ(strip->chosen(), -1);
  QTest::mouseClick(canvas, Qt::LeftButton, {}, canvas->area_of(2).center().toPoint());
  EXPECT_EQ(table->currentIndex().row(), 5);
  keep_picture("tokens");
  for (const char* name : {"drawn.png", "drawn.svg", "drawn.pdf"}) {
    const QString file = QString::fromStdString((dir_ / name).string());
    EXPECT_EQ(export_drawing(
                  probes().drawn_size(), [&](QPainter& painter) { probes().draw(painter); }, file),
              "");
    EXPECT_GT(QFileInfo(file).size(), 1000) << name;
  }
  // A question without an answer has no tokens, and says why.
  choose_row(*child<QTableView>("routing.probes"), 1);
  EXPECT_TRUE(strip->tokens().empty());
  EXPECT_THAT(child<QLabel>("routing.probeQuestion")->text().toStdString(),
              ::testing::HasSubstr("no such picture"));
  EXPECT_TRUE(canvas->patches().patches.empty());
}

TEST_F(ProbeTest, WhatGoesWrongIsSaid) {
  using ::testing::HasSubstr;
  add_routed("no model", 3);
  open_tab();
  ASSERT_TRUE(wait([&] { return child<QLabel>("routing.probeState")->text().contains("names no model"); }));
  use_script("exit 0");
  EXPECT_THAT(state_after_asking(), HasSubstr("names no model"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "asked")) << "nothing is asked without a model";
  child<ModelChooser>("routing.model")->choose("");
  EXPECT_THAT(state_after_asking(), HasSubstr("no question"));
  use_script("echo 'the weights are broken' >&2; exit 1");
  EXPECT_THAT(state_after_asking(), HasSubstr("the weights are broken"));
  use_script("kill -SEGV $$");
  EXPECT_THAT(state_after_asking(), HasSubstr("crashed"));
  use_script("head -c 3000 /dev/urandom");
  EXPECT_THAT(state_after_asking(), HasSubstr("no answer"));
  use_script("head -c 100000000 /dev/zero");
  EXPECT_THAT(state_after_asking(), HasSubstr("a line without an end"));
  probes().set_program("/no/such/program");
  EXPECT_THAT(state_after_asking(), HasSubstr("cannot be started"));
  use_script("i=0; while [ $i -lt 600 ]; do echo '" + inspected("a", "gone.png", "is it") +
             "'; i=$((i+1)); done; sleep 60");
  EXPECT_THAT(state_after_asking(), HasSubstr("500"));
  EXPECT_EQ(probes().probes().size(), 500u);
  EXPECT_TRUE(wait([&] { return child<QLabel>("status.message")->text().contains("gone.png"); }));
  EXPECT_TRUE(child<PictureCanvas>("routing.canvas")->patches().patches.empty())
      << "of a picture that is gone";
  EXPECT_EQ(child<TokenStrip>("routing.tokens")->tokens().size(), 3u) << "the words are there all the same";
  choose_row(*child<QTableView>("routing.tokenTable"), 4);
  EXPECT_THAT(child<QLabel>("routing.token")->text().toStdString(), HasSubstr("patch 1: expert 1"));
  use_script("trap '' INT; while :; do sleep 0.05; done");
  probes().ask();
  QTest::qWait(100);
  EXPECT_TRUE(probes().probes().empty()) << "of the question before";
  trigger("routing.cancel");
  EXPECT_TRUE(wait([&] { return probes().settled(); }));
  EXPECT_THAT(child<QLabel>("routing.probeState")->text().toStdString(), HasSubstr("cancelled"));
}

TEST_F(ProbeTest, APublishedModelReadsTheTexts) {
  std::filesystem::create_directories(dir_ / "published");
  write_file(dir_ / "published" / "config.json", R"({"architectures": ["OlmoeForCausalLM"]})");
  {
    RunWriter run(history(), {"model", "run", "olmoe"});
    run.param("model_folder", (dir_ / "published").string(), "");
    run.finish("finished", 0);
  }
  open_tab();
  page().show_run(1);
  ASSERT_TRUE(wait([&] { return probes().command()[0] == "conclave-model"; }));
  EXPECT_EQ(probes().command().mid(1, 3),
            QStringList({"inspect", QString::fromStdString((dir_ / "published").string()), "--prompts"}));
  const std::string line =
      R"({"question_id":"0","prompt":"a b","text":" c","metadata":{"confidence":0.5,"topk":[[" c",0.5]]},"routing":)";
  use_script("echo '" + line +
             R"([{"part":"question","site":0,"token":0,"experts":[5,2],"weights":[0.7,0.3],"word":"a"}]}')");
  EXPECT_EQ(state_after_asking(), "1 questions, 0 of them without an answer");
  ASSERT_EQ(child<TokenStrip>("routing.tokens")->tokens().size(), 1u);
  EXPECT_EQ(child<TokenStrip>("routing.tokens")->tokens()[0].first(), 5);
  EXPECT_FALSE(child<PictureCanvas>("routing.canvas")->isVisible()) << "there is none";
  use_script("echo '" + line + "[]}'");
  state_after_asking();
  EXPECT_THAT(child<QLabel>("routing.token")->text().toStdString(), ::testing::HasSubstr("No layer"));
}

TEST_F(ProbeTest, APublishedModelsPatchesArePainted) {
  CONCLAVE_NEED_DATA("parity/qwen3_vl_moe");
  testing::make_vision_folder(dir_ / "published", *testing::data_dir() / "parity/qwen3_vl_moe",
                              {{"image_processor_type", "Qwen2VLImageProcessor"},
                               {"image_mean", {0.5, 0.5, 0.5}},
                               {"image_std", {0.5, 0.5, 0.5}},
                               {"patch_size", 16},
                               {"min_pixels", 1024},
                               {"max_pixels", 65536}},
                              251);
  open_tab();
  std::filesystem::copy(CONCLAVE_SOURCE_DIR "/assets/samples/nlvr-dev-3125-1-0.png", dir_ / "b.png");
  write_file(dir_ / "probe.jsonl", R"({"question_id":"0","image":"b.png","text":"is it a tower"})"
                                   "\n");
  child<ModelChooser>("routing.model")->choose(QString::fromStdString((dir_ / "published").string()));
  probes().ask();
  ASSERT_TRUE(QTest::qWaitFor([&] { return probes().settled(); }, 60000));
  ASSERT_EQ(probes().probes().size(), 1u) << child<QLabel>("routing.probeState")->text().toStdString();
  const Probe& probe = probes().probes()[0];
  EXPECT_EQ(probe.answer.error, "");
  EXPECT_EQ(probe.trouble, "");
  auto* canvas = child<PictureCanvas>("routing.canvas");
  ASSERT_EQ(canvas->pictures().size(), 1u);
  // Patches of 32 pixels of the picture as it is resized: side by side, they cover it.
  const QSize size = canvas->pictures()[0].image.size();
  const auto& patches = canvas->patches().patches;
  EXPECT_EQ(canvas->patches().site, 2);
  ASSERT_GT(patches.size(), 20u);
  QRectF covered;
  for (const auto& patch : patches) {
    EXPECT_GE(patch.expert, 0);
    EXPECT_EQ(patch.choices.size(), 2u);
    covered |= patch.place;
  }
  EXPECT_EQ(covered, QRectF(QPointF(0, 0), size));
  EXPECT_EQ(child<TokenStrip>("routing.tokens")->tokens().size(), 14u) << "letters, spaces and a sign";
  // A patch in the picture and in the table; a word, and where its expert saw the picture.
  QTest::mouseClick(canvas, Qt::LeftButton, {}, canvas->area_of(7).center().toPoint());
  EXPECT_EQ(cell("routing.tokenTable", child<QTableView>("routing.tokenTable")->currentIndex().row(), 0),
            "patch 7");
  keep_picture("published-patches");
  auto* strip = child<TokenStrip>("routing.tokens");
  strip->setFocus();
  QTest::keyClick(strip, Qt::Key_Home);
  EXPECT_EQ(canvas->shown_experts().size(), 1u);
  EXPECT_EQ(canvas->marked_patch(), -1);
  keep_picture("published-word");
}

TEST_F(ProbeTest, TheShippedModelAnswersTheSamples) {
  window();
  trigger("routing.tab");
  page().try_sample();
  ASSERT_TRUE(QTest::qWaitFor([&] { return probes().settled(); }, 60000));
  ASSERT_EQ(probes().probes().size(), 7u) << child<QLabel>("routing.probeState")->text().toStdString();
  const Probe& first = probes().probes()[1];
  EXPECT_EQ(first.answer.text, "true");
  EXPECT_EQ(first.words_at(0)[3].word, " tower");
  EXPECT_EQ(first.patches_at(0)->patches.size(), 75u);
  keep_picture("probes");
  EXPECT_FALSE(window().actions().find("routing.play")->isEnabled());
  trigger("routing.tab");
  EXPECT_TRUE(window().actions().find("routing.play")->isEnabled());
}

}  // namespace
}  // namespace conclave::ui
