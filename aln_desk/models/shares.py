"""How far each image moved a patient's verdict: Shapley values over the bag.

Shapley 1953, "A value for n-person games"; for features of a model, Lundberg and Lee 2017, arXiv 1705.07874.
The players are the images, the value of a group of images is the network's logit on a bag that holds just
these. Unlike attention this measures the verdict itself: the values sum to (logit of the bag - baseline),
exactly.
"""

from __future__ import annotations

from math import comb

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aln_desk.models.mil import BagNetwork

EXACT_UP_TO = 10
"""Largest bag whose 2^N groups are all read."""

_PERMUTATIONS = 128
_BATCH = 1024


def shapley_shares(net: BagNetwork, tokens: Tensor, baseline: float, view: Tensor | None = None) -> NDArray[np.float64]:
    """|value| / sum of |values| of each image, (N,), 1 in sum; equal shares where every value is 0."""
    return shares_of(shapley_values(net, tokens, baseline, view))


def shares_of(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) signed values, N >= 1 -> (N,) shares >= 0 that sum to 1; equal where every value is 0."""
    size = np.abs(values)
    total = size.sum()
    return size / total if total > 0 else np.full(len(values), 1.0 / len(values))


def shapley_values(net: BagNetwork, tokens: Tensor, baseline: float, view: Tensor | None = None) -> NDArray[np.float64]:
    """Signed part of each image in (logit of the bag - ``baseline``): (N,), in logits, exact in sum.

    ``tokens`` (N, dim), N >= 1, ``view`` (N,) int or None. ``baseline`` is the value of no image at all, for
    which the network was never trained: give the logit of the decision threshold, and the sign of the sum is
    the decision. Up to `EXACT_UP_TO` images every group is read; beyond, the mean over random orders (and
    their reverses) from a fixed seed. The network should be in evaluation mode.
    """
    count = len(tokens)
    if count <= EXACT_UP_TO:
        return _exact(_values(net, tokens, _all_groups(count), baseline, view))
    orders = _orders(count)
    groups = np.stack([_prefixes(order) for order in orders])  # (orders, N + 1, N)
    distinct, place = np.unique(groups.reshape(-1, count), axis=0, return_inverse=True)
    worth = _values(net, tokens, distinct, baseline, view)[place.reshape(len(orders), count + 1)]
    gains = np.empty((len(orders), count))
    np.put_along_axis(gains, orders, np.diff(worth, axis=1), axis=1)
    mean: NDArray[np.float64] = gains.mean(axis=0)
    return mean


def _exact(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values (N,) from the worth (2^N,) of every group; bit i of a group's index says whether image i is in
    it.
    """
    count = len(worth).bit_length() - 1
    groups = np.arange(len(worth))
    sizes = _all_groups(count).sum(axis=1)
    weight = np.array([1.0 / (count * comb(count - 1, size)) for size in range(count)])
    values = np.empty(count)
    for image in range(count):
        without = groups[(groups >> image) & 1 == 0]
        gain = worth[without | (1 << image)] - worth[without]
        values[image] = weight[sizes[without]] @ gain
    return values


def _all_groups(count: int) -> NDArray[np.bool_]:
    """(2^count, count): row g holds the bits of g."""
    return ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.bool_)


def _orders(count: int) -> NDArray[np.int64]:
    """(_PERMUTATIONS, count): random orders of the images, each with its reverse, to lessen the scatter."""
    generator = np.random.default_rng(0)
    half = np.stack([generator.permutation(count) for _ in range(_PERMUTATIONS // 2)])
    return np.concatenate([half, half[:, ::-1]])


def _prefixes(order: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(N + 1, N): the groups that grow image by image in this order, from none to all."""
    rank = np.argsort(order)
    return np.arange(len(order) + 1)[:, None] > rank[None]


@torch.no_grad()
def _values(
    net: BagNetwork, tokens: Tensor, groups: NDArray[np.bool_], baseline: float, view: Tensor | None
) -> NDArray[np.float64]:
    """Logit (G,) of each group (G, N); ``baseline`` for the empty one."""
    worth = np.empty(len(groups))
    for start in range(0, len(groups), _BATCH):
        present = torch.from_numpy(groups[start : start + _BATCH]).to(tokens.device)
        bags = tokens.expand(len(present), -1, -1)
        views = None if view is None else view.expand(len(present), -1)
        worth[start : start + len(present)] = net.logit(bags, present, views).double().cpu().numpy()
    worth[~groups.any(axis=1)] = baseline
    return worth
