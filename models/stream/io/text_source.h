/// Streams in text formats: ARFF, CSV, libsvm, JSON lines. What a row has wrong is counted and told, and the
/// stream goes on.
#pragma once

#include <deque>
#include <filesystem>

#include "models/stream/io/lines.h"
#include "models/stream/source.h"

namespace conclave::stream {

/// Of a file that names its columns.
inline constexpr size_t kMostColumns = 1'000'000;

/// What was wrong with the rows so far.
struct ReadCounts {
  int64_t rows = 0;            ///< given out
  int64_t skipped = 0;         ///< broken rows
  int64_t unknown_values = 0;  ///< nominal values that the columns do not have: read as missing
  int64_t not_finite = 0;      ///< infinities, and NaN written as such: read as missing
  int64_t new_classes = 0;     ///< classes that appeared after the types were fixed
  std::string first_problem;   ///< "line 7: 3 fields instead of 4"
};

struct ReaderOptions {
  std::string format = "auto";  ///< auto, arff, csv, libsvm, jsonl; auto looks at the first line
  std::string label;  ///< the class column, by name or number from 1; empty: the last (libsvm: the first)
  bool regression = false;      ///< the label is a number to predict
  bool strict = false;          ///< a bad row ends the stream with DataError instead of being skipped
  int guess_rows = 1000;        ///< rows to look at before types are fixed (all but arff)
  std::string header = "auto";  ///< csv: whether the first row names the columns: auto, yes, no
  int most_values = 512;        ///< words of an input; a column with more is left out
  /// The columns, where they are known and nothing is to be guessed; a class column may then be missing. And
  /// the counts of a stream that is gone on with.
  std::shared_ptr<const Schema> known = nullptr;
  ReadCounts counts = {};
};

class TextSource : public Source {
 public:
  TextSource(Lines lines, ReaderOptions options)
      : lines_(std::move(lines)), options_(std::move(options)), counts_(options_.counts) {}
  const Schema& schema() const override { return schema_; }
  /// Gives fewer than `most` rather than wait for a pipe.
  size_t read(RowBlock& block, size_t most) override;
  bool ready() override { return !ahead_.empty() || lines_.ready(); }
  const ReadCounts& counts() const { return counts_; }
  /// "csv".
  virtual std::string format() const = 0;
  /// Numbers of the lines that the rows given last came from, and of the last line looked at.
  const std::vector<int64_t>& row_lines() const { return row_lines_; }
  int64_t lines_read() const { return row_line_; }

 protected:
  /// One row that is no comment and not empty. False (after problem()) when it is broken.
  virtual bool parse(std::string_view line, double* x, double& y) = 0;
  /// Says what is wrong with the row at hand; always false.
  bool problem(std::string text);
  /// A number, or missing (and counted) when it is not finite; false when it is none.
  bool number(std::string_view text, double& value);
  /// The class's index; a new class is taken up.
  double class_index(std::string_view text);
  /// The label of a row: a class or a number.
  bool label(std::string_view text, double& y);
  /// Reads up to guess_rows lines ahead.
  void look_ahead();
  void remember_classes() { classes_ = ValueIndex(schema_.label.values); }
  /// Leaves an input with too many words out.
  void bound_values(Attribute& input) const;
  /// Takes the columns of options_.known; gives the values of the inputs.
  std::vector<ValueIndex> take_known();

  Lines lines_;
  ReaderOptions options_;
  Schema schema_;
  ReadCounts counts_;
  std::deque<std::pair<int64_t, std::string>> ahead_;  // lines and their numbers
  char comment_ = 0;

 private:
  ValueIndex classes_;
  int64_t row_line_ = 0;
  std::vector<int64_t> row_lines_;
  std::string what_;
};

/// "-" is stdin; gzip is unpacked. DataError for a file that cannot be read or a header that is none.
std::unique_ptr<TextSource> open_text(const std::filesystem::path& path, const ReaderOptions& options = {});
std::unique_ptr<TextSource> open_text(ByteSourcePtr bytes, const std::string& name,
                                      const ReaderOptions& options = {});

/// Spaces and tabs off both ends.
std::string_view trimmed(std::string_view text);
/// Empty, ?, NA, N/A, null, nan (in any case).
bool is_missing(std::string_view text);
/// The place of the label column among `names`; UsageError when there is none.
size_t label_column(const std::vector<std::string>& names, const std::string& label, const std::string& file);

std::unique_ptr<TextSource> open_arff(Lines lines, const ReaderOptions& options, std::string first_line);
std::unique_ptr<TextSource> open_csv(Lines lines, const ReaderOptions& options, std::string first_line);
std::unique_ptr<TextSource> open_libsvm(Lines lines, const ReaderOptions& options, std::string first_line);
std::unique_ptr<TextSource> open_json_lines(Lines lines, const ReaderOptions& options,
                                            std::string first_line);

}  // namespace conclave::stream
