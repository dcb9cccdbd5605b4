// conclave-ultrasound inspect: what the fields of a report are.
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "models/ultrasound/rules/lexicon.h"

namespace conclave {
namespace {

int show_lexicon(Invocation& call) {
  for (const auto& row : ultrasound::lexicon()) {
    if (call.json()) {
      Json values = Json::array();
      for (const auto& value : row.values)
        values.push_back({{"code", value.code}, {"en", value.english}, {"zh", value.chinese}});
      call.out().write({{"organ", row.organ},
                        {"field", row.field.code},
                        {"en", row.field.english},
                        {"zh", row.field.chinese},
                        {"several", row.several},
                        {"values", values}});
      continue;
    }
    std::vector<std::string> codes;
    for (const auto& value : row.values) codes.push_back(value.code);
    fmt::print("{:<10} {:<20} {}{}\n", row.organ, row.field.code, fmt::join(codes, ", "),
               row.several ? " (several)" : "");
  }
  return kExitDone;
}

class InspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override { return "Show the fields of a report and their values"; }
  std::string examples() const override { return "  conclave-ultrasound inspect lexicon"; }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("WHAT", what_, "lexicon").required().choices({"lexicon"});
  }
  int run(Invocation& call) override { return show_lexicon(call); }

 private:
  std::string what_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_inspect_verb() {
  return std::make_unique<InspectVerb>();
}

}  // namespace conclave
