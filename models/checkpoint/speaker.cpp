#include "models/checkpoint/speaker.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <span>

#include "framework/base/error.h"
#include "framework/generate/rewind.h"
#include "framework/generate/speculate.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/reply_writer.h"

namespace conclave {
namespace {

/// The number of positions that the folder promises; 0 when it does not say.
int64_t context_of(const Json& published) {
  for (const char* part : {"", "text_config", "language_config", "llm_config"}) {
    const Json& config = *part && published.contains(part) ? published[part] : published;
    if (config.is_object() && config.contains("max_position_embeddings") &&
        config["max_position_embeddings"].is_number_integer())
      return config["max_position_embeddings"].get<int64_t>();
  }
  return 0;
}

}  // namespace

const char* name_of(Reply::End end) {
  constexpr const char* kNames[] = {"length", "stop_token", "stop_text", "caller", "json"};
  return kNames[static_cast<size_t>(end)];
}

Speaker Speaker::load(const std::filesystem::path& folder, std::optional<at::ScalarType> dtype,
                      std::optional<kernels::Packing> packing) {
  const bool adapted = is_adapter(folder);
  const auto base = adapted ? base_of_adapter(folder) : folder;
  // The text lies beside a file of weights.
  Speaker speaker(open_checkpoint(base),
                  read_published_text(std::filesystem::is_regular_file(base) ? base.parent_path() : base));
  const auto model = shape_of(speaker.folder_);
  const int64_t rows = model->text->embed_tokens.count();
  const auto& tokenizer = speaker.text_.tokenizer;
  if (tokenizer.size() > rows)
    throw DataError(folder.string(), "",
                    fmt::format("the tokenizer does not fit the vocabulary: it has ids up to {} ('{}'), the "
                                "model has {} rows",
                                tokenizer.size() - 1, tokenizer.bytes(tokenizer.size() - 1), rows));
  speaker.model_ = load_checkpoint(speaker.folder_, dtype, packing);
  if (adapted) load_adapter(*speaker.model_, speaker.folder_, folder);
  speaker.adapted_ = adapted;
  speaker.keep_pictures(int64_t{256} << 20);
  speaker.context_ = context_of(speaker.folder_.published);
  return speaker;
}

void Speaker::set_draft(Speaker draft, int64_t ahead) {
  const Tokenizer &mine = text_.tokenizer, &its = draft.text_.tokenizer;
  require<UsageError>(mine.size() == its.size(), "{} cannot draft for {}: it has {} tokens, not {}",
                      draft.folder_.path.string(), folder_.path.string(), its.size(), mine.size());
  for (int64_t id = 0; id < mine.size(); ++id)
    require<UsageError>(mine.has(id) == its.has(id) && (!mine.has(id) || mine.bytes(id) == its.bytes(id)),
                        "{} cannot draft for {}: token {} is another one", draft.folder_.path.string(),
                        folder_.path.string(), id);
  draft_ = std::make_shared<const Speaker>(std::move(draft));
  ahead_ = ahead;
}

void Speaker::keep_pictures(int64_t most_bytes) {
  looker_ = std::make_shared<PictureLooker>(folder_.path, model_, most_bytes);
}

bool Speaker::reads_pictures() const {
  return model_->pictures && picture_place(folder_.config["pictures"]);
}

int64_t Speaker::picture_token() const {
  require<UsageError>(model_->pictures != nullptr, "{} reads no pictures", folder_.path.string());
  const Json& config = folder_.config["pictures"];
  const auto id = picture_place(config);
  require<UsageError>(id.has_value(), "{}: pictures of the kind '{}' cannot be asked about yet",
                      folder_.path.string(), config.value("kind", ""));
  return *id;
}

std::vector<int64_t> Speaker::question(const std::string& text, int64_t pictures) const {
  if (pictures == 0) return text_.tokenizer.encode(text);
  const int64_t token = picture_token();
  std::vector<int64_t> ids;
  if (text_.chat) {
    Json content(static_cast<size_t>(pictures), Json{{"type", "image"}});
    content.push_back({{"type", "text"}, {"text", text}});
    Json turn = {{"role", "user"}, {"content", std::move(content)}};
    ids = text_.tokenizer.encode(text_.conversation(Json::array({std::move(turn)})), {.add_special = false});
  } else {
    ids = text_.tokenizer.encode(text);
  }
  if (std::ranges::count(ids, token) == 0) ids.insert(ids.begin(), static_cast<size_t>(pictures), token);
  return ids;
}

void Speaker::check_places(const std::vector<int64_t>& ids, int64_t token, size_t given,
                           const char* what) const {
  const auto places = std::count(ids.begin(), ids.end(), token);
  require<UsageError>(places == static_cast<int64_t>(given), "{} {}, and the prompt has {} places for one{}",
                      given, what, places,
                      text_.tokenizer.has(token) ? ": '" + text_.tokenizer.bytes(token) + "'"
                                                 : ": the tokenizer has no token for it");
}

Inputs Speaker::inputs(std::vector<int64_t> ids, const std::vector<Tensor>& pictures, LookedAt* about) const {
  Inputs inputs;
  if (!pictures.empty()) {
    const auto token = picture_token();
    check_places(ids, token, pictures.size(), "pictures");
    LookedAt looked = looker_->look_at(pictures);
    ids = spread_places(ids, token, looked.tokens);
    inputs = looked.inputs;
    if (about) *about = std::move(looked);
  }
  inputs.ids_NL = at::tensor(ids, at::kLong).unsqueeze(0);
  return inputs;
}

Prompt Speaker::read_on(const std::vector<int64_t>& ids, const Tensor& adapter_1, ReadBefore& before,
                        int64_t& read_tokens) const {
  // The last token is read in any case: what comes after it is asked for.
  const auto most = std::min(before.ids.size(), ids.size() - 1);
  auto shared =
      std::mismatch(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(most), before.ids.begin()).first -
      ids.begin();
  if (shared < std::ssize(before.ids) && !can_rewind(before.state)) shared = 0;
  // What another adapter read is another state.
  const Tensor& its_1 = before.state.adapter_N;
  if (adapter_1.defined() && its_1.defined() && !at::equal(adapter_1, its_1)) shared = 0;
  DecodeState state = shared > 0 ? before.state : model_->text->new_state();
  state.adapter_N = adapter_1;
  if (shared > 0) rewind(state, shared);
  const std::vector<int64_t> fresh(ids.begin() + shared, ids.end());
  Prompt prompt =
      read_prompt(*model_->text, at::tensor(fresh, at::kLong).unsqueeze(0), Tensor(), std::move(state));
  before = {ids, prompt.state};
  read_tokens = std::ssize(fresh);
  return prompt;
}

void Speaker::check_length(int64_t tokens) const {
  require<UsageError>(tokens > 0, "the prompt is empty: it has no token");
  require<UsageError>(context_ == 0 || tokens < context_,
                      "the prompt has {} tokens; the context of {} holds {}, the reply's counted", tokens,
                      folder_.path.string(), context_);
}

ReadText Speaker::read(const std::string& text, int64_t top, const std::vector<Tensor>& pictures) const {
  LookedAt about;
  const Inputs inputs = this->inputs(question(text, std::ssize(pictures)), pictures, &about);
  const auto& areas = about.areas;
  check_length(inputs.ids_NL.size(1));
  const at::NoGradGuard no_grad;
  const Reading reading = model_->read(inputs);
  const int64_t tokens = reading.x_NLD.size(1);
  check_length(tokens);
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  const Tensor features_1LD = model_->forward(reading, {}, context);
  ReadText read;
  // A place becomes all tokens of its picture where they were not spread before.
  const int64_t token = pictures.empty() ? -1 : picture_token(), grown = tokens - inputs.ids_NL.size(1);
  for (const int64_t id :
       std::span(inputs.ids_NL.const_data_ptr<int64_t>(), static_cast<size_t>(inputs.ids_NL.size(1)))) {
    if (!pictures.empty() && id == token)
      read.words.insert(read.words.end(), static_cast<size_t>(1 + grown / std::ssize(pictures)), "");
    else
      read.words.push_back(text_.tokenizer.decode({id}, false));
  }
  if (reading.patches.size() == areas.size())
    for (size_t i = 0; i < areas.size(); ++i) {
      const PatchPlaces& places = reading.patches[i];
      read.pictures.push_back({places.first, places.rows, places.columns, areas[i]});
    }
  const auto& layers = model_->text->model->layers;
  for (Record& record : log.records) {
    if (!record.routing.expert_TK.defined()) continue;  // a product router: nothing that is shown by expert
    const auto layer = std::find_if(layers.begin(), layers.end(), [&](const auto& candidate) {
      return candidate->moe && candidate->moe->site == record.site;
    });
    if (layer == layers.end()) continue;  // an adapter's router
    record.site = static_cast<int>(layer - layers.begin());
    read.routing.push_back(std::move(record));
  }
  const Tensor last_11D = features_1LD.narrow(1, tokens - 1, 1);
  const Tensor probability_V = model_->text->logits(last_11D).flatten().to(at::kFloat).softmax(0);
  const Tensor token_V =
      std::get<1>(probability_V.sort(/*stable=*/true, 0, /*descending=*/true)).contiguous();
  for (int64_t i = 0; i < token_V.numel() && std::ssize(read.next) < top; ++i) {
    const int64_t id = token_V.const_data_ptr<int64_t>()[i];
    if (text_.tokenizer.has(id))  // rows behind the tokenizer's last token stand for nothing
      read.next.emplace_back(text_.tokenizer.decode({id}, false), probability_V[id].item<double>());
  }
  return read;
}

Generated Speaker::make(const Prompt& read, const GenerateOptions& options, Reply& reply) const {
  if (!draft_) return std::move(generate(*model_->text, read, options).front());
  auto& draft = *draft_->model_->text;
  const Tensor ids_1L = at::tensor(read.tokens.front(), at::kLong).unsqueeze(0);
  auto state = read_prompt(draft, ids_1L, Tensor(), draft.new_state()).state;
  auto made = speculate(*model_->text, read, {draft, std::move(state), ahead_}, options);
  reply.proposed = made.proposed;
  reply.accepted = made.accepted;
  return std::move(made.generated);
}

Reply Speaker::reply(const std::string& prompt, bool raw, const Sights& sights, const ReplyOptions& options,
                     ReadBefore* before) const {
  const Tensor adapter_1 = adapter_named(options.adapter);
  LookedAt about;
  Inputs inputs = this->inputs(prompt, raw, sights, about);
  inputs.adapter_N = adapter_1;
  const auto* first = inputs.ids_NL.const_data_ptr<int64_t>();
  const std::vector<int64_t> ids(first, first + inputs.ids_NL.numel());
  Reply reply;
  reply.prompt_tokens = static_cast<int64_t>(ids.size());
  reply.seen_pictures = about.seen;
  check_length(reply.prompt_tokens);
  if (draft_) draft_->check_length(reply.prompt_tokens);
  require<UsageError>(!draft_ || sights.empty(), "a draft reads no pictures");
  const at::NoGradGuard no_grad;
  reply.read_tokens = reply.prompt_tokens;
  Prompt read = before && sights.empty() ? read_on(ids, inputs.adapter_N, *before, reply.read_tokens)
                                         : model_->prompt(inputs);
  read.tokens = {ids};

  GenerateOptions generation;
  generation.sampling = options.sampling;
  generation.max_tokens = most_tokens(reply.prompt_tokens, options);
  generation.stop = text_.stop;
  generation.seed = options.seed;
  ReplyWriter writer(text_, options, generation.max_tokens);
  generation.on_token = [&](int64_t, int64_t token, double) { return writer.take(token); };
  generation.edit = [&](int64_t, std::span<const int64_t>, std::span<float> logits) { writer.edit(logits); };
  writer.finish(make(read, generation, reply), reply);
  return reply;
}

}  // namespace conclave
