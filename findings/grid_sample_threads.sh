#!/usr/bin/env bash
# torch.nn.functional.grid_sample on a CPU divides the pictures of a batch among the threads, never the pixels of one picture: a single
# picture, however large, is sampled by one thread, where a convolution of it uses all of them. Needs two cores. Seen: 1.0 seconds of
# processor time for each second with one picture of 2048x2048, 2.0 with two, and 2.0 for a convolution of one.
source "$(dirname "$0")/environment"
install torch==2.13.0 numpy==2.4.6
python - <<'PYTHON'
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(2)


def busy(work):
    """Seconds of processor time for each second, the best of five: others may disturb it."""
    work()
    ratios = []
    for _ in range(5):
        wall, processor = time.perf_counter(), time.process_time()
        for _ in range(8):
            work()
        ratios.append((time.process_time() - processor) / (time.perf_counter() - wall))
    return max(ratios)


def sampled(count):
    pictures = torch.rand(count, 1, 2048, 2048)
    places = torch.rand(count, 2048, 2048, 2) * 2 - 1
    return lambda: F.grid_sample(pictures, places, mode="bicubic", padding_mode="border", align_corners=False)


picture, kernel = torch.rand(1, 8, 1024, 1024), torch.rand(8, 8, 3, 3)
one, two = busy(sampled(1)), busy(sampled(2))
convolved = busy(lambda: F.conv2d(picture, kernel, padding=1))
print(f"torch {torch.__version__}, threads: {torch.get_num_threads()}; busy: {one:.2f} with one picture, {two:.2f} with two, {convolved:.2f} in a convolution")
assert one < 1.2
assert two > 1.4
assert convolved > 1.4
PYTHON
