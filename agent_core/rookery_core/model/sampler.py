"""One token from a row of logits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rookery_core.errors import ModelError
from rookery_core.model.base import Sampling

Logits = NDArray[np.float32]


def sample(logits: Logits, sampling: Sampling, random: np.random.Generator) -> int:
    """The id of the chosen token; `logits` has one number for each token of the vocabulary and is left as it is.

    Candidates are cut by top-k, then by min-p and top-p on their probabilities at this temperature.
    """
    if sampling.temperature <= 0:
        return int(np.argmax(logits))
    k = min(sampling.top_k or logits.size, logits.size)
    ids: NDArray[Any] = np.argpartition(logits, -k)[-k:]
    ids = ids[np.argsort(logits[ids])[::-1]]
    scaled = logits[ids].astype(np.float64) / sampling.temperature
    if not np.isfinite(scaled[0]):
        raise ModelError("the model's output is not a number; the file may be damaged")
    weights = np.exp(scaled - scaled[0])
    keep = weights >= sampling.min_p * weights[0]
    total = np.cumsum(weights) / weights.sum()
    keep &= np.concatenate(([0.0], total[:-1])) < sampling.top_p
    weights = np.where(keep, weights, 0.0)
    return int(random.choice(ids, p=weights / weights.sum()))
