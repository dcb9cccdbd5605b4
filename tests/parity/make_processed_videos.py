#!/usr/bin/env python3
"""Makes tests/models/data/videos.safetensors: frames chosen and prepared by the library's video processors.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 torchvision==0.29.2 transformers==5.23.0 safetensors==0.8.0
    venv/bin/python make_processed_videos.py
"""
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import Qwen2VLVideoProcessor, Qwen3VLVideoProcessor
from transformers.video_utils import VideoMetadata

OUT = pathlib.Path(__file__).parents[2] / "tests/models/data/videos.safetensors"
SMALL = dict(patch_size=4, merge_size=2, temporal_patch_size=2, fps=2, min_frames=4, max_frames=10,
             do_sample_frames=True, image_mean=[0.5, 0.4, 0.3], image_std=[0.5, 0.3, 0.2])
KINDS = {"second": Qwen2VLVideoProcessor(size=dict(shortest_edge=64, longest_edge=512), **SMALL),
         "third": Qwen3VLVideoProcessor(size=dict(shortest_edge=512, longest_edge=4096), **SMALL)}


def frames(count, height, width):
    """A bright square that moves over noise."""
    draw = np.random.default_rng(count)
    video = draw.integers(0, 120, (count, height, width, 3), dtype=np.uint8)
    for t in range(count):
        video[t, t:t + 5, 2 * t:2 * t + 5] = 200 + t
    return video


def main():
    out = {}
    for kind, processor in KINDS.items():
        rows = []
        for count in (2, 3, 4, 5, 7, 11, 30, 97, 300, 1001):
            for rate in (1.0, 10.0, 24.0, 29.97):
                numbers = processor.sample_frames(metadata=VideoMetadata(total_num_frames=count, fps=rate), fps=2)
                rows.append(torch.tensor([count, rate, *numbers, *[-1] * (12 - len(numbers))]).double())
        out[f"{kind}.numbers"] = torch.stack(rows)
        # Frames of a fitting size stay as they are; the others are resized, which torchvision does with other rounding.
        for name, shape in dict(fitting=(11, 16, 24), resized=(7, 23, 41), small=(5, 6, 9)).items():
            video = frames(*shape)
            metadata = VideoMetadata(total_num_frames=shape[0], fps=3.0)
            made = processor(torch.from_numpy(video).permute(0, 3, 1, 2), video_metadata=[metadata],
                             return_metadata=True, return_tensors="pt")
            out[f"{name}.frames"] = torch.from_numpy(video)
            out[f"{kind}.{name}.pixels"] = made["pixel_values_videos"].half()
            out[f"{kind}.{name}.grid"] = made["video_grid_thw"]
            out[f"{kind}.{name}.numbers"] = torch.as_tensor(np.asarray(made["video_metadata"][0].frames_indices)).long()
            out[f"{kind}.{name}.rate"] = torch.tensor([made["video_metadata"][0].sampled_fps])
    save_file({k: v.contiguous() for k, v in out.items()}, OUT)
    OUT.chmod(0o644)


main()
