// conclave-ultrasound, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <numbers>

#include <fstream>
#include <sstream>
#include <thread>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/dicom/dicom_file.h"
#include "framework/dicom/store.h"
#include "models/ultrasound/report/report.h"
#include "testing/process.h"
#include "testing/testing.h"
#include "tests/dicom/make_dicom.h"
#include "tests/models_ultrasound/sample_report.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::MadeDicom;
using testing::Outcome;
using testing::TempDir;
namespace fs = std::filesystem;

Outcome ultrasound_run(const TempDir& dir, std::vector<std::string> words) {
  words.insert(words.begin(), "conclave-ultrasound");
  return testing::run_program(words, {{"XDG_DATA_HOME", dir / "data"},
                                      {"XDG_STATE_HOME", dir / "state"},
                                      {"XDG_CONFIG_HOME", dir / "config"}});
}

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(parse_json(line, "line"));
  return lines;
}

MadeDicom breast_scan() {
  MadeDicom made;
  made.width = 640, made.height = 480;
  made.regions = {{0, 0, 639, 479, 3, 3, 0.02, 0.02, 1, 1}};
  return made;
}

std::string save_findings(const TempDir& dir, const ultrasound::Findings& findings) {
  const std::string path = dir / "findings.json";
  write_file(path, ultrasound::to_json(findings).dump());
  return path;
}

TEST(UltrasoundProgram, FromAFileToASignedReport) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  const std::string findings = save_findings(dir, testing::breast_findings());
  const auto drafted =
      ultrasound_run(dir, {"report", dir / "scan.dcm", "-o", dir / "out", "--findings", findings, "--format",
                           "json,text,pdf,sr,pdf-dicom,fhir", "--json"});
  ASSERT_EQ(drafted.code, 0) << drafted.err;
  const Json line = lines_of(drafted.out).at(0);
  EXPECT_EQ(line["state"], "draft");
  EXPECT_EQ(line["categories"], Json::array({"BI-RADS 4C"}));
  EXPECT_EQ(line["files"].size(), 6u);
  for (const auto& file : line["files"]) EXPECT_GT(fs::file_size(file.get<std::string>()), 100u) << file;
  const std::string report = dir / "out/scan.json";
  EXPECT_DOUBLE_EQ(*ultrasound::read_report(report).findings[0].measurements[0].mm, 16);

  EXPECT_EQ(ultrasound_run(dir, {"edit", report, "--reader", "Dr. A", "--set", "0.margin=spiculated"}).code,
            0);
  EXPECT_EQ(ultrasound_run(dir, {"sign", report, "--reader", "Dr. A"}).code, 0);
  EXPECT_EQ(ultrasound_run(dir, {"sign", report, "--reader", "Dr. A"}).code, 2);
  EXPECT_EQ(ultrasound_run(dir, {"export", report, "--format", "fhir,sr", "--images", dir.path()}).code, 0);
  EXPECT_THAT(read_file(dir / "out/scan.fhir.json"), HasSubstr("\"final\""));
  EXPECT_EQ(ultrasound_run(dir, {"edit", report, "--reader", "Dr. B", "--impression", "Known scar."}).code,
            0);
  EXPECT_EQ(ultrasound::read_report(report).state, "amended");

  const auto verified = ultrasound_run(dir, {"verify", dir / "out", "--json"});
  EXPECT_EQ(verified.code, 0) << verified.out;
  const Json check = lines_of(verified.out).at(0);
  EXPECT_EQ(check["records"], 6);
  EXPECT_EQ(ultrasound_run(dir, {"verify", dir / "out", "--head", check["head"].get<std::string>()}).code, 0);
  std::string log = read_file(dir / "out/audit.jsonl");
  log.replace(log.find("Dr. A"), 5, "Dr. X");
  write_file(dir / "out/audit.jsonl", log);
  EXPECT_EQ(ultrasound_run(dir, {"verify", dir / "out"}).code, 1);
}

