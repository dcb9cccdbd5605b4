#include "apps/vqa/questions.h"

#include <algorithm>
#include <deque>
#include <fstream>
#include <sstream>

#include "datasets/json_records.h"
#include "datasets/llava.h"
#include "framework/base/csv.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/picture_header.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr uint64_t kLargestTable = uint64_t{64} << 20;

// Formats hold such bytes near their beginning, JSON lines never do.
bool looks_binary(std::string_view head) {
  return std::ranges::any_of(head,
                             [](unsigned char c) { return c < 32 && c != '\t' && c != '\r' && c != '\n'; });
}

class ListedQuestions : public Questions {
 public:
  explicit ListedQuestions(std::vector<VqaInput> list) : list_(list.begin(), list.end()) {}
  std::optional<VqaInput> next() override {
    if (list_.empty()) return std::nullopt;
    VqaInput first = std::move(list_.front());
    list_.pop_front();
    return first;
  }

 private:
  std::deque<VqaInput> list_;
};

// A record in LLaVA's format; `images` is where its pictures lie.
void read_question(const JsonRecord& record, const fs::path& images, VqaInput& asked) {
  const auto sample = llava_sample(record, images);
  asked.id = sample.id;
  for (const auto& image : sample.images)
    asked.image_names.push_back(image.lexically_relative(images).string());
  asked.query = {sample.images, sample.question};
  asked.expected = sample.answers;
}

Json row_record(const CsvRow& head, const CsvRow& row, const std::string& name, const std::string& where) {
  if (row.cells.size() > head.cells.size())
    throw DataError(
        name, where,
        fmt::format("has {} cells, the first line names {} columns", row.cells.size(), head.cells.size()));
  Json record = Json::object();
  for (size_t i = 0; i < row.cells.size(); ++i) {
    const std::string& cell = row.cells[i];
    if (cell.empty()) continue;
    if (head.cells[i] == "image" && cell.find('|') != cell.npos) {
      std::istringstream names(cell);
      for (std::string image; std::getline(names, image, '|');) record["images"].push_back(image);
    } else {
      record[head.cells[i]] = cell;
    }
  }
  return record;
}

std::vector<VqaInput> table_questions(const fs::path& file, const fs::path& images) {
  const std::string name = file.string();
  const auto rows = read_csv(read_file(file, kLargestTable), name);
  const auto has = [&](const char* column) { return std::ranges::count(rows[0].cells, column) > 0; };
  if (rows.empty() || !has("question_id") || !has("text"))
    throw DataError(name, "line 1", "must name the columns question_id, image, text and perhaps answer");
  std::vector<VqaInput> asked;
  for (size_t i = 1; i < rows.size(); ++i) {
    const std::string where = fmt::format("line {}", rows[i].line);
    asked.push_back({where, {}, {}, nullptr});
    try {
      const Json record = row_record(rows[0], rows[i], name, where);
      read_question(JsonRecord(record, name, where), images, asked.back());
    } catch (const Error&) {
      asked.back().error = std::current_exception();
    }
  }
  return asked;
}

class LineQuestions : public Questions {
 public:
  LineQuestions(const fs::path& file, std::string name, fs::path images)
      : in_(file, std::ios::binary), name_(std::move(name)), images_(std::move(images)) {
    if (!in_) throw DataError(name_, "", "cannot be read");
    if (fs::is_regular_file(file)) refuse_binary();
  }
  bool waits() override { return in_.rdbuf()->in_avail() <= 0; }
  std::optional<VqaInput> next() override {
    std::string line;
    for (;;) {
      VqaInput asked;
      asked.id = fmt::format("line {}", ++number_);
      try {
        if (!read_record_line(in_, line, name_, number_)) return std::nullopt;
        if (line.find_first_not_of(" \t\r") == line.npos) continue;
        if (number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
        const Json record = parse_record(line, name_, asked.id);
        read_question(JsonRecord(record, name_, asked.id), images_, asked);
      } catch (const Error&) {
        asked.error = std::current_exception();
      }
      return asked;
    }
  }

 private:
  void refuse_binary() {
    std::string head(4096, '\0');
    in_.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<size_t>(in_.gcount()));
    if (looks_binary(head)) {
      const std::string what = describe_bytes(head);
      throw DataError(name_, "",
                      fmt::format("is {}; wanted are JSON lines, a folder, or a picture or video with its "
                                  "usual ending (--image takes any name)",
                                  what.empty() ? "no text" : what));
    }
    in_.clear();
    in_.seekg(0);
  }
  std::ifstream in_;
  const std::string name_;
  const fs::path images_;
  int64_t number_ = 0;
};

