"""The two-way Transformer against its authors' own, on shared parameters."""

from __future__ import annotations

import pytest
import torch

from aln_desk.models.two_way import TwoWayTransformer


@pytest.mark.parametrize("tokens", [1, 2, 5])
def test_equals_the_authors_implementation_on_shared_parameters(tokens: int) -> None:
    theirs = pytest.importorskip("segment_anything.modeling.transformer")
    torch.manual_seed(0)
    reference = theirs.TwoWayTransformer(depth=2, embedding_dim=64, num_heads=4, mlp_dim=96).double()
    # Away from its start, where every bias is small and every norm 1, so that each parameter matters.
    for parameter in reference.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    ours = TwoWayTransformer(depth=2, dim=64, heads=4, mlp_dim=96).double()
    ours.load_state_dict(reference.state_dict())
    grid, positions, start = (torch.randn(shape).double() for shape in ((3, 64, 4, 6), (1, 64, 4, 6), (3, tokens, 64)))
    with torch.no_grad():
        expected = reference(grid, positions.expand_as(grid), start)
        found = ours(grid.flatten(2).transpose(1, 2), positions.flatten(2).transpose(1, 2), start)
    for one, two in zip(found, expected, strict=True):
        assert one.shape == two.shape
        assert (one - two).abs().max() < 1e-10


def test_every_pixel_asks_for_itself_where_there_are_tokens_to_choose_from() -> None:
    torch.manual_seed(0)
    net = TwoWayTransformer(depth=1, dim=32, heads=2, mlp_dim=32)
    pixels, positions = torch.randn(1, 6, 32), torch.randn(1, 6, 32)
    told = [net(pixels, positions, torch.randn(1, k, 32))[1] - pixels for k in (1, 2)]
    asked = net.layers[0].cross_attn_image_to_token.spread(pixels, positions, *[torch.randn(1, 2, 32)] * 2)
    assert [t.shape for t in told] == [(1, 6, 32)] * 2
    assert (asked[:, 0] - asked[:, 1]).abs().max() > 1e-4
