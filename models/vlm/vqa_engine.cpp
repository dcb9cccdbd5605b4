#include "models/vlm/vqa_engine.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/stopwatch.h"
#include "framework/generate/beam_search.h"
#include "framework/generate/score.h"

namespace conclave {
namespace {

using Answers = std::vector<std::pair<std::string, double>>;

struct Reader : LanguageModel {
  const Vlm& vlm;
  TokenContext context;

  explicit Reader(const Vlm& model) : vlm(model) {}
  Tensor step(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state) override {
    return vlm.read_text(ids_NL, valid_NL, state, context);
  }
  Tensor logits(const Tensor& features) override { return vlm.logits(features); }
};

// The routing of `count` tokens from `first` on.
Record tokens_of(const Record& record, int64_t first, int64_t count) {
  const auto part = [&](const Tensor& t) { return t.defined() ? t.narrow(0, first, count) : t; };
  Record some;
  some.site = record.site;
  some.experts = record.experts;
  some.nulls = record.nulls;
  some.routing.expert_TK = part(record.routing.expert_TK);
  some.routing.weight_TK = part(record.routing.weight_TK);
  some.routing.shared_TS = part(record.routing.shared_TS);
  some.context.modality_T = part(record.context.modality_T);
  return some;
}

// Sequence `row` of the `rows` of a batch; of its tokens only the first `used` of `all` parts, the others are
// padding.
std::vector<Record> records_of(const RoutingLog& log, int64_t row, int64_t rows, int64_t used, int64_t all) {
  std::vector<Record> records;
  for (const auto& record : log.records) {
    if (!record.routing.expert_TK.defined()) continue;  // a product router: nothing that is shown by expert
    const int64_t length = record.routing.tokens() / rows;
    records.push_back(tokens_of(record, row * length, length / all * used));
  }
  return records;
}

// Each token's own text, with the space before it.
std::vector<std::string> words_of(const Tokenizer& tokenizer, const std::vector<int64_t>& ids) {
  std::vector<std::string> words;
  for (const int64_t id : ids) words.push_back(tokenizer.decode({id}, false));
  return words;
}

void add(Trace& trace, const std::vector<Record>& records) {
  for (const auto& record : records) trace.add(record);
}

// The likeliest answers to each row of `prompt`.
std::vector<Answers> search(Reader& reader, const Prompt& prompt, const VqaModel& model,
                            const VqaOptions& options) {
  const auto found = beam_search(
      reader, prompt, {.beams = options.top_k, .max_tokens = options.max_tokens, .stop = {model.tokens.eos}});
  std::vector<Answers> all;
  for (const auto& beams : found) {
    Answers& answers = all.emplace_back();
    for (const auto& beam : beams) {
      const std::string text = model.tokenizer.decode(beam.tokens);
      const auto same = [&](const auto& answer) { return answer.first == text; };
      // Spelled with other tokens it is the same answer.
      if (std::none_of(answers.begin(), answers.end(), same))
        answers.emplace_back(text, std::exp(beam.log_prob));
    }
  }
  return all;
}

// The candidates by their share of the probability of all of them.
std::vector<Answers> choose(Reader& reader, const Prompt& prompt, const VqaOptions& options,
                            const std::vector<std::vector<int64_t>>& ids) {
  const Tensor share_NA = score_answers(reader, prompt, ids).softmax(1);
  std::vector<Answers> all;
  for (int64_t n = 0; n < share_NA.size(0); ++n) {
    Answers& answers = all.emplace_back();
    for (size_t a = 0; a < ids.size(); ++a)
      answers.emplace_back(options.candidates[a], share_NA[n][static_cast<int64_t>(a)].item<double>());
    std::stable_sort(answers.begin(), answers.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    answers.resize(std::min(answers.size(), static_cast<size_t>(options.top_k)));
  }
  return all;
}

}  // namespace

void check_question(const std::string& question) {
  require<UsageError>(question.find_first_not_of(" \t\r\n") != question.npos, "the question is empty");
  require<UsageError>(question.size() <= kMaxQuestionBytes, "the question has {} bytes, the limit is {}",
                      question.size(), kMaxQuestionBytes);
}

/// The questions of a batch about the same pictures.
struct VqaEngine::Group {
  std::string key;  // empty: not to be shared
  std::vector<size_t> members;
  std::vector<std::vector<int64_t>> ids;
  PictureSet set;
  std::shared_ptr<const SeenPictures> seen;
  bool remembered = false;
};

VqaEngine::VqaEngine(const VqaModel& model, VqaOptions options)
    : model_(model), options_(std::move(options)), memory_(options_.memory_bytes) {
  require<UsageError>(options_.top_k >= 1, "top_k = {}: must be at least 1", options_.top_k);
  require<UsageError>(options_.batch >= 1, "batch = {}: must be at least 1", options_.batch);
  require<UsageError>(options_.frames >= 0, "frames = {}: must be 0 or more", options_.frames);
  for (auto candidate = options_.candidates.begin(); candidate != options_.candidates.end(); ++candidate) {
    require<UsageError>(candidate->find_first_not_of(" \t\r\n") != candidate->npos, "a candidate is empty");
    require<UsageError>(std::find(options_.candidates.begin(), candidate, *candidate) == candidate,
                        "candidate '{}' is given twice", *candidate);
    candidate_ids_.push_back(
        model.tokenizer.encode(*candidate, {.add_special = false, .parse_special = false}));
    candidate_ids_.back().push_back(model.tokens.eos);
  }
}

std::vector<VqaAnswer> VqaEngine::answer(std::span<const VqaQuery> queries) {
  const c10::InferenceMode inference;
  std::vector<VqaAnswer> answers(queries.size());
  const auto alone = [&](const VqaQuery& query) { return options_.keep_routing || query.edits; };
  for (size_t begin = 0, count = 0; begin < queries.size(); begin += count) {
    count = 1;
    size_t longest = queries[begin].question.size();
    while (!alone(queries[begin]) && begin + count < queries.size() &&
           count < static_cast<size_t>(options_.batch) && !alone(queries[begin + count])) {
      longest = std::max(longest, queries[begin + count].question.size());
      if (!fit_a_batch(count + 1, longest)) break;
      ++count;
    }
    answer_batch(queries.subspan(begin, count), std::span(answers).subspan(begin, count));
  }
  return answers;
}

std::vector<VqaEngine::Group> VqaEngine::group(std::span<const VqaQuery> queries,
                                               std::span<VqaAnswer> answers) {
  std::vector<Group> groups;
  for (size_t i = 0; i < queries.size(); ++i) {
    try {
      check_question(queries[i].question);
      auto ids = question_ids(model_.tokenizer, model_.tokens, queries[i].question);
      const bool shared = options_.share_pictures && !queries[i].edits;
      const std::string key = shared ? "pictures\n" + picture_set_key(queries[i].pictures) : "";
      auto found = std::find_if(groups.begin(), groups.end(),
                                [&](const Group& group) { return shared && group.key == key; });
      if (found == groups.end()) found = groups.insert(found, Group{key, {}, {}, {}, nullptr, false});
      found->members.push_back(i);
      found->ids.push_back(std::move(ids));
    } catch (...) {
      answers[i].error = std::current_exception();
    }
  }
  return groups;
}

PictureSet VqaEngine::load(const VqaQuery& query) const {
  const int64_t most = model_.vlm->max_tiles();
  PictureSet set = load_picture_set(query.pictures, model_.picture, options_.frames, most);
  const int64_t tiles = set.tiles_N3SS.size(0);
  require<UsageError>(tiles <= most,
                      "the pictures have {} tiles, the model takes at most {}: give fewer pictures or frames "
                      "(frames 0: as many as fit)",
                      tiles, most);
  if (options_.blank_pictures) set.tiles_N3SS.zero_();
  return set;
}

void VqaEngine::answer_batch(std::span<const VqaQuery> queries, std::span<VqaAnswer> answers) {
  const Stopwatch watch;
  std::vector<Group> groups = group(queries, answers);
  const auto fail = [&](const Group& group) {
    for (const size_t i : group.members) answers[i].error = std::current_exception();
  };
  std::vector<Group*> fresh;
  for (auto& group : groups) {
    group.seen = group.key.empty() ? nullptr : memory_.find(group.key);
    group.remembered = group.seen != nullptr;
    if (group.remembered) continue;
    try {
      group.set = load(queries[group.members.front()]);
      fresh.push_back(&group);
    } catch (...) {
      fail(group);
    }
  }
  try {
    if (!fresh.empty()) see(fresh, queries.front().edits);
    std::erase_if(groups, [](const Group& group) { return !group.seen; });
    if (!groups.empty()) read(groups, queries, answers);
  } catch (...) {
    for (const auto& group : groups) fail(group);
  }
  for (auto& answer : answers) answer.wall_ms = watch.ms();
}

Edits VqaEngine::edits_with(const Edits* own) const {
  Edits edits = options_.edits;
  if (own)
    for (const auto& [site, more] : own->at)
      edits.at[site].insert(edits.at[site].end(), more.begin(), more.end());
  return edits;
}

void VqaEngine::see(const std::vector<Group*>& groups, const QueryEdits* edits) {
  const Stopwatch watch;
  const Edits all = edits_with(edits ? &edits->pictures : nullptr);
  std::vector<Tensor> tiles;
  for (const auto* group : groups) tiles.push_back(group->set.tiles_N3SS);
  const TileRows batch = pad_tiles(tiles);
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  if (!all.at.empty()) context.edits = &all;
  const DecodeState state = model_.vlm->read_pictures(
      batch.tiles_BN3SS.to(model_.device),
      batch.valid_BN.defined() ? batch.valid_BN.to(model_.device) : batch.valid_BN, context);

  const auto count = static_cast<int64_t>(groups.size()), most = batch.tiles_BN3SS.size(1);
  for (int64_t i = 0; i < count; ++i) {
    Group& group = *groups[static_cast<size_t>(i)];
    const int64_t own = group.set.tiles_N3SS.size(0);
    auto seen = std::make_shared<SeenPictures>();
    seen->notes = std::move(group.set.notes);
    seen->state = own > 0 ? one_row(state, i, state.length() / most * own) : model_.vlm->new_state();
    if (own > 0) {
      auto records = records_of(log, i, count, own, most);
      add(seen->trace, records);
      if (options_.keep_routing) seen->records = std::move(records);
    }
    seen->see_ms = watch.ms() / static_cast<double>(count);
    group.seen = seen;
    if (!group.key.empty()) memory_.keep(group.key, group.seen);
  }
}

void VqaEngine::read(const std::vector<Group>& groups, std::span<const VqaQuery> queries,
                     std::span<VqaAnswer> answers) const {
  const Stopwatch watch;
  std::vector<const DecodeState*> states;
  std::vector<std::vector<int64_t>> rows;
  std::vector<int64_t> group_of;
  bool even = true;
  for (const auto& group : groups) {
    group_of.insert(group_of.end(), group.members.size(), static_cast<int64_t>(states.size()));
    states.push_back(&group.seen->state);
    rows.insert(rows.end(), group.ids.begin(), group.ids.end());
    even = even && group.members.size() == groups.front().members.size();
  }
  DecodeState state = stack_rows(states);
  if (state.rows() > 0)
    state = even ? state.fork(static_cast<int64_t>(groups.front().members.size()))
                 : state.select(at::tensor(group_of, at::kLong));

  RoutingLog log;
  Reader reader(*model_.vlm);
  reader.context.log = &log;
  const auto* own = queries.front().edits;
  const Edits all = edits_with(own ? &own->question : nullptr);
  if (!all.at.empty()) reader.context.edits = &all;
  const PaddedRows text = pad_rows(rows, model_.tokens.pad);
  const Prompt prompt =
      read_prompt(reader, text.ids_NL.to(model_.device), text.valid_NL.to(model_.device), std::move(state));
  reader.context = {};  // a query's own edits are made for its question
  if (!options_.edits.at.empty()) reader.context.edits = &options_.edits;
  const auto found = options_.candidates.empty() ? search(reader, prompt, model_, options_)
                                                 : choose(reader, prompt, options_, candidate_ids_);

  const auto count = static_cast<int64_t>(rows.size()), longest = text.ids_NL.size(1);
  const double share_ms = watch.ms() / static_cast<double>(count);
  int64_t n = 0;
  for (const auto& group : groups) {
    for (const size_t i : group.members) {
      VqaAnswer& answer = answers[i];
      answer.top = found[static_cast<size_t>(n)];
      if (answer.top.empty() || !std::isfinite(answer.top.front().second)) {
        answer.error =
            std::make_exception_ptr(Error("the model's probabilities are no numbers: its weights, or the "
                                          "routing it was given, are broken"));
        ++n;
        continue;
      }
      answer.pictures = group.seen->notes;
      answer.visual_tokens = group.seen->state.length();
      answer.question_tokens = static_cast<int64_t>(rows[static_cast<size_t>(n)].size());
      answer.remembered = group.remembered || i != group.members.front();
      answer.see_ms = answer.remembered ? 0 : group.seen->see_ms;
      answer.read_ms = share_ms;
      answer.trace = group.seen->trace;
      auto records = records_of(log, n, count, answer.question_tokens, longest);
      add(answer.trace, records);
      if (options_.keep_routing)
        answer.routing = {
            {"pictures", group.seen->records, {}},
            {"question", std::move(records), words_of(model_.tokenizer, rows[static_cast<size_t>(n)])}};
      ++n;
    }
  }
  if (options_.keep_routing &&
      !answers[groups.front().members.front()]
           .error) {  // a batch of one: the best answer is read once more, for its own tokens
    log.records.clear();
    reader.context.log = &log;
    const auto ids =
        model_.tokenizer.encode(found.front().front().first, {.add_special = false, .parse_special = false});
    if (ids.empty()) return;
    DecodeState after = prompt.state;
    reader.step(at::tensor(ids, at::kLong).unsqueeze(0).to(model_.device), {}, after);
    const size_t i = groups.front().members.front();
    answers[i].routing.push_back({"answer", records_of(log, 0, 1, 1, 1), words_of(model_.tokenizer, ids)});
  }
}

}  // namespace conclave
