"""Construction of networks from their configs."""

from dataclasses import dataclass
from pkgutil import resolve_name

from torch import Tensor, nn

from nervcodec.models.catalogue import model_of
from nervcodec.models.config import PyramidConfig


@dataclass(frozen=True)
class DecoderState:
    """All tensors with which a decoder renders a clip: float32, on the CPU."""

    weights: dict[str, Tensor]
    """The decoder's parameters by name."""
    embeddings: dict[str, Tensor]
    """Embeddings by name, `[T, C, h, w]` each, including those that follow from the config alone."""


def build_decoder(config: PyramidConfig) -> nn.Module:
    """The decoder that a config describes; `forward(embeddings, times) -> frames`.

    Raises TypeError for a config of no model.
    """
    decoder: nn.Module = resolve_name(model_of(config).decoder)(config)
    return decoder


def build_encoder(config: PyramidConfig, decoder: nn.Module, *, flow: bool = False) -> nn.Module:
    """The encoder that makes the embeddings of a decoder from frames; used in fitting only.

    flow: whether the encoder sees optical flow in place of differences of frames, for DNeRV.

    Raises TypeError for a config of no model, or of one without an encoder.
    """
    model = model_of(config)
    if model.encoder is None:
        raise TypeError(f"{model.method} has no encoder")
    encoder: nn.Module = resolve_name(model.encoder)(config, decoder, flow=flow)
    return encoder


def given_embeddings(config: PyramidConfig, frames: int) -> dict[str, Tensor]:
    """Embeddings `[T, C, h, w]` that follow from the config, and that a decoder sees besides those of the stream."""
    latents = model_of(config).latents
    given: dict[str, Tensor] = resolve_name(latents)(config, frames) if latents else {}
    return given
