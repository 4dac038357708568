"""Conversion of configs to numbers in a file and back."""

from dataclasses import Field, fields

from nervcodec.errors import RequestError, UnsupportedStream
from nervcodec.models.catalogue import MODELS, model_of
from nervcodec.models.config import PyramidConfig


def pack_config(config: PyramidConfig) -> tuple[int, tuple[int, ...]]:
    """The wire id of a config and its fields in order except `channels`, each tuple preceded by its length."""
    values: list[int] = []
    for field in _fields(type(config)):
        value = getattr(config, field.name)
        values.extend((len(value), *value) if isinstance(value, tuple) else (value,))
    return model_of(config).wire_id, tuple(values)


def unpack_config(model_id: int, values: tuple[int, ...], channels: int = 3) -> PyramidConfig:
    """The inverse of `pack_config`, for pictures with a number of channels.

    Raises UnsupportedStream for an unknown model or fields out of range.
    """
    kind = next((model.config for model in MODELS.values() if model.wire_id == model_id), None)
    if kind is None:
        raise UnsupportedStream(f"model {model_id} is not known to this decoder")
    rest = list(values)
    arguments: dict[str, object] = {}
    try:
        for field in _fields(kind):
            if field.type is int:
                arguments[field.name] = rest.pop(0)
            else:
                length = rest.pop(0)
                arguments[field.name] = tuple(rest[:length])
                del rest[:length]
        config = kind(channels=channels, **arguments)  # type: ignore[arg-type]
    except (IndexError, ValueError, RequestError) as error:
        raise UnsupportedStream(f"the model description is out of range: {error}") from error
    if rest:
        raise UnsupportedStream(f"the model description is {len(rest)} numbers too long")
    return config


def _fields(kind: type[PyramidConfig]) -> list[Field[object]]:
    """The fields that a layer describes: all except `channels`, which follows from the header."""
    return [field for field in fields(kind) if field.name != "channels"]
