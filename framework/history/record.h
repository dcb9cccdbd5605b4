/// What a run reports, as JSON records like {"op": "metric", "run": "<uuid>", "name": "loss", "steps": [3],
/// "seconds": [1.5], "values": [0.4]}. The same records go into the database, or into a spool file when the
/// database cannot be reached.
#pragma once

#include <map>
#include <set>
#include <string>

#include "framework/base/json.h"

namespace SQLite {
class Database;
}

namespace conclave {

/// JSON has no NaN and no infinity: they are the words "nan", "inf", "-inf".
Json number_to_json(double value);
double number_from_json(const Json& value);

/// Puts records into the tables. The caller holds a transaction around apply() ... finish().
class Recorder {
 public:
  explicit Recorder(SQLite::Database& db) : db_(db) {}
  /// Records of a run that is not (or no longer) there are skipped. Error for a record that is none.
  void apply(const Json& record);
  /// To be called once, before the commit.
  void finish();

 private:
  void start(const Json& record);
  void params(const Json& record);
  void metric(const Json& record);
  void routing(const Json& record);
  void artifact(const Json& record);
  void thin_routing();
  int64_t metric_key(const Json& record);

  SQLite::Database& db_;
  int64_t run_ = 0;  // of the record at hand
  std::map<std::string, int64_t> runs_, keys_;
  std::set<int64_t> changed_words_;
};

/// Routing of one run is kept to this many bytes: beyond, every second step is dropped.
constexpr int64_t kRoutingBudget = int64_t{32} << 20;

}  // namespace conclave
