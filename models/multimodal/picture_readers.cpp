#include "models/multimodal/picture_readers.h"

#include "framework/base/config_object.h"
#include "models/multimodal/qwen_pictures.h"
#include "models/multimodal/spliced_pictures.h"
#include "models/multimodal/tile_pictures.h"

namespace conclave {

Ptr<PictureReader> make_picture_reader(const Json& config, const CausalLm& text) {
  ConfigObject c(config, "pictures");
  const auto kind = c.one_of("kind", {"qwen", "tiles", "spliced"});
  if (kind == "tiles") return make_tile_pictures(config, text);
  if (kind == "spliced") return make_spliced_pictures(config, text);
  return make_qwen_pictures(config, text);
}

}  // namespace conclave
