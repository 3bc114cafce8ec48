"""`run_tool` calls a tool the way Rookery does: arguments validated, errors turned into what the model reads."""

from __future__ import annotations

import pytest
from rookery_dice import flip_coin, roll

from rookery_core.testing import run_tool


@pytest.mark.parametrize(
    ("dice", "count", "sides", "bonus"),
    [("2d6+1", 2, 6, 1), ("d20", 1, 20, 0), ("3D8 - 2", 3, 8, -2), ("100d1000", 100, 1_000, 0)],
)
async def test_each_die_is_listed_and_the_total_is_their_sum(dice: str, count: int, sides: int, bonus: int) -> None:
    finished = await run_tool(roll, {"dice": dice})
    listed, _, total = finished.output.partition(" = ")
    numbers = [int(number) for number in listed.replace("- ", "+ -").split(" + ")]
    rolled = numbers[:count]
    assert all(1 <= number <= sides for number in rolled)
    assert numbers[count:] == ([bonus] if bonus else [])
    assert int(total) == sum(rolled) + bonus


@pytest.mark.parametrize("dice", ["", "two dice", "0d6", "101d6", "2d1", "1d1001", "2d6+", "9" * 10_000 + "d6"])
async def test_what_cannot_be_rolled_is_answered_with_how_to_write_it(dice: str) -> None:
    finished = await run_tool(roll, {"dice": dice})
    assert finished.status == "failed"
    assert "like 2d6+1" in finished.output or "roll 1 to 100 dice" in finished.output


async def test_dice_are_rolled_without_asking() -> None:
    finished = await run_tool(roll, {"dice": "1d6"}, allow=False)
    assert finished.status == "ok"


async def test_a_coin_falls_on_one_of_its_sides() -> None:
    assert (await run_tool(flip_coin, {})).output in ("heads", "tails")
