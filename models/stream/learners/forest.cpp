#include "models/stream/learners/forest.h"

#include <algorithm>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {

Forest::Forest(const ForestOptions& options, const LearnerContext& context)
    : options_(options),
      schema_(context.schema),
      seed_(context.seed),
      classes_(std::max(1, context.schema.classes())),
      poisson_(options.lambda),
      workers_(std::min(context.threads, options.members)),
      members_(static_cast<size_t>(options.members)) {
  options_.tree.max_bytes = std::max<size_t>(options_.tree.max_bytes / (2 * members_.size()), 1 << 16);
  for (size_t m = 0; m < members_.size(); ++m) {
    Member& member = members_[m];
    member.random = Random(seed_, fmt::format("member {}", m));
    member.drift = Adwin(options_.drift_delta);
    member.warning = Adwin(options_.warning_delta);
    member.tree = new_tree(member, static_cast<int>(m), member.tree_birth);
  }
}

uint64_t Forest::tree_seed(int index, uint32_t birth) const {
  return fnv1a(fmt::format("{} {} {}", seed_, index, birth));
}

TreeOptions Forest::tree_options(int index, uint32_t birth) const {
  TreeOptions options = options_.tree;
  const int width = schema_.width();
  const int count = std::clamp(static_cast<int>(std::lround(options_.patch * width)), 1, width);
  if (options_.patches == Patches::per_leaf) options.subspace = count;
  if (options_.patches == Patches::per_tree) {
    Random random(tree_seed(index, birth), "patch");
    options.only = draw_places(width, count, random);
  }
  return options;
}

HoeffdingTree Forest::new_tree(Member& member, int index, uint32_t& birth) {
  birth = member.births++;
  HoeffdingTree tree(schema_, tree_options(index, birth), tree_seed(index, birth));
  tree.grow_classes(classes_);
  return tree;
}

void Forest::grow_classes(int classes) {
  classes_ = std::max(classes_, classes);
  for (Member& member : members_) {
    member.tree.grow_classes(classes_);
    if (member.background) member.background->grow_classes(classes_);
  }
}

bool Forest::step(Member& member, int index, const double* x, int label, double weight, double* votes_C) {
  const double share = member.seen > 0 ? member.right / member.seen : 1;
  const double drawn = label < 0 ? 0 : weight * poisson_.draw(member.random);
  member.tree.test_then_train(x, label, drawn, votes_C);
  const bool right = arg_max(votes_C, classes_) == label;
  if (options_.weighted_votes && share > 0)
    for (int c = 0; c < classes_; ++c) votes_C[c] *= share;
  if (label < 0) return false;
  member.seen += 1;
  member.right += right;
  if (options_.on_drift == OnDrift::background) watch(member, index, right);
  if (member.background) {
    std::vector<double>& scratch = member.background_votes;
    scratch.resize(classes_);
    member.background->test_then_train(x, label, drawn, scratch.data());
    member.background_seen += 1;
    member.background_right += arg_max(scratch.data(), classes_) == label;
  }
  return options_.on_drift == OnDrift::replace_worst && member.drift.add(right ? 0 : 1) &&
         member.drift.grew();
}

void Forest::watch(Member& member, int index, bool right) {
  const double wrong = right ? 0 : 1;
  member.warning.add(wrong);
  if (member.warning.grew()) {
    ++member.warnings;
    member.warning = Adwin(options_.warning_delta);
    member.background = std::make_unique<HoeffdingTree>(new_tree(member, index, member.background_birth));
    member.background_right = member.background_seen = 0;
  }
  member.drift.add(wrong);
  if (!member.drift.grew()) return;
  ++member.drifts;
  member.drift = Adwin(options_.drift_delta);
  member.warning = Adwin(options_.warning_delta);
  if (member.background) {
    member.tree = std::move(*member.background);
    member.tree_birth = member.background_birth;
  } else {
    member.tree = new_tree(member, index, member.tree_birth);
  }
  member.right = member.background ? member.background_right : 0;
  member.seen = member.background ? member.background_seen : 0;
  member.background.reset();
}

void Forest::replace_worst() {
  size_t worst = 0;
  for (size_t m = 1; m < members_.size(); ++m)
    if (members_[m].drift.mean() > members_[worst].drift.mean()) worst = m;
  Member& member = members_[worst];
  ++member.drifts;
  member.tree = new_tree(member, static_cast<int>(worst), member.tree_birth);
  member.drift = Adwin(options_.drift_delta);
  member.right = member.seen = 0;
}

