#include "models/stream/moe/watched_expert.h"

#include "models/stream/base/fast_math.h"

namespace conclave::stream {

WatchedExpert::WatchedExpert(std::string kind, ExpertMaker make, const WatchOptions& options, int classes,
                             uint64_t seed)
    : kind_(std::move(kind)),
      make_(std::move(make)),
      options_(options),
      classes_(classes),
      poisson_(options.lambda > 0 ? options.lambda : 1),
      random_(seed, "weights"),
      warning_(options.warning_delta),
      drift_(options.drift_delta),
      unused_(classes) {
  expert_ = make_(births_++, classes_);
}

void WatchedExpert::grow_classes(int classes) {
  classes_ = classes;
  unused_.resize(classes);
  expert_->grow_classes(classes);
  if (background_) background_->grow_classes(classes);
}

void WatchedExpert::test_then_train(const EncodedRow& row, int label, double* votes_C) {
  const double weight = label < 0 ? 0 : options_.lambda > 0 ? poisson_.draw(random_) : 1;
  expert_->test_then_train(row, label, weight, votes_C);
  if (label < 0) return;
  const double wrong = arg_max(votes_C, classes_) == label ? 0 : 1;
  if (background_) background_->test_then_train(row, label, weight, unused_.data());
  drift_.add(wrong);
  if (!options_.replace) return;
  warning_.add(wrong);
  if (drift_.grew()) {
    ++drifts_;
    birth_ = background_ ? background_birth_ : births_++;
    expert_ = background_ ? std::move(background_) : make_(birth_, classes_);
    drift_ = Adwin(options_.drift_delta);
    warning_ = Adwin(options_.warning_delta);
  } else if (warning_.grew()) {
    background_birth_ = births_++;
    background_ = make_(background_birth_, classes_);
    warning_ = Adwin(options_.warning_delta);
  }
}

size_t WatchedExpert::bytes() const {
  return sizeof(*this) + expert_->bytes() + (background_ ? background_->bytes() : 0) + warning_.bytes() +
         drift_.bytes();
}

void WatchedExpert::fields(Archive& archive) {
  bool has_background = background_ != nullptr;
  int32_t classes = classes_;
  archive(classes, random_, births_, birth_, background_birth_, drifts_, warning_, drift_, has_background);
  archive.check(classes == classes_, "an expert of other classes");
  if (archive.loading()) {
    unused_.assign(classes_, 0.0);
    expert_ = make_(birth_, classes_);
    background_ = has_background ? make_(background_birth_, classes_) : nullptr;
  }
  archive(*expert_);
  if (background_) archive(*background_);
}

}  // namespace conclave::stream
