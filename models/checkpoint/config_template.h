/// Our configuration from a published config.json, written as data: a JSON template with expressions.
///
/// A string that starts with "$" is looked up in the published configuration:
///   "$num_local_experts|num_experts"   the first key that is there and not null
///   "$text_config.hidden_size"         a key of a sub-object; "$counts.0" an item of a list
///   "$rope_theta=10000"                with a fallback (JSON); without one, absence is an error
/// An object with one of these keys is computed:
///   {"$if": X, "then": A, "else": B}          X is neither null, false, 0 nor empty
///   {"$case": X, "of": {"greedy": A, ...}}    an unlisted value is an error that lists what is supported
///   {"$product": [..]}, {"$quotient": [a, b]}   whole numbers, rounded down
///   {"$times": [..]}, {"$ratio": [a, b]}, {"$difference": [a, b, ..]}   numbers as they are
///   {"$split": "$names"}   a list from a string with commas
///   {"$layers": {"count", "from", "every", "offset", "except"}}   the numbers of the layers i that have
///      i >= from, (i + offset) % every == 0 and are not in the list `except`
///   {"$places": "$layer_types", "of": "linear_attention"}   where in a list an item equals `of`, from 0
///   {"$having": "model.layers.*.mlp.gate.weight"}   what the first * stands for in the names of the files'
///   tensors,
///      in ascending order: for settings that config.json leaves out
/// A value that comes out null leaves its key out.
#pragma once

#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// Fills `pattern` from `published`. Throws UsageError that names `path` and the key.
Json fill_template(const Json& pattern, const Json& published, const std::string& path,
                   const std::vector<std::string>& names = {});

}  // namespace conclave
