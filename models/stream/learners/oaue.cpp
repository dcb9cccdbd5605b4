// Every `window` rows the tree that learned them joins the ensemble, in the place of the worst one once it is
// full.
#include <cmath>

#include "models/stream/base/settings.h"
#include "models/stream/learners/boosting.h"
#include "models/stream/learners/member_trees.h"
#include "models/stream/learners/tree_config.h"

namespace conclave::stream {
namespace {

constexpr double kTiny = 1e-300;

class Oaue final : public TreeEnsemble {
 public:
  Oaue(const TreeOptions& options, int members, int window, const LearnerContext& context)
      : TreeEnsemble(options, members + 1, context), most_(members), window_(window), labels_(window) {
    trees_.push_back(new_tree());
  }
  size_t bytes() const override {
    return TreeEnsemble::bytes() + (members_.size() + 1) * static_cast<size_t>(window_) * sizeof(double);
  }
  Json describe() const override {
    Json list = Json::array();
    for (size_t m = 0; m < members_.size(); ++m)
      list.push_back(
          {{"leaves", trees_[m + 1].leaves()}, {"born", members_[m].born}, {"weight", members_[m].weight}});
    return {{"members", std::move(list)}};
  }
  std::vector<std::string> take_events() override { return std::exchange(events_, {}); }
  void fields(Archive& archive) override {
    archive(rows_, labels_, counts_, members_);
    archive.check(rows_ >= 0 && labels_.size() == static_cast<size_t>(window_) &&
                      members_.size() <= static_cast<size_t>(most_),
                  "another ensemble");
    for (const Member& member : members_)
      archive.check(member.errors.size() == static_cast<size_t>(window_) && member.born <= rows_,
                    "a member of another ensemble");
    if (archive.loading()) trees_.resize(members_.size() + 1);
    archive_trees(archive);
    for (const int32_t label : labels_) archive.check(label >= 0 && label < classes_, "a class that is none");
  }

 private:
  struct Member {
    int64_t born = 0;
    double weight = 0, error = 0;  // error: mean of the squared ones in the window
    std::vector<double> errors;
    void fields(Archive& a) { a(born, weight, error, errors); }
  };

  // The mean squared error of one who knows nothing but how frequent the classes are.
  double chance() const {
    double sum = 0;
    for (const double count : counts_) {
      const double p = count / window_;
      sum += p * (1 - p) * (1 - p);
    }
    return sum;
  }
  void note(int label) {
    counts_.resize(classes_);
    int32_t& oldest = labels_[rows_ % window_];
    if (rows_ >= window_) counts_[oldest] -= 1;
    counts_[label] += 1;
    oldest = label;
    ++rows_;
  }

  void step(const double* x, int label, double weight, double* votes_C) override {
    const bool learns = label >= 0 && weight > 0;
    std::fill_n(votes_C, classes_, 0.0);
    double chance_error = 0;
    if (learns) {
      note(label);
      chance_error = chance();
    }
    const bool chunk_ends = learns && rows_ % window_ == 0;
    for (size_t m = 0; m < members_.size(); ++m) {
      trees_[m + 1].test_then_train(x, label, learns ? weight : 0, said_.data());
      add_said(members_[m].weight, votes_C);
      if (learns) weigh(members_[m], said_[label], chance_error);
    }
    if (members_.empty()) {  // the first window
      trees_[0].votes(x, said_.data());
      add_said(1, votes_C);
    }
    normalise(votes_C);
    if (chunk_ends)
      admit(chance_error, x, label, weight);
    else if (learns)
      trees_[0].learn(x, label, weight);
  }

  void weigh(Member& member, double said, double chance_error) const {
    const auto age = rows_ - member.born;
    const double error = (1 - said) * (1 - said);
    double& old = member.errors[age % window_];
    const auto n = static_cast<double>(age);
    member.error =
        age > window_ ? member.error + (error - old) / window_ : member.error * (n - 1) / n + error / n;
    old = error;
    member.weight = 1 / (chance_error + std::max(0.0, member.error) + kTiny);
  }

  void admit(double chance_error, const double* x, int label, double weight) {
    Member made;
    made.born = rows_;
    made.weight = 1 / (chance_error + kTiny);
    made.errors.resize(window_);
    size_t place = members_.size();
    if (place < static_cast<size_t>(most_)) {
      members_.push_back(std::move(made));
      trees_.push_back(new_tree());
    } else {
      place = 0;
      for (size_t m = 1; m < members_.size(); ++m)
        if (members_[m].weight < members_[place].weight) place = m;
      if (members_[place].weight >= made.weight) {
        trees_[0] = new_tree();
        return;
      }
      events_.push_back(fmt::format("member {} was replaced", place));
      members_[place] = std::move(made);
    }
    trees_[place + 1] = std::move(trees_[0]);
    trees_[place + 1].learn(x, label, weight);
    trees_[0] = new_tree();
  }

  int most_, window_;
  int64_t rows_ = 0;
  std::vector<int32_t> labels_;  // of the newest rows, a ring
  std::vector<double> counts_;   // of their classes
  std::vector<Member> members_;  // whose trees are behind the candidate's
  std::vector<std::string> events_;
};

}  // namespace

LearnerPtr make_oaue(ConfigObject& c, const LearnerContext& context) {
  const auto members = integer_in(c, "members", 10, 1, 10000);
  const auto window = integer_in(c, "window_size", 500, 1, 10'000'000);
  TreeOptions o;
  o.grace_period = 100;
  o.split_confidence = 0.01;
  o.max_bytes = size_t{256} << 20;
  return std::make_unique<Oaue>(tree_options(c, o), members, window, context);
}

}  // namespace conclave::stream
