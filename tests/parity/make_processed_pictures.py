#!/usr/bin/env python3
"""Makes tests/models/data/pictures.safetensors: pictures resized by Pillow and prepared as the original processors do.

    python3 -m venv venv && venv/bin/pip install pillow==11.3.0 numpy==2.4.6 safetensors==0.8.0
    venv/bin/python make_processed_pictures.py

The preparation is written out here with Pillow and NumPy, step by step as the processors of transformers that use
Pillow have it: resize, cut, rescale, normalise, order of patches.
"""
import math
import pathlib

import numpy as np
from PIL import Image
from safetensors.numpy import save_file

OUT = pathlib.Path(__file__).parents[2] / "tests/models/data/pictures.safetensors"
FILTERS = dict(nearest=Image.NEAREST, box=Image.BOX, bilinear=Image.BILINEAR, hamming=Image.HAMMING,
               bicubic=Image.BICUBIC, lanczos=Image.LANCZOS)
CLIP_MEAN, CLIP_STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]


def picture(height, width, seed):
    """Edges, a slope and noise."""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = np.stack([x * 255 // max(1, width - 1), y * 255 // max(1, height - 1), (x // 5 + y // 3) % 2 * 255], -1)
    return np.clip(base + draw.integers(-20, 20, base.shape), 0, 255).astype(np.uint8)


def normalised(pixels, mean, std):
    scaled = ((pixels.astype(np.float64) / 255 - mean) / std).astype(np.float32)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def clip(pixels, side, crop):
    height, width = pixels.shape[:2]
    short = min(height, width)
    size = (side, int(side * height / width)) if width <= height else (int(side * width / height), side)
    resized = np.asarray(Image.fromarray(pixels).resize(size, Image.BICUBIC))
    top, left = (resized.shape[0] - crop) // 2, (resized.shape[1] - crop) // 2
    return normalised(resized[top:top + crop, left:left + crop], CLIP_MEAN, CLIP_STD)


def siglip(pixels, side):
    return normalised(np.asarray(Image.fromarray(pixels).resize((side, side), Image.BICUBIC)), [0.5] * 3, [0.5] * 3)


def smart_size(height, width, factor, low, high):
    h, w = round(height / factor) * factor, round(width / factor) * factor
    if h * w > high:
        beta = math.sqrt(height * width / high)
        h = max(factor, math.floor(height / beta / factor) * factor)
        w = max(factor, math.floor(width / beta / factor) * factor)
    elif h * w < low:
        beta = math.sqrt(low / (height * width))
        h, w = math.ceil(height * beta / factor) * factor, math.ceil(width * beta / factor) * factor
    return h, w


def qwen(pixels, patch=4, merge=2, frames=2, low=64, high=512):
    h, w = smart_size(*pixels.shape[:2], patch * merge, low, high)
    one = normalised(np.asarray(Image.fromarray(pixels).resize((w, h), Image.BICUBIC)), CLIP_MEAN, CLIP_STD)
    stack = np.stack([one] * frames)
    gh, gw = h // patch, w // patch
    parts = stack.reshape(1, frames, 3, gh // merge, merge, patch, gw // merge, merge, patch)
    parts = parts.transpose(0, 3, 6, 4, 7, 2, 1, 5, 8)
    return parts.reshape(gh * gw, 3 * frames * patch * patch), np.array([[1, gh, gw]])


def main():
    out = {}
    for name, shape in dict(wide=(23, 41), tall=(50, 18), small=(6, 9)).items():
        pixels = picture(*shape, seed=len(name))
        out[f"{name}.pixels"] = pixels
        for filter_name, code in FILTERS.items():
            for h, w in ((16, 16), (12, 30)):
                out[f"{name}.{filter_name}.{h}x{w}"] = np.asarray(Image.fromarray(pixels).resize((w, h), code))
        out[f"{name}.clip"] = clip(pixels, 20, 16)
        out[f"{name}.siglip"] = siglip(pixels, 14)
        out[f"{name}.qwen"], out[f"{name}.grid"] = qwen(pixels)
    sizes = [(h, w) for h in (1, 27, 28, 42, 224, 999, 4000) for w in (20, 56, 70, 500, 3001) if max(h, w) <= 200 * min(h, w)]
    out["sizes"] = np.array([[h, w, *smart_size(h, w, 28, 3136, 1003520)] for h, w in sizes])
    OUT.parent.mkdir(exist_ok=True)
    save_file(out, OUT)
    OUT.chmod(0o644)


main()
