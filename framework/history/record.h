/// What a run reports, as JSON records like {"op": "metric", "run": "<uuid>", "name": "loss", "steps": [3],
/// "seconds": [1.5], "values": [0.4]}. The same records go into the database, or into a spool file when the
/// database cannot be reached.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "framework/base/json.h"
#include "framework/history/points.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace conclave {

/// JSON has no NaN and no infinity: they are the words "nan", "inf", "-inf".
Json number_to_json(double value);
double number_from_json(const Json& value);

/// Puts records into the tables. The caller holds a transaction around apply() ... finish().
class Recorder {
 public:
  explicit Recorder(SQLite::Database& db);
  ~Recorder();
  /// Records of a run that is not (or no longer) there are skipped. Error for a record that is none.
  void apply(const Json& record);
  /// Points of the run with that uuid; of no effect when it is not there.
  void curves(const std::string& run, const Curves& curves);
  /// To be called once, before the commit.
  void finish();

 private:
  void start(const Json& record);
  void params(const Json& record);
  bool find(const std::string& uuid);
  void points(int64_t key, const Series& series);
  void routing(const Json& record);
  void artifact(const Json& record);
  void thin_routing();
  int64_t metric_key(const Json& record);
  template <class... Args>
  int execute(const char* sql, const Args&... args);
  SQLite::Statement& statement(const char* sql);

  SQLite::Database& db_;
  int64_t run_ = 0;  // of the record at hand
  std::map<std::string, int64_t> runs_, keys_;
  std::set<int64_t> changed_words_;
  std::map<const char*, std::unique_ptr<SQLite::Statement>> statements_;
};

/// Routing of one run is kept to this many bytes: beyond, every second step is dropped.
constexpr int64_t kRoutingBudget = int64_t{32} << 20;

}  // namespace conclave
