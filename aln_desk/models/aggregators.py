"""The other bag networks of stage 2: those that pool embedded images, and fixed rules over image scores.

In the formulas h_k is the embedded token of image k, s_k the logit of its status by stage 1 and p_k = sigmoid(s_k);
sums, means and maxima are over the images present in a bag.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from aln_desk.models.mil import BagNetwork, MilConfig


class PooledNetwork(BagNetwork):
    """Embed each image, pool the images to one vector, read the logit from it by one linear layer."""

    def __init__(self, config: MilConfig, vectors: int = 1) -> None:
        super().__init__(config)
        self.embedding = _embedding(config)
        self.head = nn.Linear(vectors * config.dim, 1)

    def _read(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        logit: Tensor = self.head(self._pool(self.embedding(tokens), present, view))
        return logit.squeeze(1)

    @abstractmethod
    def _pool(self, images: Tensor, present: Tensor, view: Tensor) -> Tensor:
        """Embedded images (B, N, dim) >= 0, finite where absent, -> (B, vectors * dim)."""


class MeanPool(PooledNetwork):
    """mean h_k. Weight: equal."""

    def _pool(self, images: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return (_equal(present)[:, None] @ images).squeeze(1)

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return present


class MaxPool(PooledNetwork):
    """max h_k, number by number. Weight: the share of the numbers in which an image is the largest."""

    def _pool(self, images: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return (images * present[..., None]).amax(dim=1)  # no h is negative, so that absent images never win

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        images = self.embedding(tokens)
        largest = (images == self._pool(images, present, view)[:, None]) & present[..., None]
        return _equal(largest.transpose(1, 2)).sum(dim=1)


class ViewPool(PooledNetwork):
    """Mean h_k of the tumour images beside mean h_k of the lymph node images; a learned vector stands for a view
    that has none.

    Weight: half to each view, equal within it; all to the one view where the other has none.
    """

    def __init__(self, config: MilConfig) -> None:
        super().__init__(config, vectors=2)
        self.lacking = nn.Parameter(torch.zeros(2, config.dim))

    def _pool(self, images: Tensor, present: Tensor, view: Tensor) -> Tensor:
        views = _by_view(present, view)
        means = _equal(views) @ images
        return torch.where(views.any(dim=2, keepdim=True), means, self.lacking).flatten(1)

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return _equal(_by_view(present, view)).sum(dim=1)


class AttentionPool(PooledNetwork):
    """sum a_k h_k with a = softmax(w . tanh(V h_k)), or gated: softmax(w . (tanh(V h_k) * sigmoid(U h_k))).

    Ilse et al. 2018, "Attention-based deep multiple instance learning", arXiv 1802.04712. Weight: a.
    """

    def __init__(self, config: MilConfig) -> None:
        super().__init__(config)
        hidden = config.dim // 2
        self.content = nn.Linear(config.dim, hidden)
        self.gate = nn.Linear(config.dim, hidden) if config.kind == "gated-abmil" else None
        self.score = nn.Linear(hidden, 1, bias=False)

    def _pool(self, images: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return (self._attention(images, present)[:, None] @ images).squeeze(1)

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        return self._attention(self.embedding(tokens), present)

    def _attention(self, images: Tensor, present: Tensor) -> Tensor:
        hidden = torch.tanh(self.content(images))
        if self.gate is not None:
            hidden = hidden * torch.sigmoid(self.gate(images))
        return _softmax(self.score(hidden).squeeze(2), present)


class DualStream(BagNetwork):
    """The mean of two logits: that of the critical image m, and that of the bag as attention to m mixes it.

    Li, Li and Eliceiri 2021, "Dual-stream multiple instance learning network", arXiv 2011.08939: m = argmax w . h_k;
    a = softmax(<Q h_k, Q h_m> / sqrt(length)), the root as in Vaswani et al. 2017; logit = (w . h_m + u . sum a_k V
    h_k) / 2. Weight: a.
    """

    def __init__(self, config: MilConfig) -> None:
        super().__init__(config)
        self.embedding = _embedding(config)
        self.query = nn.Linear(config.dim, config.dim // 2)
        self.value = nn.Linear(config.dim, config.dim)
        self.critical_head = nn.Linear(config.dim, 1)
        self.bag_head = nn.Linear(config.dim, 1)

    def _read(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        images = self.embedding(tokens)
        critical = self._critical(images, present)
        mixed = self._attention(images, critical, present)[:, None] @ self.value(images)
        logits: Tensor = self.critical_head(critical) + self.bag_head(mixed)
        return logits.flatten() / 2

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        images = self.embedding(tokens)
        return self._attention(images, self._critical(images, present), present)

    def _critical(self, images: Tensor, present: Tensor) -> Tensor:
        """(B, 1, dim)."""
        score = self.critical_head(images).squeeze(2)
        place = _where_present(score, present).argmax(dim=1)
        return images.take_along_dim(place[:, None, None], dim=1)

    def _attention(self, images: Tensor, critical: Tensor, present: Tensor) -> Tensor:
        query = self.query(images)
        similarity = query @ self.query(critical).transpose(1, 2) * query.shape[-1] ** -0.5
        return _softmax(similarity.squeeze(2), present)


class FixedRule(BagNetwork):
    """One of `RULES` over image scores, which a frozen copy of stage 1's status head gives. Nothing to train.

    A bag without any image has the logit 0. Always in full precision. Weight: max, the largest (equal where several
    are); mean and majority, equal; noisy-or, the share of -log(1 - p_k) in their sum.
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, config: MilConfig, head: nn.Linear) -> None:
        super().__init__(config)
        self.register_buffer("weight", head.weight.detach().clone())
        self.register_buffer("bias", head.bias.detach().clone())

    def _read(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        logit = _LOGITS[self.config.kind](self._score(tokens), present)
        return logit.where(present.any(dim=1), 0.0)

    def _share(self, tokens: Tensor, present: Tensor, view: Tensor) -> Tensor:
        score = self._score(tokens)
        if self.config.kind == "max":
            return score == _where_present(score, present).amax(dim=1, keepdim=True)
        return _unlikelihood(score) if self.config.kind == "noisy-or" else present

    def _score(self, tokens: Tensor) -> Tensor:
        """s (B, N). A product and a sum, which autocast leaves in full precision."""
        return (tokens.float() * self.weight).sum(dim=2) + self.bias


def max_logit(score: Tensor, present: Tensor) -> Tensor:
    """The logit of max p_k, which is max s_k: ``score`` (B, N) logits, ``present`` (B, N) -> (B,)."""
    return _where_present(score, present).amax(dim=1)


def mean_logit(score: Tensor, present: Tensor) -> Tensor:
    """The logit of mean p_k: log(sum p_k) - log(sum (1 - p_k)); ``score`` (B, N) logits -> (B,)."""
    positive, negative = F.logsigmoid(score), F.logsigmoid(-score)
    return _where_present(positive, present).logsumexp(dim=1) - _where_present(negative, present).logsumexp(dim=1)


def majority_logit(score: Tensor, present: Tensor) -> Tensor:
    """log((v + 1/2) / (n - v + 1/2)) for v of n images with p_k > 1/2; ``score`` (B, N) logits -> (B,).

    The empirical logit (Haldane 1956, doi 10.1111/j.1469-1809.1955.tb01285.x): finite where all agree, 0 for a draw,
    and surer the more images agree.
    """
    votes = ((score > 0) & present).sum(dim=1)
    return torch.log(votes + 0.5) - torch.log(present.sum(dim=1) - votes + 0.5)


def noisy_or_logit(score: Tensor, present: Tensor) -> Tensor:
    """The logit of 1 - prod (1 - p_k), at least -87; ``score`` (B, N) logits -> (B,).

    With t = -log prod (1 - p_k) = sum softplus(s_k) it is log(1 - exp(-t)) + t. The first term, log1mexp (Mächler
    2012, "Accurately computing log(1 - exp(-|a|))"), wants another form where t is large; added to t it does not.
    """
    total = (_unlikelihood(score) * present).sum(dim=1)
    return total + torch.log(-torch.expm1(-total))


_LOGITS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "max": max_logit,
    "mean": mean_logit,
    "majority": majority_logit,
    "noisy-or": noisy_or_logit,
}


