#include "models/ultrasound/report/pdf.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <memory>
#include <numbers>
#include <set>

#include "framework/base/error.h"
#include "models/ultrasound/report/sentences.h"
#include "models/ultrasound/report/text.h"

namespace conclave::ultrasound {
namespace {

// Points: A4.
constexpr double kWidth = 595, kHeight = 842, kMargin = 48, kBottom = kHeight - 60;
constexpr double kTallestPicture = 300;

struct Rgb {
  double red, green, blue;
};
constexpr Rgb kBlack{0, 0, 0}, kGrey{0.35, 0.35, 0.35}, kWarning{0.70, 0.10, 0.10};
constexpr Rgb kBox{1.00, 0.80, 0.10}, kOutline{0.20, 0.75, 1.00}, kLength{0.30, 1.00, 0.40};

class Page {
 public:
  Page(const Report& report) : report_(report) {
    surface_.reset(cairo_pdf_surface_create_for_stream(&Page::take, &bytes_, kWidth, kHeight));
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_TITLE,
                                   heading("title", report.language).c_str());
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_SUBJECT, kResearchOnly);
    cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATOR, report.program.c_str());
    if (!report.steps.empty())
      cairo_pdf_surface_set_metadata(surface_.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                     report.steps.back().time.c_str());
    context_.reset(cairo_create(surface_.get()));
    layout_.reset(pango_cairo_create_layout(context_.get()));
    pango_layout_set_wrap(layout_.get(), PANGO_WRAP_WORD_CHAR);
  }

  void text(const std::string& words, double size, Rgb color, bool bold = false, double indent = 0) {
    const double height = lay_out(words, size, bold, kWidth - 2 * kMargin - indent);
    if (y_ + height > kBottom) turn();
    show(kMargin + indent, y_, color);
    y_ += height + size * 0.25;
  }
  void space(double height) { y_ += height; }

  void picture(const dicom::Frame& frame, const std::vector<const ReportedFinding*>& findings,
               const std::string& caption) {
    const double scale = std::min((kWidth - 2 * kMargin) / static_cast<double>(frame.width),
                                  kTallestPicture / static_cast<double>(frame.height));
    const double height = scale * static_cast<double>(frame.height);
    if (y_ + height + 20 > kBottom) turn();
    cairo_t* cairo = context_.get();
    cairo_save(cairo);
    cairo_translate(cairo, kMargin, y_);
    cairo_scale(cairo, scale, scale);
    paint(frame);
    // Places are those of pixels' middles.
    cairo_translate(cairo, 0.5, 0.5);
    for (const auto* finding : findings) draw(*finding, 1.2 / scale);
    cairo_restore(cairo);
    y_ += height + 4;
    text(caption, 8, kGrey);
  }

  std::string finish() {
    footer();
    cairo_show_page(context_.get());
    layout_.reset();
    context_.reset();
    cairo_surface_finish(surface_.get());
    const auto status = cairo_surface_status(surface_.get());
    require(status == CAIRO_STATUS_SUCCESS, "the PDF cannot be made: {}", cairo_status_to_string(status));
    surface_.reset();
    return std::move(bytes_);
  }

 private:
  static cairo_status_t take(void* to, const unsigned char* data, unsigned int length) {
    static_cast<std::string*>(to)->append(reinterpret_cast<const char*>(data), length);
    return CAIRO_STATUS_SUCCESS;
  }

  double lay_out(const std::string& words, double size, bool bold, double width) {
    const std::unique_ptr<PangoFontDescription, void (*)(PangoFontDescription*)> font(
        pango_font_description_new(), pango_font_description_free);
    pango_font_description_set_family(font.get(), "sans-serif");
    pango_font_description_set_absolute_size(font.get(), size * PANGO_SCALE);
    if (bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(layout_.get(), font.get());
    pango_layout_set_width(layout_.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_text(layout_.get(), words.c_str(), static_cast<int>(words.size()));
    int height = 0;
    pango_layout_get_size(layout_.get(), nullptr, &height);
    return static_cast<double>(height) / PANGO_SCALE;
  }

  void show(double x, double y, Rgb color) {
    cairo_set_source_rgb(context_.get(), color.red, color.green, color.blue);
    cairo_move_to(context_.get(), x, y);
    pango_cairo_show_layout(context_.get(), layout_.get());
  }

  void footer() {
    const std::string words =
        fmt::format("{} · {} · {}", heading("research", report_.language), report_.id, ++pages_);
    lay_out(words, 8, false, kWidth - 2 * kMargin);
    show(kMargin, kBottom + 20, kWarning);
  }
  void turn() {
    footer();
    cairo_show_page(context_.get());
    y_ = kMargin;
  }

  void paint(const dicom::Frame& frame) {
    const auto width = static_cast<int>(frame.width), height = static_cast<int>(frame.height);
    const std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> image(
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), cairo_surface_destroy);
    unsigned char* data = cairo_image_surface_get_data(image.get());
    const int stride = cairo_image_surface_get_stride(image.get());
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const uint8_t* rgb =
            &frame.rgb[(static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3];
        const uint32_t value =
            static_cast<uint32_t>(rgb[0]) << 16 | static_cast<uint32_t>(rgb[1]) << 8 | rgb[2];
        *reinterpret_cast<uint32_t*>(data + y * stride + x * 4) = value;
      }
    cairo_surface_mark_dirty(image.get());
    cairo_set_source_surface(context_.get(), image.get(), 0, 0);
    cairo_paint(context_.get());
  }

  void stroke(Rgb color, double width) {
    cairo_set_source_rgb(context_.get(), color.red, color.green, color.blue);
    cairo_set_line_width(context_.get(), width);
    cairo_stroke(context_.get());
  }

  void draw(const ReportedFinding& finding, double line) {
    cairo_t* cairo = context_.get();
    if (finding.mask) outline(*finding.mask, line);
    if (const auto& box = finding.evidence.box) {
      cairo_rectangle(cairo, box->x - 0.5, box->y - 0.5, box->width, box->height);
      stroke(kBox, line);
    }
    for (const auto& measurement : finding.measurements) {
      const auto& measured = measurement.measured;
      if (measured.kind == MeasurementKind::line) {
        for (const auto& end : {measured.from, measured.to}) {
          cairo_move_to(cairo, end.x - 4 * line, end.y), cairo_line_to(cairo, end.x + 4 * line, end.y);
          cairo_move_to(cairo, end.x, end.y - 4 * line), cairo_line_to(cairo, end.x, end.y + 4 * line);
        }
        cairo_move_to(cairo, measured.from.x, measured.from.y),
            cairo_line_to(cairo, measured.to.x, measured.to.y);
      } else {
        const auto& ellipse = measured.ellipse;
        cairo_save(cairo);
        cairo_translate(cairo, ellipse.center.x, ellipse.center.y);
        cairo_rotate(cairo, ellipse.angle);
        cairo_scale(cairo, ellipse.long_half, ellipse.short_half);
        cairo_new_sub_path(cairo);
        cairo_arc(cairo, 0, 0, 1, 0, 2 * std::numbers::pi);
        cairo_restore(cairo);
      }
      stroke(kLength, line);
    }
  }

  // The edges between set and unset pixels, runs of one direction as one line.
  void outline(const Mask& mask, double line) {
    const auto at = [&](int64_t x, int64_t y) {
      return x >= 0 && y >= 0 && x < mask.width && y < mask.height &&
             mask.pixels[static_cast<size_t>(y * mask.width + x)];
    };
    const auto runs = [&](int64_t outer, int64_t inner, bool across) {
      for (int64_t o = 0; o <= outer; ++o) {
        int64_t begin = -1;
        for (int64_t i = 0; i <= inner; ++i) {
          const bool edge = i < inner && (across ? at(i, o - 1) != at(i, o) : at(o - 1, i) != at(o, i));
          if (edge && begin < 0) begin = i;
          if (edge || begin < 0) continue;
          const double from = static_cast<double>(begin) - 0.5, to = static_cast<double>(i) - 0.5,
                       other = static_cast<double>(o) - 0.5;
          cairo_move_to(context_.get(), across ? from : other, across ? other : from);
          cairo_line_to(context_.get(), across ? to : other, across ? other : to);
          begin = -1;
        }
      }
    };
    runs(mask.height, mask.width, true);
    runs(mask.width, mask.height, false);
    stroke(kOutline, line);
  }

  const Report& report_;
  std::string bytes_;
  std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)> surface_{nullptr, cairo_surface_destroy};
  std::unique_ptr<cairo_t, void (*)(cairo_t*)> context_{nullptr, cairo_destroy};
  std::unique_ptr<PangoLayout, void (*)(gpointer)> layout_{nullptr, g_object_unref};
  double y_ = kMargin;
  int pages_ = 0;
};

}  // namespace

