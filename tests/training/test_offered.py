"""What the program offers is what requests need, on those kept for development."""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_core.tools.discovery import Discovery
from rookery_training.builtin import built_in_tools
from rookery_training.offered import requests, turns


def test_most_requests_are_offered_all_that_they_need() -> None:
    tools, rng = built_in_tools(), random.Random(3)
    discovery = Discovery(tools)
    for asked in (list(turns(tools, 80, rng)), list(requests(tools, rng))):
        enough = sum(needed <= {*discovery.select(text, 10).names} for text, needed in asked)
        assert len(asked) > 70
        assert enough / len(asked) > 0.88
        assert sum(needed <= {*discovery.select(text, 1).names} for text, needed in asked) < enough
