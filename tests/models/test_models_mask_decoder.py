from __future__ import annotations

import plain_networks
import pytest
import torch

from aln_desk.models.mask_decoder import MaskDecoder


@pytest.mark.parametrize("mask_tokens", [1, 3])
def test_a_batch_equals_its_images_one_by_one(mask_tokens: int) -> None:
    torch.manual_seed(0)
    decoder = MaskDecoder(256, mask_tokens).eval()
    features = torch.randn(3, 256, 8, 8)
    with torch.no_grad():
        logits, segmentation = decoder(features)
        single = [decoder(image[None]) for image in features]
    assert logits.shape == (3, mask_tokens, 32, 32)
    assert segmentation.shape == (3, 32, 32, 32)
    assert (logits - torch.cat([one for one, _ in single])).abs().max() < 2e-6
    assert (segmentation - torch.cat([two for _, two in single])).abs().max() < 2e-6


def test_one_mask_token_leaves_its_constant_softmax_without_gradient() -> None:
    decoder = MaskDecoder(256, 1)
    logits, _ = decoder(torch.randn(2, 256, 8, 8))
    logits.square().sum().backward()
    idle = sum(p.numel() for p in decoder.parameters() if p.grad is not None and not p.grad.any())
    assert idle == 394_752


def test_positional_matrix_is_saved_and_counts() -> None:
    torch.manual_seed(0)
    one, two = MaskDecoder(256, 1).eval(), MaskDecoder(256, 1).eval()
    two.load_state_dict(one.state_dict())
    features = torch.randn(1, 256, 8, 8)
    assert torch.equal(one(features)[0], two(features)[0])
    two.get_buffer("frequencies").neg_()
    assert not torch.equal(one(features)[0], two(features)[0])


def test_positions_tell_rows_from_columns() -> None:
    positions = MaskDecoder(256, 1).positions(4, 6)[0]
    assert positions.shape == (24, 256)
    assert len({tuple(v) for v in positions.tolist()}) == 24


def test_parts_of_a_pixel_lie_where_the_transposed_convolutions_put_them() -> None:
    torch.manual_seed(0)
    decoder = MaskDecoder(256, 1).eval()
    features = torch.randn(2, 256, 4, 6)
    with torch.no_grad():
        logits, segmentation = decoder(features)
        expected = plain_networks.mask_decoder(decoder, features)
    assert (logits - expected[0]).abs().max() < 1e-6
    assert (segmentation - expected[1]).abs().max() < 1e-6
