/// Commands for a run that goes on, a line each on stdin: what a person does who watches it.
#pragma once

#include <functional>
#include <string>

#include "models/stream/generators/generator.h"

namespace conclave {

/// Words of control lines, for --help.
inline constexpr const char* kControlHelp =
    "pause, go, step [ROWS], speed ROWS-PER-SECOND (0: as fast as it can), drift [FUNCTION], "
    "trees";

/// A source whose rows come as the commands say. They are read between blocks, so that a row is never cut.
///   pause           stands until "go" or "step"
///   step [ROWS]     stands again after so many rows; without a number after the next record
///   speed ROWS      at most so many rows a second; 0: no limit
///   drift [NUMBER]  generated streams: that function takes over, or the next one; generators without
///                   functions get a new concept
///   trees           the trees of the learner as they stand, as a JSON line
/// At the end of the commands the stream goes on without them.
class ControlledSource final : public stream::Source {
 public:
  struct Hooks {
    std::function<void()> stands;                       ///< it waits for a command, after the last row
    std::function<void(const std::string&)> changed;    ///< one line on a drift that was asked for
    std::function<void(const std::string&)> not_taken;  ///< one line on a command that cannot be done
    std::function<void()> trees;                        ///< its trees are asked for
  };
  /// `generator` is what made `source`, null when it is not generated; `every` is the rows of a record.
  ControlledSource(stream::SourcePtr source, Json generator, int64_t every, Hooks hooks, int input = 0);
  const stream::Schema& schema() const override { return source_->schema(); }
  size_t read(stream::RowBlock& block, size_t most) override;
  bool ready() override { return source_->ready(); }

 private:
  void take_commands(int wait_ms);
  void take(const std::string& line);
  void drift(const std::string& word);
  void keep_speed();

  stream::SourcePtr source_;
  Json generator_;
  int64_t every_, rows_ = 0;
  Hooks hooks_;
  int input_;  // -1 when it has ended
  std::string part_;
  bool stands_ = false, told_ = false;
  int64_t stand_at_ = 0;  // rows; 0: nowhere
  double speed_ = 0, speed_begin_s_ = 0;
  int64_t speed_rows_ = 0;
};

}  // namespace conclave
