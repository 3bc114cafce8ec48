"""What came of a comparison: the rates of every harness, and each peer against Rookery, case by case.

python -m benchmarks.peers.report --out DIR --suite decisions --name MODEL
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.peers.paired import compare
from benchmarks.peers.run import KINDS, OURS, PEERS, finished

from rookery_core.evals.cases import DecisionCase, TaskCase, read
from rookery_core.evals.outcome import Outcome
from rookery_core.evals.score import Verdicts, judge_decision, judge_task
from rookery_core.evals.statistics import quantile
from rookery_core.evals.summary import Rate

RATES = ("tool", "arguments", "no_call", "solved")
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """One harness."""

    harness: str
    verdicts: Mapping[str, Verdicts]
    """By the cases' ids."""
    seconds: float | None
    """The median: to the decision, or of the whole turn in `tasks`."""
    ended: Mapping[str, int]
    versions: Mapping[str, str]

    def met(self, rate: str) -> dict[str, bool]:
        return {case: found[rate] for case, found in self.verdicts.items() if rate in found}


def main() -> None:
    """Print the table, and write it with every case's verdicts."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the outcomes")
    parser.add_argument("--suite", choices=KINDS, required=True)
    parser.add_argument("--name", required=True, help="the model, as in the files' names")
    parser.add_argument("--sample", help="the sample's seed and size, as in its file's name", default="1-60")
    parser.add_argument("--against", choices=OURS, default="rookery")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder that the JSON is written to")
    given = parser.parse_args()
    cases = read(given.out / f"sample-{given.suite}-{given.sample}.jsonl", KINDS[given.suite])
    rows = [
        row
        for harness in (*OURS, *PEERS)
        if (row := load(harness, cases, given.out / f"{harness}-{given.suite}-{given.name}.jsonl")) is not None
    ]
    for line in table(rows, given.against):
        print(line)
    given.results.mkdir(exist_ok=True)
    target = given.results / f"{given.suite}-{given.name}.json"
    what = {"suite": given.suite, "model": given.name, "sample": given.sample, "cases": len(cases)}
    text = json.dumps({**what, "harnesses": as_json(rows, given.against)}, ensure_ascii=False, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


def load(harness: str, cases: Sequence[Any], file: Path) -> Row | None:
    """A harness's outcomes, judged as they would be now; None where there are none."""
    rows = finished(file)
    known = {case.id: (case, rows[case.key]) for case in cases if case.key in rows}
    if not known:
        return None
    outcomes = {name: Outcome.model_validate(row["outcome"]) for name, (_, row) in known.items()}
    took = [
        each.seconds if isinstance(known[name][0], TaskCase) else each.decision_s or each.seconds
        for name, each in outcomes.items()
    ]
    return Row(
        harness=harness,
        verdicts={name: judged(known[name][0], each) for name, each in outcomes.items()},
        seconds=quantile([seconds for seconds in took if seconds is not None], 0.5),
        ended=Counter(each.ended for each in outcomes.values()),
        versions=next(iter(known.values()))[1].get("versions", {}),
    )


def judged(case: DecisionCase | TaskCase, outcome: Outcome) -> Verdicts:
    """The project's own verdicts; of a decision also `solved`: the right call with all arguments, or rightly none."""
    if isinstance(case, TaskCase):
        return judge_task(case, outcome)
    found = judge_decision(case, outcome)
    return {**found, "solved": next(found[rate] for rate in ("arguments", "tool", "no_call") if rate in found)}


def table(rows: Sequence[Row], against: str) -> Iterator[str]:
    """The rates for people, then the pairs."""
    shown = [rate for rate in RATES if any(row.met(rate) for row in rows)]
    width = max([len("harness"), *(len(row.harness) for row in rows)])
    yield f"{'harness':<{width}} {'n':>4}  " + "  ".join(f"{rate:<22}" for rate in shown) + "  median s  ended"
    for row in rows:
        cells = "  ".join(f"{_cell(_rate(row, rate)):<22}" for rate in shown)
        seconds = f"{row.seconds:>8.2f}" if row.seconds is not None else f"{'-':>8}"
        ended = ", ".join(f"{name} {n}" for name, n in sorted(row.ended.items()))
        yield f"{row.harness:<{width}} {len(row.verdicts):>4}  {cells}  {seconds}  {ended}"
    ours = next((row for row in rows if row.harness == against), None)
    if ours is None:
        return
    yield ""
    yield f"{against} less the other, on the cases of both: difference, wins-losses, p (McNemar, exact)"
    for row in rows:
        if row is not ours:
            pairs = {rate: compare(ours.met(rate), row.met(rate)) for rate in shown}
            cells = "  ".join(
                f"{rate} {pair.difference:+.3f} {pair.wins}-{pair.losses} p={pair.p:.3g}"
                for rate, pair in pairs.items()
                if pair.difference is not None
            )
            yield f"{row.harness:<{width}}  {cells}"


def as_json(rows: Sequence[Row], against: str) -> dict[str, Any]:
    """All of it by harness."""
    ours = next((row for row in rows if row.harness == against), None)
    made: dict[str, Any] = {}
    for row in rows:
        rates = {rate: _rate(row, rate) for rate in RATES if row.met(rate)}
        made[row.harness] = {
            "n": len(row.verdicts),
            "rates": {
                rate: {"hits": r.hits, "n": r.n, "value": r.value, "interval": r.interval} for rate, r in rates.items()
            },
            "median_s": row.seconds,
            "ended": dict(row.ended),
            "versions": dict(row.versions),
            "cases": row.verdicts,
        }
        if ours is not None and row is not ours:
            pairs = {rate: compare(ours.met(rate), row.met(rate)) for rate in rates}
            made[row.harness][f"{against} against it"] = {
                rate: {**asdict(pair), "difference": pair.difference, "p": pair.p} for rate, pair in pairs.items()
            }
    return made


def _rate(row: Row, rate: str) -> Rate:
    met = row.met(rate).values()
    return Rate(sum(met), len(met))


def _cell(rate: Rate) -> str:
    if rate.value is None or rate.interval is None:
        return "-"
    low, high = rate.interval
    return f"{rate.value:.3f} [{low:.2f}, {high:.2f}] {rate.n}"


if __name__ == "__main__":
    main()
