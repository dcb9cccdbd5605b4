#include "ui/theme/theme.h"

#include <QStyleFactory>
#include <array>

namespace conclave::ui {
namespace {

constexpr std::array<QRgb, 8> kOkabeIto{0xffe69f00, 0xff56b4e9, 0xff009e73, 0xffcc79a7,
                                        0xffd55e00, 0xff0072b2, 0xfff0e442, 0xff787878};

struct Shades {
  QRgb window, base, alternate, text, muted, border, accent, button;
};
constexpr Shades kLight{0xfff4f5f8, 0xffffffff, 0xfff8f9fb, 0xff1b2330,
                        0xff5d6778, 0xffdde1e8, 0xff2f6fdb, 0xffffffff};
constexpr Shades kDark{0xff14171d, 0xff1b1f27, 0xff20252e, 0xffe4e8ef,
                       0xff98a3b5, 0xff303744, 0xff6ea2ff, 0xff262c37};

QPalette palette_of(const Shades& shades) {
  QPalette palette;
  const auto set = [&](QPalette::ColorRole role, QRgb color) { palette.setColor(role, QColor(color)); };
  set(QPalette::Window, shades.window);
  set(QPalette::WindowText, shades.text);
  set(QPalette::Base, shades.base);
  set(QPalette::AlternateBase, shades.alternate);
  set(QPalette::Text, shades.text);
  set(QPalette::Button, shades.button);
  set(QPalette::ButtonText, shades.text);
  set(QPalette::BrightText, 0xffffffff);
  set(QPalette::ToolTipBase, shades.base);
  set(QPalette::ToolTipText, shades.text);
  set(QPalette::PlaceholderText, shades.muted);
  set(QPalette::Highlight, shades.accent);
  set(QPalette::HighlightedText, &shades == &kDark ? 0xff0d1117 : 0xffffffff);
  set(QPalette::Link, shades.accent);
  set(QPalette::Mid, shades.border);
  set(QPalette::Midlight, shades.border);
  set(QPalette::Dark, shades.border);
  set(QPalette::Light, shades.base);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, QColor(shades.muted));
  return palette;
}

// Colours come from the palette, so one sheet serves light and dark.
constexpr const char* kSheet = R"(
QWidget#rail { background: palette(base); border-right: 1px solid palette(mid); }
QWidget#rail QToolButton { border: none; border-radius: 6px; padding: 8px 10px; text-align: left; background: transparent; color: palette(window-text); }
QWidget#rail QToolButton:hover { background: palette(alternate-base); }
QWidget#rail QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }
QWidget#rail QToolButton:focus { outline: 2px solid palette(highlight); }
QWidget#top { background: palette(base); border-bottom: 1px solid palette(mid); }
QWidget#strip { background: palette(base); border-top: 1px solid palette(mid); }
QLabel#product { font-size: 15px; font-weight: 600; }
QLabel#title { font-size: 20px; font-weight: 600; }
QLabel#heading { font-weight: 600; }
QFrame#card { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }
QPushButton, QToolButton { padding: 5px 12px; border: 1px solid palette(mid); border-radius: 6px; background: palette(button); color: palette(button-text); }
QTabBar QToolButton { padding: 0; border-radius: 0; border-color: transparent; }
QToolButton::menu-indicator { image: none; }
QPushButton:hover, QToolButton:hover { border-color: palette(highlight); }
QPushButton:focus, QToolButton:focus { border-color: palette(highlight); }
QPushButton:disabled, QToolButton:disabled { color: palette(placeholder-text); }
QPushButton#primary { background: palette(highlight); color: palette(highlighted-text); border: none; font-weight: 600; }
QPushButton#primary:disabled { background: palette(mid); color: palette(placeholder-text); }
QToolButton:checked { background: palette(highlight); color: palette(highlighted-text); }
QLineEdit, QPlainTextEdit, QTextEdit { padding: 5px 8px; border: 1px solid palette(mid); border-radius: 6px; background: palette(base); selection-background-color: palette(highlight); }
QLineEdit:focus, QPlainTextEdit:focus { border-color: palette(highlight); }
QTableView, QListView, QTreeView { border: 1px solid palette(mid); border-radius: 8px; background: palette(base); alternate-background-color: palette(alternate-base); outline: none; gridline-color: palette(mid); }
QTableView::item { padding: 2px 6px; }
QTreeView::item { padding: 3px 2px; }
QHeaderView::section { background: palette(base); border: none; border-bottom: 1px solid palette(mid); padding: 6px; font-weight: 600; }
QHeaderView { background: palette(base); border-top-left-radius: 8px; border-top-right-radius: 8px; }
QTabWidget::pane { border: none; border-top: 1px solid palette(mid); }
QTabBar::tab { padding: 6px 9px; border: none; border-bottom: 2px solid transparent; color: palette(placeholder-text); }
QTabBar::tab:selected { border-bottom-color: palette(highlight); color: palette(window-text); }
QSplitter::handle { background: transparent; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: 10px; }
QScrollBar:horizontal { height: 10px; }
QScrollBar::handle { background: palette(mid); border-radius: 4px; min-width: 24px; min-height: 24px; margin: 1px; }
QScrollBar::handle:hover { background: palette(placeholder-text); }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractSpinBox QLineEdit { border: none; padding: 0; }
QCheckBox::indicator:unchecked, QListView::indicator:unchecked { width: 12px; height: 12px; border: 1px solid palette(mid); border-radius: 3px; background: palette(base); }
QStatusBar QLabel { padding: 2px 12px; }
QStatusBar { background: palette(base); border-top: 1px solid palette(mid); }
QStatusBar::item { border: none; }
QScrollArea { border: none; background: transparent; }
QAbstractScrollArea::corner { border: none; background: transparent; }
QToolTip { border: 1px solid palette(mid); padding: 4px; }
QProgressBar { border: none; border-radius: 3px; background: palette(mid); max-height: 6px; }
QProgressBar::chunk { border-radius: 3px; background: palette(highlight); }
)";

}  // namespace

