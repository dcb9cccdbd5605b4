#include "framework/history/curves.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/crc32c.h"
#include "framework/history/guard.h"
#include "framework/history/store.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

constexpr const char* kChunkColumns = "n, step0, stride, steps, seconds, vals";

std::string_view bytes(const SQLite::Column& column) {
  return {static_cast<const char*>(column.getBlob()), static_cast<size_t>(column.getBytes())};
}

void write_row(SQLite::Database& db, int64_t run, int64_t key, int64_t level, int64_t place,
               const std::vector<Bucket>& buckets) {
  Statement row(
      db, "INSERT OR REPLACE INTO metric_outline (run, key, level, place, buckets) VALUES (?, ?, ?, ?, ?)");
  const int64_t where[] = {run, key, level, place};
  for (int i = 0; i < 4; ++i) row.bind(i + 1, where[i]);
  const std::string packed = pack<Bucket>(buckets);
  row.bind(5, packed.data(), static_cast<int>(packed.size()));
  row.exec();
}

std::vector<Bucket> read_row(const Statement& row, int column) {
  auto buckets = unpack<Bucket>(bytes(row.getColumn(column)));
  require(buckets.size() == kRowBuckets, "history: a row of {} buckets; {} are written", buckets.size(),
          kRowBuckets);
  return buckets;
}

// Joins what comes in order into groups of `size` points that begin at multiples of it, so that panning does
// not make a curve flicker.
class Grouped {
 public:
  explicit Grouped(int64_t size) : size_(size) {}
  void add(const Bucket& bucket, int64_t from) {
    const int64_t group = from / size_;
    if (group == group_) {
      all_.back() = join(all_.back(), bucket);
    } else {
      all_.push_back(bucket);
      group_ = group;
    }
  }
  int64_t end_of_group(int64_t place) const { return (place / size_ + 1) * size_; }
  std::vector<Bucket> take() { return std::move(all_); }

 private:
  int64_t size_, group_ = -1;
  std::vector<Bucket> all_;
};

}  // namespace

Chunk pack_chunk(const Series& series) {
  PackedSteps steps = pack_steps(series.steps);
  Chunk chunk{static_cast<int64_t>(series.size()),
              steps.step0,
              steps.stride,
              std::move(steps.bytes),
              pack<float>(series.seconds),
              pack<double>(series.values)};
  chunk.crc = crc32c(chunk.vals, crc32c(chunk.seconds, crc32c(chunk.steps)));
  return chunk;
}

Series read_chunk(const Statement& row, int column) {
  const auto n = static_cast<size_t>(row.getColumn(column).getInt64());
  Series series{unpack_steps(n, row.getColumn(column + 1).getInt64(), row.getColumn(column + 2).getInt64(),
                             bytes(row.getColumn(column + 3))),
                unpack<float>(bytes(row.getColumn(column + 4))),
                unpack<double>(bytes(row.getColumn(column + 5)))};
  require(series.seconds.size() == n && series.values.size() == n,
          "history: a chunk has {} times and {} values for {} steps", series.seconds.size(),
          series.values.size(), n);
  return series;
}

void outline_chunk(SQLite::Database& db, int64_t run, int64_t key, int64_t chunk, const Series& series) {
  std::vector<Bucket> buckets;
  for (size_t from = 0; from < kChunkPoints; from += kBucketPoints)
    buckets.push_back(summarize(series, from, from + kBucketPoints));
  constexpr auto kTen = static_cast<int64_t>(kRowBuckets);
  for (int64_t level = 1, place = chunk;; ++level, place /= kTen) {
    write_row(db, run, key, level, place, buckets);
    if (place % kTen != kTen - 1) return;
    Statement rows(
        db,
        "SELECT buckets FROM metric_outline WHERE run = ? AND key = ? AND level = ? AND place BETWEEN ? "
        "AND ? ORDER BY place");
    const int64_t where[] = {run, key, level, place - kTen + 1, place};
    for (int i = 0; i < 5; ++i) rows.bind(i + 1, where[i]);
    std::vector<Bucket> above;
    while (rows.executeStep()) {
      Bucket whole;
      for (const Bucket& bucket : read_row(rows, 0)) whole = join(whole, bucket);
      above.push_back(whole);
    }
    if (above.size() != kRowBuckets) return;  // chunks that were damaged: finer levels still serve
    buckets = std::move(above);
  }
}

void outline_full_chunks(SQLite::Database& db) {
  Statement rows(
      db, fmt::format("SELECT run, key, chunk, {} FROM metric_chunk WHERE n = {} ORDER BY run, key, chunk",
                      kChunkColumns, kChunkPoints));
  while (rows.executeStep())
    outline_chunk(db, rows.getColumn(0).getInt64(), rows.getColumn(1).getInt64(),
                  rows.getColumn(2).getInt64(), read_chunk(rows, 3));
}

Series Store::series(int64_t run, const std::string& metric) const {
  return series_from(run, metric, 0);
}

