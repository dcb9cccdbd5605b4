// conclave-ultrasound adjudicate: several readers' findings of one study.
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/ultrasound/report/adjudicate.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class AdjudicateVerb : public Verb {
 public:
  std::string name() const override { return "adjudicate"; }
  std::string summary() const override {
    return "Join several readers' findings of one study; what they differ in stays open";
  }
  std::string examples() const override {
    return "  conclave-ultrasound adjudicate scan.ana.json scan.bo.json -o scan.joined.json\n"
           "  conclave-ultrasound adjudicate scan.ana.json scan.bo.json -o scan.joined.json --set "
           "0.margin=angular --by \"Dr. C\"";
  }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options
        .positional("FILE", files_,
                    "Findings files, one a reader, who is named by the key \"reader\" or the file's stem")
        .required();
    options.add("out", out_, "Findings file with every reader's votes").letter('o').required();
    options.add("set", set_, "FINDING.FIELD=VALUE: a decision; repeat for more");
    options.add("by", by_, "Who decides");
  }
  int run(Invocation& call) override {
    std::vector<ultrasound::AnnotatedFindings> readers;
    for (const auto& file : files_) {
      std::error_code none;
      require<UsageError>(!fs::equivalent(file, out_, none), "--out {}: is one of the readers' files",
                          out_.string());
      const Json json = read_json(file);
      const bool named = json.is_object() && json.contains("reader") && json["reader"].is_string();
      readers.push_back({named ? json["reader"].get<std::string>() : file.stem().string(),
                         ultrasound::findings_from_json(json, file.string())});
    }
    std::vector<ultrasound::Edit::Set> decisions;
    for (const auto& text : set_) decisions.push_back(ultrasound::parse_set(text));
    auto joined = ultrasound::adjudicate(readers);
    decide(joined, decisions, by_);
    write_file(out_, to_json(joined).dump(2) + "\n");
    call.history().output(out_, "findings");
    if (call.json()) {
      call.out().write({{"file", out_.string()},
                        {"readers", joined.readers},
                        {"findings", joined.findings.size()},
                        {"disagreements", joined.disagreements}});
    } else {
      for (const auto& each : joined.disagreements) fmt::print("{}\n", each);
      fmt::print("{} findings, {} left to decide -> {}\n", joined.findings.size(),
                 joined.disagreements.size(), out_.string());
    }
    return kExitDone;
  }

 private:
  std::vector<fs::path> files_;
  fs::path out_;
  std::vector<std::string> set_;
  std::string by_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_adjudicate_verb() {
  return std::make_unique<AdjudicateVerb>();
}

}  // namespace conclave
