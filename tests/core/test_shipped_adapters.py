"""Which adapter a model file gets by itself, and how the model is addressed then."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from rookery_core.compose import load_options
from rookery_core.config import ModelSettings
from rookery_core.model.adapters import made_for, shipped
from rookery_core.model.hashes import Hashes
from rookery_core.paths import Paths
from rookery_core.reasoning.prompt import head
from rookery_core.tools.contract import Example, Tool
from rookery_core.tools.registry import OfferedTool, Registry


def registry() -> Registry:
    tool = Tool(
        name="fetch",
        description="Fetches a thing.",
        schema={"type": "object", "properties": {"what": {"type": "string"}}, "required": ["what"]},
        run=lambda what: what,
        examples=(Example("get me a cup", {"what": "cup"}, "a cup", "Here is a cup."),),
    )
    return Registry([OfferedTool(tool, "things", "things", "fetch")])


def test_the_brief_prompt_lists_the_tools_and_explains_nothing() -> None:
    (message,) = head(registry(), "brief")
    assert "- fetch(what: string): Fetches a thing." in message.content
    assert "Observation" not in message.content
    assert len(head(registry(), "full")) > 1  # with a worked example


def test_a_hash_is_worked_out_again_only_when_the_file_changes(tmp_path: Path) -> None:
    file, kept = tmp_path / "a.gguf", tmp_path / "hashes.json"
    file.write_bytes(b"one")
    first = Hashes(kept).sha256(file)
    assert first == hashlib.sha256(b"one").hexdigest()
    stat = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Hashes(kept).sha256(file) == first, "same size and date: it was not read again"
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert Hashes(kept).sha256(file) == hashlib.sha256(b"two").hexdigest()


def test_hashes_that_cannot_be_kept_or_read_are_worked_out_each_time(tmp_path: Path) -> None:
    file, kept = tmp_path / "a.gguf", tmp_path / "hashes.json"
    file.write_bytes(b"one")
    kept.write_text("[1, 2")
    assert Hashes(kept).sha256(file) == hashlib.sha256(b"one").hexdigest()


def test_a_file_that_no_adapter_was_made_for_is_not_even_read(tmp_path: Path) -> None:
    file = tmp_path / "other.gguf"
    file.write_bytes(b"GGUF and more")

    def refuse(path: Path) -> str:
        raise AssertionError(f"{path} was read")

    assert made_for(file, refuse) is None
    assert made_for(tmp_path / "gone.gguf", refuse) is None


def test_a_file_of_the_right_size_and_another_content_gets_no_adapter(tmp_path: Path) -> None:
    for adapter in shipped():
        file = tmp_path / "same-size.gguf"
        with file.open("wb") as stream:
            stream.truncate(adapter.base_bytes)
        assert made_for(file, lambda _: "0" * 64) is None
        assert made_for(file, lambda _, sha256=adapter.base_sha256: sha256) == adapter


@pytest.mark.parametrize("wanted", ["", "auto", "/some/adapter.gguf"])
def test_a_model_without_an_adapter_of_ours_is_told_everything(tmp_path: Path, wanted: str) -> None:
    file = tmp_path / "own.gguf"
    file.write_bytes(b"GGUF")
    paths = Paths(tmp_path, tmp_path, tmp_path)
    options = load_options(ModelSettings(adapter=wanted), file, paths, expand=False)
    assert (options.adapter, options.prompt) == ("" if wanted == "auto" else wanted, "full")