bool is_dark(const QPalette& palette) {
  return palette.color(QPalette::WindowText).lightness() > palette.color(QPalette::Window).lightness();
}

void apply_theme(QApplication& app, Theme theme) {
  // Asked once: after the first call the palette is ours.
  static const bool system_dark = is_dark(QApplication::palette());
  const bool dark = theme == Theme::dark || (theme == Theme::system && system_dark);
  if (auto* fusion = QStyleFactory::create("Fusion")) QApplication::setStyle(fusion);
  QApplication::setPalette(palette_of(dark ? kDark : kLight));
  app.setStyleSheet(kSheet);
}

QColor status_color(const QString& status) {
  if (status == "running") return {0x2f, 0x6f, 0xdb};
  if (status == "finished" || status == "done") return {0x00, 0x9e, 0x73};
  if (status == "failed" || status == "lost") return {0xd5, 0x5e, 0x00};
  if (status == "cancelled") return {0xe6, 0x9f, 0x00};
  return {0x8a, 0x93, 0xa3};
}

QColor expert_color(int expert, int experts) {
  if (expert < 0) return {0x8a, 0x93, 0xa3};
  if (experts <= static_cast<int>(kOkabeIto.size()))
    return kOkabeIto[static_cast<size_t>(expert) % kOkabeIto.size()];
  // Neighbours far apart in hue, by the golden angle.
  return QColor::fromHsv(static_cast<int>(expert * 137.508) % 360, expert % 2 == 0 ? 190 : 140, 210);
}

QColor series_color(int n) {
  static constexpr std::array<QRgb, 8> kOrder{0xff2f7fd6, 0xffe07a00, 0xff009e73, 0xffcc79a7,
                                              0xff56b4e9, 0xffd55e00, 0xffb59b00, 0xff8a93a3};
  return kOrder[static_cast<size_t>(n) % kOrder.size()];
}

QColor muted(const QPalette& palette) {
  return palette.color(QPalette::PlaceholderText);
}

}  // namespace conclave::ui
