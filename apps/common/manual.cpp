#include "apps/common/manual.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>
#include <vector>

namespace conclave {
namespace {

constexpr const char* kCommonGroup = "Common options";

// Text that man shows as it is.
std::string roff(const std::string& text) {
  std::string out;
  bool begins_line = true;
  for (const char c : text) {
    if (begins_line && (c == '.' || c == '\'')) out += "\\&";
    begins_line = c == '\n';
    c == '\\' ? out += "\\e" : c == '-' ? out += "\\-" : out += c;
  }
  return out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string option_entry(const Json& option) {
  const bool positional = option["positional"];
  const auto type = option["type"].get<std::string>();
  std::string entry = ".TP\n";
  if (positional)
    entry += fmt::format("\\fI{}\\fR", roff(option["name"]));
  else
    entry += fmt::format("\\fB{}\\fR{}", roff(option["flag"]),
                         type == "boolean" ? "" : fmt::format(" \\fI{}\\fR", roff(upper(type))));
  entry += "\n" + roff(option["help"]);
  if (!option["choices"].empty()) {
    std::vector<std::string> choices;
    for (const Json& choice : option["choices"])
      choices.push_back(choice.is_string() ? choice.get<std::string>() : choice.dump());
    entry += roff(fmt::format(": {}", fmt::join(choices, ", ")));
  }
  const Json& value = option["default"];
  if (value.is_number() || (value.is_string() && !value.get<std::string>().empty()))
    entry += roff(fmt::format(" (default {})", value.is_string() ? value.get<std::string>() : value.dump()));
  return entry + "\n";
}

// Words that need no quotes.
bool is_plain(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '+';
  });
}

}  // namespace

std::string man_page(const Json& about) {
  const std::string program = "conclave-" + about["app"].get<std::string>();
  std::string page =
      fmt::format(".TH {} 1 \"\" \"Conclave {}\"\n", upper(program), about["version"].get<std::string>());
  page += fmt::format(".SH NAME\n{} \\- {}\n", roff(program), roff(about["summary"]));
  page += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR \\fIVERB\\fR [\\fIOPTIONS\\fR]\n.SH VERBS\n", roff(program));
  std::map<std::string, std::string> common;
  for (const Json& verb : about["verbs"]) {
    page += fmt::format(".SS {}\n{}\n", roff(verb["verb"]), roff(verb["summary"]));
    for (const Json& option : verb["options"])
      if (option["group"] == kCommonGroup)
        common.emplace(option["name"].get<std::string>(), option_entry(option));
      else
        page += option_entry(option);
    if (const auto examples = verb["examples"].get<std::string>(); !examples.empty())
      page += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(examples));
  }
  page += ".SH COMMON OPTIONS\n";
  for (const auto& [name, entry] : common) page += entry;
  page +=
      ".SH EXIT STATUS\n0 done, 1 failed, 2 usage or configuration, 130 interrupted.\n"
      ".SH FILES\n$XDG_DATA_HOME/conclave/history.db, $XDG_CONFIG_HOME/conclave/config.toml\n";
  return page;
}

std::string bash_completion(const Json& about) {
  const std::string app = about["app"], program = "conclave-" + app;
  std::string verbs, options, choices;
  for (const Json& verb : about["verbs"]) {
    const std::string name = verb["verb"];
    verbs += name + " ";
    options += fmt::format("    {}) words='", name);
    for (const Json& option : verb["options"]) {
      if (option["positional"]) continue;
      const std::string flag = option["flag"];
      options += flag + " ";
      std::string allowed;
      for (const Json& choice : option["choices"])
        if (choice.is_string() && is_plain(choice)) allowed += choice.get<std::string>() + " ";
      if (!allowed.empty()) choices += fmt::format("    {}:{}) words='{}' ;;\n", name, flag, allowed);
    }
    options += "--help' ;;\n";
  }
  std::string out = R"(# Made from "@PROGRAM --describe".
_@FUNCTION() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} words=
  if ((COMP_CWORD == 1)); then
    words='@VERBSinspect --help --version'
  elif [[ $cur == -* ]]; then
    case $verb in
@OPTIONS    esac
  else
    case $verb:$prev in
@CHOICES    *) ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _@FUNCTION @PROGRAM
)";
  const std::pair<std::string, std::string> places[] = {{"@PROGRAM", program},
                                                        {"@FUNCTION", "conclave_" + app},
                                                        {"@VERBS", verbs},
                                                        {"@OPTIONS", options},
                                                        {"@CHOICES", choices}};
  for (const auto& [place, text] : places)
    for (size_t at; (at = out.find(place)) != std::string::npos;) out.replace(at, place.size(), text);
  return out;
}

}  // namespace conclave
