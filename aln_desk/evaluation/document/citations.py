"""Where methods come from. A text cites by ``[@key]``; `numbered` makes numbers of it, in the order of citing."""

from __future__ import annotations

import re
from collections.abc import Sequence

CITATIONS = {
    "paper": "Li, Chen et al. Applying a multi-task and multi-instance framework to predict axillary lymph node "
    "metastases in breast cancer. npj Precision Oncology 2025. doi:10.1038/s41698-025-00971-0",
    "tripod": "Collins GS, Moons KGM, Dhiman P, et al. TRIPOD+AI statement: updated guidance for reporting clinical "
    "prediction models that use regression or machine learning methods. BMJ 2024;385:e078378",
    "claim": "Tejani AS, Klontzas ME, Gatti AA, et al. Checklist for Artificial Intelligence in Medical Imaging "
    "(CLAIM): 2024 update. Radiology: Artificial Intelligence 2024;6(4):e240300",
    "stard": "Bossuyt PM, Reitsma JB, Bruns DE, et al. STARD 2015: an updated list of essential items for reporting "
    "diagnostic accuracy studies. BMJ 2015;351:h5527",
    "delong": "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver "
    "operating characteristic curves: a nonparametric approach. Biometrics 1988;44:837-845",
    "sun": "Sun X, Xu W. Fast implementation of DeLong's algorithm for comparing the areas under correlated receiver "
    "operating characteristic curves. IEEE Signal Processing Letters 2014;21:1389-1393",
    "wilson": "Wilson EB. Probable inference, the law of succession, and statistical inference. Journal of the "
    "American Statistical Association 1927;22:209-212",
    "youden": "Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32-35",
    "holm": "Holm S. A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics "
    "1979;6:65-70",
    "mcnemar": "McNemar Q. Note on the sampling error of the difference between correlated proportions or percentages. "
    "Psychometrika 1947;12:153-157",
    "vickers": "Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models. "
    "Medical Decision Making 2006;26:565-574",
    "calibration": "Van Calster B, McLernon DJ, van Smeden M, Wynants L, Steyerberg EW. Calibration: the Achilles heel "
    "of predictive analytics. BMC Medicine 2019;17:230",
    "brier": "Brier GW. Verification of forecasts expressed in terms of probability. Monthly Weather Review "
    "1950;78:1-3",
    "bootstrap": "Efron B, Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall, 1993",
    "platt": "Platt JC. Probabilistic outputs for support vector machines and comparisons to regularized likelihood "
    "methods. In: Advances in large margin classifiers. MIT Press, 1999",
    "guo": "Guo C, Pleiss G, Sun Y, Weinberger KQ. On calibration of modern neural networks. ICML 2017",
    "conformal": "Vovk V, Gammerman A, Shafer G. Algorithmic learning in a random world. Springer, 2005",
    "shapley": "Shapley LS. A value for n-person games. In: Contributions to the theory of games II. Princeton "
    "University Press, 1953",
    "sam": "Kirillov A, Mintun E, Ravi N, et al. Segment anything. ICCV 2023",
    "segformer": "Xie E, Wang W, Yu Z, et al. SegFormer: simple and efficient design for semantic segmentation with "
    "transformers. NeurIPS 2021",
    "adamw": "Loshchilov I, Hutter F. Decoupled weight decay regularization. ICLR 2019",
    "cam": "Zhou B, Khosla A, Lapedriza A, Oliva A, Torralba A. Learning deep features for discriminative "
    "localization. CVPR 2016",
    "harrell": "Harrell FE. Regression modeling strategies. 2nd ed. Springer, 2015",
}

_MARK = re.compile(r"\s*((?:\[@[a-z]+\])+)")
_KEY = re.compile(r"\[@([a-z]+)\]")


def numbered(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The texts with ``[1, 2]`` for their marks, and the works cited, in that order; an unknown mark stays as it is."""
    order: dict[str, int] = {}

    def number(found: re.Match[str]) -> str:
        keys = _KEY.findall(found[1])
        if not CITATIONS.keys() >= set(keys):
            return found[0]
        numbers = [order.setdefault(key, len(order) + 1) for key in keys]
        return f" [{', '.join(map(str, numbers))}]"

    done = [_MARK.sub(number, text) for text in texts]
    return done, [CITATIONS[key] for key in order]
