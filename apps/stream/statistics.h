/// How sure a difference between two learners is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace conclave {

/// Mean and sample deviation.
struct Spread {
  double mean = 0, deviation = 0;
  int n = 0;
};
Spread spread(const std::vector<double>& values);

/// Wilcoxon's signed-rank test of differences, two-sided, exact for up to 25 pairs (normal beyond): the
/// probability of ranks as uneven as these when neither is better. Zero differences are left out; 1 when none
/// is left.
double wilcoxon(const std::vector<double>& differences);

/// McNemar's test, two-sided: the probability of counts as uneven as these when neither is better.
/// `first_alone` and `second_alone` are rows that one got right and the other did not; exact (binomial) for
/// up to 25 of them, chi-squared with the continuity correction beyond.
double mcnemar(int64_t first_alone, int64_t second_alone);

/// Whether each row was right as hexadecimal digits, four rows each, the first row in the highest bit.
std::string hex_of_bits(const std::vector<bool>& bits);
/// mcnemar() of two such texts, over the rows that both have.
double mcnemar(const std::string& first, const std::string& second);

/// "ahead" when every pair is, "behind" likewise, otherwise "tie".
std::string verdict(const std::vector<double>& differences);
/// Whether a share of `rows` is as close to `ceiling` as chance allows (two standard errors).
bool at_ceiling(double share, double ceiling, int64_t rows);

}  // namespace conclave
