import pytest
import torch

from nervcodec.training.pruning import apply_masks, magnitude_masks


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_the_smallest_weights_of_all_tensors_together_go(share: float) -> None:
    torch.manual_seed(0)
    weights = [torch.randn(10, 20), 0.1 * torch.randn(30, 10)]
    before = torch.cat([w.flatten() for w in weights])
    masks = magnitude_masks(weights, share)
    apply_masks(masks)
    after = torch.cat([w.flatten() for w in weights])
    assert int((after == 0).sum()) == int(share * 500)
    if share:
        assert before[after == 0].abs().max() < after[after != 0].abs().min()
    assert torch.equal(after[after != 0], before[after != 0])


def test_pruned_weights_stay_zero() -> None:
    weight = torch.tensor([1.0, -0.1, 2.0, 0.2])
    masks = magnitude_masks([weight], 0.5)
    weight += 5
    apply_masks(masks)
    assert weight.tolist() == [6, 0, 7, 0]
