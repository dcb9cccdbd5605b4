#include "framework/text/chat_template.h"

#include "framework/base/error.h"
#include "framework/text/jinja_run.h"

namespace conclave {

struct ChatTemplate::Parsed {
  jinja::Block block;
};

ChatTemplate::ChatTemplate(std::string_view source, std::string name, const Limits& limits)
    : name_(std::move(name)), limits_(limits) {
  if (source.size() > limits.source_bytes)
    throw DataError(name_, "", fmt::format("{} bytes: the limit is {}", source.size(), limits.source_bytes));
  parsed_ = std::make_shared<const Parsed>(Parsed{jinja::parse(source, name_)});
}

std::string ChatTemplate::render(const Json& variables, std::time_t now) const {
  const auto values = jinja::Value::from_json(variables);
  require(values.dict() != nullptr, "{}: the variables are no JSON object", name_);
  return jinja::run(parsed_->block, *values.dict(), name_,
                    {.now = now, .steps = limits_.steps, .bytes = limits_.output_bytes});
}

}  // namespace conclave
