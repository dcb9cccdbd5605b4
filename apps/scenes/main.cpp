// Box scenes with labelled statements: writes them as files, and measures the grammar on NLVR's training
// split.
#include "apps/common/app.h"
#include "apps/scenes/verbs.h"

int main(int argc, char** argv) {
  return conclave::run_app(argc, argv, {"scenes", "Box scenes with labelled statements, as in NLVR"},
                           conclave::scenes_verbs());
}
