/// Reading the records of conclave-vqa: what does not fit is a DataError.
#pragma once

#include <QByteArray>
#include <QString>
#include <QStringList>

#include "framework/base/error.h"
#include "framework/base/json.h"

namespace conclave::ui {

inline constexpr const char* kVqaProgram = "conclave-vqa";

inline Json parse_vqa_json(const QByteArray& line) {
  return parse_json(std::string_view(line.constData(), static_cast<size_t>(line.size())), kVqaProgram);
}

/// A string as it is, anything else as JSON.
inline QString json_text(const Json& value) {
  return QString::fromStdString(value.is_string() ? value.get<std::string>() : value.dump());
}

/// `body()`, with Json's own errors as a DataError that says `what`.
template <class Body>
auto checked_json(const char* what, const Body& body) {
  try {
    return body();
  } catch (const Json::exception&) {
    throw DataError(kVqaProgram, "", what);
  }
}

}  // namespace conclave::ui
