#include "datasets/scenes/sampler.h"

#include <algorithm>

namespace conclave::scenes {
namespace {

constexpr int kMaxScattered = 7;
constexpr int kTries = 60;

int below(Random& random, size_t n) {
  return static_cast<int>(random.below(n));
}

Item random_item(Random& random) {
  Item item;
  item.size = static_cast<int16_t>(10 * (1 + below(random, 3)));
  item.shape = static_cast<Shape>(below(random, 3));
  item.color = static_cast<Color>(below(random, 3));
  return item;
}

/// Puts `item` somewhere in `box`, apart from the rest. A place beyond the right or lower wall is moved to
/// it, so that one item in five touches one: this is how the data came by its touching items.
bool place(Item item, Box& box, Random& random) {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    item.x = static_cast<int16_t>(std::min(below(random, kBoxSide), kBoxSide - item.size));
    item.y = static_cast<int16_t>(std::min(below(random, kBoxSide), kBoxSide - item.size));
    if (std::ranges::all_of(box, [&](const Item& other) { return apart(item, other); })) {
      box.push_back(item);
      return true;
    }
  }
  return false;
}

void stack(Box& box) {
  for (size_t i = 0; i < box.size(); ++i)
    box[i].x = kBlockX, box[i].y = static_cast<int16_t>(kBlockY[i]), box[i].size = kBlockSize,
    box[i].shape = Shape::kSquare;
}

size_t most(Kind kind) {
  return kind == Kind::kTower ? kMaxBlocks : kMaxScattered;
}

/// Deals `items` into three boxes of random sizes, none empty. False when they found no place.
bool deal(const std::vector<Item>& items, Kind kind, Scene& out, Random& random) {
  out = {};
  std::array<size_t, kBoxes> sizes{1, 1, 1};
  for (size_t left = items.size() - kBoxes; left > 0;) {
    size_t& size = sizes[random.below(kBoxes)];
    if (size < most(kind)) ++size, --left;
  }
  const std::vector<int64_t> order = random.permutation(static_cast<int64_t>(items.size()));
  size_t next = 0;
  for (size_t box = 0; box < kBoxes; ++box)
    for (size_t i = 0; i < sizes[box]; ++i) {
      const Item& item = items[static_cast<size_t>(order[next++])];
      if (kind == Kind::kTower)
        out[box].push_back(item);
      else if (!place(item, out[box], random))
        return false;
    }
  if (kind == Kind::kTower)
    for (Box& box : out) stack(box);
  return true;
}

enum Edit { kRecolor, kReshape, kResize, kMove, kExchange, kAdd, kRemove, kEdits };

bool edit(Scene& scene, Kind kind, Random& random) {
  Box& box = scene[random.below(kBoxes)];
  const size_t at = random.below(box.size());
  const auto replace = [&](const Item& item) {
    box.erase(box.begin() + static_cast<long>(at));
    return place(item, box, random);
  };
  Item item = box[at];
  switch (below(random, kEdits)) {
    case kRecolor:
      box[at].color = static_cast<Color>((static_cast<int>(item.color) + 1 + below(random, 2)) % 3);
      return true;
    case kReshape:
      if (kind == Kind::kTower) return false;
      box[at].shape = static_cast<Shape>((static_cast<int>(item.shape) + 1 + below(random, 2)) % 3);
      return true;
    case kResize:
      if (kind == Kind::kTower) return false;
      item.size = static_cast<int16_t>(10 * (1 + below(random, 3)));
      return replace(item);
    case kMove:
      return kind == Kind::kScattered && replace(item);
    case kExchange: {
      Box& other = scene[random.below(kBoxes)];
      Item& with = other[random.below(other.size())];
      std::swap(box[at].color, with.color);
      std::swap(box[at].shape, with.shape);
      return true;
    }
    case kAdd:
      if (box.size() >= most(kind)) return false;
      if (kind == Kind::kScattered) return place(random_item(random), box, random);
      box.insert(box.begin() + static_cast<long>(at), random_item(random));
      stack(box);
      return true;
    default:
      if (box.size() < 2) return false;
      box.erase(box.begin() + static_cast<long>(at));
      if (kind == Kind::kTower) stack(box);
      return true;
  }
}

}  // namespace

Scene sample_scene(Kind kind, Random& random) {
  Scene scene;
  for (Box& box : scene) {
    const size_t size = 1 + random.below(most(kind));
    while (box.size() < size) {
      if (kind == Kind::kTower)
        box.push_back(random_item(random));
      else if (!place(random_item(random), box, random))
        box.clear();
    }
    if (kind == Kind::kTower) stack(box);
  }
  return scene;
}

Scene reshuffled(const Scene& scene, Kind kind, Random& random) {
  std::vector<Item> items;
  for (const Box& box : scene) items.insert(items.end(), box.begin(), box.end());
  Scene out;
  while (!deal(items, kind, out, random)) {
  }
  return out;
}

Scene edited(const Scene& scene, Kind kind, Random& random) {
  for (;;) {
    Scene out = scene;
    if (edit(out, kind, random) && out != scene) return out;
  }
}

}  // namespace conclave::scenes
