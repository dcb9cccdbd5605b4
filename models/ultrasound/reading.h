/// Running a trained reader over pictures, and its measures.
#pragma once

#include <vector>

#include "models/ultrasound/reader_model.h"

namespace conclave::ultrasound {

/// Without autograd: uint8 [N,H,W] on canvases of `task`.
Reading read_pictures(ReaderModel& model, const Tensor& grey_NHW, int64_t task, RoutingLog* log = nullptr);

/// The numbers of a tensor, of any type, in row order.
std::vector<double> values_of(const Tensor& values);

/// Overlap 2·|A∩B| / (|A| + |B|) of two masks [H,W] (not 0: inside); 1 when both are empty.
double dice_of(const Tensor& a_HW, const Tensor& b_HW);

/// Generalised energy distance 2 E d(s, r) - E d(s, s') - E d(r, r'), d = 1 - intersection over union, over
/// all pairs, equal ones too (arXiv 1806.05034): how far drawn outlines are from the raters', 0 at best. One
/// outline alone is the reader that always draws the same.
double generalised_energy_distance(const std::vector<Tensor>& samples_HW,
                                   const std::vector<Tensor>& raters_HW);

/// The largest connected part of a mask, holes filled, as uint8 0/1; empty stays empty.
Tensor largest_part(const Tensor& mask_HW);

/// 95th percentile of the distances between two outlines, both ways, in pixels; NaN when one is empty.
double hausdorff95(const Tensor& a_HW, const Tensor& b_HW);

}  // namespace conclave::ultrasound
