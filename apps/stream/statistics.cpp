#include "apps/stream/statistics.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace conclave {
namespace {

constexpr size_t kMostExact = 25;

unsigned digit(char c) {
  return c <= '9' ? static_cast<unsigned>(c - '0') : static_cast<unsigned>(c - 'a' + 10);
}

}  // namespace

Spread spread(const std::vector<double>& values) {
  Spread s;
  s.n = static_cast<int>(values.size());
  if (s.n == 0) return s;
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / s.n;
  double squares = 0;
  for (const double value : values) squares += (value - s.mean) * (value - s.mean);
  s.deviation = s.n > 1 ? std::sqrt(squares / (s.n - 1)) : 0;
  return s;
}

double wilcoxon(const std::vector<double>& differences) {
  std::vector<double> used;
  for (const double d : differences)
    if (d != 0) used.push_back(d);
  const auto n = used.size();
  if (n == 0) return 1;
  std::sort(used.begin(), used.end(), [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  // Twice the ranks, so that those of ties stay whole.
  std::vector<int> ranks(n);
  for (size_t i = 0; i < n;) {
    size_t j = i;
    while (j < n && std::fabs(used[j]) == std::fabs(used[i])) ++j;
    for (size_t k = i; k < j; ++k) ranks[k] = static_cast<int>(i + j + 1);
    i = j;
  }
  int sum = 0, total = 0;
  for (size_t i = 0; i < n; ++i) {
    total += ranks[i];
    if (used[i] > 0) sum += ranks[i];
  }
  const int low = std::min(sum, total - sum);
  if (n > kMostExact) {
    double variance = 0;
    for (const int rank : ranks) variance += rank * rank / 4.0;
    return std::erfc((total / 2.0 - low) / std::sqrt(2 * variance));
  }
  std::vector<double> ways(total + 1, 0.0);
  ways[0] = 1;
  for (const int rank : ranks)
    for (int s = total; s >= rank; --s) ways[s] += ways[s - rank];
  double at_most = 0;
  for (int s = 0; s <= low; ++s) at_most += ways[s];
  return std::min(1.0, 2 * at_most / std::ldexp(1.0, static_cast<int>(n)));
}

double mcnemar(int64_t first_alone, int64_t second_alone) {
  const int64_t n = first_alone + second_alone, low = std::min(first_alone, second_alone);
  if (n == 0) return 1;
  if (n > static_cast<int64_t>(kMostExact)) {
    const double gap = std::max(0.0, std::fabs(static_cast<double>(first_alone - second_alone)) - 1);
    return std::erfc(gap / std::sqrt(2.0 * static_cast<double>(n)));
  }
  double ways = 1, at_most = 0;
  for (int64_t k = 0; k <= low; ++k) {
    at_most += ways;
    ways *= static_cast<double>(n - k) / static_cast<double>(k + 1);
  }
  return std::min(1.0, 2 * at_most / std::ldexp(1.0, static_cast<int>(n)));
}

std::string hex_of_bits(const std::vector<bool>& bits) {
  std::string text((bits.size() + 3) / 4, '0');
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    for (size_t j = 4 * i; j < std::min(bits.size(), 4 * i + 4); ++j)
      value |= static_cast<unsigned>(bits[j]) << (3 - j % 4);
    text[i] = "0123456789abcdef"[value];
  }
  return text;
}

double mcnemar(const std::string& first, const std::string& second) {
  int64_t first_alone = 0, second_alone = 0;
  for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
    first_alone += std::popcount(digit(first[i]) & ~digit(second[i]));
    second_alone += std::popcount(digit(second[i]) & ~digit(first[i]));
  }
  return mcnemar(first_alone, second_alone);
}

std::string verdict(const std::vector<double>& differences) {
  const auto all = [&](auto holds) {
    return !differences.empty() && std::all_of(differences.begin(), differences.end(), holds);
  };
  if (all([](double d) { return d > 0; })) return "ahead";
  return all([](double d) { return d < 0; }) ? "behind" : "tie";
}

bool at_ceiling(double share, double ceiling, int64_t rows) {
  return std::fabs(share - ceiling) <=
         2 * std::sqrt(ceiling * (1 - ceiling) / static_cast<double>(std::max<int64_t>(1, rows)));
}

}  // namespace conclave
