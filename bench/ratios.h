/// Google Benchmark's table, and after it how many times as long each peer took.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

namespace conclave {

/// Benchmarks are named "cell/peer". Of repetitions the median counts.
class Ratios : public benchmark::ConsoleReporter {
 public:
  Ratios(std::string ours, std::vector<std::string> peers)
      : ConsoleReporter(OO_Tabular), ours_(std::move(ours)), peers_(std::move(peers)) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      if (run.error_occurred || (!run.aggregate_name.empty() && run.aggregate_name != "median")) continue;
      const auto& name = run.run_name.function_name;
      const auto slash = name.rfind('/');
      time_[name.substr(0, slash)][name.substr(slash + 1)] = run.GetAdjustedRealTime();
    }
  }
  void Finalize() override {
    for (auto& [cell, times] : time_) {
      for (const auto& peer : peers_) {
        if (times.contains(ours_) && times.contains(peer))
          GetOutputStream() << cell << ": " << peer << " takes " << times[peer] / times[ours_]
                            << " times as long\n";
      }
    }
  }

 private:
  const std::string ours_;
  const std::vector<std::string> peers_;
  std::map<std::string, std::map<std::string, double>> time_;
};

}  // namespace conclave
