"""The calculator: what people type has the right answer, and nothing typed can hurt or hang."""

from __future__ import annotations

import re

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.calculator import calculator

ORDINARY = [
    ("17 * 23", "391"),
    ("0.1+0.2", "0.3"),
    ("0.1 + 0.2 - 0.3", "0"),
    ("10/2", "5"),
    ("1/3", "0.3333333333333333333333333333"),
    ("2/3", "0.6666666666666666666666666667"),
    ("1/3*3", "1"),
    ("  2 + 2  ", "4"),
    ("2+2=", "4"),
    ("2 + 2 = ?", "4"),
    ("=2+2", "4"),
    ("-5 + 3", "-2"),
    ("3 - -2", "5"),
    ("--5", "5"),
    ("+7", "7"),
    ("2 + 3 * 4", "14"),
    ("(2 + 3) * 4", "20"),
    ("10 - 4 - 3", "3"),
    ("100 / 10 / 5", "2"),
    (".5 + 5.", "5.5"),
    ("1e3", "1000"),
    ("1.5E-3", "0.0015"),
    ("1e-12 * 2", "2e-12"),
    ("2^10", "1024"),
    ("2**10", "1024"),
    ("-2^2", "-4"),
    ("(-2)^2", "4"),
    ("2^-1", "0.5"),
    ("2^3^2", "512"),
    ("0^0", "1"),
    ("(-1)^1000001", "-1"),
    ("(1/2)^3", "0.125"),
    ("16^0.5", "4"),
    ("27^(1/3)", "3"),
    ("1.05^2", "1.1025"),
    ("1.0001^5000", "1.648680055931175769628200045"),
    ("3 × 4", "12"),
    ("3x4", "12"),
    ("3 x 4", "12"),
    ("12 ÷ 8", "1.5"),
    ("5 − 7", "-2"),
    ("1,234 + 1", "1235"),
    ("1,234,567.89 * 2", "2469135.78"),
    ("max(1,234)", "234"),
    ("max((1,234), 5)", "1234"),
    ("15% of 80", "12"),
    ("1/4 of 80", "20"),
    ("50%", "0.5"),
    ("50% * 3", "1.5"),
    ("5% + 3%", "0.08"),
    ("200 + 10%", "220"),
    ("100 - 20% - 10%", "72"),
    ("10% - 3", "-2.9"),
    ("10 % 3", "1"),
    ("10 % (2 + 1)", "1"),
    ("10 mod 4", "2"),
    ("-7 % 3", "2"),
    ("7 // 2", "3"),
    ("5!", "120"),
    ("factorial(20)", "2432902008176640000"),
    ("2^100", "1267650600228229401496703205376"),
    ("factorial(1000)/factorial(998)", "999000"),
    ("factorial(1000)", "4.023872600770937735437024339e+2567 (rounded, it has 2568 digits)"),
    ("sqrt(16)", "4"),
    ("sqrt(1/4)", "0.5"),
    ("sqrt(2)", "1.414213562373095048801688724"),
    ("sqrt(2) * sqrt(2) - 2", "0"),
    ("SQRT(9)", "3"),
    ("abs(-3.5)", "3.5"),
    ("round(2.5)", "3"),
    ("round(-2.5)", "-3"),
    ("round(2.675, 2)", "2.68"),
    ("round(1234, -2)", "1200"),
    ("min(3, 1, 2)", "1"),
    ("max(1/2, sqrt(2))", "1.414213562373095048801688724"),
    ("floor(-2.5)", "-3"),
    ("ceil(2.1)", "3"),
    ("ln(e)", "1"),
    ("log(e^2)", "2"),
    ("log(8, 2)", "3"),
    ("log10(1000)", "3"),
    ("floor(log2(8))", "3"),
    ("exp(0)", "1"),
    ("exp(1)", "2.718281828459045235360287471"),
    ("pi", "3.141592653589793238462643383"),
    ("2 * π", "6.283185307179586476925286767"),
    ("sin(pi)", "0"),
    ("sin(pi/6)", "0.5"),
    ("cos(pi/2)", "0"),
    ("tan(pi/4)", "1"),
    ("asin(1)", "1.5707963267949"),
    ("acos(1)", "0"),
    ("atan(0)", "0"),
    ("gcd(12, 18)", "6"),
    ("lcm(4, 6, 10)", "60"),
    ("1e-3999 * 1e-3999", "1e-7998"),
]

HOSTILE = [
    ("", "at least 1 character"),
    ("=", "empty"),
    ("9**9**9", "use smaller"),
    ("9**3999999", "use smaller"),
    ("2**10**9", "use smaller"),
    ("2^-10^9", "too close to zero"),
    ("factorial(10**6)", "use smaller"),
    ("(3!)!!!", "use smaller"),
    ("1e999999999", "use smaller"),
    ("1e" + "9" * 900, "use smaller"),
    ("exp(10^3000)", "use smaller"),
    ("exp(-10^9)", "too close to zero"),
    ("1.5^(10^3000)", "use smaller"),
    ("1.5^(10^3000+0.5)", "use smaller"),
    ("1e3999*1e3999", "use smaller"),
    ("0.5^99999", "too close to zero"),
    ("e^9000 % 7", "digits of that number are known"),
    ("floor(e^9000)", "digits of that number are known"),
    ("*".join(["1.1^3000"] * 110), "use smaller"),
    ("lcm(" + ",".join(f"{n}^1200" for n in range(3, 100)) + ")", "use smaller"),
    ("(" * 10_000, "at most 1000 characters"),
    ("(" * 400 + "1" + ")" * 400, "nested"),
    ("2^" * 400 + "2", "nested"),
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
    ("nan", "not known here"),
    ("[x for x in range(10**9)]", "not arithmetic"),
    ("__import__('os').system('id')", "not arithmetic"),
    ("(1).__class__", "not arithmetic"),
    ("'%1000000000d'%1", "not arithmetic"),
    ('"a"*10**10', "not arithmetic"),
    ("lambda: 1", "not arithmetic"),
    ("1 if 2 else 3", "operator is missing before if"),
    ("1 < 2", "not arithmetic"),
    ("2 & 3", "not arithmetic"),
    ("٣ + ٤", "not arithmetic"),
    ("5²", "not arithmetic"),
    ("1\x00", "not arithmetic"),
    ("\ud800", "half a character"),
]


@pytest.mark.parametrize(("expression", "answer"), ORDINARY)
async def test_what_people_type_has_the_right_answer(expression: str, answer: str) -> None:
    finished = await run_tool(calculator, {"expression": expression})
    assert (finished.status, finished.output) == (ToolStatus.OK, answer)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("expression", "says"), HOSTILE, ids=[text[:20] for text, _ in HOSTILE])
async def test_what_has_no_answer_fails_at_once_and_says_why(expression: str, says: str) -> None:
    finished = await run_tool(calculator, {"expression": expression})
    assert finished.status in (ToolStatus.FAILED, ToolStatus.INVALID)
    assert "Error" not in finished.output
    assert re.search(says, finished.output), finished.output


async def test_the_calculator_runs_without_asking() -> None:
    finished = await run_tool(calculator, {"expression": "1+1"}, allow=False)
    assert finished.output == "2"


async def test_python_integers_of_any_length_never_reach_the_model() -> None:
    finished = await run_tool(calculator, {"expression": "10^3999"})
    assert len(finished.output) < 200


async def test_the_worked_examples_are_true() -> None:
    for example in calculator.examples:
        finished = await run_tool(calculator, dict(example.arguments))
        assert finished.output == example.result
