// conclave-ultrasound calibrate: how a trained reader reads, and its temperatures for that.
#include <fmt/core.h>

#include <charconv>
#include <sstream>

#include "apps/common/app.h"
#include "apps/ultrasound/calibration.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// "1.1,1.3m".
std::vector<ultrasound::Look> looks_of(const std::string& list) {
  Json all = Json::array();
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    const std::string_view number(word.data(), word.size() - (word.ends_with('m') ? 1 : 0));
    double scale = 0;
    const auto end = std::from_chars(number.data(), number.data() + number.size(), scale).ptr;
    require<UsageError>(!number.empty() && end == number.data() + number.size(),
                        "--looks {}: '{}' is no number, with m behind it or not", list, word);
    all.push_back({{"scale", scale}, {"mirrored", number.size() < word.size()}});
  }
  return ultrasound::parse_looks(all, "--looks");
}

class UltrasoundCalibrateVerb : public Verb {
 public:
  std::string name() const override { return "calibrate"; }
  std::string summary() const override {
    return "Change how a reader reads; refit its temperatures and thresholds on validation pictures";
  }
  std::string examples() const override {
    return "conclave-ultrasound calibrate --model runs/breast-1 --data DIR --looks 1,1.2m,1.4";
  }
  void declare(Options& options) override {
    options.add("model", model_, "Folder of the reader, whose config.json is written anew")
        .required()
        .existing();
    options.add("data", data_, "Folder with the data sets that it learnt from: bus-bra/, hc18/")
        .required()
        .existing();
    options.add(
        "looks", looks_,
        "Scales of the canvas at which a picture is read, whose mean counts; m behind one: the mirror "
        "image. As they are when not given");
  }
  int run(Invocation& call) override;

 private:
  fs::path model_, data_;
  std::string looks_;
};

int UltrasoundCalibrateVerb::run(Invocation& call) {
  set_threads(call.common().threads);
  auto reader = ultrasound::load_reader(model_);
  if (!looks_.empty()) reader.looks = looks_of(looks_);
  std::vector<UltrasoundSet> sets;
  for (const auto& set : reader.training.value("sets", std::vector<std::string>()))
    sets.push_back(load_ultrasound_set(set, data_, reader.training.value("fold", 1)));
  call.begin();
  const int64_t pictures = calibrate(reader, sets);
  ultrasound::write_reader_config(reader, model_);
  call.history().output(model_ / "config.json", "model");
  const Json line = {{"model", model_.string()},
                     {"pictures", pictures},
                     {"temperatures", reader.temperatures},
                     {"known_from", reader.known_from}};
  if (call.json())
    call.out().write(line);
  else
    fmt::print("{}\n", line.dump(2));
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_ultrasound_calibrate_verb() {
  return std::make_unique<UltrasoundCalibrateVerb>();
}

}  // namespace conclave