// One source after the other.
class ChainedQuestions : public Questions {
 public:
  void add(std::unique_ptr<Questions> source) { sources_.push_back(std::move(source)); }
  bool waits() override { return !sources_.empty() && sources_.front()->waits(); }
  std::optional<VqaInput> next() override {
    for (; !sources_.empty(); sources_.pop_front()) {
      if (auto asked = sources_.front()->next()) return asked;
    }
    return std::nullopt;
  }

 private:
  std::deque<std::unique_ptr<Questions>> sources_;
};

bool has_picture_name(const fs::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const char* known : {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".apng", ".mp4",
                            ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ogv", ".y4m"})
    if (ending == known) return true;
  return false;
}

std::vector<VqaInput> about_each(const std::vector<fs::path>& pictures,
                                 const std::vector<std::string>& questions) {
  std::vector<VqaInput> asked;
  for (const auto& picture : pictures) {
    for (size_t q = 0; q < questions.size(); ++q) {
      const std::string name = picture.filename().string();
      asked.push_back({questions.size() > 1 ? fmt::format("{}#{}", name, q) : name,
                       {{picture}, questions[q]},
                       {picture.string()},
                       nullptr});
    }
  }
  return asked;
}

}  // namespace

std::unique_ptr<Questions> open_questions(const QuestionOptions& options) {
  auto all = std::make_unique<ChainedQuestions>();
  bool asked_for = false;
  const auto need_question = [&](const std::string& what) {
    require<UsageError>(!options.questions.empty(), "{}: give a --question", what);
    asked_for = true;
  };
  if (!options.images.empty() || options.inputs.empty()) {
    need_question(options.images.empty() ? "nothing to answer" : options.images.front().string());
    std::vector<VqaInput> asked;
    for (const auto& question : options.questions) {
      asked.push_back({std::to_string(asked.size()), {options.images, question}, {}, nullptr});
      for (const auto& image : options.images) asked.back().image_names.push_back(image.string());
    }
    all->add(std::make_unique<ListedQuestions>(std::move(asked)));
  }
  for (const auto& input : options.inputs) {
    if (input == "-") {
      all->add(std::make_unique<LineQuestions>("/dev/stdin", "stdin", fs::current_path()));
    } else if (std::error_code wrong; fs::is_directory(input, wrong)) {
      need_question(input.string());
      std::vector<fs::path> pictures;
      for (const auto& entry : fs::directory_iterator(input)) {
        if (has_picture_name(entry.path())) pictures.push_back(entry.path());
      }
      require<UsageError>(!pictures.empty(), "{}: no pictures in this folder", input.string());
      std::ranges::sort(pictures);
      all->add(std::make_unique<ListedQuestions>(about_each(pictures, options.questions)));
    } else if (has_picture_name(input)) {
      need_question(input.string());
      all->add(std::make_unique<ListedQuestions>(about_each({input}, options.questions)));
    } else {
      const auto kind = fs::status(input, wrong).type();
      require<UsageError>(kind != fs::file_type::character && kind != fs::file_type::block,
                          "{}: is a device; - reads stdin", input.string());
      fs::path folder = fs::absolute(input).parent_path();
      if (fs::is_directory(folder / "images")) folder /= "images";
      if (input.extension() == ".csv")
        all->add(std::make_unique<ListedQuestions>(table_questions(input, folder)));
      else
        all->add(std::make_unique<LineQuestions>(input, input.string(), folder));
    }
  }
  require<UsageError>(options.questions.empty() || asked_for,
                      "--question: {} has questions of its own; --question goes with pictures and folders",
                      options.inputs.empty() ? "" : options.inputs.front().string());
  return all;
}

}  // namespace conclave
