/// An answer as it is written: one JSON line, or a few lines for reading. docs/vqa.md describes the record.
#pragma once

#include <string>
#include <vector>

#include "apps/vqa/questions.h"

namespace conclave {

/// question_id, image or images, prompt, text, model_id, answer_id and metadata: confidence, topk, times,
/// sizes, router loads. With answer.error: question_id, image, prompt and error. With words in the question
/// that the model was not taught: warning, and metadata.unknown_words.
Json answer_record(const VqaInput& asked, const VqaAnswer& answer, const VqaModel& model, uint64_t seed);

/// The part of a record that is known before the answer: question_id, image or images, prompt.
Json question_record(const VqaInput& asked);
/// The same for the same question, pictures and model.
std::string answer_id(const VqaInput& asked, const std::string& model);
/// What a terminal shows of a text: control characters as '?'.
std::string printable(std::string text);

/// An answer for people, with a line end: the answer, its probability, its share of the time, and which
/// experts read; `named` puts the id before it, and `known` tells which of the question are new to the model.
std::string answer_text(const VqaInput& asked, const VqaAnswer& answer, const KnownWords& known, bool named);

/// The experts that `modality` went to over all layers, the busiest first: "e3 70 % e1 30 %"; empty when it
/// had none.
std::string busiest_experts(const Trace& trace, Modality modality);

}  // namespace conclave
