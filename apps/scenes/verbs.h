#pragma once

#include "apps/common/verb.h"

namespace conclave {

/// generate, check, skeletons.
Verbs scenes_verbs();

}  // namespace conclave
