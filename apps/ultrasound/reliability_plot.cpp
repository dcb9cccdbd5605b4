#include "apps/ultrasound/reliability_plot.h"

#include <fmt/core.h>

namespace conclave {
namespace {

constexpr double kSide = 320, kLeft = 50, kTop = 40;

double x_of(double confidence) {
  return kLeft + kSide * confidence;
}
double y_of(double accuracy) {
  return kTop + kSide * (1 - accuracy);
}

std::string text_at(double x, double y, const std::string& words, const char* anchor = "middle") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, words);
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '&')
      out += "&amp;";
    else
      out += c;
  }
  return out;
}

}  // namespace

std::string reliability_svg(const std::vector<ReliabilityBin>& bins, const std::string& title) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"11\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
      kSide + 80, kSide + 90);
  svg += text_at(kLeft + kSide / 2, 20, escaped(title));
  for (const auto& bin : bins) {
    if (bin.count == 0) continue;
    const double x = x_of(bin.low), width = std::max(x_of(bin.high) - x, 2.0);
    svg += fmt::format(
        "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"#7aa6c2\" "
        "stroke=\"white\"><title>{} predictions, confidence {:.3f}, right {:.3f}</title></rect>\n",
        x, y_of(bin.accuracy), width, kSide * bin.accuracy, bin.count, bin.confidence, bin.accuracy);
    svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"#b3401f\"/>\n",
                       x_of(bin.confidence), y_of(bin.accuracy));
    svg += text_at(x + width / 2, kTop + kSide + 26, std::to_string(bin.count));
  }
  svg += fmt::format(
      "<path d=\"M{0} {1} V{2} H{3}\" fill=\"none\" stroke=\"black\"/>\n"
      "<path d=\"M{0} {2} L{3} {1}\" stroke=\"grey\" stroke-dasharray=\"4\"/>\n",
      x_of(0), y_of(1), y_of(0), x_of(1));
  for (const double tick : {0.0, 0.5, 1.0}) {
    svg += text_at(x_of(tick), y_of(0) + 13, fmt::format("{}", tick));
    svg += text_at(kLeft - 6, y_of(tick) + 4, fmt::format("{}", tick), "end");
  }
  svg += text_at(kLeft + kSide / 2, kTop + kSide + 43, "confidence; below: predictions in the bin");
  svg += text_at(kLeft, kTop - 8, "share that is right");
  return svg + "</svg>\n";
}

}  // namespace conclave
