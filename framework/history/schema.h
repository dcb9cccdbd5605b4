/// The tables of the history and how a database of an older version becomes one of this.
#pragma once

namespace SQLite {
class Database;
}

namespace conclave {

/// PRAGMA user_version of a database that this program writes.
constexpr int kSchemaVersion = 4;
/// PRAGMA application_id: "CNCV".
constexpr int kApplicationId = 0x434e4356;

/// Throws Error for a database of a newer version.
void refuse_newer(SQLite::Database& db);
/// Brings a new or older database up to `target`, each version in one transaction. Safe when several
/// processes do it at once. Throws Error for a database that is newer or is none of ours.
void migrate(SQLite::Database& db, int target = kSchemaVersion);

/// Writes the words by which a run is found.
void refresh_search(SQLite::Database& db, long long run);

}  // namespace conclave