TEST(UltrasoundProgram, AStudyFolderAndItsBadFiles) {
  const TempDir dir;
  fs::create_directories(dir / "study");
  for (const std::string number : {"1", "2"}) {
    MadeDicom made = breast_scan();
    made.change = [&](DcmDataset& data) {
      data.putAndInsertString(DCM_SOPInstanceUID, ("1.2.3." + number).c_str());
      data.putAndInsertString(DCM_InstanceNumber, number.c_str());
    };
    made.save(dir / ("study/" + number + ".dcm"));
  }
  const std::string whole = testing::bytes_of(dir / "study/1.dcm");
  testing::put_bytes(dir / "study/cut.dcm", whole.substr(0, whole.size() / 2));
  auto findings = testing::breast_findings();
  findings.findings[0].evidence.source = "2.dcm";
  for (auto& measurement : findings.findings[0].measurements) measurement.evidence.source = "2.dcm";
  const auto done = ultrasound_run(
      dir, {"report", dir / "study", "-o", dir / "out", "--findings", save_findings(dir, findings)});
  ASSERT_EQ(done.code, 1) << done.err;  // drafted, and not of all that is there
  EXPECT_THAT(done.err, HasSubstr("left out: " + (dir / "study/cut.dcm").string()));
  const auto report = ultrasound::read_report(dir / "out/study.json");
  EXPECT_EQ(report.study.sources.size(), 2u);
  EXPECT_THAT(report.warnings, ::testing::Contains(HasSubstr("cut off")));
}

TEST(UltrasoundProgram, WhatCannotBeMadeLeavesNothing) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  auto findings = testing::breast_findings();
  findings.findings[0].evidence.frame = 50;
  const auto late = ultrasound_run(dir, {"report", dir / "scan.dcm", "-o", dir / "out", "--findings",
                                         save_findings(dir, findings), "--format", "json,text,pdf"});
  EXPECT_NE(late.code, 0);
  EXPECT_THAT(late.err, HasSubstr("frame 50 of 1"));
  EXPECT_FALSE(fs::exists(dir / "out/scan.json"));
  EXPECT_FALSE(fs::exists(dir / "out/scan.txt"));
  EXPECT_FALSE(fs::exists(dir / "out/audit.jsonl"));
}

TEST(UltrasoundProgram, NoReportIsLost) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  fs::create_directories(dir / "other");
  MadeDicom other = breast_scan();
  other.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_SOPInstanceUID, "1.2.3.9");
    data.putAndInsertString(DCM_StudyInstanceUID, "1.2.3.10");
  };
  other.save(dir / "other/scan.dcm");
  const std::string findings = save_findings(dir, testing::breast_findings());
  const auto draft = [&](const std::string& file) {
    return ultrasound_run(dir, {"report", dir / file, "-o", dir / "out", "--findings", findings});
  };
  EXPECT_EQ(draft("scan.dcm").code, 0);
  EXPECT_EQ(draft("scan.dcm").code, 0);  // a draft is drafted anew
  EXPECT_EQ(draft("other/scan.dcm").code, 0);
  EXPECT_EQ(ultrasound::read_report(dir / "out/scan-2.json").study.uid, "1.2.3.10");
  EXPECT_EQ(ultrasound_run(dir, {"sign", dir / "out/scan.json", "--reader", "Dr. A"}).code, 0);
  const auto refused = draft("scan.dcm");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("is signed"));
  EXPECT_EQ(ultrasound::read_report(dir / "out/scan.json").state, "signed");
}