std::string report_pdf(const Report& report, const FrameOf& frame_of) {
  const std::string& in = report.language;
  Page page(report);
  page.text(heading("title", in), 18, kBlack, true);
  page.text(heading("research", in), 12, kWarning, true);
  page.space(6);
  const auto line = [&](const std::string& key, const std::string& value) {
    if (!value.empty()) page.text(heading(key, in) + ": " + value, 10, kGrey);
  };
  const auto& patient = report.study.patient;
  line("state", heading(report.state == "signed" ? "signed_state" : report.state, in));
  line("patient", patient.name + (patient.id.empty() ? "" : " (" + patient.id + ")"));
  line("study", report.study.date + (report.study.description.empty() ? "" : " " + report.study.description));
  line("model", report.model);
  for (const std::string section : {"findings", "impression"}) {
    page.space(8);
    page.text(heading(section, in), 13, kBlack, true);
    for (const auto& sentence : report.sentences)
      if (sentence.section == section) page.text(sentence.text, 11, kBlack, false, 10);
  }
  for (const auto& warning : report.warnings) page.text(heading("warnings", in) + ": " + warning, 9, kGrey);
  for (const auto& step : report.steps)
    if (step.state != "draft")
      page.text(fmt::format("{}: {}, {}", heading(step.state == "signed" ? "signed" : step.state, in),
                            step.by, step.time),
                10, kBlack);
  page.space(8);
  // One picture for each frame that a finding rests on.
  std::set<std::pair<std::string, int64_t>> shown;
  for (const auto& finding : report.findings) {
    const auto place = std::pair(finding.evidence.source, finding.evidence.frame);
    if (!frame_of || !shown.insert(place).second) continue;
    const auto frame = frame_of(place.first, place.second);
    if (!frame) continue;
    std::vector<const ReportedFinding*> here;
    for (const auto& other : report.findings)
      if (std::pair(other.evidence.source, other.evidence.frame) == place) here.push_back(&other);
    page.picture(*frame, here, fmt::format("{} {} {}", place.first, heading("frame", in), place.second));
  }
  return page.finish();
}

}  // namespace conclave::ultrasound
