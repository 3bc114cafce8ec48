"""Intervals and quantiles, against values worked out elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.evals.statistics import quantile, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (8, 10, 0.4902, 0.9433), (81, 263, 0.2553, 0.3662)],
)
def test_wilson(hits: int, n: int, low: float, high: float) -> None:
    # 81 of 263: Newcombe (1998), table I, method 3
    assert wilson(hits, n) == pytest.approx((low, high), abs=1e-4)


def test_nothing_says_nothing() -> None:
    assert wilson(0, 0) is None
    assert quantile([], 0.5) is None


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_rate_lies_in_its_interval(drawn: tuple[int, int]) -> None:
    hits, n = drawn
    low, high = wilson(hits, n) or (1.0, 0.0)
    assert 0 <= low <= hits / n <= high <= 1


def test_quantiles_lie_between_neighbours() -> None:
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([4, 1, 2, 3], 0.5) == 2.5
    assert quantile(range(11), 0.9) == 9
    assert quantile([7], 0.9) == 7
