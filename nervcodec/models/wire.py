"""Configs as numbers on the wire, and back."""

from dataclasses import Field, fields

from nervcodec.errors import RequestError, UnsupportedStream
from nervcodec.models.config import DNeRVConfig, HNeRVConfig
from nervcodec.models.flow_config import FFNeRVConfig
from nervcodec.models.scalable_config import EnhancementConfig, SDMNConfig

MODELS: dict[int, tuple[str, type[HNeRVConfig]]] = {
    1: ("hnerv", HNeRVConfig),
    2: ("dnerv", DNeRVConfig),
    3: ("sdmn", SDMNConfig),
    4: ("een", EnhancementConfig),
    5: ("ffnerv", FFNeRVConfig),
}
"""Wire id, name and config of each model. Ids never change; append only."""


def pack_config(config: HNeRVConfig) -> tuple[int, tuple[int, ...]]:
    """The wire id of a config and its fields in order but for `channels`, each tuple preceded by its length."""
    model_id = next(i for i, (_, kind) in MODELS.items() if kind is type(config))
    values: list[int] = []
    for field in _fields(type(config)):
        value = getattr(config, field.name)
        values.extend((len(value), *value) if isinstance(value, tuple) else (value,))
    return model_id, tuple(values)


def unpack_config(model_id: int, values: tuple[int, ...], channels: int = 3) -> HNeRVConfig:
    """The config behind `pack_config`'s numbers, for pictures of so many channels.

    Raises UnsupportedStream for an unknown model or fields out of range.
    """
    if model_id not in MODELS:
        raise UnsupportedStream(f"model {model_id} is not known to this decoder")
    kind = MODELS[model_id][1]
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


def _fields(kind: type[HNeRVConfig]) -> list[Field[object]]:
    """Those that a layer describes; the header says of what channels pictures are."""
    return [field for field in fields(kind) if field.name != "channels"]


def model_name(config: HNeRVConfig) -> str:
    """The name under which the command line knows this kind of config."""
    return next(name for name, kind in MODELS.values() if kind is type(config))