def _embedding(config: MilConfig) -> nn.Sequential:
    """One layer with ReLU, as usual over frozen features (Lu et al. 2021, doi 10.1038/s41551-020-00682-w); the norm
    lets tokens of any scale learn at the same rate.
    """
    return nn.Sequential(
        nn.LayerNorm(config.dim), nn.Linear(config.dim, config.dim), nn.ReLU(), nn.Dropout(config.dropout)
    )


def _equal(chosen: Tensor) -> Tensor:
    """bool (..., N) -> float: equal parts of 1 to those chosen; 0 to all where none is."""
    return chosen / chosen.sum(dim=-1, keepdim=True).clamp_min(1)


def _by_view(present: Tensor, view: Tensor) -> Tensor:
    """(B, 2, N) bool: the tumour images, then the lymph node images."""
    return torch.stack([present & (view == 0), present & (view == 1)], dim=1)


def _where_present(score: Tensor, present: Tensor) -> Tensor:
    """``score`` with the lowest finite number for absent images."""
    return score.masked_fill(~present, torch.finfo(score.dtype).min)


def _softmax(score: Tensor, present: Tensor) -> Tensor:
    """Over the images present; over all slots, which hold the same, where none is."""
    return _where_present(score, present).softmax(dim=1)


def _unlikelihood(score: Tensor) -> Tensor:
    """-log(1 - p_k) = softplus(s_k), at least the smallest normal number, so that a sum has a logarithm."""
    return F.softplus(score).clamp_min(torch.finfo(score.dtype).tiny)
