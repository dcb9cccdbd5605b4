/// English words as phonemes, by espeak-ng where it is installed.
#pragma once

#include <functional>
#include <string>

namespace conclave {

/// IPA symbols of some words in one line; empty when espeak-ng is not installed.
std::function<std::string(const std::string& words)> find_phonemes();

}  // namespace conclave
