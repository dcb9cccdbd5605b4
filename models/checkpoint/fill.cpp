#include "models/checkpoint/fill.h"
#include "framework/tensor/large_pages.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/util/accumulate.h>

#include <sys/mman.h>

#include <map>
#include <set>

#include "framework/base/error.h"
#include "models/checkpoint/name_map.h"
#include "models/checkpoint/pack.h"

namespace conclave {
namespace {

std::string shape_text(at::IntArrayRef shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool is_float8(const TensorSource& files, const std::string& name) {
  const auto dtype = files.tensor(name).scalar_type();
  return dtype == at::kFloat8_e4m3fn || dtype == at::kFloat8_e5m2;
}

// Pages of the file that were copied need not stay in memory: loading then takes little more than the
// weights. Whole pages alone, so that neighbours keep theirs; what is no file's page, or was turned, stays.
void drop_pages(const Tensor& mapped) {
  if (!mapped.is_contiguous()) return;
  constexpr uintptr_t kPage = 4096;
  const auto data = reinterpret_cast<uintptr_t>(mapped.const_data_ptr());
  const uintptr_t begin = (data + kPage - 1) / kPage * kPage, end = (data + mapped.nbytes()) / kPage * kPage;
  if (end > begin) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

/// How the matrices of a fused bank lie.
enum class Layout { unknown, rows, columns };  // [E,out,in], [E,in,out]

/// Where one of our tensors is.
struct Source {
  PublishedName place;
  int64_t row = 0;       ///< of the published tensor, where ours begins
  bool columns = false;  ///< [E,in,out]
};

class Filler {
 public:
  Filler(Module& module, const TensorSource& files, const Architecture& architecture,
         const FillOptions& options)
      : module_(module), files_(files), architecture_(architecture), options_(options), names_(architecture) {
    for (auto& t : named_tensors(module)) shapes_[t.name] = t.tensor.sizes().vec();
  }

  void plan() {
    for (const auto& [name, shape] : shapes_) plan_one(name, shape);
    settle_layout();
    for (const auto& name : files_.names()) {
      if (!read_.contains(name) && !may_stay(name))
        wrong_ += fmt::format("\n  surplus: {} {}", name, shape_text(files_.shape(name)));
    }
    if (!wrong_.empty())
      throw DataError(files_.origin(), "",
                      fmt::format("does not fit {} with this configuration:{}", architecture_.name, wrong_));
  }

  void fill();

 private:
  void plan_one(const std::string& name, const std::vector<int64_t>& shape) {
    auto places = names_.places(name);
    for (auto& place : places)
      if (const auto before = shapes_.find(place.behind); before != shapes_.end())
        place.first = before->second.front();
    for (const auto& place : places) {
      const int64_t count = place.per_expert() ? shape.front() : 1;
      bool all = true;
      for (int64_t e = 0; e < count && all; ++e) all = files_.contains(place.of(e));
      if (!all) continue;
      Source source{place};
      for (const auto& before : place.ours) {
        if (before == name) break;
        source.row += rows_of(shapes_.at(before));
      }
      for (int64_t e = 0; e < count; ++e) {
        read_.insert(place.of(e));
        if (is_float8(files_, place.of(e))) read_.insert(place.of(e) + "_scale_inv");
        check_shape(name, source, e);
      }
      sources_[name] = source;
      return;
    }
    // What is missing is told by the place that has most of it.
    const PublishedName& expected = places.front();
    // Some are named and the others counted: a configuration may ask for any number of experts.
    constexpr int64_t kNamed = 8, kRemembered = 65536;
    const int64_t count = expected.per_expert() ? shape.front() : 1;
    int64_t missing = 0;
    for (int64_t e = 0; e < std::min(count, kRemembered); ++e) {
      if (!files_.contains(expected.of(e)) && missing++ < kNamed)
        wrong_ += fmt::format(
            "\n  missing: {} {}", expected.of(e),
            shape_text(expected.per_expert() ? at::IntArrayRef(shape).slice(1) : at::IntArrayRef(shape)));
      read_.insert(expected.of(e));
    }
    missing += std::max<int64_t>(count - kRemembered, 0);
    if (missing > kNamed) wrong_ += fmt::format("\n  and {} more like the last", missing - kNamed);
  }

  // The dimension along which our tensors share a published one.
  static size_t row_dim(const std::vector<int64_t>& shape) { return shape.size() == 3 ? 1 : 0; }
  static int64_t rows_of(const std::vector<int64_t>& shape) {
    return shape.empty() ? 0 : shape[row_dim(shape)];
  }

  // Convolutions have three dimensions, too.
  bool is_bank(const std::string& name) const {
    return shapes_.at(name).size() == 3 && name.find("experts.") != std::string::npos;
  }

  void check_shape(const std::string& name, const Source& source, int64_t expert) {
    const auto published = source.place.of(expert);
    const auto found = files_.shape(published);
    std::vector<int64_t> expected = shapes_.at(name);
    int64_t rows = 0;
    for (const auto& part : source.place.ours) rows += rows_of(shapes_.at(part));
    if (!expected.empty()) expected[row_dim(expected)] = rows;
    if (source.place.per_expert()) {
      if (source.place.ours.size() == 1) expected = shapes_.at(name);
      expected.erase(expected.begin());
    }
    const bool bank = !source.place.per_expert() && is_bank(name);
    if (bank) {
      std::vector<int64_t> turned = {expected[0], expected[2], expected[1]};
      if (found == expected && found == turned) {
        undecided_.push_back(fmt::format("{} {}", published, shape_text(found)));
        return;
      }
      if (found == turned) return vote(Layout::columns, published);
      if (found == expected) return vote(Layout::rows, published);
      wrong_ += fmt::format("\n  misshapen: {} is {}, expected {} or {}", published, shape_text(found),
                            shape_text(expected), shape_text(turned));
      return;
    }
    // Leading ones say nothing, and a convolution that meets each patch once is a projection.
    const auto plain = [&](std::vector<int64_t> s) {
      while (s.size() > 1 && s[0] == 1) s.erase(s.begin());
      if (s.size() == 2 && expected.size() == 1) s = {s[0] * s[1]};  // one row for each kind of token
      if (s.size() > 2 && expected.size() == 2) s = {s[0], c10::multiply_integers(s.begin() + 1, s.end())};
      return s;
    };
    if (source.place.turned && expected.size() == 2) std::swap(expected[0], expected[1]);
    if (found != expected && plain(found) != plain(expected))
      wrong_ += fmt::format("\n  misshapen: {} is {}, expected {}", published, shape_text(found),
                            shape_text(expected));
  }

  void vote(Layout layout, const std::string& by) {
    if (layout_ == Layout::unknown) {
      layout_ = layout;
      decided_by_ = by;
    } else if (layout_ != layout) {
      wrong_ +=
          fmt::format("\n  mixed layouts: {} and {} disagree on [E,out,in] or [E,in,out]", decided_by_, by);
    }
  }

  void settle_layout() {
    if (!undecided_.empty() && layout_ == Layout::unknown)
      wrong_ += fmt::format(
          "\n  ambiguous: square matrices fit both [E,out,in] and [E,in,out], and no other bank tells: {}",
          fmt::join(undecided_, ", "));
    for (auto& [name, source] : sources_)
      source.columns = layout_ == Layout::columns && !source.place.per_expert() && is_bank(name);
  }

  bool may_stay(const std::string& name) const {
    for (const auto& pattern : architecture_.unread)
      if (fits(name, pattern)) return true;
    if (!architecture_.more_layers) return false;
    const size_t place = name.find("layers.");
    if (place == std::string::npos) return false;
    const auto number = name.substr(place + 7, name.find('.', place + 7) - place - 7);
    return !number.empty() && number.size() < 9 &&
           number.find_first_not_of("0123456789") == std::string::npos &&
           std::stoll(number) >= options_.layers;
  }

  // A published tensor, float8 turned into what its scales say.
  Tensor read(const std::string& name) const {
    const Tensor stored = files_.tensor(name);
    if (!is_float8(files_, name)) return stored;
    const std::string scales = name + "_scale_inv";
    if (!files_.contains(scales))
      throw DataError(files_.origin(), name, fmt::format("is float8, but {} is missing", scales));
    const Tensor scale = files_.tensor(scales).to(at::kFloat);
    return scaled(name, stored.to(at::kFloat), scale).to(at::kBFloat16);
  }

  Tensor scaled(const std::string& name, const Tensor& x, const Tensor& scale) const {
    if (scale.numel() == 1) return x * scale.flatten()[0];
    // The side of a block is the smallest power of two that covers the matrix; published ones use 128.
    const auto side = [&](int64_t size, int64_t blocks) {
      int64_t block = 1;
      while (block * blocks < size) block *= 2;
      return block;
    };
    const bool fits_blocks = x.dim() == 2 && scale.dim() == 2;
    const int64_t rows = fits_blocks ? side(x.size(0), scale.size(0)) : 0;
    const int64_t columns = fits_blocks ? side(x.size(1), scale.size(1)) : 0;
    if (!fits_blocks || (x.size(0) + rows - 1) / rows != scale.size(0) ||
        (x.size(1) + columns - 1) / columns != scale.size(1))
      throw DataError(files_.origin(), name,
                      fmt::format("is {}, its scales are {}: not one for each block", shape_text(x.sizes()),
                                  shape_text(scale.sizes())));
    const Tensor wide = scale.repeat_interleave(rows, 0).narrow(0, 0, x.size(0));
    return x * wide.repeat_interleave(columns, 1).narrow(1, 0, x.size(1));
  }

  at::ScalarType dtype_for(const Tensor& found) const {
    return options_.dtype && found.is_floating_point() ? *options_.dtype : found.scalar_type();
  }

  // Where one of our tensors lies in a published one that is it or holds it.
  Tensor found(const Source& source, const std::vector<int64_t>& shape) const {
    Tensor found = read(source.place.theirs);
    if (source.columns) found = found.transpose(1, 2);
    if (source.place.turned) found = found.transpose(0, 1);
    if (source.place.ours.size() > 1)
      found = found.narrow(static_cast<int64_t>(row_dim(shape)), source.row, rows_of(shape));
    return found;
  }

  Tensor one(const Source& source, const std::vector<int64_t>& shape) const {
    const Tensor found = this->found(source, shape);
    const Tensor own = to_dtype_in_large_pages(found.reshape(shape), dtype_for(found)).contiguous();
    if (!own.is_alias_of(found)) drop_pages(found);
    return own;
  }

  Tensor expert(const Source& source, const std::vector<int64_t>& shape, int64_t e) const {
    const Tensor found = read(source.place.of(e));
    return source.place.ours.size() > 1 ? found.narrow(0, source.row, rows_of(shape)) : found;
  }

  Tensor stacked(const Source& source, const std::vector<int64_t>& shape) const {
    Tensor bank;
    for (int64_t e = 0; e < shape.front(); ++e) {
      const Tensor found = expert(source, shape, e);
      if (!bank.defined()) bank = empty_in_large_pages(shape, dtype_for(found));
      bank[e].copy_(found.reshape(bank[e].sizes()));
      drop_pages(found);
    }
    return bank;
  }

  // Blocks in the place of one of our tensors, which is of shape [out,in] or [E,out,in]. What was packed
  // leaves the memory at once.
  void fill_blocks(kernels::PackedWeight& weight, const Source& source,
                   const std::vector<int64_t>& shape) const {
    if (!source.place.per_expert()) {
      const Tensor all = found(source, shape).reshape(shape);
      if (all.dim() == 2) return kernels::pack_rows(weight, 0, all, drop_pages);
      for (int64_t e = 0; e < all.size(0); ++e)
        kernels::pack_rows(weight, e * weight.outs(), all[e], drop_pages);
      return;
    }
    for (int64_t e = 0; e < shape.front(); ++e)
      kernels::pack_rows(weight, e * weight.outs(), expert(source, shape, e), drop_pages);
  }

  struct Put : Visitor {
    explicit Put(const Filler& filler) : filler(filler) {}
    const Filler& filler;
    std::string part_name;
    Module* part = nullptr;
    void on_module(const std::string& name, Module& next) override {
      part_name = name;
      part = &next;
    }
    void on_tensor(const std::string& name, Tensor& tensor, TensorKind) override {
      if (!tensor.defined()) return;
      const auto& source = filler.sources_.at(name);
      const auto& shape = filler.shapes_.at(name);
      const auto packing = filler.options_.packing;
      if (auto* blocks = part && packing ? place_for_blocks(part_name, *part, tensor, *packing) : nullptr) {
        filler.fill_blocks(*blocks, source, shape);
        tensor = Tensor();
        return;
      }
      const bool grad = tensor.requires_grad();
      tensor = source.place.per_expert() ? filler.stacked(source, shape) : filler.one(source, shape);
      tensor.set_requires_grad(grad);
    }
  };

  Module& module_;
  const TensorSource& files_;
  const Architecture& architecture_;
  const FillOptions& options_;
  NameMap names_;
  std::map<std::string, std::vector<int64_t>> shapes_;
  std::map<std::string, Source> sources_;
  std::set<std::string> read_;
  std::string wrong_, decided_by_;
  std::vector<std::string> undecided_;
  Layout layout_ = Layout::unknown;
};

void Filler::fill() {
  const at::NoGradGuard no_grad;
  Put put(*this);
  module_.visit(put);
}

}  // namespace

void fill_weights(Module& module, const TensorSource& files, const Architecture& architecture,
                  const FillOptions& options) {
  Filler filler(module, files, architecture, options);
  filler.plan();
  filler.fill();
}

}  // namespace conclave