TEST(UltrasoundProgram, WhatWasChangedOutsideIsNotGoneOnWith) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  const std::string findings = save_findings(dir, testing::breast_findings());
  ASSERT_EQ(ultrasound_run(dir, {"report", dir / "scan.dcm", "-o", dir / "out", "--findings", findings}).code,
            0);
  const fs::path report = dir / "out/scan.json";
  const Json drafted = read_json(report);
  Json changed = drafted;
  changed["findings"][0]["measurements"][0]["mm"] = 99.5;
  write_file(report, changed.dump());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"sign", report, "--reader", "Dr. A"},
                                                {"edit", report, "--reader", "Dr. A", "--impression", "x"},
                                                {"export", report, "--format", "text"}}) {
    const auto done = ultrasound_run(dir, words);
    EXPECT_EQ(done.code, 1) << words[0];
    EXPECT_THAT(done.err, HasSubstr("is not as it was when drafted")) << words[0];
  }
  // A forged one beside the log, and files that could never have been written.
  write_file(dir / "out/forged.json", drafted.dump());
  EXPECT_THAT(ultrasound_run(dir, {"verify", dir / "out"}).out,
              HasSubstr("forged.json: is a report that the log"));
  const auto refused = [&](const char* at, const Json& value) {
    Json wrong = drafted;
    wrong[Json::json_pointer(at)] = value;
    fs::create_directories(dir / "alone");
    write_file(dir / "alone/r.json", wrong.dump());
    return ultrasound_run(dir, {"export", dir / "alone/r.json", "--format", "sr,fhir,text"});
  };
  for (const auto& [at, value] :
       std::vector<std::pair<const char*, Json>>{{"/steps", Json::array()},
                                                 {"/state", "blessed"},
                                                 {"/state", "signed"},
                                                 {"/findings/0/measurements/0/mm", -4}}) {
    const auto done = refused(at, value);
    EXPECT_EQ(done.code, 1) << at;
    EXPECT_THAT(done.err, HasSubstr("r.json")) << at;
  }
  write_file(dir / "alone/ok.json", drafted.dump());
  for (const std::string& name : {std::string("A\nB"), std::string(80, 'x'), std::string("\xff")})
    EXPECT_EQ(ultrasound_run(dir, {"sign", dir / "alone/ok.json", "--reader", name}).code, 2) << name;
  EXPECT_EQ(ultrasound_run(dir, {"sign", dir / "alone/ok.json", "--reader", "Dr. Ö"}).code, 0);
}

TEST(UltrasoundProgram, EditsAtOnceAreAllKept) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  const std::string findings = save_findings(dir, testing::breast_findings());
  ASSERT_EQ(ultrasound_run(dir, {"report", dir / "scan.dcm", "-o", dir / "out", "--findings", findings}).code,
            0);
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&, i] {
      EXPECT_EQ(ultrasound_run(dir, {"edit", dir / "out/scan.json", "--reader", "R" + std::to_string(i),
                                     "--impression", "Text of " + std::to_string(i) + "."})
                    .code,
                0);
    });
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(ultrasound::read_report(dir / "out/scan.json").steps.size(), 5u);
  EXPECT_EQ(ultrasound_run(dir, {"verify", dir / "out"}).code, 0);
}

TEST(UltrasoundProgram, PicturesOfOneNameAreKeptApart) {
  const TempDir dir;
  const fs::path samples = fs::path(CONCLAVE_SOURCE_DIR) / "assets/samples";
  for (const auto& [folder, sample] : {std::pair{"a", "breast-lesion.jpg"}, {"b", "fetal-head.jpg"}}) {
    fs::create_directories(dir / folder);
    fs::copy_file(samples / sample, dir / folder / "x.jpg");
  }
  const std::string findings = save_findings(dir, testing::breast_findings());
  const auto draft = [&](const char* file) {
    return ultrasound_run(dir, {"report", dir / file, "-o", dir / "out", "--findings", findings, "--json"});
  };
  EXPECT_THAT(draft("a/x.jpg").out, HasSubstr("out/x.json"));
  EXPECT_THAT(draft("b/x.jpg").out, HasSubstr("out/x-2.json"));
  EXPECT_THAT(draft("a/x.jpg").out, HasSubstr("out/x.json"));
  // A link to itself does not end the batch.
  fs::create_symlink(dir / "loop", dir / "loop");
  const auto batch =
      ultrasound_run(dir, {"report", dir / "loop", dir / "b/x.jpg", "-o", dir / "more", "--json"});
  EXPECT_EQ(batch.code, 1);
  EXPECT_TRUE(fs::exists(dir / "more/x.json")) << batch.err;
  const auto own = ultrasound_run(dir, {"adjudicate", findings, findings, "-o", findings});
  EXPECT_EQ(own.code, 2);
  EXPECT_THAT(own.err, HasSubstr("one of the readers' files"));
  EXPECT_EQ(ultrasound_run(dir, {"measure", dir / "a/x.jpg", "--from", "nan,1", "--to", "2,2"}).code, 2);
}

