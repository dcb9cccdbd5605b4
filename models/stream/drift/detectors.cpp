#include "models/stream/drift/detectors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "models/stream/drift/adwin.h"

namespace conclave::stream {
namespace {

class AdwinDetector final : public DriftDetector {
 public:
  bool add(double value) override { return adwin_.add(value); }
  void fields(Archive& archive) override { archive(adwin_); }

 private:
  Adwin adwin_;
};

// Gama et al., 2004: error rate p with deviation s; warns at p + s > least + 2 s, changes at 3 s.
class Ddm final : public DriftDetector {
 public:
  bool add(double wrong) override {
    if (restart_) *this = Ddm();
    p_ += (wrong - p_) / n_;
    s_ = std::sqrt(p_ * (1 - p_) / n_);
    ++n_;
    warning_ = false;
    if (n_ < kFewest) return false;
    if (p_ + s_ <= least_p_ + least_s_) {
      least_p_ = p_;
      least_s_ = s_;
    }
    if (n_ > kFewest && p_ + s_ > least_p_ + 3 * least_s_) return restart_ = true;
    warning_ = p_ + s_ > least_p_ + 2 * least_s_;
    return false;
  }
  bool warning() const override { return warning_; }
  void fields(Archive& archive) override { archive(n_, p_, s_, least_p_, least_s_, warning_, restart_); }

 private:
  static constexpr double kFewest = 30;
  double n_ = 1, p_ = 1, s_ = 0, least_p_ = 1e300, least_s_ = 1e300;
  bool warning_ = false, restart_ = false;
};

// Baena-Garcia et al., 2006: the distance between errors shrinks.
class Eddm final : public DriftDetector {
 public:
  bool add(double wrong) override {
    if (restart_) *this = Eddm();
    ++n_;
    if (wrong == 0) return false;
    ++errors_;
    warning_ = false;
    const double distance = n_ - last_, before = mean_;
    last_ = n_;
    mean_ += (distance - mean_) / errors_;
    squares_ += (distance - mean_) * (distance - before);
    const double reach = mean_ + 2 * std::sqrt(squares_ / errors_);
    if (n_ < kFewest) return false;
    if (reach > most_) {
      most_ = reach;
      return false;
    }
    const double share = reach / most_;
    if (errors_ > kFewest && share < 0.90) return restart_ = true;
    warning_ = errors_ > kFewest && share < 0.95;
    return false;
  }
  bool warning() const override { return warning_; }
  void fields(Archive& archive) override {
    archive(n_, errors_, last_, mean_, squares_, most_, warning_, restart_);
  }

 private:
  static constexpr double kFewest = 30;
  double n_ = 0, errors_ = 0, last_ = 0, mean_ = 0, squares_ = 0, most_ = 0;
  bool warning_ = false, restart_ = false;
};

// Page, 1954: a sum of deviations from the mean, with a slowly fading past.
class PageHinkley final : public DriftDetector {
 public:
  bool add(double value) override {
    if (restart_) *this = PageHinkley();
    mean_ += (value - mean_) / n_;
    sum_ = std::max(0.0, kFading * sum_ + (value - mean_ - kDelta));
    ++n_;
    return restart_ = n_ >= 30 && sum_ > kThreshold;
  }
  void fields(Archive& archive) override { archive(n_, mean_, sum_, restart_); }

 private:
  static constexpr double kDelta = 0.005, kThreshold = 50, kFading = 1 - 0.0001;
  double n_ = 1, mean_ = 0, sum_ = 0;
  bool restart_ = false;
};

// Raab et al., 2020: Kolmogorov and Smirnov's test between the newest values and a draw of older ones.
class Kswin final : public DriftDetector {
 public:
  explicit Kswin(uint64_t seed = 1) : random_(seed, "kswin") {}
  bool add(double value) override {
    window_.push_back(value);
    if (window_.size() < kWindow) return false;
    if (window_.size() > kWindow) window_.erase(window_.begin());
    std::vector<double> recent(window_.end() - kRecent, window_.end()), older;
    for (size_t i = 0; i < kRecent; ++i) older.push_back(window_[random_.below(kWindow - kRecent)]);
    std::sort(recent.begin(), recent.end());
    std::sort(older.begin(), older.end());
    double distance = 0;
    for (size_t i = 0, j = 0; i < kRecent && j < kRecent;) {
      const double at = std::min(recent[i], older[j]);
      while (i < kRecent && recent[i] == at) ++i;
      while (j < kRecent && older[j] == at) ++j;
      distance = std::max(distance, std::fabs(static_cast<double>(i) - static_cast<double>(j)) / kRecent);
    }
    // The distance that equal distributions pass with probability alpha.
    if (distance <= std::sqrt(-std::log(kAlpha / 2) / kRecent) || distance <= 0.1) return false;
    window_.erase(window_.begin(), window_.end() - kRecent);
    return true;
  }
  void fields(Archive& archive) override {
    archive(window_, random_);
    archive.check(window_.size() <= kWindow, "a window that is too long");
  }

