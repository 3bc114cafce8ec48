"""What the prefix cache knows, shares, parks and forgets, over cells that are only counted."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rookery_core.model.prefix import (
    IDLE_CELLS,
    PATIENCE,
    WORTH_KEEPING,
    Held,
    PrefixCache,
    State,
    Tokens,
    shared,
)
from rookery_core.model.saved import SavedStates, fingerprint

N_CTX = 1000


class CountedCells:
    """Cells as llama.cpp has them: a cell may belong to several sequences, and there are only so many."""

    n_ctx = N_CTX

    def __init__(self, *, cuttable: bool = True) -> None:
        self.sequences: dict[int, list[object]] = {}
        self.tokens: dict[object, int] = {}
        self.cuttable = cuttable

    def decode(self, sequence: int, tokens: Sequence[int]) -> None:
        for token in tokens:
            cell = object()
            self.tokens[cell] = token
            self.sequences.setdefault(sequence, []).append(cell)
        assert len({cell for cells in self.sequences.values() for cell in cells}) <= N_CTX

    def read(self, sequence: int) -> list[int]:
        return [self.tokens[cell] for cell in self.sequences.get(sequence, [])]

    def copy(self, source: int, target: int, n: int) -> None:
        assert not self.sequences.get(target)
        self.sequences[target] = self.sequences[source][:n]

    def cut(self, sequence: int, n: int) -> int:
        if len(self.sequences.get(sequence, [])) <= n:
            return n
        self.sequences[sequence] = self.sequences[sequence][:n] if self.cuttable else []
        return n if self.cuttable else 0

    def drop(self, sequence: int) -> None:
        self.sequences.pop(sequence, None)

    def save(self, sequence: int) -> State:
        return np.array(self.read(sequence), np.int32).view(np.uint8)

    def restore(self, sequence: int, state: State) -> bool:
        self.decode(sequence, state.view(np.int32).tolist())
        return True


def tokens(*parts: range) -> Tokens:
    return np.array([token for part in parts for token in part], np.int32)


def serve(cache: PrefixCache, cells: CountedCells, prompt: Tokens, writes: int = 10) -> tuple[int, Held]:
    """A whole request; how much of the prompt was known."""
    held = cache.take(prompt, len(prompt) + writes)
    assert held is not None
    known = held.n
    rest = [*prompt[known:].tolist(), *range(9000, 9000 + writes)]
    cells.decode(held.number, rest)
    cache.extend(held, rest)
    return known, held


def new(**options: object) -> tuple[PrefixCache, CountedCells]:
    cells = CountedCells(cuttable=not options.get("recurrent"))
    return PrefixCache(cells, **{"n_seq": 4, "park_bytes": 1 << 20, **options}), cells  # type: ignore[arg-type]


def test_a_prompt_that_grows_is_gone_on_with() -> None:
    cache, cells = new()
    known, held = serve(cache, cells, tokens(range(100)))
    assert known == 0
    cache.release(held)
    known, again = serve(cache, cells, tokens(range(100), range(9000, 9010), range(200, 220)))
    assert (known, again) == (110, held)


def test_the_last_token_is_always_read() -> None:
    cache, cells = new()
    _, held = serve(cache, cells, tokens(range(100)), writes=0)
    cache.release(held)
    assert serve(cache, cells, tokens(range(100)))[0] == 99


def test_agents_that_take_turns_do_not_read_again() -> None:
    cache, cells = new()
    prompts = [tokens(range(k, k + 300)) for k in (0, 1000, 2000, 3000)]
    for n in range(12):
        known, held = serve(cache, cells, prompts[n % 4])
        cache.release(held)
        assert known == (0 if n < 4 else 299)


def test_requests_at_the_same_time_share_the_cells_of_their_prefix() -> None:
    cache, cells = new()
    prompt = tokens(range(900))
    _, first = serve(cache, cells, prompt)
    several = [serve(cache, cells, prompt)[0] for _ in range(3)]
    assert several == [899, 899, 899]
    assert first.n == 910


def test_a_request_waits_while_those_that_are_served_need_the_cells() -> None:
    cache, cells = new()
    _, first = serve(cache, cells, tokens(range(600)))
    other = tokens(range(2000, 2500))
    assert cache.take(other, 510) is None
    cache.release(first)
    assert cache.take(other, 510) is not None


def test_what_is_idle_and_foreign_leaves_the_cells_and_comes_back() -> None:
    cache, cells = new()
    _, first = serve(cache, cells, tokens(range(IDLE_CELLS + 100)))
    cache.release(first)
    _, second = serve(cache, cells, tokens(range(5000, 5050)))
    assert cache.held == [second]
    assert len(cache.parked) == 1
    cache.release(second)
    known, _ = serve(cache, cells, tokens(range(IDLE_CELLS + 100), range(9, 19)))
    assert known == IDLE_CELLS + 100


def test_what_is_a_little_in_the_way_leaves_when_nobody_comes_back_for_it() -> None:
    cache, cells = new()
    _, first = serve(cache, cells, tokens(range(600), range(700, 750)))
    _, second = serve(cache, cells, tokens(range(600), range(800, 860)))
    cache.release(first)
    cache.release(second)
    _, third = serve(cache, cells, tokens(range(600), range(5000, 5050)))
    assert cache.held == [first, second, third]
    for _ in range(2 * PATIENCE):
        cache.tick()
    assert cache.held == [second, third]


def test_parked_states_are_forgotten_oldest_first_when_their_memory_is_short() -> None:
    cache, cells = new(park_bytes=4 * 1250)
    prompts = [tokens(range(k, k + 600)) for k in (0, 1000, 2000, 3000)]
    for prompt in prompts:
        cache.release(serve(cache, cells, prompt)[1])
    assert [cache.known(prompt) for prompt in prompts] == [0, 599, 599, 599]


def test_a_branch_that_adds_little_is_not_parked() -> None:
    cache, cells = new()
    branches = [serve(cache, cells, tokens(range(500), range(k, k + 30)))[1] for k in (1000, 2000, 3000)]
    for branch in branches:
        cache.release(branch)
    cache.release(serve(cache, cells, tokens(range(7000, 7500)))[1])
    assert len(cache.parked) == 1


def test_a_memory_that_cannot_be_cut_is_only_gone_on_with_at_its_end() -> None:
    cache, cells = new(recurrent=True)
    _, held = serve(cache, cells, tokens(range(100)))
    cache.release(held)
    assert cache.known(tokens(range(100))) == 0
    longer = tokens(range(100), range(9000, 9010), range(5))
    assert serve(cache, cells, longer)[0] == 110


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 400), st.integers(0, 60), st.booleans()), min_size=1, max_size=25
    ),
    st.booleans(),
)
def test_the_cells_hold_what_the_cache_says_and_are_never_too_many(
    requests: list[tuple[int, int, int, bool]], recurrent: bool
) -> None:
    cache, cells = new(recurrent=recurrent)
    busy: list[Held] = []
    for family, length, tail, stays in requests:
        prompt = tokens(range(family * 10_000, family * 10_000 + length), range(50_000 + tail, 50_000 + 2 * tail))
        known = cache.known(prompt)
        held = cache.take(prompt, len(prompt) + 20)
        if held is None:
            assert busy, "alone, every request has room"
            for each in busy:
                cache.release(each)
            busy = []
            continue
        assert held.n <= max(known, 0)
        rest = [*prompt[held.n :].tolist(), *range(9000, 9020)]
        cells.decode(held.number, rest)
        cache.extend(held, rest)
        busy.append(held)
        if not stays:
            busy.remove(held)
            cache.release(held)
        for each in cache.held:
            assert each.tokens.tolist() == cells.read(each.number)
        assert len({each.number for each in cache.held}) == len(cache.held)


def test_the_common_prefix() -> None:
    assert shared(tokens(range(5)), tokens(range(5))) == 5
    assert shared(tokens(range(5)), tokens(range(3))) == 3
    assert shared(tokens(range(0)), tokens(range(3))) == 0
    assert shared(tokens(range(1, 3)), tokens(range(3))) == 0
    assert shared(tokens(range(3), range(9, 12)), tokens(range(8))) == 3


# -- on disk ----------------------------------------------------------------------------------------------------------


def state(n: int) -> State:
    return np.arange(n, dtype=np.uint8)


def test_states_outlive_the_process_and_replace_what_they_continue(tmp_path: Path) -> None:
    saved = SavedStates(tmp_path / "states", "abc", 1 << 20)
    saved.save(tokens(range(100)), state(200))
    saved.save(tokens(range(150)), state(250))
    saved.save(tokens(range(500, 600)), state(10))
    later = SavedStates(tmp_path / "states", "abc", 1 << 20)
    assert sorted(entry.n for entry in later.entries()) == [100, 150]
    longest = max(later.entries(), key=lambda entry: entry.n)
    assert longest.tokens.tolist() == list(range(150))
    assert np.array_equal(later.load(longest), state(250))
    assert SavedStates(tmp_path / "states", "other", 1 << 20).entries() == ()


@pytest.mark.parametrize("damage", ["short", "flipped", "gone", "header", "other"])
def test_a_damaged_state_is_no_state(tmp_path: Path, damage: str) -> None:
    saved = SavedStates(tmp_path, "abc", 1 << 20)
    saved.save(tokens(range(100)), state(200))
    (path,) = tmp_path.glob("*.kv")
    raw = path.read_bytes()
    if damage in ("header", "other"):
        path.write_bytes(raw[:10] if damage == "header" else b"GGUF" + raw[4:])
        assert SavedStates(tmp_path, "abc", 1 << 20).entries() == ()
        return
    (entry,) = saved.entries()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(raw[:-5] if damage == "short" else raw[:-1] + bytes([raw[-1] ^ 1]))
    assert saved.load(entry) is None
    assert saved.entries() == ()


def test_the_folder_is_kept_within_its_budget(tmp_path: Path) -> None:
    saved = SavedStates(tmp_path, "abc", 2500)
    for k in range(5):
        saved.save(tokens(range(k * 1000, k * 1000 + 50)), state(800))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2500
    assert [int(entry.tokens[0]) for entry in saved.entries()] == [3000, 4000]
    saved.save(tokens(range(9000, 9050)), state(3000))
    assert len(list(tmp_path.iterdir())) == 2


def test_what_is_known_already_is_not_saved_again(tmp_path: Path) -> None:
    cells = CountedCells()
    saved = SavedStates(tmp_path, "abc", 1 << 20)
    cache = PrefixCache(cells, n_seq=4, park_bytes=1 << 20, disk=saved)
    cache.release(serve(cache, cells, tokens(range(200)))[1])
    for known, told in cache.worth_saving():
        saved.save(known, told)
    assert [entry.n for entry in saved.entries()] == [210]
    assert list(cache.worth_saving()) == []
    later = PrefixCache(CountedCells(), n_seq=4, park_bytes=1 << 20, disk=SavedStates(tmp_path, "abc", 1 << 20))
    assert later.known(tokens(range(150))) == 149
    assert later.known(tokens(range(WORTH_KEEPING - 1), range(700, 799))) == 0, "less is read anew sooner than loaded"


def test_the_name_of_what_states_are_made_with_changes_with_each_part(tmp_path: Path) -> None:
    model = tmp_path / "m.gguf"
    names = set()
    for content in (b"a" * 3000, b"a" * 2999 + b"b", b"a" * 3001):
        model.write_bytes(content)
        names.add(fingerprint("v1", 4096, files=[model]))
    names |= {fingerprint("v2", 4096, files=[model]), fingerprint("v1", 8192, files=[model])}
    assert len(names) == 5


def test_a_parked_sequence_may_be_the_one_that_has_to_make_room(tmp_path: Path) -> None:
    """What comes back makes others leave, and those push it out of the memory it comes from."""
    for disk in (None, SavedStates(tmp_path, "abc", 3000)):
        cells = CountedCells()
        cache = PrefixCache(cells, n_seq=3, park_bytes=4 * 620, disk=disk)
        prompts = [tokens(range(k, k + 600)) for k in (0, 1000, 2000)]
        for n in range(9):
            cache.release(serve(cache, cells, prompts[n % 3])[1])
            for held in cache.held:
                assert held.tokens.tolist() == cells.read(held.number)


def test_two_sessions_that_do_not_fit_together_are_both_known() -> None:
    cache, cells = new()
    head = range(100)
    sessions = [tokens(head, range(k, k + 500)) for k in (1000, 2000)]
    known = []
    for n in range(6):
        n_known, held = serve(cache, cells, sessions[n % 2])
        cache.release(held)
        known.append(n_known)
    assert known[2:] == [599] * 4


def test_what_is_in_the_cells_is_preferred_to_a_little_more_elsewhere(tmp_path: Path) -> None:
    saved = SavedStates(tmp_path, "abc", 1 << 20)
    long = tokens(range(101), range(5000, 5400))
    saved.save(long, long.view(np.uint8))
    cells = CountedCells()
    cache = PrefixCache(cells, n_seq=4, park_bytes=1 << 20, disk=saved)
    _, held = serve(cache, cells, tokens(range(100)), writes=0)
    cache.release(held)
    assert serve(cache, cells, tokens(range(101), range(700, 720)))[1] is held
    assert cache.known(long) == 500


def test_of_what_one_process_leaves_the_last_used_stays_longest(tmp_path: Path) -> None:
    saved = SavedStates(tmp_path, "abc", 2500)
    for age, k in enumerate((3000, 2000, 1000)):
        saved.save(tokens(range(k, k + 50)), state(800), age)
    assert sorted(int(entry.tokens[0]) for entry in saved.entries()) == [2000, 3000]


def test_trouble_on_the_disk_costs_the_state_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved = SavedStates(tmp_path, "abc", 2500)
    saved.save(tokens(range(50)), state(800))
    (entry,) = saved.entries()
    other = SavedStates(tmp_path, "abc", 2500)
    other.save(tokens(range(100)), state(800))
    assert saved.load(entry) is None, "another program has replaced it"

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    saved.save(tokens(range(7000, 7050)), state(800))
    assert not list(tmp_path.glob("*.part"))
    monkeypatch.undo()
    gone = tmp_path / "gone.kv"
    gone.symlink_to(tmp_path / "nothing")
    saved.save(tokens(range(8000, 8050)), state(800))
    assert [int(entry.tokens[0]) for entry in saved.entries()] == [8000]
