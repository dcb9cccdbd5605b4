/// The runs that are pinned to be compared, in the order in which they were.
#pragma once

#include <QObject>
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace conclave::ui {

class Pins : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;
  static constexpr size_t kMost = 200;  // of a large sweep; columns and lines beyond tell nothing

  const std::vector<int64_t>& runs() const { return runs_; }
  bool has(int64_t run) const { return std::find(runs_.begin(), runs_.end(), run) != runs_.end(); }
  /// Of no effect when there are kMost already.
  void pin(int64_t run) {
    if (add(run)) Q_EMIT changed();
  }
  void unpin(int64_t run) {
    if (std::erase(runs_, run) > 0) Q_EMIT changed();
  }
  /// These and no others; the first kMost of them.
  void set(std::span<const int64_t> runs) {
    runs_.clear();
    for (const int64_t run : runs) add(run);
    Q_EMIT changed();
  }
  void clear() { set({}); }

 Q_SIGNALS:
  void changed();

 private:
  bool add(int64_t run) {
    if (has(run) || runs_.size() == kMost) return false;
    runs_.push_back(run);
    return true;
  }
  std::vector<int64_t> runs_;
};

}  // namespace conclave::ui
