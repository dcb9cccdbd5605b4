// A random decision tree over nominal and numeric attributes (Domingos and Hulten, 2000).
#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

class RandomTree final : public Generator {
 public:
  explicit RandomTree(const GeneratorOptions& o) : o_(o), random_(o.seed) {
    schema_.name = "random-tree";
    for (int i = 0; i < o.nominals; ++i) {
      Attribute nominal{fmt::format("nominal{}", i + 1), true, {}};
      for (int v = 0; v < o.nominal_values; ++v) nominal.values.push_back(fmt::format("value{}", v + 1));
      schema_.inputs.push_back(std::move(nominal));
    }
    for (int i = 0; i < o.numerics; ++i)
      schema_.inputs.push_back(Attribute::numeric(fmt::format("numeric{}", i + 1)));
    schema_.label.name = "class";
    schema_.label.nominal = true;
    for (int c = 0; c < o.classes; ++c) schema_.label.values.push_back(fmt::format("class{}", c + 1));
    JavaRandom model(o.model_seed);
    std::vector<int> free;
    for (int i = 0; i < o.nominals; ++i) free.push_back(i);
    grow(0, free, std::vector<double>(o.numerics, 0.0), std::vector<double>(o.numerics, 1.0), model);
  }
  double next(double* x) override {
    for (int i = 0; i < o_.nominals; ++i) x[i] = random_.next_int(o_.nominal_values);
    for (int i = 0; i < o_.numerics; ++i) x[o_.nominals + i] = random_.next_double();
    int at = 0;
    while (nodes_[at].attribute >= 0) {
      const Node& node = nodes_[at];
      const double value = x[node.attribute];
      at = node.children[node.attribute < o_.nominals ? static_cast<int>(value)
                         : value < node.threshold     ? 0
                                                      : 1];
    }
    return nodes_[at].label;
  }

 private:
  struct Node {
    int attribute = -1, label = 0;
    double threshold = 0;
    std::vector<int> children;
  };

  int grow(int depth, const std::vector<int>& free, const std::vector<double>& low,
           const std::vector<double>& high, JavaRandom& random) {
    const int at = static_cast<int>(nodes_.size());
    nodes_.emplace_back();
    if (depth >= o_.depth || (depth >= o_.first_leaf && o_.leaf_fraction >= 1.0 - random.next_double())) {
      nodes_[at].label = random.next_int(o_.classes);
      return at;
    }
    const int nominals = static_cast<int>(free.size());
    const int chosen = random.next_int(nominals + o_.numerics);
    if (chosen < nominals) {
      nodes_[at].attribute = free[chosen];
      std::vector<int> rest = free;
      rest.erase(rest.begin() + chosen);
      for (int v = 0; v < o_.nominal_values; ++v) add_child(at, grow(depth + 1, rest, low, high, random));
    } else {
      const int numeric = chosen - nominals;
      const double threshold = (high[numeric] - low[numeric]) * random.next_double() + low[numeric];
      nodes_[at].attribute = o_.nominals + numeric;
      nodes_[at].threshold = threshold;
      std::vector<double> cut = high;
      cut[numeric] = threshold;
      add_child(at, grow(depth + 1, free, low, cut, random));
      cut = low;
      cut[numeric] = threshold;
      add_child(at, grow(depth + 1, free, cut, high, random));
    }
    return at;
  }
  void add_child(int at, int child) { nodes_[at].children.push_back(child); }

  GeneratorOptions o_;
  JavaRandom random_;
  std::vector<Node> nodes_;
};

}  // namespace

GeneratorPtr make_random_tree(const GeneratorOptions& options) {
  return std::make_unique<RandomTree>(options);
}

}  // namespace conclave::stream
