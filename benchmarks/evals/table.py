"""The numbers of docs/evaluation.md: kept results of `rookery eval --json`, as Markdown tables.

python -m benchmarks.evals.table --keep FILE.json --as adapter    keeps the rates of a run in results/
python -m benchmarks.evals.table                                  prints the tables of all that is kept
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
RATES = ("tool", "arguments", "no_call", "asked", "faithful", "solved")


def main() -> None:
    """Keep a run, or print what is kept."""
    parser = argparse.ArgumentParser(
        description=str(__doc__).partition("\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, metavar="FILE.json", help="what `rookery eval --json` wrote")
    parser.add_argument("--as", dest="label", help="what this run is called in the tables")
    given = parser.parse_args()
    if given.keep:
        if not given.label:
            parser.error("--keep wants --as NAME")
        keep(json.loads(given.keep.read_text(encoding="utf-8")), given.label)
    else:
        print("\n".join(tables()))


def keep(run: dict[str, Any], label: str) -> None:
    """Write the rates of a run; of the cases only which were met, so that two runs can be compared case by case."""
    run["cases"] = {case["id"]: case["verdicts"] for case in run["cases"]}
    run["file"], run["adapter"] = Path(run["file"]).name, Path(run["adapter"]).name if run["adapter"] else ""
    run["set"].pop("model.adapter", None)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{run['suite']}-{label}.json"
    file.write_text(json.dumps({"label": label, **run}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def tables() -> Iterator[str]:
    """The lines of one table for each suite."""
    runs = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(RESULTS.glob("*.json"))]
    for suite in dict.fromkeys(run["suite"] for run in runs):
        of_suite = [run for run in runs if run["suite"] == suite]
        rates = [rate for rate in RATES if any(run["counts"].get(rate, [0, 0])[1] for run in of_suite)]
        yield from ("", f"### {suite}", "")
        yield "| run | group | n | " + " | ".join(rates) + " |"
        yield "|---|---|---|" + "---|" * len(rates)
        for run in of_suite:
            for group, found in ({"all": run} | run["groups"]).items():
                cells = (_rate(found, rate) for rate in rates)
                yield f"| {run['label']} | {group} | {found['n']} | " + " | ".join(cells) + " |"


def _rate(found: dict[str, Any], rate: str) -> str:
    """`0.85 [0.71, 0.93]`, with how many cases it is about where these are not all."""
    met, of = found["counts"].get(rate, (0, 0))
    if not of:
        return ""
    low, high = found["intervals"][rate]
    return f"{met / of:.3f} [{low:.2f}, {high:.2f}]" + (f" of {of}" if of != found["n"] else "")


if __name__ == "__main__":
    main()
