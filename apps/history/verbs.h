/// The verbs of conclave-history: one file each.
#pragma once

#include "apps/common/verb.h"
#include "framework/history/store.h"

namespace conclave {

std::unique_ptr<Verb> make_list_verb();
std::unique_ptr<Verb> make_show_verb();
std::unique_ptr<Verb> make_compare_verb();
std::unique_ptr<Verb> make_watch_verb();
std::unique_ptr<Verb> make_search_verb();
std::unique_ptr<Verb> make_query_verb();
std::unique_ptr<Verb> make_lineage_verb();
std::unique_ptr<Verb> make_export_verb();
std::unique_ptr<Verb> make_tag_verb();
std::unique_ptr<Verb> make_note_verb();
std::unique_ptr<Verb> make_name_verb();
std::unique_ptr<Verb> make_prune_verb();
std::unique_ptr<Verb> make_restore_verb();
std::unique_ptr<Verb> make_check_verb();
std::unique_ptr<Verb> make_backup_verb();
std::unique_ptr<Verb> make_merge_verb();
std::unique_ptr<Verb> make_sync_verb();
std::unique_ptr<Verb> make_import_verb();
std::unique_ptr<Verb> make_queue_verb();
std::unique_ptr<Verb> make_bench_verb();

/// A verb about the history: is not itself recorded.
class HistoryVerb : public Verb {
 public:
  bool recorded() const override { return false; }
  bool computes() const override { return false; }

 protected:
  /// The history of --history or its usual place; Error when there is none yet.
  static Store open_store(const Invocation& call);
};

}  // namespace conclave