 private:
  static constexpr size_t kWindow = 100, kRecent = 30;
  static constexpr double kAlpha = 0.0001;
  std::vector<double> window_;
  Random random_;
};

// Frias-Blanco et al., 2015, test A: Hoeffding's bound between the best beginning and the whole.
class HddmA final : public DriftDetector {
 public:
  bool add(double value) override {
    if (restart_) *this = HddmA();
    ++n_;
    sum_ += value;
    const auto bound = [](double n, double confidence) {
      return std::sqrt(std::log(1 / confidence) / (2 * n));
    };
    if (low_n_ == 0 || sum_ / n_ + bound(n_, kDrift) < low_sum_ / low_n_ + bound(low_n_, kDrift)) {
      low_n_ = n_;
      low_sum_ = sum_;
    }
    const auto grew = [&](double confidence) {
      if (low_n_ == n_) return false;
      const double m = (n_ - low_n_) / low_n_ / n_;
      return sum_ / n_ - low_sum_ / low_n_ >= std::sqrt(m / 2 * std::log(2 / confidence));
    };
    restart_ = grew(kDrift);
    warning_ = !restart_ && grew(kWarning);
    return restart_;
  }
  bool warning() const override { return warning_; }
  void fields(Archive& archive) override { archive(n_, sum_, low_n_, low_sum_, warning_, restart_); }

 private:
  static constexpr double kDrift = 0.001, kWarning = 0.005;
  double n_ = 0, sum_ = 0, low_n_ = 0, low_sum_ = 0;
  bool warning_ = false, restart_ = false;
};

// The same, test W: McDiarmid's bound on exponentially weighted means.
class HddmW final : public DriftDetector {
 public:
  bool add(double value) override {
    if (restart_) *this = HddmW();
    total_.add(value);
    recent_.add(value);
    const auto bound = [](const Mean& m, double confidence) {
      return std::sqrt(m.weights * std::log(1 / confidence) / 2);
    };
    if (low_.n == 0 || total_.value + bound(total_, kDrift) < low_.value + bound(low_, kDrift)) {
      low_ = total_;
      recent_ = Mean();
    }
    const auto grew = [&](double confidence) {
      if (recent_.n == 0) return false;
      return recent_.value - low_.value >
             std::sqrt((low_.weights + recent_.weights) * std::log(1 / confidence) / 2);
    };
    restart_ = grew(kDrift);
    warning_ = !restart_ && grew(kWarning);
    return restart_;
  }
  bool warning() const override { return warning_; }
  void fields(Archive& archive) override { archive(total_, recent_, low_, warning_, restart_); }

 private:
  static constexpr double kDrift = 0.001, kWarning = 0.005, kLambda = 0.05;
  struct Mean {
    double n = 0, value = 0, weights = 1;  // weights: sum of the squared weights
    void add(double x) {
      value = n == 0 ? x : kLambda * x + (1 - kLambda) * value;
      weights = n == 0 ? 1 : kLambda * kLambda + (1 - kLambda) * (1 - kLambda) * weights;
      ++n;
    }
    void fields(Archive& archive) { archive(n, value, weights); }
  };
  Mean total_, recent_, low_;
  bool warning_ = false, restart_ = false;
};

}  // namespace

std::vector<std::string> detector_names() {
  return {"adwin", "ddm", "eddm", "page-hinkley", "kswin", "hddm-a", "hddm-w"};
}

DriftDetectorPtr make_detector(const std::string& name, uint64_t seed) {
  if (name == "adwin") return std::make_unique<AdwinDetector>();
  if (name == "ddm") return std::make_unique<Ddm>();
  if (name == "eddm") return std::make_unique<Eddm>();
  if (name == "page-hinkley") return std::make_unique<PageHinkley>();
  if (name == "kswin") return std::make_unique<Kswin>(seed);
  if (name == "hddm-a") return std::make_unique<HddmA>();
  if (name == "hddm-w") return std::make_unique<HddmW>();
  throw UsageError(
      fmt::format("no drift detector '{}'; there are: {}", name, fmt::join(detector_names(), ", ")));
}

}  // namespace conclave::stream
