#include "models/ultrasound/report/reasons.h"

#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

#include "models/ultrasound/rules/lexicon.h"

namespace conclave::ultrasound {
namespace {

// {} stands for any text; the Chinese has them in the same order.
struct Reason {
  std::string_view english, chinese;
};
constexpr Reason kReasons[] = {
    {"the pictures are unlike those that the model learnt from", "图像与模型训练所用的图像不相似"},
    {"not trained on pictures of {}: {}", "模型未用{}图像训练：{}"},
    {"the file has no region calibration", "文件没有区域标定"},
    {"({},{}) lies outside the picture of {} x {}", "点（{}，{}）在 {} x {} 的图像之外"},
    {"the region ({},{})-({},{}) has no area", "标定区域（{}，{}）至（{}，{}）没有面积"},
    {"the region's units are {} and {}, not cm", "标定区域的单位是 {} 和 {}，不是 cm"},
    {"the region shows {}, not a 2D picture", "标定区域显示的是 {}，不是二维图像"},
    {"the region's scale of {} cm a pixel cannot be", "标定区域的比例每像素 {} cm 不可能"},
    {"the region reaches to ({},{}) in a picture of {} x {}: the picture was resized after it was calibrated",
     "标定区域到达（{}，{}），而图像为 {} x {}：图像在标定后改变过大小"},
    {"the file contradicts itself: its region says {} x {} mm a pixel, its Pixel Spacing {} x {}",
     "文件自相矛盾：标定区域为每像素 {} x {} mm，Pixel Spacing 为 {} x {}"},
    {"the file contradicts itself: regions {} and {} overlap here with {} and {} mm a pixel",
     "文件自相矛盾：区域 {} 与 {} 在此重叠，分别为每像素 {} 与 {} mm"},
    {"the ends do not lie in one region", "两个端点不在同一区域内"},
    {"an end lies in no calibrated region", "有端点不在任何标定区域内"},
    {"the circumference is outside what the formula was made for (12 to 42 weeks)",
     "头围超出公式的适用范围（12 至 42 周）"},
    {"no row of the table has {} {}", "规则表中没有 {} {} 的一行"},
    {"no row of the table holds", "规则表中没有一行成立"},
    {"not known: {}", "未知：{}"},
    {"no reader gave a value", "没有阅片者给出值"},
    {"the readers differ", "阅片者意见不一"},
    {"decided by {}", "由 {} 决定"},
    {"left open by the reader", "阅片者未作判定"},
};

// What stands at each {} of `pattern`, where `text` fits it.
std::optional<std::vector<std::string>> fit(std::string_view pattern, std::string_view text) {
  std::vector<std::string> found;
  size_t hole = pattern.find("{}");
  if (!text.starts_with(pattern.substr(0, hole))) return std::nullopt;
  if (hole == pattern.npos) return text == pattern ? std::optional(found) : std::nullopt;
  text.remove_prefix(hole);
  while (hole != pattern.npos) {
    const size_t next = pattern.find("{}", hole + 2);
    const auto between = pattern.substr(hole + 2, next == pattern.npos ? next : next - hole - 2);
    // The last piece ends the text, the others stand where they come first.
    const bool last = next == pattern.npos;
    if (last && !text.ends_with(between)) return std::nullopt;
    const size_t end = last ? text.size() - between.size() : text.find(between);
    if (end == text.npos) return std::nullopt;
    found.emplace_back(text.substr(0, end));
    text.remove_prefix(end + between.size());
    hole = next;
  }
  return found;
}

// "margin, shape": codes of the organ's fields.
std::string chinese_fields(const std::string& organ, const std::string& list) {
  std::string all;
  std::istringstream in(list);
  for (std::string code; std::getline(in >> std::ws, code, ',');) {
    const FieldTerms* terms = find_field(organ, code);
    all += (all.empty() ? "" : "、") + (terms ? terms->field.chinese : code);
  }
  return all;
}

}  // namespace

std::string reason_text(const std::string& reason, const std::string& organ, const std::string& language) {
  if (language != "zh") return reason;
  for (const auto& [english, chinese] : kReasons) {
    const auto found = fit(english, reason);
    if (!found) continue;
    std::string text;
    size_t at = 0;
    for (const auto& value : *found) {
      const size_t hole = chinese.find("{}", at);
      text.append(chinese.substr(at, hole - at)).append(chinese_fields(organ, value));
      at = hole + 2;
    }
    return text.append(chinese.substr(at));
  }
  return reason;
}

}  // namespace conclave::ultrasound
