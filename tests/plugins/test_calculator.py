"""The calculator: what people type has the right answer, and nothing typed can hurt or hang."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.calculator.expression import worked_out
from rookery_plugins.calculator.tools import Calculator
from tests.plugins.hostile_sums import HOSTILE
from tests.plugins.ordinary_sums import ARITHMETIC, WITH_UNITS

NO_RESULT = [
    ("", "at least 1 character"),
    ("=", "empty"),
    ("2^-10^9", "too close to zero"),
    ("(3!)!!!", "use smaller"),
    ("exp(-10^9)", "too close to zero"),
    ("1.5^(10^3000)", "use smaller"),
    ("1.5^(10^3000+0.5)", "use smaller"),
    ("1e3999*1e3999", "use smaller"),
    ("0.5^99999", "too close to zero"),
    ("e^9000 % 7", "digits of that number are known"),
    ("floor(e^9000)", "digits of that number are known"),
    ("1" * 1_001, "at most 1000 characters"),
    ("((1)", r"\) is missing before the end"),
    ("max(1", r"\) is missing before the end"),
    ("(1))", r"a \) without its \("),
    ("2 +", "missing at the end"),
    ("2 * / 3", "missing before /"),
    ("%5", "missing before %"),
    ("2 3", "operator is missing before 3"),
    ("2(3)", r"operator is missing before \("),
    ("2pi", "operator is missing before pi"),
    ("1,23", "comma"),
    ("1,234,56", "comma"),
    ("0,123", "comma"),
    ("sqrt(1,234)", "sqrt takes 1, not 2"),
    ("sqrt()", "a number is missing"),
    ("sqrt 2", "parentheses"),
    ("0x10", "not a decimal number"),
    ("1/0", "division by zero"),
    ("5 % 0", "division by zero"),
    ("5 // 0", "division by zero"),
    ("0^-1", "division by zero"),
    ("(pi-pi)/(pi-pi)", "division by zero"),
    ("sqrt(-1)", "no real square root"),
    ("(-8)^(1/3)", "no real power"),
    ("ln(0)", "logarithm"),
    ("log(5, 1)", "logarithm"),
    ("tan(pi/2)", "not defined"),
    ("asin(2)", "from -1 to 1"),
    ("sin(10^30)", r"from -1e\+09 to 1e\+09"),
    ("atan(10^400)", "atan takes numbers"),
    ("factorial(-1)", "not defined below 0"),
    ("factorial(2.5)", "whole numbers, not 2.5"),
    ("gcd(1.5, 2)", "whole numbers, not 1.5"),
    ("round(1, 5000)", "places"),
    ("y = 5", "not arithmetic"),
    ("foo(1)", "foo is not known here"),
    ("inf", "not known here"),
    ("'%1000000000d'%1", "not arithmetic"),
    ('"a"*10**10', "not arithmetic"),
    ("lambda: 1", "not arithmetic"),
    ("1 < 2", "not arithmetic"),
    ("2 & 3", "not arithmetic"),
    ("comb(1,234)(2)", "operator is missing"),
    ("comb(-1, 2)", "neither is below 0"),
    ("comb(5)", "comb takes 2, not 1"),
    ("perm(2.5, 1)", "whole numbers, not 2.5"),
    ("$5 + 3", "money is not converted"),
    ("5 usd in eur", "money is not converted"),
    ("5 kg + 3 m", r"m \(length\) and kg \(mass\) cannot be added; they measure different things"),
    ("5 kg + 3", "without a unit and kg cannot be added"),
    ("5 + 3 kg", "without a unit"),
    ("max(5 kg, 3)", "cannot be compared"),
    ("5 km in kg", r"km \(length\) and kg \(mass\) cannot be converted"),
    ("5 mph in m/s^2", r"mph \(speed\) and m/s\^2 \(acceleration\)"),
    ("60 rpm in Hz", r"rotation.*frequency"),
    ("10 in cm", "10 has no unit"),
    ("5 km in", "a unit is missing after in"),
    ("5 km to 3", "a unit is missing after to"),
    ("5 kilomters in m", "did you mean kilometer"),
    ("5 galon in l", "did you mean gallon"),
    ("5 foo", "foo, which is no unit that is known here"),
    ("30 dB in W", "logarithmic"),
    ("20 °C + 5 °C", "20 °C is a point on a scale"),
    ("2 * 20 °C", "20 °C is a point on a scale"),
    ("ln(5 km)", "ln needs a number without a unit, not 5 km"),
    ("5 km!", "factorial needs a number without a unit"),
    ("5^(2 m)", "an exponent needs a number without a unit"),
    ("10 km % 3 km", "% needs a number without a unit"),
    ("5 m^2^2", "the power of a unit is a plain number"),
    ("5 m^(1+1)", "the power of a unit is a plain number"),
    ("3 km 200", "operator is missing before 200"),
    ("3 km 5 kg", "operator is missing before 5"),
    ("5 m/(s", r"\) is missing before the end"),
    ("6'2\"", "not arithmetic"),
]

READ_AS = [
    ("1 gallon in l", "3.785411784 l (read as the US gallon; the imperial one is UK_gallon)"),
    ("1/2 cup in ml", "118.29411825 ml (read as the US cup; the imperial one is UK_cup)"),
    ("30 mpg in l/100km", "7.840486111 l/100 km (read as the US gallon; the imperial one is UK_gallon)"),
    ("8 l/100km in mpg", "29.40182292 mpg (read as the US gallon; the imperial one is UK_gallon)"),
    ("1 ton in kg", "907.18474 kg (read as a ton of 2000 lb; there are metric_ton and long_ton too)"),
    ("1 year in days", "365.25 days (read as a year of 365.25 days)"),
]

SPELT = [
    ("5 Miles in KM", "8.04672 KM"),
    ("5 kgs in LBS", "11.02311311 LBS"),
    ("5 kilometres in metres", "5000 metres"),
    ("3 m² in m2", "3 m^2"),
    ("10 m·s⁻¹ in km/h", "36 km/h"),
    ("10 meters per second in kmh", "36 kmh"),
    ("3 meters per second squared in m/s^2", "3 m/s^2"),
    ("3 cubic meters in m^3", "3 m^3"),
    ("20 ℃ in ℉", "68 °F"),
    ("20 degrees C to degrees F", "68 °F"),
    ("20degC to degF", "68 °F"),
    ("5 km → m", "5000 m"),
    ("5 km -> m", "5000 m"),
    ("5 km in m in cm", "500000 cm"),
    ("(5 km in m) / 2", "2500 m"),
    ("5 J/(kg K) in J/(kg*°C)", "5 J/(kg*°C)"),
    ("5 KB in bytes", "5000 bytes"),
    ("500 Calories in kcal", "500 kcal"),
    ("5 ppm", "0.000005"),
    ("mile in km", "1.609344 km"),
    ("5 in^2 in cm^2", "32.258 cm^2"),
]


@pytest.fixture(scope="module")
def tools() -> Calculator:
    """The tools, with one process for all tests here."""
    return Calculator()


async def worked(tools: Calculator, expression: str) -> tuple[ToolStatus, str]:
    finished = await run_tool(tools.calculator, {"expression": expression})
    return finished.status, finished.output


@pytest.mark.parametrize(("expression", "answer"), ARITHMETIC + WITH_UNITS)
async def test_what_people_type_has_the_right_answer(tools: Calculator, expression: str, answer: str) -> None:
    assert await worked(tools, expression) == (ToolStatus.OK, answer)


def test_there_are_as_many_as_were_promised() -> None:
    assert len({expression for expression, _ in ARITHMETIC + WITH_UNITS}) >= 200
    assert len({expression for expression, _ in HOSTILE}) >= 60


@pytest.mark.parametrize(("expression", "says"), HOSTILE, ids=[text[:20] for text, _ in HOSTILE])
async def test_what_is_meant_to_hurt_is_refused_and_says_why(tools: Calculator, expression: str, says: str) -> None:
    status, output = await worked(tools, expression)
    assert status in (ToolStatus.FAILED, ToolStatus.INVALID)
    assert "Error" not in output
    assert re.search(says, output), output
    assert len(output) < 500


@pytest.mark.parametrize(("expression", "says"), NO_RESULT, ids=[text[:20] for text, _ in NO_RESULT])
async def test_what_has_no_answer_fails_and_says_why(tools: Calculator, expression: str, says: str) -> None:
    status, output = await worked(tools, expression)
    assert status in (ToolStatus.FAILED, ToolStatus.INVALID)
    assert "Error" not in output
    assert re.search(says, output), output


@pytest.mark.parametrize(("expression", "answer"), READ_AS)
async def test_a_unit_that_could_be_another_says_how_it_was_read(
    tools: Calculator, expression: str, answer: str
) -> None:
    assert await worked(tools, expression) == (ToolStatus.OK, answer)


@pytest.mark.parametrize(("expression", "answer"), SPELT)
async def test_a_unit_is_known_however_people_spell_it(tools: Calculator, expression: str, answer: str) -> None:
    assert await worked(tools, expression) == (ToolStatus.OK, answer)


def combined(parts: tuple[Any, str, Any]) -> tuple[str, Fraction | None]:
    (left, a), operator, (right, b) = parts
    text = f"({left} {operator} {right})"
    if a is None or b is None or (operator == "/" and b == 0):
        return text, None
    return text, {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else a}[operator]


SUMS = st.recursive(
    st.decimals(-1000, 1000, places=2).map(lambda number: (f"({number})", Fraction(number))),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(combined),
    max_leaves=12,
)


@settings(deadline=None)
@given(SUMS)
def test_any_sum_is_what_pythons_fractions_say_it_is(made: tuple[str, Fraction | None]) -> None:
    text, value = made
    if value is None:
        return
    told = worked_out(text)
    assert told == str(value) if value.denominator == 1 else abs(Fraction(told) - value) <= abs(value) / 10**27


async def test_the_calculator_runs_without_asking(tools: Calculator) -> None:
    finished = await run_tool(tools.calculator, {"expression": "1+1"}, allow=False)
    assert finished.output == "2"


async def test_python_integers_of_any_length_never_reach_the_model(tools: Calculator) -> None:
    finished = await run_tool(tools.calculator, {"expression": "10^3999"})
    assert len(finished.output) < 200


async def test_the_worked_examples_are_true(tools: Calculator) -> None:
    for tool in (tools.calculator, tools.convert_units):
        for example in tool.examples:
            finished = await run_tool(tool, dict(example.arguments))
            assert finished.output == example.result


CONVERTED = [
    (5, "miles", "km", "5 miles = 8.04672 km"),
    (0.1, "kg", "g", "0.1 kg = 100 g"),
    (20, "C", "F", "20 °C = 68 °F"),
    (-40, "degrees Fahrenheit", "celsius", "-40 °F = -40 celsius"),
    (98.6, "°F", "°C", "98.6 °F = 37 °C"),
    (0, "K", "°C", "0 K = -273.15 °C"),
    (1, "in", "cm", "1 in = 2.54 cm"),
    (2.54, "cm", "in", "2.54 cm = 1 in"),
    (90, "km/h", "m/s", "90 km/h = 25 m/s"),
    (30, "mpg", "l/100 km", "30 mpg = 7.840486111 l/100 km (read as the US gallon; the imperial one is UK_gallon)"),
    (2, "gallons", "pints", "2 gallons = 16 pints (read as the US gallon; the imperial one is UK_gallon; the US pint; "
     "the imperial one is UK_pint)"),
    (1e300, "km", "m", "1e+300 km = 1e+303 m"),
]  # fmt: skip


@pytest.mark.parametrize(("amount", "unit", "to", "told"), CONVERTED)
async def test_an_amount_is_converted_from_one_unit_to_another(
    tools: Calculator, amount: float, unit: str, to: str, told: str
) -> None:
    finished = await run_tool(tools.convert_units, {"amount": amount, "unit": unit, "to": to}, allow=False)
    assert (finished.status, finished.output) == (ToolStatus.OK, told)


NOT_CONVERTED = [
    ({"amount": 5, "unit": "km", "to": "kg"}, r"km \(length\) and kg \(mass\) cannot be converted into each other"),
    ({"amount": 5, "unit": "usd", "to": "eur"}, "money is not converted"),
    ({"amount": 5, "unit": "€", "to": "$"}, "money is not converted"),
    ({"amount": 5, "unit": "km", "to": "kilometr"}, "did you mean kilomet"),
    ({"amount": 5, "unit": "5 km", "to": "m"}, "5 is no unit; give its name alone"),
    ({"amount": 5, "unit": "km", "to": "m + 3"}, "belongs to no unit"),
    ({"amount": 5, "unit": "km", "to": " "}, "empty"),
    ({"amount": 5, "unit": "", "to": "m"}, "at least 1 character"),
    ({"amount": 5, "unit": "m" * 101, "to": "m"}, "at most 100 characters"),
    ({"amount": "five", "unit": "km", "to": "m"}, "number"),
    ({"amount": float("inf"), "unit": "km", "to": "m"}, "number"),
    ({"unit": "km", "to": "m"}, "amount is missing"),
    ({"amount": 5, "unit": "dB", "to": "W"}, "logarithmic"),
    ({"amount": 5, "unit": "__class__", "to": "m"}, "not arithmetic"),
    ({"amount": 1e308, "unit": "Qm^99", "to": "qm^99"}, "use smaller"),
]


@pytest.mark.parametrize(("arguments", "says"), NOT_CONVERTED)
async def test_what_cannot_be_converted_says_why(tools: Calculator, arguments: dict[str, Any], says: str) -> None:
    finished = await run_tool(tools.convert_units, arguments)
    assert finished.status in (ToolStatus.FAILED, ToolStatus.INVALID)
    assert "Error" not in finished.output
    assert re.search(says, finished.output), finished.output
