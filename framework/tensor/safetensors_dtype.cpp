#include "framework/tensor/safetensors_dtype.h"

#include "framework/base/error.h"

namespace conclave {
namespace {

struct Pair {
  std::string_view name;
  at::ScalarType dtype;
};
constexpr Pair kPairs[] = {
    {"F64", at::kDouble},
    {"F32", at::kFloat},
    {"F16", at::kHalf},
    {"BF16", at::kBFloat16},
    {"F8_E4M3", at::kFloat8_e4m3fn},
    {"F8_E5M2", at::kFloat8_e5m2},
    {"F8_E8M0", at::kFloat8_e8m0fnu},
    {"I64", at::kLong},
    {"I32", at::kInt},
    {"I16", at::kShort},
    {"I8", at::kChar},
    {"U64", at::kUInt64},
    {"U32", at::kUInt32},
    {"U16", at::kUInt16},
    {"U8", at::kByte},
    {"BOOL", at::kBool},
    {"C64", at::kComplexFloat},
};

}  // namespace

std::optional<at::ScalarType> dtype_of_safetensors(std::string_view dtype) {
  for (const auto& pair : kPairs)
    if (pair.name == dtype) return pair.dtype;
  return std::nullopt;
}

std::string_view safetensors_dtype(at::ScalarType dtype) {
  for (const auto& pair : kPairs)
    if (pair.dtype == dtype) return pair.name;
  throw UsageError(fmt::format("[safetensors] the format has no dtype for {}", c10::toString(dtype)));
}

}  // namespace conclave
