#include "framework/blocks/vision.h"

#include "framework/base/config_object.h"
#include "framework/blocks/conv_encoder.h"
#include "framework/blocks/vision_transformer.h"

namespace conclave {

Ptr<VisionEncoder> make_vision_encoder(const Json& config, int first_site, const std::string& path) {
  const auto kind = ConfigObject(config, path).one_of("kind", {"vit", "conv"});
  if (kind == "conv") return make_conv_encoder(config, path);
  return make_vision_transformer(config, first_site, path);
}

}  // namespace conclave
