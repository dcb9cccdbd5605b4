/// Statements as crowd workers type them, and the plain words the grammar reads.
#pragma once

#include <string>
#include <string_view>

#include "datasets/scenes/grammar.h"
#include "framework/base/random.h"

namespace conclave::scenes {

/// Lower case, known misspellings mended, plurals and verb forms reduced: "There are 2 Blocks." is
/// there is 2 block.
Words plain_words(std::string_view statement);

/// Plain words as an English sentence with number agreement; `noise` in [0, 1] is how often the habits and
/// slips of annotators show (case, final dot, missing letters and articles). plain_words() undoes all of
/// them.
std::string sentence(const Words& words, double noise, Random& random);

}  // namespace conclave::scenes
