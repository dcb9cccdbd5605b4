/// Words as espeak-ng pronounces them, where it is installed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "models/audio/speaking.h"

namespace conclave {

/// The phones (ARPABET, small letters, without stress) of IPA symbols as espeak-ng's American English writes
/// them; symbols that English does not have are passed over.
std::vector<std::string> phones_of_ipa(std::string_view ipa);

/// Asks espeak-ng, once for each word. Throws UsageError where it is not installed.
Pronounce espeak_pronouncing();

}  // namespace conclave
