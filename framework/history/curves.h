/// How a metric's curve lies in the tables: chunks of points, and the outline, a pyramid of buckets above
/// them.
///
/// Invariants
/// 1. All chunks of a curve but the last are full.
/// 2. Row (level, place) of the outline is written once, when the chunks below it are full: at level 1 each
/// chunk
///    has a row of ten buckets, and ten rows of one level become a row of the next.
#pragma once

#include <cstdint>
#include <string>

#include "framework/history/points.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace conclave {

/// One row of metric_chunk.
struct Chunk {
  int64_t n = 0, step0 = 0, stride = 0;
  std::string steps, seconds, vals;
  uint32_t crc = 0;
};
Chunk pack_chunk(const Series& series);
/// Columns n, step0, stride, steps, seconds, vals of `row` from `column` on. Throws Error when they
/// contradict each other.
Series read_chunk(const SQLite::Statement& row, int column);

/// Writes the outline's rows that became full with `chunk`.
void outline_chunk(SQLite::Database& db, int64_t run, int64_t key, int64_t chunk, const Series& series);
/// The same for every full chunk that there is.
void outline_full_chunks(SQLite::Database& db);

}  // namespace conclave
