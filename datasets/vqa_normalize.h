/// The answer normalisation that VQA results are compared under.
#pragma once

#include <string>
#include <string_view>

namespace conclave {

/// EvalAI's rules: lower case, no punctuation, no articles, digits for number words up to ten, apostrophes
/// put back into contractions, single spaces.
std::string normalize_answer(std::string_view answer);

}  // namespace conclave
