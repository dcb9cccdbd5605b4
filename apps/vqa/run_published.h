/// conclave-vqa run with a published model's folder: the same questions and records, its own processors.
#pragma once

#include "apps/common/verb.h"
#include "apps/vqa/questions.h"

namespace conclave {

/// Whether a folder's config.json says whose architecture it is, and it is not ours.
bool is_published(const std::filesystem::path& folder);

/// What such a folder is called in records. Throws as run_published does when it cannot be asked.
std::string check_published(const std::filesystem::path& folder);

/// Answers every question by the folder's chat template, greedily; with `share_pictures` a picture that comes
/// again is not looked at again; `put` gets the record of each. Gives how many failed. Throws UsageError and
/// DataError when the folder cannot be asked.
int64_t run_published(Invocation& call, const std::filesystem::path& folder, int64_t max_tokens,
                      bool share_pictures, Questions& questions,
                      const std::function<void(const Json& record)>& put);

}  // namespace conclave