// They would take a tenth of a second of every program's start.
TEST(UltrasoundProgram, StartsWithoutThePictureFormatsNobodyAskedFor) {
  const auto loaded =
      testing::run_program({"conclave-ultrasound", "--version"}, {{"LD_TRACE_LOADED_OBJECTS", "1"}});
  EXPECT_THAT(loaded.out, HasSubstr("libopencv_imgproc"));
  EXPECT_THAT(loaded.out, ::testing::Not(HasSubstr("libopencv_imgcodecs")));
  EXPECT_THAT(loaded.out, ::testing::Not(HasSubstr("libgdal")));
}

TEST(UltrasoundProgram, BadInputIsTold) {
  const TempDir dir;
  const std::string findings = save_findings(dir, testing::breast_findings());
  const auto error_of = [&](const fs::path& file) {
    const auto done =
        ultrasound_run(dir, {"report", file, "-o", dir / "out", "--findings", findings, "--json"});
    EXPECT_EQ(done.code, 1) << file;
    EXPECT_FALSE(fs::exists(dir / "out")) << file;
    return lines_of(done.out).at(0)["error"]["message"].get<std::string>();
  };
  MadeDicom ct = breast_scan();
  ct.change = [](DcmDataset& data) {
    data.putAndInsertString(DCM_SOPClassUID, UID_CTImageStorage);
    data.putAndInsertString(DCM_Modality, "CT");
  };
  ct.save(dir / "ct.dcm");
  EXPECT_THAT(error_of(dir / "ct.dcm"), HasSubstr("no ultrasound"));
  MadeDicom huge = breast_scan();
  huge.change = [](DcmDataset& data) { data.putAndInsertString(DCM_NumberOfFrames, "11000"); };
  huge.save(dir / "huge.dcm");
  EXPECT_THAT(error_of(dir / "huge.dcm"), HasSubstr("promises 11000 frames"));
  testing::put_bytes(dir / "cut.dcm", testing::bytes_of(dir / "huge.dcm").substr(0, 700));
  EXPECT_THAT(error_of(dir / "cut.dcm"), HasSubstr("cut off"));
  EXPECT_THAT(error_of(dir / "nothing.dcm"), HasSubstr("no such file"));
  // Without a model there are no findings, and that is said.
  breast_scan().save(dir / "ok.dcm");
  EXPECT_EQ(ultrasound_run(
                dir, {"report", dir / "ok.dcm", "-o", dir / "out", "--findings", findings, "--format", "doc"})
                .code,
            2);
}

TEST(UltrasoundProgram, Measures) {
  const TempDir dir;
  MadeDicom made = breast_scan();
  made.frames = 3;
  made.regions.push_back({0, 0, 639, 479, 4, 7, 0.01, 0.5, 3, 3});  // a second one that says seconds
  made.save(dir / "two.dcm");
  breast_scan().save(dir / "one.dcm");
  const auto one =
      ultrasound_run(dir, {"measure", dir / "one.dcm", "--from", "10,10", "--to", "40,50", "--json"});
  EXPECT_DOUBLE_EQ(lines_of(one.out).at(0)["mm"].get<double>(), 10);
  const Json two = lines_of(ultrasound_run(dir, {"measure", dir / "two.dcm", "--from", "10,10", "--to",
                                                 "40,50", "--frame", "2", "--json"})
                                .out)
                       .at(0);
  EXPECT_TRUE(two["mm"].is_null());
  EXPECT_EQ(two["unit"], "px");
  EXPECT_THAT(two["reason"].get<std::string>(), HasSubstr("units are s"));
  EXPECT_EQ(
      ultrasound_run(dir, {"measure", dir / "two.dcm", "--from", "1,1", "--to", "2,2", "--frame", "3"}).code,
      2);
  EXPECT_EQ(ultrasound_run(dir, {"measure", dir / "one.dcm", "--from", "1", "--to", "2,2"}).code, 2);
  const auto round =
      ultrasound_run(dir, {"measure", dir / "one.dcm", "--ellipse", "200,200,30,30,45", "--json"});
  EXPECT_NEAR(lines_of(round.out).at(0)["mm"].get<double>(), 12 * std::numbers::pi, 1e-9);
  EXPECT_NEAR(lines_of(round.out).at(0)["half_axes_mm"][1].get<double>(), 6, 1e-9);
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{},
        {"--ellipse", "200,200,30,30"},
        {"--ellipse", "200,200,30,-1,0"},
        {"--ellipse", "200,200,30,30,0", "--from", "1,1", "--to", "2,2"}}) {
    std::vector<std::string> words{"measure", dir / "one.dcm"};
    words.insert(words.end(), wrong.begin(), wrong.end());
    EXPECT_EQ(ultrasound_run(dir, words).code, 2);
  }
  EXPECT_EQ(
      ultrasound_run(dir, {"measure", dir / "one.dcm", "--from", "1,1", "--to", "2,2", "--mm-per-pixel", "1"})
          .code,
      2);
}

