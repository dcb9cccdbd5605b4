/// One function for each published system; rule_tables() has them all.
#pragma once

#include "models/ultrasound/rules/rule_table.h"

namespace conclave::ultrasound {

/// Adnexal lesions, O-RADS US v2022.
RuleTable o_rads();
/// Surveillance of livers at risk, US LI-RADS v2017; v2024 keeps its categories.
RuleTable li_rads();

}  // namespace conclave::ultrasound
