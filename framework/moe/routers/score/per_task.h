/// Router rows of its own for each task or domain (M3ViT, arXiv 2210.14793).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// logits = (W + W_task) x: rows that all tasks share and each task's change of them, which begins at zero.
/// Units of an unknown task (-1), and a pass that names none, take the shared rows alone.
struct PerTaskScore : Stage {
  Tensor weight;      ///< [E,D]
  Tensor change_KED;  ///< [tasks,E,D]

  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

/// {"kind": "per_task", "tasks": 4}
Ptr<Stage> make_per_task_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