TEST(UltrasoundProgram, EvaluatesAFolderOfPictures) {
  const TempDir dir;
  const fs::path assets = fs::path(CONCLAVE_SOURCE_DIR) / "assets";
  fs::create_directories(dir / "set");
  fs::copy_file(assets / "samples/breast-lesion.jpg", dir / "set/a.jpg");
  write_file(dir / "set/labels.csv", "file,pathology,birads\na.jpg,malignant,4\n");
  std::vector<std::string> words = {
      "eval",  "--dataset", "folder", "--data", dir / "set", "--model", assets / "ultrasound-breast",
      "--json"};
  const auto done = ultrasound_run(dir, words);
  ASSERT_EQ(done.code, 0) << done.err;
  const Json record = lines_of(done.out).back();
  EXPECT_EQ(record["n"], 1);
  EXPECT_TRUE(record["auc"].is_null());  // one kind alone
  EXPECT_TRUE(record["birads"]["exact"].is_number());
  EXPECT_FALSE(record.contains("dice"));
  // Two raters, who drew the same.
  fs::copy_file(assets / "samples/breast-lesion.jpg", dir / "set/drawn.jpg");
  write_file(dir / "set/labels.csv", "file,mask\na.jpg,drawn.jpg|drawn.jpg\n");
  const auto rated = ultrasound_run(dir, words);
  ASSERT_EQ(rated.code, 0) << rated.err;
  EXPECT_TRUE(lines_of(rated.out).back()["dice"].is_number());
  EXPECT_DOUBLE_EQ(lines_of(rated.out).back()["rater_dice"], 1);
  // One outline against two that are alike: twice the part that they do not share, with its mean over one
  // picture.
  const double dice = lines_of(rated.out).back()["dice"];
  EXPECT_NEAR(lines_of(rated.out).back()["ged"].get<double>(), 2 * (1 - dice / (2 - dice)), 1e-9);
  fs::copy_file(assets / "samples/fetal-head.jpg", dir / "set/other.jpg");
  write_file(dir / "set/labels.csv", "file,mask\na.jpg,drawn.jpg|other.jpg\n");
  const auto other_size = ultrasound_run(dir, words);
  EXPECT_EQ(other_size.code, 1);
  EXPECT_THAT(other_size.out + other_size.err, HasSubstr("other.jpg"));
  words.emplace_back("--nulls");
  const auto refused = ultrasound_run(dir, words);
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.out + refused.err, HasSubstr("training part"));
}

TEST(UltrasoundProgram, CalibratesAReaderOnValidationPictures) {
  const TempDir dir;
  const fs::path assets = fs::path(CONCLAVE_SOURCE_DIR) / "assets",
                 list = "training_set_pixel_size_and_HC.csv";
  fs::copy(assets / "ultrasound-fetal-head", dir / "reader");
  fs::create_directories(dir / "hc18/images");
  for (const char* subject : {"005", "006"})
    fs::copy_file(assets / "samples/fetal-head.jpg",
                  dir / "hc18/images" / (std::string(subject) + "_HC.jpg"));
  const std::string head = "filename,pixel size(mm),head circumference (mm)\n";
  const auto calibrate = [&](const std::string& rows, const std::string& looks) {
    write_file(dir / "hc18" / list, head + rows);
    return ultrasound_run(
        dir, {"calibrate", "--model", dir / "reader", "--data", dir.path(), "--looks", looks, "--json"});
  };
  const auto done = calibrate("005_HC.png,0.1,200\n006_HC.png,0.1,200\n", "1.25,1m");
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_EQ(lines_of(done.out).back()["pictures"], 1);  // 006 is of the training part
  const Json config = parse_json(read_file(dir / "reader/config.json"), "config");
  EXPECT_EQ(config["looks"][0], (Json{{"scale", 1.25}, {"mirrored", false}}));
  EXPECT_EQ(config["looks"][1], (Json{{"scale", 1}, {"mirrored", true}}));
  EXPECT_EQ(config["known_from"]["fetal_head"], lines_of(done.out).back()["known_from"]["fetal_head"]);
  for (const char* looks : {"1,x", "1,,2", "9", "m", "0"})
    EXPECT_EQ(calibrate("005_HC.png,0.1,200\n", looks).code, 2) << looks;
  EXPECT_THAT(calibrate("006_HC.png,0.1,200\n", "1").err, HasSubstr("no validation pictures"));
  EXPECT_EQ(parse_json(read_file(dir / "reader/config.json"), "config"), config);  // refused: as it was
}

