#include "datasets/scenes/evidence.h"

#include <vector>

#include "datasets/scenes/holds.h"

namespace conclave::scenes {
namespace {

struct Conditions {
  std::vector<const Expression*> items;
  const Expression* box = nullptr;
};

// In the order in which they stand.
void collect(const Expression& e, Conditions& out) {
  switch (e.op) {
    case Op::kCount:
    case Op::kAll:
    case Op::kRun:
    case Op::kSame:
    case Op::kDifferent:
      out.items.push_back(&e.args.back());
      return;
    case Op::kBoxes:
      if (!out.box) out.box = &e.args.back();
      break;
    default:
      break;
  }
  for (const Expression& arg : e.args) collect(arg, out);
}

}  // namespace

Evidence evidence_of(const Expression& statement, const Scene& scene) {
  Conditions found;
  collect(statement, found);
  Evidence evidence;
  evidence.boxes.fill(-1);
  for (auto& counts : evidence.counts) counts.fill(-1);
  for (int box = 0; box < kBoxes; ++box) {
    const auto b = static_cast<size_t>(box);
    if (found.box) evidence.boxes[b] = holds_at(*found.box, scene, box);
    for (size_t i = 0; i < std::min(found.items.size(), evidence.counts.size()); ++i) {
      int count = 0;
      for (int item = 0; item < static_cast<int>(scene[b].size()); ++item)
        count += holds_at(*found.items[i], scene, box, item);
      evidence.counts[i][b] = count;
    }
  }
  return evidence;
}

Evidence permuted(const Evidence& evidence, int order) {
  Evidence out = evidence;
  for (size_t place = 0; place < kBoxes; ++place) {
    const auto box = static_cast<size_t>(kOrders[static_cast<size_t>(order)][place]);
    out.boxes[place] = evidence.boxes[box];
    for (size_t i = 0; i < out.counts.size(); ++i) out.counts[i][place] = evidence.counts[i][box];
  }
  return out;
}

}  // namespace conclave::scenes
