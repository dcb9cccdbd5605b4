/// The grammar of the statements and the skeletons of NLVR's training statements (CC BY 4.0, see README.md).
#pragma once

#include <string_view>

namespace conclave::scenes {

extern const std::string_view kEnglishGrammar;

/// One skeleton a line: how often it stood with scattered scenes and with towers, then its words.
extern const std::string_view kSkeletons;

}  // namespace conclave::scenes
