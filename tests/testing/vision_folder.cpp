#include "testing/vision_folder.h"

#include "framework/base/file.h"

namespace conclave::testing {

namespace fs = std::filesystem;

void make_vision_folder(const fs::path& folder, const fs::path& from, const Json& processor,
                        int64_t picture_token) {
  fs::create_directories(folder);
  for (const char* file : {"config.json", "vision_config.json", "model.safetensors"})
    if (fs::exists(from / file)) fs::copy(from / file, folder / file, fs::copy_options::overwrite_existing);
  Json vocabulary = {{"<unk>", 0}, {" ", 3}, {"?", 4}};
  for (char c = 'a'; c <= 'z'; ++c) vocabulary[std::string(1, c)] = vocabulary.size() + 2;
  Json added = {{{"id", 0}, {"content", "<unk>"}, {"special", true}}};
  if (picture_token >= 0) added.push_back({{"id", picture_token}, {"content", "<image>"}, {"special", true}});
  const auto write = [&](const char* name, const Json& json) { write_file(folder / name, json.dump()); };
  write("tokenizer.json",
        {{"added_tokens", added},
         {"decoder", {{"type", "Fuse"}}},
         {"model",
          {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}, {"unk_token", "<unk>"}}}});
  if (picture_token >= 0)
    write("tokenizer_config.json",
          {{"chat_template",
            "{% for m in messages %}{% for part in m.content %}"
            "{{ '<image>' if part.type == 'image' else part.text }}{% endfor %}{% endfor %}?"}});
  write("preprocessor_config.json", processor);
}

}  // namespace conclave::testing
