"""Arithmetic that networks run in: float32, or bfloat16 and TF32."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch

Precision = Literal["float32", "bfloat16"]

FORCED = "NERVCODEC_BFLOAT16"
"""Environment variable that overrides what `has_bfloat16` finds: 1 for yes, which a device without it emulates
slowly, 0 for no. Tests use it to meet both kinds of arithmetic on any machine."""


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has arithmetic for bfloat16."""
    forced = os.environ.get(FORCED)
    if forced in ("0", "1"):
        return forced == "1"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # absent before torch 2.10 or so
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def describe_arithmetic(device: torch.device, precision: Precision) -> str:
    """Words for the arithmetic on which the bytes of a fit depend besides its seed and its threads, such as "bfloat16
    on a CPU with AVX512"."""
    if device.type == "cuda":
        return f"{precision} on {torch.cuda.get_device_name(device)}"
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    amx = " and AMX" if precision == "bfloat16" and capabilities.get("amx_bf16") else ""
    return f"{precision} on a CPU with {torch.backends.cpu.get_cpu_capability()}{amx}"


@contextmanager
def true_float32(device: torch.device) -> Iterator[None]:
    """Use neither autocast nor TF32 within the block."""
    with torch.autocast(device.type, enabled=False), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@contextmanager
def reduced(device: torch.device) -> Iterator[None]:
    """Use bfloat16 and TF32 within the block, as far as the device has them."""
    with (
        torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=True),
    ):
        yield