Series Store::series_from(int64_t run, const std::string& metric, int64_t from) const {
  return guarded(path_, [&] {
    const auto size = static_cast<int64_t>(kChunkPoints);
    from = std::max<int64_t>(0, from);
    Statement rows(*db_, fmt::format("SELECT {} FROM metric_chunk WHERE run = ? AND chunk >= ? AND "
                                     "key = (SELECT id FROM metric_key WHERE name = ?) ORDER BY chunk",
                                     kChunkColumns));
    rows.bind(1, run);
    rows.bind(2, from / size);
    rows.bind(3, metric);
    Series all;
    while (rows.executeStep()) {
      const Series chunk = read_chunk(rows, 0);
      const auto skip = static_cast<std::ptrdiff_t>(
          all.size() == 0 ? std::min<size_t>(chunk.size(), static_cast<size_t>(from % size)) : 0);
      all.steps.insert(all.steps.end(), chunk.steps.begin() + skip, chunk.steps.end());
      all.seconds.insert(all.seconds.end(), chunk.seconds.begin() + skip, chunk.seconds.end());
      all.values.insert(all.values.end(), chunk.values.begin() + skip, chunk.values.end());
    }
    return all;
  });
}

int64_t Store::point_at(int64_t run, const std::string& metric, int64_t step) const {
  return guarded(path_, [&] {
    const SQLite::Transaction moment(*db_);
    Statement row(*db_, fmt::format("SELECT {} FROM metric_chunk WHERE run = ? AND chunk = ? AND "
                                    "key = (SELECT id FROM metric_key WHERE name = ?)",
                                    kChunkColumns));
    // The last chunk that begins at or before `step`.
    const auto size = static_cast<int64_t>(kChunkPoints);
    int64_t low = 0, high = (points(run, metric) + size - 1) / size;
    const auto open = [&](int64_t chunk) {
      row.reset();
      row.bind(1, run);
      row.bind(2, chunk);
      row.bind(3, metric);
      return row.executeStep();
    };
    while (high - low > 1) {
      const int64_t middle = (low + high) / 2;
      (open(middle) && row.getColumn(1).getInt64() <= step ? low : high) = middle;
    }
    if (!open(low)) return int64_t{0};
    const auto steps = read_chunk(row, 0).steps;
    return low * size + (std::lower_bound(steps.begin(), steps.end(), step) - steps.begin());
  });
}

int64_t Store::points(int64_t run, const std::string& metric) const {
  Statement n(*db_,
              "SELECT n FROM metric_last WHERE run = ? AND key = (SELECT id FROM metric_key WHERE name = ?)");
  n.bind(1, run);
  n.bind(2, metric);
  return n.executeStep() ? n.getColumn(0).getInt64() : 0;
}

std::vector<Bucket> Store::outline(int64_t run, const std::string& metric, int64_t columns, int64_t from,
                                   int64_t to) const {
  return guarded(path_, [&] {
    const SQLite::Transaction moment(*db_);
    to = std::min(to, points(run, metric));
    from = std::max<int64_t>(0, from);
    if (from >= to || columns < 1) return std::vector<Bucket>();
    // The coarsest level whose buckets are no wider than a column; 0 is the points themselves.
    const int64_t wide = std::max<int64_t>(1, (to - from + columns - 1) / columns);
    int64_t level = 0, bucket = 1;
    for (auto size = static_cast<int64_t>(kBucketPoints); size <= wide; size *= 10) {
      ++level;
      bucket = size;
    }
    Grouped grouped((wide + bucket - 1) / bucket * bucket);
    // Where a level ends, because its next row is not full yet, a finer one goes on.
    int64_t place = from;
    for (; level > 0; --level, bucket /= 10) {
      const int64_t row_points = bucket * static_cast<int64_t>(kRowBuckets);
      Statement rows(
          *db_,
          "SELECT place, buckets FROM metric_outline WHERE run = ? AND key = (SELECT id FROM metric_key "
          "WHERE name = ?) AND level = ? AND place BETWEEN ? AND ? ORDER BY place");
      rows.bind(1, run);
      rows.bind(2, metric);
      rows.bind(3, level);
      rows.bind(4, place / row_points);
      rows.bind(5, (to - 1) / row_points);
      while (rows.executeStep()) {
        int64_t begin = rows.getColumn(0).getInt64() * row_points;
        if (begin > place) break;
        for (const Bucket& one : read_row(rows, 1)) {
          if (begin + bucket > place && begin < to) {
            grouped.add(one, begin);
            place = begin + bucket;
          }
          begin += bucket;
        }
      }
    }
    if (place >= to) return grouped.take();
    const auto size = static_cast<int64_t>(kChunkPoints);
    Statement rows(
        *db_, fmt::format("SELECT chunk, {} FROM metric_chunk WHERE run = ? AND chunk BETWEEN ? AND ? AND "
                          "key = (SELECT id FROM metric_key WHERE name = ?) ORDER BY chunk",
                          kChunkColumns));
    rows.bind(1, run);
    rows.bind(2, place / size);
    rows.bind(3, (to - 1) / size);
    rows.bind(4, metric);
    while (rows.executeStep()) {
      const int64_t begin = rows.getColumn(0).getInt64() * size;
      const Series chunk = read_chunk(rows, 1);
      const int64_t end = std::min(to, begin + static_cast<int64_t>(chunk.size()));
      place = std::max(place, begin);
      while (place < end) {
        const int64_t next = std::min(end, grouped.end_of_group(place));
        grouped.add(summarize(chunk, static_cast<size_t>(place - begin), static_cast<size_t>(next - begin)),
                    place);
        place = next;
      }
    }
    return grouped.take();
  });
}

}  // namespace conclave
