"""Catalogue of the models, which loads no torch: a model is a folder beside this file and an entry here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nervcodec.errors import RequestError
from nervcodec.models.config import PyramidConfig
from nervcodec.models.dnerv.config import DNeRVConfig
from nervcodec.models.dnerv.rows import ROWS as DNERV_ROWS
from nervcodec.models.dnerv.sizing import choose_dnerv
from nervcodec.models.enhancement.config import EnhancementConfig
from nervcodec.models.enhancement.sizing import choose_enhancement
from nervcodec.models.ffnerv.config import FFNeRVConfig
from nervcodec.models.ffnerv.sizing import choose_ffnerv
from nervcodec.models.hnerv.config import HNeRVConfig
from nervcodec.models.hnerv.sizing import choose_hnerv
from nervcodec.models.sdmn.config import SDMNConfig
from nervcodec.models.sdmn.rows import ROWS as SDMN_ROWS
from nervcodec.models.sdmn.sizing import choose_sdmn
from nervcodec.models.sizing import NetworkRequest


class Row(Protocol):
    """A row of a table in a model's paper: a network for one size of picture."""

    @property
    def height(self) -> int: ...

    @property
    def width(self) -> int: ...

    def config_for(self, request: NetworkRequest) -> PyramidConfig:
        """The config of the row's network; the request decides what the paper leaves open."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A kind of network."""

    name: str
    """Name on the command line and in descriptions of a file."""
    method: str
    """Name of the method in publications."""
    wire_id: int
    """Number of the model in a file; never changes."""
    config: type[PyramidConfig]
    choose: Callable[[NetworkRequest], PyramidConfig]
    """Rule that chooses the config of the network nearest to a request, or raises RequestError."""
    decoder: str
    """Class of the decoder as `module:class`, imported when it is needed; called with a config."""
    encoder: str | None = None
    """Class of the encoder as `module:class`, called with a config, the decoder and `flow`; None where embeddings
    can only be free."""
    latents: str | None = None
    """Function `(config, frames) -> tensors` that makes the embeddings that follow from the config alone; None for a
    model without such embeddings."""
    rows: Mapping[str, Row] = field(default_factory=dict)
    """Networks of the model's paper, by name."""
    planes: bool = True
    """Whether the model can be fitted in planes of YUV 4:2:0."""
    assisted: bool = True
    """Whether a frame depends on its own embeddings only, so that embeddings of left-out frames can be fitted later."""
    enhances: bool = False
    """Whether the model corrects the frames of the layers below, instead of being the base of a file."""
    reparameterised: bool = False
    """Whether the recipe `paper` re-parameterises the stages of the model in a fit."""
    own_options: tuple[str, ...] = ()
    """Names of the options of an encode that have no meaning for other models."""


MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="dnerv",
            method="DNeRV",
            wire_id=2,
            config=DNeRVConfig,
            choose=choose_dnerv,
            decoder="nervcodec.models.dnerv.network:DNeRV",
            encoder="nervcodec.models.dnerv.network:DNeRVEncoder",
            rows=DNERV_ROWS,
            own_options=("difference_grid", "difference_source"),
        ),
        Model(
            name="hnerv",
            method="HNeRV",
            wire_id=1,
            config=HNeRVConfig,
            choose=choose_hnerv,
            decoder="nervcodec.models.hnerv.network:HNeRV",
            encoder="nervcodec.models.hnerv.network:HNeRVEncoder",
        ),
        Model(
            name="sdmn",
            method="QS-NeRV",
            wire_id=3,
            config=SDMNConfig,
            choose=choose_sdmn,
            decoder="nervcodec.models.sdmn.network:SDMN",
            encoder="nervcodec.models.sdmn.network:SDMNEncoder",
            latents="nervcodec.models.sdmn.latents:latents",
            rows=SDMN_ROWS,
            reparameterised=True,
            own_options=("coupling", "latent"),
        ),
        Model(
            name="ffnerv",
            method="FFNeRV",
            wire_id=5,
            config=FFNeRVConfig,
            choose=choose_ffnerv,
            decoder="nervcodec.models.ffnerv.network:FFNeRV",
            planes=False,
            assisted=False,
        ),
        Model(
            name="een",
            method="QS-NeRV",
            wire_id=4,
            config=EnhancementConfig,
            choose=choose_enhancement,
            decoder="nervcodec.models.enhancement.network:Enhancement",
            enhances=True,
        ),
    )
}
"""All models by name; those that can be a base are in the order in which they are offered."""


def base_names() -> tuple[str, ...]:
    """Names of the models that can be the base of a file."""
    return tuple(name for name, model in MODELS.items() if not model.enhances)


def row_names() -> tuple[str, ...]:
    """Names of the rows of all papers."""
    return tuple(name for model in MODELS.values() for name in model.rows)


def model_of(config: PyramidConfig) -> Model:
    """The model of a config.

    Raises TypeError for a config of no model.
    """
    for model in MODELS.values():
        if model.config is type(config):
            return model
    raise TypeError(f"no model in the catalogue has a {type(config).__name__}")


def model_name(config: PyramidConfig) -> str:
    """The name of the model of a config."""
    return model_of(config).name


def model_of_row(row: str) -> Model:
    """The model whose paper has a row of a name.

    Raises RequestError for a name that no row has.
    """
    for model in MODELS.values():
        if row in model.rows:
            return model
    raise RequestError(f"no row is called {row}: rows are {', '.join(row_names())}")


def row_config(name: str, request: NetworkRequest) -> PyramidConfig:
    """The config of a row's network, for a picture of the row's size.

    Raises RequestError for a picture of another size, and for a name that no row has.
    """
    row = model_of_row(name).rows[name]
    if (row.height, row.width) != (request.height, request.width):
        raise RequestError(f"{name} is for {row.width}x{row.height}, the video has {request.width}x{request.height}")
    return row.config_for(request)
