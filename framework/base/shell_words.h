/// A command line as people type it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave {

/// The words that a shell would make of it: 'as it is', "with \" in it", \ before one character; nothing else
/// is special. Throws UsageError when a quote is not closed.
std::vector<std::string> shell_words(std::string_view text);

}  // namespace conclave
