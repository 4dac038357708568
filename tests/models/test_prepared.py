"""Modules prepared for a CPU make the same frames as the network's own modules."""

from copy import deepcopy

import pytest
import torch

from nervcodec.models import prepared
from nervcodec.models.blocks import Upsample
from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.models.networks import build_decoder
from nervcodec.models.prepared import prepare
from tests.models.test_networks import ALL_CONFIGS, random_embeddings


@pytest.mark.parametrize("band", [1, 4000, 1 << 22], ids="rows of {}".format)
@pytest.mark.parametrize("config", ALL_CONFIGS, ids=model_name)
def test_frames_differ_by_rounding_only(config: PyramidConfig, band: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "BAND_NUMBERS", band)
    torch.manual_seed(0)
    decoder, embeddings = build_decoder(config), random_embeddings(config)
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, std=0.2)  # frames of many values, not all grey
    faster = deepcopy(decoder)
    prepare(faster)
    assert not any(isinstance(part, Upsample) for part in faster.modules())
    with torch.inference_mode():
        for times in torch.tensor([0, 2]), torch.tensor([1]):
            expected = decoder(embeddings, times)
            assert expected.std() > 0.02
            torch.testing.assert_close(faster(embeddings, times), expected, atol=1e-4, rtol=0)
