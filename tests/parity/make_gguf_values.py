#!/usr/bin/env python3
"""Makes ../models/data/gguf_blocks.safetensors: random blocks of each type of a .gguf file and their values.

    python3 -m venv venv && venv/bin/pip install gguf==0.19.0 numpy safetensors==0.8.0
    venv/bin/python make_gguf_values.py

The values are those of the gguf package's own dequantisation.
"""
import pathlib

import gguf
import numpy
from safetensors.numpy import save_file

TYPES = ("Q8_0", "Q4_0", "Q4_K", "Q6_K")
BLOCKS = 3

random = numpy.random.default_rng(7)
tensors = {}
for name in TYPES:
    kind = getattr(gguf.GGMLQuantizationType, name)
    _, size = gguf.GGML_QUANT_SIZES[kind]
    blocks = random.integers(0, 256, (BLOCKS, size), dtype=numpy.uint8)
    # The float16 scales must be numbers: their places differ by type.
    places = {"Q8_0": (0,), "Q4_0": (0,), "Q4_K": (0, 2), "Q6_K": (208,)}[name]
    for place in places:
        scales = random.uniform(-0.1, 0.1, BLOCKS).astype(numpy.float16)
        blocks[:, place:place + 2] = scales.view(numpy.uint8).reshape(BLOCKS, 2)
    tensors[name + ".blocks"] = blocks
    tensors[name + ".values"] = gguf.quants.dequantize(blocks, kind).astype(numpy.float32)
path = pathlib.Path(__file__).parent.parent / "models/data/gguf_blocks.safetensors"
save_file(tensors, path)
print(path.stat().st_size, {name: tensor.shape for name, tensor in tensors.items()})
