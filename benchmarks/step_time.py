"""One training step of DNeRV 0.35M at 1280x640 with its encoders: plain float32 against the shipped code.

Both train the same network on the same frames with the same optimizer. "plain" is float32 in PyTorch's default layout
with the ConvNeXt blocks written as in their paper; "shipped" is bfloat16 autocast, channels last, and the blocks of
`nervcodec.models.encoder`. Medians of several steps after a warm-up, the two interleaved.
"""

from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.record import write_record
from nervcodec.models.dnerv.rows import ROWS
from nervcodec.models.encoder import ConvNeXtBlock
from nervcodec.models.networks import build_decoder, build_encoder
from nervcodec.training.optimizers import build_optimizers
from nervcodec.training.recipe import Recipe

ROW = ROWS["bunny-0.35m"]
ROUNDS = 15


class PlainBlock(ConvNeXtBlock):
    """A ConvNeXt block by ordinary operations."""

    def forward(self, x: Tensor) -> Tensor:
        """Compute the output of a ConvNeXt block as its paper writes it."""
        y = self.depthwise(x).permute(0, 2, 3, 1)
        y = F.layer_norm(y, y.shape[-1:], self.norm.weight, self.norm.bias, self.norm.eps)
        y = self.scale * self.contract(F.gelu(self.expand(y)))
        result: Tensor = x + y.permute(0, 3, 1, 2)
        return result


class Trainer:
    """Networks with their optimizers and three frames to train on."""

    def __init__(self, *, shipped: bool, embeddings: str = "encoder") -> None:
        torch.manual_seed(0)
        config = ROW.config()
        self.shipped = shipped
        self.decoder = build_decoder(config)
        self.encoder = build_encoder(config, self.decoder)
        self.free = {name: torch.zeros(132, *shape, requires_grad=True) for name, shape in config.embeddings.items()}
        self.frames = torch.rand(3, 3, ROW.height, ROW.width)
        modules: list[nn.Module] = [self.decoder]
        if embeddings == "encoder":
            modules.append(self.encoder)
            self.free = {}
        if shipped:
            self.frames = self.frames.contiguous(memory_format=torch.channels_last)
            for module in modules:
                module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        else:
            for block in self.encoder.modules():
                if isinstance(block, ConvNeXtBlock):
                    block.__class__ = PlainBlock
        precision = torch.bfloat16 if shipped else torch.float32
        self.optimizers = build_optimizers(modules, self.free.values(), Recipe(steps=1), precision)

    def step(self) -> float:
        """Do one training step, and return its milliseconds."""
        started = perf_counter()
        previous, frame, following = torch.split(self.frames, 1)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.shipped):
            embeddings = self.free or self.encoder(previous, frame, following)
            rendered = self.decoder(embeddings, torch.tensor([0]))
        loss = F.mse_loss(rendered.float(), frame)
        for optimizer in self.optimizers:
            optimizer.forget_gradients()
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self.optimizers:
            optimizer.step()
        return 1000 * (perf_counter() - started)


def main() -> None:
    """Measure the steps of all trainers in turns."""
    trainers = {
        "plain, encoders": Trainer(shipped=False),
        "shipped, encoders": Trainer(shipped=True),
        "shipped, free embeddings": Trainer(shipped=True, embeddings="free"),
    }
    times: dict[str, list[float]] = {name: [] for name in trainers}
    for number in range(ROUNDS + 2):
        for name, trainer in trainers.items():
            elapsed = trainer.step()
            if number >= 2:
                times[name].append(elapsed)
    reference = median(times["plain, encoders"])
    results: dict[str, Any] = {
        name: {"ms": round(median(t)), "speedup": round(reference / median(t), 2)} for name, t in times.items()
    }
    for name, result in results.items():
        print(f"{name:28} {result['ms']:6} ms   {result['speedup']:.2f}x")
    write_record(Path(__file__).parent / "results" / "step_time.json", results)


if __name__ == "__main__":
    main()
