/// Colours: light and dark palettes, and colours that mean the same everywhere.
#pragma once

#include <QApplication>
#include <QColor>
#include <QPalette>

namespace conclave::ui {

enum class Theme : uint8_t { system, light, dark };

/// Sets palette, style and style sheet of the whole program.
void apply_theme(QApplication& app, Theme theme);
bool is_dark(const QPalette& palette);

/// Of a run or a job: "running", "finished", "failed", ...
QColor status_color(const QString& status);

/// Expert `expert` of `experts`: Okabe and Ito's colours for up to eight, steps of hue beyond. Never the only
/// sign: a number stands beside it.
QColor expert_color(int expert, int experts = 8);
/// The n-th of several runs in one plot.
QColor series_color(int n);

/// Text that explains: weaker than the rest, still readable.
QColor muted(const QPalette& palette);

}  // namespace conclave::ui
