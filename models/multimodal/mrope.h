/// Positions of words and pictures in three rows: time, height, width (M-RoPE, arXiv 2409.12191).
#pragma once

#include "models/multimodal/multimodal.h"

namespace conclave {

/// Frames and patch rows and columns of each picture and each video, in the order of their places.
struct PictureGrids {
  Tensor image_M3, video_M3;  ///< int64 (t, h, w); undefined: none
  int64_t image_token = -1, video_token = -1;
  int64_t merge = 2;  ///< patches along each side of a token
  /// How many positions a frame of each video lies behind the one before it, float [M]; undefined: 1. Cut off
  /// to whole numbers, frame by frame.
  Tensor video_step_M = {};
  /// The frames of a video stand in places of their own, with words between (Qwen3-VL).
  bool frames_apart = false;
};

struct MropePositions {
  Tensor position_3NL;  ///< int64; padding is at 1
  Tensor next_N;        ///< int64, where each row goes on
};

/// Words count in all three rows together; a picture's tokens start behind everything before them and count
/// frames, rows and columns; what follows goes on behind the largest. Without
/// grids of a kind its token is a word. Throws Error when the places and the
/// grids disagree.
MropePositions mrope_positions(const Tensor& ids_NL, const Tensor& valid_NL, const PictureGrids& grids);

}  // namespace conclave
