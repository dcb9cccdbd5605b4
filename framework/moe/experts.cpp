#include "framework/moe/experts.h"

#include "framework/base/error.h"

namespace conclave {

Tensor Experts::slots(const Tensor&, const Routing&, const TokenContext&) {
  throw Error("[experts] this bank does not keep its slots apart");
}
Tensor Experts::affinity(const Tensor&) const {
  throw Error("[experts] this bank has no affinity scores");
}
Ptr<Experts> Experts::fuse(const Tensor&) const {
  throw Error("[experts] this bank cannot be fused");
}
void Experts::remap(Ids) {
  throw Error("[experts] this bank cannot be remapped");
}

}  // namespace conclave
