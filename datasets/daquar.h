/// DAQUAR: questions about indoor photos. all_qa_pairs.txt (a line with the question, a line with the
/// answer), <split>_images_list.txt, images/<name>.jpg.
#pragma once

#include "datasets/vqa_sample.h"

namespace conclave {

/// Splits: train, test (the official lists) and train-single, test-single (answers of one item; 5,076 test
/// questions). Ids are the question's place in the file, from 0. An answer of several items stays one text,
/// "book, scissor". "in the image12" at the end of a question is cut off, elsewhere the number is.
VqaSet load_daquar(const std::filesystem::path& dir, const std::string& split);

}  // namespace conclave
