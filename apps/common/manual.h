/// A program's man page and its completion in bash, made from what --describe says.
#pragma once

#include <string>

#include "framework/base/json.h"

namespace conclave {

/// In the language of man(7); `about` is the output of `conclave-APP --describe`.
std::string man_page(const Json& about);

/// A file for share/bash-completion/completions: verbs, then options, choices and files.
std::string bash_completion(const Json& about);

}  // namespace conclave
