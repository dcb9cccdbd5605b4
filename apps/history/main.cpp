#include "apps/common/app.h"
#include "apps/history/verbs.h"

int main(int argc, char** argv) {
  using namespace conclave;
  Verbs verbs;
  verbs.push_back(make_list_verb());
  verbs.push_back(make_show_verb());
  verbs.push_back(make_compare_verb());
  verbs.push_back(make_watch_verb());
  verbs.push_back(make_search_verb());
  verbs.push_back(make_query_verb());
  verbs.push_back(make_lineage_verb());
  verbs.push_back(make_export_verb());
  verbs.push_back(make_tag_verb());
  verbs.push_back(make_note_verb());
  verbs.push_back(make_name_verb());
  verbs.push_back(make_prune_verb());
  verbs.push_back(make_restore_verb());
  verbs.push_back(make_check_verb());
  verbs.push_back(make_backup_verb());
  verbs.push_back(make_merge_verb());
  verbs.push_back(make_sync_verb());
  verbs.push_back(make_import_verb());
  verbs.push_back(make_queue_verb());
  verbs.push_back(make_bench_verb());
  return run_app(argc, argv, {"history", "Every run: what it was told, what came of it, how to repeat it"},
                 std::move(verbs));
}
