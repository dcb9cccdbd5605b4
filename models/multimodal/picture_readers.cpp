#include "models/multimodal/picture_readers.h"

#include "framework/base/error.h"

namespace conclave {

Ptr<PictureReader> make_picture_reader(const Json& config, const CausalLm&) {
  throw UsageError(fmt::format("pictures.kind = {}: unknown", config.value("kind", "")));
}

}  // namespace conclave
