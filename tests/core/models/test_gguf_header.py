"""Reading a GGUF file's header: what it says, and that no file can do harm."""

from __future__ import annotations

import struct
from pathlib import Path

import gguf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rookery_core.errors import ModelUnreadable
from rookery_core.model import gguf_header
from rookery_core.model.gguf_header import read_header
from tests.core.gguf_files import tiny_bert
from tests.core.models.kit import model_file

STRING, ARRAY = 8, 9


def header(n_tensors: int = 0, n_keys: int = 0, rest: bytes = b"", version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, n_tensors, n_keys) + rest


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def test_a_header_says_what_the_model_is(tmp_path: Path) -> None:
    file = model_file(tmp_path / "a.gguf", n_floats=256)
    read = read_header(file)
    assert (read.kind, read.architecture, read.title, read.licence) == ("model", "llama", "Small Llama", "mit")
    assert (read.format, read.n_ctx, read.n_params, read.n_files) == ("F32", 2048, 256, 1)
    assert read.kv_bytes == 3 * 2 * (64 // 4) * 2 * 2  # layers, heads, their size, key and value, two bytes
    assert read.n_bytes == file.stat().st_size


def test_an_embedding_model_is_read_too(tmp_path: Path) -> None:
    read = read_header(tiny_bert(tmp_path / "bert.gguf"))
    assert (read.architecture, read.n_ctx) == ("bert", 64)


def test_tensor_types_and_formats_are_those_of_the_format() -> None:
    sizes = {int(kind): size for kind, size in gguf.constants.GGML_QUANT_SIZES.items()}
    assert {kind: sizes[kind] for kind in gguf_header._BLOCKS} == gguf_header._BLOCKS
    names = {int(kind): kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    assert all(names[kind].startswith(name) for kind, name in gguf_header._FORMATS.items())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a GGUF file"),
        (b"GGU", "is not a GGUF file"),
        (b"PK\x03\x04 a zip archive", "is not a GGUF file"),
        (b"GGUF", "is cut off within its header"),
        (header()[:20], "is cut off within its header"),
        (header(version=1), "it is of version 1, not 2 or 3"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "it is big-endian"),
        (header(n_tensors=1 << 60), "it claims 1,152,921,504,606,846,976 tensors"),
        (header(n_keys=1 << 40), "and 1,099,511,627,776 keys"),
        (header(n_keys=1, rest=struct.pack("<Q", 1 << 62)), "its header would have more than"),
        (header(n_keys=1, rest=text("a") + struct.pack("<I", 99)), "'a' has a value of unknown kind 99"),
        (header(n_keys=1, rest=text("a") + struct.pack("<IIQ", ARRAY, ARRAY, 1)), "'a' is a list of unknown kind 9"),
        (header(n_keys=1, rest=text("a") + struct.pack("<IIQ", ARRAY, STRING, 1 << 50)), "is cut off"),
        (header(n_keys=1, rest=text("a") + struct.pack("<IIQ", ARRAY, 4, 1 << 61)), "its header would have more than"),
        (header(n_tensors=1, rest=text("t") + struct.pack("<I", 1 << 31)), "'t' has 2147483648 dimensions"),
    ],
)
def test_a_file_that_is_no_gguf_is_said_to_be_none(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "a.gguf"
    file.write_bytes(content)
    with pytest.raises(ModelUnreadable, match=str(file)) as caught:
        read_header(file)
    assert said in str(caught.value)


def test_a_file_that_was_not_fetched_whole_is_said_to_be_cut_off(tmp_path: Path) -> None:
    file = model_file(tmp_path / "a.gguf")
    size = file.stat().st_size
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelUnreadable, match=f"is cut off: it has {size - 100:,} of {size:,} bytes; get it again"):
        read_header(file)


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match="cannot be read: No such file"):
        read_header(tmp_path / "nothing.gguf")
    with pytest.raises(ModelUnreadable, match="cannot be read: Is a directory"):
        read_header(tmp_path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(4, 900), st.binary(min_size=1, max_size=12)), min_size=1, max_size=4))
def test_damage_is_read_as_something_or_refused_and_nothing_else(
    tmp_path: Path, changes: list[tuple[int, bytes]]
) -> None:
    whole = tmp_path / "whole.gguf"
    if not whole.exists():
        model_file(whole)
    content = bytearray(whole.read_bytes())
    for at, put in changes:
        content[at : at + len(put)] = put
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(content)
    try:
        read = read_header(damaged)
    except ModelUnreadable:
        return
    assert read.n_ctx >= 0
    assert read.kv_bytes >= 0
