#include "framework/media/opencv_codecs.h"

#include <dlfcn.h>

#include "framework/base/error.h"

namespace conclave {

const OpencvCodecs& opencv_codecs() {
  static const OpencvCodecs* const codecs = [] {
    void* library = dlopen("libconclave_pictures.so", RTLD_NOW | RTLD_LOCAL);
    const void* found = library ? dlsym(library, "conclave_opencv_codecs") : nullptr;
    const char* why = found ? "" : dlerror();
    require(found, "the library for WebP, TIFF and written pictures cannot be loaded: {}", why ? why : "");
    return static_cast<const OpencvCodecs*>(found);
  }();
  return *codecs;
}

}  // namespace conclave
