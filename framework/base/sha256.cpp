#include "framework/base/sha256.h"

#include <openssl/evp.h>

#include <fstream>
#include <vector>

#include "framework/base/error.h"

namespace conclave {
namespace {

EVP_MD_CTX* digest(const std::shared_ptr<void>& context) {
  return static_cast<EVP_MD_CTX*>(context.get());
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), [](void* c) { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(c)); }) {
  require(context_ && EVP_DigestInit_ex(digest(context_), EVP_sha256(), nullptr) == 1,
          "SHA-256 is not available");
}

void Sha256::add(std::string_view bytes) {
  require(EVP_DigestUpdate(digest(context_), bytes.data(), bytes.size()) == 1, "SHA-256 failed");
}

std::string Sha256::finish() {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int n = 0;
  require(EVP_DigestFinal_ex(digest(context_), bytes, &n) == 1, "SHA-256 failed");
  std::string text;
  for (unsigned int i = 0; i < n; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

std::string sha256_file(const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored))
    throw DataError(path.string(), "", "cannot be read");
  Sha256 hash;
  std::vector<char> block(size_t{1} << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    hash.add({block.data(), static_cast<size_t>(in.gcount())});
  if (in.bad()) throw DataError(path.string(), "", "cannot be read to its end");
  return hash.finish();
}

}  // namespace conclave