TEST(UltrasoundProgram, ScoresReportsAgainstReferencesAndTheirRaters) {
  const TempDir dir;
  write_file(dir / "a.jsonl",
             R"({"id": "a", "text": "one two three four", "fields": {"margin": "smooth", "shape": "oval"},)"
             R"( "impression": {"margin": "spiculated"}})"
             "\n"
             R"({"id": "b", "text": "one two three five", "fields": {"shape": "round"}})");
  write_file(dir / "b.jsonl",
             R"({"id": "b", "text": "one two three five", "fields": {"shape": "oval", "margin": "smooth"},)"
             R"( "votes": {"shape": {"r1": "oval", "r2": "round"}}})"
             "\n"
             R"({"id": "a", "text": "one two three four", "fields": {"margin": "smooth"},)"
             R"( "votes": {"margin": {"r1": "smooth", "r2": "smooth", "r3": null}}})");
  const auto score = [&] {
    return ultrasound_run(
        dir, {"eval", "--predictions", dir / "a.jsonl", "--references", dir / "b.jsonl", "--json"});
  };
  const auto done = score();
  ASSERT_EQ(done.code, 0) << done.err;
  const Json record = lines_of(done.out).back();
  EXPECT_NEAR(record["bleu_4"].get<double>(), 100, 1e-9);
  // Three values told, three wanted, two fields of one report in both, of which one is right.
  EXPECT_DOUBLE_EQ(record["hallucination_rate"], 1.0 / 3);
  EXPECT_DOUBLE_EQ(record["omission_rate"], 1.0 / 3);
  EXPECT_DOUBLE_EQ(record["contradiction_rate"], 1);
  EXPECT_DOUBLE_EQ(record["micro_f1"], 2.0 / 6);
  EXPECT_DOUBLE_EQ(record["distinct_ratio"], 1);
  // Two reports of two patients: drawn are one of them twice, or both.
  EXPECT_EQ(record["patients"], 2);
  EXPECT_DOUBLE_EQ(record["micro_f1_interval"][0], 0);
  EXPECT_DOUBLE_EQ(record["micro_f1_interval"][1], 2.0 / 3);
  EXPECT_NEAR(record["bleu_4_interval"][0].get<double>(), 100, 1e-9);
  const Json& raters = record["raters"];
  EXPECT_DOUBLE_EQ(raters["margin"]["plausible_accuracy"], 1);
  EXPECT_DOUBLE_EQ(raters["margin"]["rater_agreement"], 1);
  EXPECT_NEAR(raters["shape"]["plausible_accuracy"].get<double>(), 0.5, 0.1);
  EXPECT_DOUBLE_EQ(raters["shape"]["told_agreement"], 0.5);
  EXPECT_DOUBLE_EQ(raters["shape"]["rater_agreement"], 0);
  write_file(dir / "b.jsonl", R"({"text": "x", "votes": {"shape": ["oval"]}})");
  const auto refused = score();
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.out + refused.err, HasSubstr("votes.shape"));
}

