/// Answers in the file layouts of other evaluation tools. Each gives the file's whole text, in the order of
/// the set; a sample without prediction has an empty answer.
#pragma once

#include <string>

#include "datasets/vqa_scores.h"

namespace conclave {

/// For the VQAv2 server: a JSON array of {"question_id", "answer"}; an id of digits becomes a number.
std::string export_vqav2(const VqaSet& set, const VqaPredictions& predictions);

/// The per-sample log of lmms-eval: JSON lines with doc_id, doc, target, arguments, resps, filtered_resps,
/// doc_hash, prompt_hash, target_hash (SHA-256) and the sample's score under the name of its metric.
std::string export_lmms_eval(const VqaSet& set, const VqaPredictions& predictions);

/// The table of VLMEvalKit with tabs between: index, image_path, question, answer, prediction.
std::string export_vlmevalkit(const VqaSet& set, const VqaPredictions& predictions);

/// What NLVR's metrics_images.py reads: "dev-1085-3-0.png,true" without a header.
std::string export_nlvr(const VqaSet& set, const VqaPredictions& predictions);

/// By name: vqav2, lmms-eval, vlmevalkit, nlvr. Throws UsageError for another name, and for an export that
/// the set does not fit.
std::string export_vqa(const std::string& format, const VqaSet& set, const VqaPredictions& predictions);

}  // namespace conclave
