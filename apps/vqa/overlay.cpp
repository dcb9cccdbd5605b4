#include "apps/vqa/overlay.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/media/canvas.h"

namespace conclave {
namespace {

constexpr int64_t kMargin = 12, kLine = 20, kWidth = 800;
constexpr Rgb kPaper{255, 255, 255}, kInk{30, 30, 30};

// First expert of each picture token at `site`; -1 where there is none.
std::vector<int64_t> first_experts(const VqaAnswer& answer, Site site) {
  for (const auto& pass : answer.routing) {
    if (pass.part != "pictures") continue;
    for (const auto& record : pass.records) {
      if (record.site != site) continue;
      const at::Tensor first_T = record.routing.expert_TK.select(1, 0).to(at::kLong).contiguous();
      return {first_T.const_data_ptr<int64_t>(), first_T.const_data_ptr<int64_t>() + first_T.numel()};
    }
  }
  throw UsageError(fmt::format("--site {}: the model routes no picture tokens there", site));
}

void legend(Canvas& canvas, const std::vector<int64_t>& experts, Site site, int64_t y) {
  const int64_t most = *std::max_element(experts.begin(), experts.end());
  int64_t x = kMargin;
  const std::string head = fmt::format("site {}, first choice of each patch:", site);
  canvas.text(x, y, head, kInk);
  x += Canvas::text_width(head) + kMargin;
  for (int64_t e = 0; e <= most; ++e) {
    const auto count = std::count(experts.begin(), experts.end(), e);
    if (count == 0) continue;
    canvas.tint(x, y, 14, 14, category_color(e), 1);
    const std::string label = fmt::format("e{} {:.0f} %", e, 100.0 * count / experts.size());
    canvas.text(x + 20, y, label, kInk);
    x += 20 + Canvas::text_width(label) + 2 * kMargin;
  }
}

}  // namespace

void paint_experts(const VqaQuery& query, const VqaAnswer& answer, const VqaModel& model, Site site,
                   const std::filesystem::path& file) {
  const auto experts = first_experts(answer, site);
  std::vector<at::Tensor> shown;
  size_t tiles = 0;
  for (const auto& note : answer.pictures) {
    require<UsageError>(note.seconds.empty(), "{}: patches are painted on still pictures only",
                        note.file.string());
    shown.push_back(load_picture(note.file, model.picture.open));
    tiles += note.resized.front().tiles.size();
  }
  require<UsageError>(tiles > 0, "there is no picture to paint");
  const auto registers = static_cast<size_t>(model.vlm->registers());
  const auto side = std::lround(std::sqrt(double(experts.size() / tiles - registers)));

  std::vector<int64_t> factors;
  int64_t height = kMargin + 2 * kLine;
  for (const auto& p : shown) {
    factors.push_back(std::max<int64_t>(1, kWidth / p.size(1)));
    height += p.size(0) * factors.back() + kMargin;
  }
  Canvas canvas(kWidth + 2 * kMargin, height + kLine + kMargin, kPaper);
  canvas.text(kMargin, kMargin, query.question.substr(0, 100), kInk, 14);
  canvas.text(kMargin, kMargin + kLine,
              fmt::format("{}  ({:.2f})", answer.top.front().first, answer.top.front().second), kInk, 14);
  int64_t top = kMargin + 2 * kLine + kMargin / 2;
  size_t token = 0;
  for (size_t i = 0; i < shown.size(); ++i) {
    const int64_t factor = factors[i];
    canvas.paste(shown[i], kMargin, top, factor);
    for (const auto& tile : answer.pictures[i].resized.front().tiles) {
      for (int64_t p = 0; p < side * side; ++p, ++token) {
        const int64_t x0 = (p % side) * tile.width / side, x1 = (p % side + 1) * tile.width / side;
        const int64_t y0 = (p / side) * tile.height / side, y1 = (p / side + 1) * tile.height / side;
        const int64_t left = kMargin + (tile.x + x0) * factor, upper = top + (tile.y + y0) * factor;
        const Rgb color = category_color(experts.at(token));
        if (experts[token] >= 0) canvas.tint(left, upper, (x1 - x0) * factor, (y1 - y0) * factor, color, 0.4);
        canvas.frame(left, upper, (x1 - x0) * factor, (y1 - y0) * factor, color);
      }
      token += registers;  // they stand for no place of the tile
    }
    top += shown[i].size(0) * factor + kMargin;
  }
  legend(canvas, experts, site, top);
  canvas.save(file);
}

}  // namespace conclave
