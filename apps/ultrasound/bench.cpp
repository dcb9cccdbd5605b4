// conclave-ultrasound bench: how long a still and a clip take.
#include <ATen/ATen.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "apps/ultrasound/findings_model.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/process_memory.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/media/picture.h"
#include "framework/score/median.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// The shipped breast picture, moving a little: one that is known, so that all looks at it are taken.
class MovingFrames : public dicom::FrameSource {
 public:
  explicit MovingFrames(int64_t count)
      : count_(count), picture_HW3_(load_picture(shipped("samples") / "breast-lesion.jpg")) {}
  int64_t frame_count() const override { return count_; }
  std::string name() const override { return "bench"; }
  int64_t reads() const { return reads_; }
  dicom::Frame read(int64_t index) override {
    ++reads_;
    const at::Tensor moved = picture_HW3_.roll(index % 8, 1).contiguous();
    const auto* first = moved.const_data_ptr<uint8_t>();
    return {moved.size(1), moved.size(0), {first, first + moved.numel()}};
  }

 private:
  int64_t count_, reads_ = 0;
  at::Tensor picture_HW3_;
};

constexpr int kProcesses = 3;

// Reports of the shipped breast picture, each by a process of its own, from its start to its end.
std::vector<double> process_ms(const fs::path& model, const CommonOptions& common) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("conclave-bench-{}", ::getpid());
  std::vector<std::string> words = {(fs::path(program_folder()) / "conclave-ultrasound").string(),
                                    "report",
                                    (shipped("samples") / "breast-lesion.jpg").string(),
                                    "-o",
                                    folder.string(),
                                    "--format",
                                    "json,text,pdf,sr,fhir",
                                    "--threads",
                                    std::to_string(common.thread_count()),
                                    "--no-history",
                                    "--json"};
  if (!model.empty()) words.insert(words.end(), {"--model", model.string()});
  std::vector<double> all;
  for (int i = 0; i < kProcesses; ++i) {
    throw_if_interrupted();
    const auto done = run_child(words);
    fs::remove_all(folder);
    require(done.code == kExitDone, "report ended with code {}: {}", done.code, done.out);
    all.push_back(done.ms);
  }
  std::ranges::sort(all);
  return all;
}

class UltrasoundBenchVerb : public Verb {
 public:
  std::string name() const override { return "bench"; }
  std::string summary() const override {
    return "Measure the time of stills and clips with the shipped readers";
  }
  std::string examples() const override { return "conclave-ultrasound bench --threads 2 --json"; }
  void declare(Options& options) override {
    options.add("model", model_, "Folder of a reader, instead of the shipped ones").existing();
    options.add("organ", organ_, "Read as pictures of this; the model finds out without");
    options.add("stills", stills_, "How many stills").range(1, 100000);
    options.add("frames", frames_, "Frames of the clip").range(1, 1000000);
  }
  int run(Invocation& call) override {
    const Stopwatch loading;
    const auto model = open_findings_model(model_, call.common());
    require<UsageError>(model != nullptr, "no model is installed: name one with --model");
    const double load = loading.ms();
    call.begin();
    std::vector<double> still_ms;
    for (int64_t i = 0; i < stills_; ++i) {
      throw_if_interrupted();
      MovingFrames one(1);
      const Stopwatch watch;
      model->read(one, {organ_, ""});
      still_ms.push_back(watch.ms());
    }
    const double first = still_ms.front();
    MovingFrames clip(frames_);
    const Stopwatch watch;
    const bool read = !model->read(clip, {organ_, ""}).abstained;
    const double clip_seconds = watch.seconds();
    const auto process = process_ms(model_, call.common());
    const Json record = {{"model", model->name()},
                         {"threads", call.common().thread_count()},
                         {"load_ms", load},
                         {"first_still_ms", first},
                         {"still_ms", median(still_ms)},
                         {"report_ms", median(process)},
                         {"report_fastest_ms", process.front()},
                         {"clip_frames", frames_},
                         {"clip_frames_looked_at", clip.reads()},
                         {"clip_read", read},
                         {"clip_seconds", clip_seconds},
                         {"clip_frames_per_second", static_cast<double>(frames_) / clip_seconds},
                         {"peak_memory_mb", static_cast<double>(peak_memory()) / 1e6}};
    for (const auto& [name, value] : record.items())
      if (value.is_number()) call.history().metric(name, 0, value.get<double>());
    if (call.json())
      call.out().write(record);
    else
      fmt::print("{}\n", record.dump(2));
    return kExitDone;
  }

 private:
  fs::path model_;
  std::string organ_;
  int64_t stills_ = 20, frames_ = 300;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_bench_verb() {
  return std::make_unique<UltrasoundBenchVerb>();
}

}  // namespace conclave
