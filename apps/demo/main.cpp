// conclave-demo: a few lines of each application's real output, run as a user would run it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/paths.h"
#include "framework/base/signals.h"
#include "framework/history/queue.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr const char* kResearchOnly = "Research use only, not for clinical use";

std::vector<Json> json_lines(const std::string& text, const std::string& name) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) lines.push_back(parse_json(line, name));
  }
  return lines;
}

class DemoVerb : public Verb {
 public:
  std::string name() const override { return "show"; }
  std::string summary() const override {
    return "What each application does, with the shipped model and samples";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override { options.add("out", out_, "Folder for pictures and answers"); }
  int run(Invocation& call) override {
    show_vqa(call);
    show_stream(call);
    show_speech(call);
    show_music(call);
    show_ultrasound(call);
    show_history(call);
    show_workbench(call);
    return kExitDone;
  }

 private:
  std::vector<std::string> command(const std::string& program, std::vector<std::string> words,
                                   Invocation& call) {
    throw_if_interrupted();
    words.insert(words.begin(), (fs::path(program_folder()) / program).string());
    if (!call.common().history.empty())
      words.insert(words.end(), {"--history", call.common().history.string()});
    return words;
  }
  std::string run_program(const std::string& program, std::vector<std::string> words, Invocation& call) {
    const auto done = run_child(command(program, std::move(words), call));
    require(done.code == kExitDone, "{} ended with code {}", program, done.code);
    return done.out;
  }

  void show_vqa(Invocation& call) {
    const fs::path samples = shipped("samples"), questions = samples / "questions.jsonl";
    std::map<std::string, std::string> right;
    for (const auto& line : json_lines(read_file(questions), questions.string()))
      right[line.at("question_id")] = line.at("answer");
    const auto answers =
        json_lines(run_program("conclave-vqa", {"run", questions.string(), "--json"}, call), "conclave-vqa");
    fmt::print("vqa    questions about pictures, answered by a mixture of experts\n");
    const char* label = "      ";
    for (const auto& answer : answers) {
      const auto& meta = answer.at("metadata");
      fmt::print("{} \"{}\"\n", label, answer.at("prompt").get<std::string>());
      fmt::print("{}     {} {:.2f}   {:.0f} ms   {}   ({}; it is: {})\n", label,
                 answer.at("text").get<std::string>(), meta.at("confidence").get<double>(),
                 meta.at("see_ms").get<double>() + meta.at("read_ms").get<double>(), experts_of(meta),
                 fs::path(answer.at("image").get<std::string>()).filename().string(),
                 right[answer.at("question_id").get<std::string>()]);
    }
    const auto& painted = answers.front();
    const fs::path picture = out_ / "experts.png";
    run_program("conclave-vqa",
                {"inspect", "--image",
                 (samples / fs::path(painted.at("image").get<std::string>()).filename()).string(),
                 "--question", painted.at("prompt").get<std::string>(), "--overlay", picture.string()},
                call);
    fmt::print("{} which expert saw which patch: {}\n", label, picture.string());
  }

  // "pictures e1 61 %  words e3 70 %": the busiest expert of each modality over all layers.
  static std::string experts_of(const Json& meta) {
    std::map<std::string, std::map<size_t, double>> load;
    if (meta.contains("router")) {
      for (const auto& [site, modalities] : meta.at("router").items()) {
        for (const auto& [modality, shares] : modalities.items())
          for (size_t e = 0; e < shares.size(); ++e) load[modality][e] += shares[e].get<double>();
      }
    }
    std::string text;
    for (const auto& [modality, name] : {std::pair{"vision", "picture tokens"}, {"text", "words"}}) {
      double total = 0, most = -1;
      size_t busiest = 0;
      for (const auto& [expert, share] : load[modality]) {
        total += share;
        if (share > most) most = share, busiest = expert;
      }
      if (total > 0)
        text +=
            fmt::format("{}{}: e{} {:.0f} %", text.empty() ? "" : "  ", name, busiest, 100 * most / total);
    }
    return text;
  }

  // A concept that changes half way: how far accuracy falls, and when it is back.
  void show_stream(Invocation& call) {
    const auto lines =
        json_lines(run_program("conclave-stream",
                               {"run", "--generator", "agrawal", "--function", "1,3", "--positions", "10000",
                                "--rows", "20000", "--every", "500", "--json", "--quiet"},
                               call),
                   "conclave-stream");
    constexpr int64_t kDrift = 10000, kWindow = 1000;
    double before = 0, lowest = 1;
    int64_t back = 0, replaced = 0;
    for (const auto& line : lines) {
      const auto row = line.at("instances").get<int64_t>();
      const double recent = line.at("window_accuracy");
      if (row <= kDrift) before = recent;
      if (row >= kDrift + kWindow) lowest = std::min(lowest, recent);
      if (back == 0 && row >= kDrift + kWindow && recent >= before) back = row;
    }
    for (const auto& expert : lines.back().at("model").at("experts"))
      replaced += expert.at("drifts").get<int64_t>();
    fmt::print("stream a concept that changes after {} rows, met by a mixture of experts that learns on\n",
               kDrift);
    fmt::print("       accuracy of {} rows: {:.2f} before, {:.2f} after, {}; {} experts were replaced\n",
               kWindow, before, lowest,
               back > 0 ? fmt::format("{:.2f} again {} rows later", before, back - kDrift) : "not yet back",
               replaced);
    fmt::print("       {:.0f} rows a second     see: conclave-stream run --help\n",
               lines.back().at("instances_per_s").get<double>());
  }

  // A phone number in two voices, and a sentence.
  void show_speech(Invocation& call) {
    const std::string number = "555-0123";
    fmt::print(
        "audio  a phone number in two voices and a sentence, code by code from a mixture of experts\n");
    const std::vector<std::pair<std::string, std::string>> said = {
        {"george", number}, {"theo", number}, {"rms", "Any other sentence is said by a third voice."}};
    for (const auto& [speaker, text] : said) {
      const fs::path sound = out_ / fmt::format("{}.wav", speaker);
      const auto line = json_lines(run_program("conclave-audio",
                                               {"speak", "--text", text, "--speaker", speaker, "--seed", "1",
                                                "-o", sound.string(), "--json"},
                                               call),
                                   "conclave-audio")
                            .back();
      fmt::print("       {} says {}: {:.1f} s of sound, {:.0f} times as fast as it is heard   {}\n", speaker,
                 text, line.at("seconds").get<double>(), line.at("x_real_time").get<double>(),
                 sound.string());
    }
  }

  // A chorale that goes on, and a tune set for four voices; each as notes and as sound.
  void show_music(Invocation& call) {
    fmt::print(
        "music  a chorale goes on, and a tune gets four voices, note by note from a mixture of experts\n");
    const auto make = [&](const std::string& name, std::vector<std::string> how) {
      const fs::path notes = out_ / (name + ".mid"), sound = out_ / (name + ".wav");
      const fs::path sample = shipped("samples") / (name + ".mid");
      std::vector<std::string> words = {"continue", sample.string(), "--seed", "1", "-o", notes.string(),
                                        "-o",       sound.string(),  "--json"};
      words.insert(words.end(), how.begin(), how.end());
      const auto line =
          json_lines(run_program("conclave-audio", std::move(words), call), "conclave-audio").back();
      fmt::print("       {}: {} notes given, {} in the end, made in {:.1f} s   {} and .wav\n", name,
                 line.at("given_notes").get<int64_t>(), line.at("notes").get<int64_t>(),
                 line.at("made_s").get<double>(), notes.string());
    };
    make("chorale", {"--bars", "4"});
    make("ode-to-joy", {"--harmonise"});
  }

  // A breast lesion and a fetal head, each from the picture to a draft in its files.
  void show_ultrasound(Invocation& call) {
    fmt::print("ultra  drafts of two reports, each as PDF, DICOM SR and FHIR   {}\n", kResearchOnly);
    const auto draft = [&](const std::string& name, std::vector<std::string> how) {
      std::vector<std::string> words = {"report",   (shipped("samples") / (name + ".jpg")).string(),
                                        "-o",       out_.string(),
                                        "--format", "json,pdf,sr,fhir",
                                        "--json"};
      words.insert(words.end(), how.begin(), how.end());
      const auto line =
          json_lines(run_program("conclave-ultrasound", std::move(words), call), "conclave-ultrasound")
              .back();
      const fs::path file = line.at("files").at("json").get<std::string>();
      const Json report = parse_json(read_file(file), file.string());
      if (report.at("abstained").get<bool>() || report.at("findings").empty())
        return fmt::format("nothing found   {}", file.string());
      const Json& finding = report.at("findings").front();
      std::string told;
      for (const auto& field : finding.at("fields"))
        told += fmt::format("{}{} {} {:.2f}", told.empty() ? "" : ", ", field.at("name").get<std::string>(),
                            field.at("value").get<std::string>(), field.at("confidence").get<double>());
      for (const auto& category : line.at("categories")) told += ", " + category.get<std::string>();
      for (const auto& measured : finding.at("measurements"))
        if (!measured.at("mm").is_null())
          told += fmt::format("{:.1f} mm around", measured.at("mm").get<double>());
      return fmt::format("{}   {}, .sr.dcm and .fhir.json", told,
                         fs::path(file).replace_extension(".pdf").string());
    };
    fmt::print("       breast-lesion.jpg: {}   (a biopsy said: malignant)\n", draft("breast-lesion", {}));
    fmt::print("       fetal-head.jpg: {}   (drawn by hand: 69.0 mm)\n",
               draft("fetal-head", {"--mm-per-pixel", "0.1825823"}));
  }

  void show_history(Invocation& call) {
    const auto runs =
        json_lines(run_program("conclave-history", {"list", "--json"}, call), "conclave-history");
    fmt::print("runs   {} in {}         see: conclave-history list\n", runs.size(),
               call.common().history_path().string());
    fmt::print("       the programs are in {}; each tells its verbs with --help\n", program_folder());
  }

  // The window over what was run just now; a picture of it where there is no display.
  void show_workbench(Invocation& call) {
    const fs::path program = fs::path(program_folder()) / "conclave-workbench";
    if (!fs::exists(program)) return;  // built where Qt is
    std::vector<std::string> words = {program.string(), "--history",
                                      fs::absolute(call.common().history_path()).string(), "--page", "runs"};
    const auto is_set = [](const char* name) {
      const char* value = std::getenv(name);
      return value && *value;
    };
    if (is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")) {
      start_apart(words);
      fmt::print("       they stand in the window that opens now: conclave-workbench\n");
      return;
    }
    words.insert(words.end(), {"--screenshots", out_.string()});
    const auto done = run_child(words);
    if (done.code == kExitDone)
      fmt::print("       as conclave-workbench shows them: {}\n", (out_ / "runs-light.png").string());
    else
      log_warning("conclave-workbench ended with code {}", done.code);
  }

  fs::path out_ = "demo";
};

}  // namespace
}  // namespace conclave

int main(int argc, char** argv) {
  conclave::Verbs verbs;
  verbs.push_back(std::make_unique<conclave::DemoVerb>());
  return conclave::run_app(argc, argv, {"demo", "What each application does", "show"}, std::move(verbs));
}
