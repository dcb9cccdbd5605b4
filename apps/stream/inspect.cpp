// conclave-stream inspect: what a snapshot's learner has made of its stream.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "apps/stream/saved_learner.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "models/stream/tree/show_tree.h"

namespace conclave {
namespace {

class InspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override {
    return "Show the trees, the attributes that matter and the experts of a snapshot";
  }
  std::string examples() const override {
    return "  conclave-stream inspect run.snap\n  conclave-stream inspect run.snap --tree 0 --dot | dot "
           "-Tsvg > tree.svg";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.positional("snapshot", snapshot_, "File that run --snapshot wrote").required().existing();
    options.add("tree", tree_, "Print this tree of the learner, counted from 0").at_least(0);
    options.add("dot", dot_, "For Graphviz");
  }
  int run(Invocation& call) override {
    const SavedLearner saved = load_learner(snapshot_, 1);
    const auto trees = saved.learner->trees();
    if (tree_) {
      require<UsageError>(static_cast<size_t>(*tree_) < trees.size(), "--tree: {} of {} trees", *tree_,
                          trees.size());
      const auto& tree = trees[*tree_];
      if (call.json()) {
        call.out().write(stream::tree_json(tree, saved.schema, tree.nodes.size()));
        return 0;
      }
      fmt::print("{}", dot_ ? tree_dot(tree, saved.schema) : tree_text(tree, saved.schema));
      return 0;
    }
    const auto shares = importance(trees, saved.schema);
    Json attributes = Json::object();
    std::vector<size_t> order(shares.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return shares[a] > shares[b]; });
    for (const size_t i : order) attributes[saved.schema.inputs[i].name] = shares[i];
    const Json about = {
        {"model", saved.learner->describe()}, {"importance", attributes}, {"trees", trees.size()}};
    if (call.json()) {
      call.out().write(about);
      return 0;
    }
    fmt::print("{} trees; attributes by the gain of their splits:\n", trees.size());
    for (const auto& [attribute, share] : attributes.items())
      fmt::print("  {:<24} {:5.1f} %\n", attribute, 100 * share.get<double>());
    if (about["model"].contains("experts")) {
      fmt::print("experts, with their mean weight and their share of errors of late:\n");
      for (const auto& expert : about["model"]["experts"])
        fmt::print("  {:<10} {:6.3f}  {:.3f}{}\n", expert["kind"].get<std::string>(),
                   expert["mean_weight"].get<double>(), expert["recent_error"].get<double>(),
                   expert["resting"].get<bool>() ? "  resting" : "");
    }
    return 0;
  }

 private:
  std::filesystem::path snapshot_;
  std::optional<int> tree_;
  bool dot_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_inspect_verb() {
  return std::make_unique<InspectVerb>();
}

}  // namespace conclave
