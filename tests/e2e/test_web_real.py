"""The web tools as a person calls them, on real connections, in a network where one site is the whole internet."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trusted import trusted

ROOT = Path(__file__).parents[2]
APART = ["unshare", "--map-root-user", "--net", "--mount"]


def rookery(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """What `rookery` says there; skipped where the system gives no network of one's own."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("unshare and ip are not installed")
    if subprocess.run([*APART, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system does not let a program have a network of its own")
    command = [str(Path(sys.executable).with_name("rookery")), *words]
    return subprocess.run(
        [*APART, sys.executable, str(ROOT / "docs" / "web_site.py"), *command],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "ROOKERY_HOME": str(home)},
        cwd=trusted(home, home), text=True, capture_output=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_page_is_read(tmp_path: Path) -> None:
    said = rookery(
        "tools", "call", "fetch_page", '{"url": "http://harbour.example/"}', "--online", "--allow", "network",
        home=tmp_path,
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    assert "| Nordlys | 12.5 m | 1987 |" in said.stdout
    assert "Log in" not in said.stdout


@pytest.mark.parametrize("url", ["http://localhost:8888/", "http://127.0.0.1:8888/", "http://[::1]:8888/"])
def test_a_server_on_this_machine_is_not_reached(url: str, tmp_path: Path) -> None:
    said = rookery(
        "tools", "call", "fetch_page", f'{{"url": "{url}"}}', "--online", "--allow", "network", home=tmp_path
    )
    assert said.returncode != 0
    assert "Nordlys" not in said.stdout + said.stderr
    assert "public" in said.stdout + said.stderr


def test_a_search_asks_the_service_of_the_settings_alone(tmp_path: Path) -> None:
    asked = ("tools", "call", "search_web", '{"query": "boats"}', "--online", "--allow", "network")
    said = rookery(*asked, home=tmp_path)
    assert "search_url" in said.stdout + said.stderr
    (tmp_path / "config.toml").write_text('[web]\nsearch_url = "http://localhost:8888"\n')
    said = rookery(*asked, home=tmp_path)
    assert said.stdout.startswith("1. Boats for sale\n   http://harbour.example/"), said.stderr
