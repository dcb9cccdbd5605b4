#include "framework/tensor/token_context.h"

namespace conclave {

const char* modality_name(Modality modality) {
  switch (modality) {
    case Modality::text:
      return "text";
    case Modality::vision:
      return "vision";
    case Modality::audio:
      return "audio";
    case Modality::video:
      return "video";
  }
  return "unknown";
}

}  // namespace conclave
