"""The arithmetic that networks run in."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has arithmetic for bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # absent before torch 2.10 or so
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


@contextmanager
def true_float32(device: torch.device) -> Iterator[None]:
    """Neither autocast nor TF32 in the block."""
    with torch.autocast(device.type, enabled=False), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield


@contextmanager
def reduced(device: torch.device) -> Iterator[None]:
    """bfloat16 and TF32 in the block, as far as the device has them."""
    with (
        torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=True),
    ):
        yield
