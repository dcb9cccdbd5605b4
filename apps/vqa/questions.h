/// The questions of a call, one after another: from options, a folder of pictures, or JSON lines.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "models/vlm/vqa_engine.h"

namespace conclave {

struct VqaInput {
  std::string id;
  VqaQuery query;
  std::vector<std::string> image_names;    ///< as they were given
  std::exception_ptr error;                ///< a line that cannot be read; its place stands in for the id
  std::vector<std::string> expected = {};  ///< right answers, where the input names them
};

struct QuestionOptions {
  std::vector<std::filesystem::path> images;  ///< one set of pictures, for all questions
  std::vector<std::string> questions;
  std::vector<std::filesystem::path> inputs;  ///< folders, pictures, JSON-lines files, "-"
};

/// A source of questions, read as they are needed. `more` tells whether one can be had without waiting.
class Questions {
 public:
  virtual ~Questions() = default;
  virtual std::optional<VqaInput> next() = 0;
  virtual bool waits() { return false; }
};

/// Throws UsageError when the options do not make questions.
///   --image and --question: each question about all the images; ids 0, 1, ...
///   a folder or a picture with --question: each question about each picture; ids "a.png" or "a.png#1"
///   a .csv file: columns question_id, image (several names with | between them), text, and perhaps answer
///   a JSON-lines file or "-": LLaVA's format; pictures are looked for beside the file, or in the working
///   folder for "-"
std::unique_ptr<Questions> open_questions(const QuestionOptions& options);

}  // namespace conclave