void Forest::test_then_train(const RowBlock& rows, double* votes_TC) {
  const size_t n = rows.size(), stride = n * classes_;
  member_votes_.resize(members_.size() * stride);
  if (options_.on_drift == OnDrift::replace_worst) {  // members depend on one another: row by row
    for (size_t i = 0; i < n; ++i) {
      bool drift = false;
      for (size_t m = 0; m < members_.size(); ++m)
        drift |= step(members_[m], static_cast<int>(m), rows.row(i).data(), rows.label(i), 1,
                      member_votes_.data() + m * stride + i * classes_);
      if (drift) replace_worst();
    }
  } else {
    workers_.run(static_cast<int>(members_.size()), [&](int m) {
      for (size_t i = 0; i < n; ++i)
        step(members_[m], m, rows.row(i).data(), rows.label(i), 1,
             member_votes_.data() + m * stride + i * classes_);
    });
  }
  combine(n, votes_TC);
}

void Forest::combine(size_t rows, double* votes_TC) const {
  const size_t stride = rows * classes_;
  std::fill_n(votes_TC, stride, 0.0);
  for (size_t m = 0; m < members_.size(); ++m)
    for (size_t i = 0; i < stride; ++i) votes_TC[i] += member_votes_[m * stride + i];
  for (size_t t = 0; t < rows; ++t) {
    double sum = 0;
    for (int c = 0; c < classes_; ++c) sum += votes_TC[t * classes_ + c];
    for (int c = 0; sum > 0 && c < classes_; ++c) votes_TC[t * classes_ + c] /= sum;
  }
}

void Forest::votes(const double* x, double* votes_C) {
  member_votes_.resize(members_.size() * classes_);
  for (size_t m = 0; m < members_.size(); ++m) {
    double* const at = member_votes_.data() + m * classes_;
    members_[m].tree.votes(x, at);
    const double share = members_[m].seen > 0 ? members_[m].right / members_[m].seen : 1;
    if (options_.weighted_votes && share > 0)
      for (int c = 0; c < classes_; ++c) at[c] *= share;
  }
  combine(1, votes_C);
}

void Forest::learn(const double* x, int label, double weight) {
  std::vector<double> unused(classes_);
  bool drift = false;
  for (size_t m = 0; m < members_.size(); ++m)
    drift |= step(members_[m], static_cast<int>(m), x, label, weight, unused.data());
  if (drift) replace_worst();
}

size_t Forest::bytes() const {
  size_t sum = sizeof(*this) + member_votes_.capacity() * sizeof(double);
  for (const Member& member : members_)
    sum += sizeof(Member) + member.tree.bytes() + member.warning.bytes() + member.drift.bytes() +
           (member.background ? member.background->bytes() : 0);
  return sum;
}

Json Forest::describe() const {
  Json list = Json::array();
  for (const Member& member : members_)
    list.push_back({{"leaves", member.tree.leaves()},
                    {"depth", member.tree.depth()},
                    {"accuracy", member.seen > 0 ? member.right / member.seen : 0},
                    {"drifts", member.drifts},
                    {"warnings", member.warnings},
                    {"background", member.background != nullptr}});
  return {{"members", std::move(list)}};
}

std::vector<TreeView> Forest::trees() const {
  std::vector<TreeView> list;
  for (const Member& member : members_) list.push_back(member.tree.view());
  return list;
}

void Forest::archive_tree(Archive& archive, HoeffdingTree& tree, int index, uint32_t birth) {
  if (archive.loading()) tree = HoeffdingTree(schema_, tree_options(index, birth), tree_seed(index, birth));
  archive(tree);
  archive.check(tree.classes() == classes_, "a tree of other classes");
}

void Forest::fields(Archive& archive) {
  archive(classes_);
  auto count = static_cast<uint32_t>(members_.size());
  archive(count);
  archive.check(count == members_.size() && classes_ >= 1, "another number of trees");
  for (uint32_t m = 0; m < count; ++m) {
    Member& member = members_[m];
    bool has_background = member.background != nullptr;
    archive(member.births, member.tree_birth, member.background_birth, has_background, member.warning,
            member.drift, member.right, member.seen, member.background_right, member.background_seen,
            member.drifts, member.warnings, member.random);
    archive_tree(archive, member.tree, static_cast<int>(m), member.tree_birth);
    if (archive.loading()) member.background = has_background ? std::make_unique<HoeffdingTree>() : nullptr;
    if (has_background)
      archive_tree(archive, *member.background, static_cast<int>(m), member.background_birth);
  }
}

}  // namespace conclave::stream