TEST(UltrasoundProgram, ServesAFolderAndGoesOnAfterARestart) {
  const TempDir dir;
  fs::create_directories(dir / "in/study");
  breast_scan().save(dir / "in/a.dcm");
  breast_scan().save(dir / "in/study/b.dcm");
  testing::put_bytes(dir / "in/c.dcm", "broken");
  const std::string findings = save_findings(dir, testing::breast_findings());
  const std::vector<std::string> words = {"serve-folder", dir / "in", "-o",  dir / "out", "--findings",
                                          findings,       "--settle", "0.2", "--once",    "--json"};
  const auto first = ultrasound_run(dir, words);
  EXPECT_EQ(first.code, 1) << first.err;  // c.dcm
  EXPECT_EQ(lines_of(first.out).size(), 3u);
  EXPECT_TRUE(fs::exists(dir / "out/a.json") && fs::exists(dir / "out/study.json"));
  fs::remove(dir / "in/c.dcm");
  const auto second = ultrasound_run(dir, words);
  EXPECT_EQ(second.code, 0);
  EXPECT_EQ(second.out, "");
  breast_scan().save(dir / "in/d.dcm");
  EXPECT_EQ(lines_of(ultrasound_run(dir, words).out).size(), 1u);
  EXPECT_EQ(ultrasound_run(
                dir, {"serve-folder", dir / "in", "-o", dir / "in/out", "--findings", findings, "--once"})
                .code,
            2);
}

// A port that nothing listens at.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(socket);
  return ntohs(address.sin_port);
}

TEST(UltrasoundProgram, StoresAtAnArchiveAndServesWhatOneReceives) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  const std::string findings = save_findings(dir, testing::breast_findings());
  ASSERT_EQ(ultrasound_run(dir, {"report", dir / "scan.dcm", "-o", dir / "out", "--findings", findings}).code,
            0);
  const std::string port = std::to_string(free_port()), peer = "TEST@localhost:" + port;
  const auto refused = ultrasound_run(dir, {"export", dir / "out/scan.json", "--format", "sr", "--to", peer});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("no association"));
  EXPECT_EQ(ultrasound_run(dir, {"export", dir / "out/scan.json", "--format", "sr", "--to", "nowhere"}).code,
            2);

  if (!fs::exists("/usr/bin/storescp")) GTEST_SKIP() << "storescp (Debian's dcmtk) is not installed";
  fs::create_directories(dir / "in");
  const std::string folder = dir / "in";
  const pid_t archive = fork();
  if (archive == 0) {
    ::execl("/usr/bin/storescp", "storescp", "--sort-on-study-uid", "study", "-od", folder.c_str(),
            port.c_str(), nullptr);
    _exit(127);
  }
  Outcome stored;
  for (int tries = 0; tries < 50 && stored.code != 0; ++tries) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stored = ultrasound_run(dir, {"export", dir / "out/scan.json", "--format", "sr,pdf-dicom", "--to", peer});
  }
  EXPECT_EQ(stored.code, 0) << stored.err;
  // A modality sends a picture; the folder that receives is served.
  dicom::store({dir / "scan.dcm"}, dicom::parse_peer(peer));
  ::kill(archive, SIGTERM);
  ::waitpid(archive, nullptr, 0);
  int files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(dir / "in")) files += entry.is_regular_file();
  EXPECT_EQ(files, 3);
  const auto served = ultrasound_run(dir, {"serve-folder", dir / "in", "-o", dir / "drafts", "--findings",
                                           findings, "--settle", "0", "--once", "--json"});
  EXPECT_EQ(served.code, 0) << served.err;
  EXPECT_EQ(lines_of(served.out).size(), 1u);
}

TEST(UltrasoundProgram, DeidentifiesAndSaysWhatItDoesNotKnow) {
  const TempDir dir;
  breast_scan().save(dir / "scan.dcm");
  const auto done = ultrasound_run(
      dir, {"deidentify", dir / "scan.dcm", "-o", dir / "out", "--keep", "0,0,64,48", "--json"});
  ASSERT_EQ(done.code, 0) << done.err;
  const Json line = lines_of(done.out).at(0);
  EXPECT_EQ(line["status"], "not known");
  EXPECT_EQ(testing::bytes_of(line["file"].get<std::string>()).find("MRN-4711"), std::string::npos);
  EXPECT_EQ(ultrasound_run(dir, {"verify", dir / "out"}).code, 0);
}

}  // namespace
}  // namespace conclave
