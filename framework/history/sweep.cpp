#include "framework/history/sweep.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "framework/base/error.h"
#include "framework/history/machine.h"

namespace conclave {
namespace {

constexpr size_t kMostJobs = 10000;

struct Axis {
  std::string key;
  std::vector<std::string> values;
};

Axis parse_axis(const std::string& text) {
  const size_t equals = text.find('=');
  require<UsageError>(equals != std::string::npos && equals > 0 && equals + 1 < text.size(),
                      "'{}' is not key=value,value,...", text);
  Axis axis{text.substr(0, equals), {}};
  for (size_t at = equals + 1; at <= text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    axis.values.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return axis;
}

std::vector<std::string> words_of(const std::string& key, const std::string& value) {
  if (key.find('.') != std::string::npos) return {"--set", key + "=" + value};
  return {"--" + key, value};
}

std::vector<JobSpec> drawn(const std::vector<JobSpec>& jobs, size_t count, uint64_t seed) {
  std::vector<size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937_64 random(seed);
  for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random() % (i + 1)]);
  order.resize(count);
  std::sort(order.begin(), order.end());
  std::vector<JobSpec> part;
  for (const size_t i : order) part.push_back(jobs[i]);
  return part;
}

}  // namespace

std::vector<JobSpec> sweep(const JobSpec& base, std::span<const std::string> axes,
                           std::optional<int64_t> random, uint64_t seed) {
  std::vector<JobSpec> jobs{base};
  for (const auto& text : axes) {
    const Axis axis = parse_axis(text);
    require<UsageError>(jobs.size() * axis.values.size() <= kMostJobs, "{} jobs; {} is the most",
                        jobs.size() * axis.values.size(), kMostJobs);
    std::vector<JobSpec> more;
    for (const auto& job : jobs)
      for (const auto& value : axis.values) {
        more.push_back(job);
        const auto words = words_of(axis.key, value);
        more.back().argv.insert(more.back().argv.end(), words.begin(), words.end());
      }
    jobs = std::move(more);
  }
  if (random && static_cast<size_t>(*random) < jobs.size())
    jobs = drawn(jobs, static_cast<size_t>(*random), seed);
  if (jobs.size() > 1) {
    const std::string batch = "batch-" + new_uuid().substr(0, 8);
    for (auto& job : jobs) job.batch = batch;
  }
  return jobs;
}

}  // namespace conclave
