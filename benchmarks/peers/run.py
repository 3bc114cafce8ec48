"""Plays the cases of a comparison through one harness after the other, and keeps what came of each case.

python -m benchmarks.peers.run --model PATH --suite decisions --harness plain --out DIR --home DIR
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers import homes, stage
from benchmarks.peers.sample import stratified

from rookery_core.evals.cases import Case, DecisionCase, TaskCase, read, shipped
from rookery_core.evals.outcome import Outcome

WORKERS = Path(__file__).parent / "workers"
KINDS: Mapping[str, type[Case]] = {"decisions": DecisionCase, "tasks": TaskCase}
INSTRUCTIONS = (
    "You are a helpful assistant. Use a tool where one is needed; otherwise answer, or ask for what is missing."
)
"""Every peer is told this, in the place that it has for it."""
LOAD_S = 300.0
LINE_BYTES = 1 << 26


@dataclass(frozen=True, slots=True)
class Peer:
    """Another harness: the environment it lives in, its worker, and how it is set up."""

    home: str
    worker: str
    setup: Mapping[str, str] = field(default_factory=dict)
    chat_format: str = ""
    """The server's chat handler; "": it needs no server."""


PEERS: Mapping[str, Peer] = {
    "plain": Peer("llama", "plain.py", {"reading": "strict"}),
    "plain-lenient": Peer("llama", "plain.py", {"reading": "lenient"}),
    "smolagents": Peer("smolagents", "smol.py", {"agent": "tools"}, "tools"),
    "smolagents-code": Peer("smolagents", "smol.py", {"agent": "code"}, "tools"),
    "pydantic-ai": Peer("pydantic-ai", "pydai.py", {}, "tools"),
    "pydantic-ai-chatml": Peer("pydantic-ai", "pydai.py", {}, "chatml-function-calling"),
}
OURS: Mapping[str, tuple[str, ...]] = {
    "rookery": ("model.adapter=",),
    "rookery-native": ("model.adapter=", "agent.form=native"),
    "rookery-adapter": (),
}
"""Rookery's own rows and their settings: the weights alone, as the peers have them; the same in the model's own form of
a call; and as it comes, with an adapter where there is one for the model."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all harnesses have in common."""

    model: Path
    name: str
    suite: str
    cases: list[Any]
    file: Path
    """The same cases, as a case file."""
    out: Path
    home: Path
    n_ctx: int
    max_tokens: int
    max_steps: int
    threads: int
    case_s: float

    def results(self, harness: str) -> Path:
        return self.out / f"{harness}-{self.suite}-{self.name}.jsonl"


class Gone(Exception):
    """The worker does not answer: it ended, or took longer than a case may."""


def main() -> None:
    """Run the harnesses that are named, in their order."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--model", type=Path, required=True, help="a GGUF file")
    parser.add_argument("--name", help="what the model is called in file names; the file's name unless said")
    parser.add_argument("--suite", choices=KINDS, action="append", help="both unless said")
    parser.add_argument("--harness", choices=(*OURS, *PEERS), action="append", help="all unless said")
    parser.add_argument("--home", type=Path, required=True, help="folder of the environments")
    parser.add_argument("--out", type=Path, required=True, help="folder of the outcomes")
    parser.add_argument("-n", type=int, default=60, help="cases of each suite")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--n-ctx", type=int, default=8192)
    parser.add_argument("--max-tokens", type=int, default=1024, help="of one message")
    parser.add_argument("--max-steps", type=int, default=8, help="messages of the model in one turn")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--case-s", type=float, default=900, help="seconds after which a case is given up")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends too
    given.out.mkdir(parents=True, exist_ok=True)
    for suite in given.suite or KINDS:
        cases, file = _sample(suite, given.n, given.seed, given.out)
        setup = Setup(
            given.model.absolute(), given.name or given.model.stem, suite, cases, file, given.out.absolute(),
            given.home.absolute(), given.n_ctx, given.max_tokens, given.max_steps, given.threads, given.case_s,
        )  # fmt: skip
        for harness in given.harness or (*OURS, *PEERS):
            if harness in OURS:
                _ours(harness, setup)
            else:
                asyncio.run(_theirs(harness, PEERS[harness], setup))


def _sample(suite: str, n: int, seed: int, out: Path) -> tuple[list[Any], Path]:
    """The cases, and a file with them as they were written."""
    source = shipped(suite)
    cases = stratified(read(source, KINDS[suite]), n, seed)
    lines = {json.loads(line)["id"]: line for line in source.read_text(encoding="utf-8").splitlines() if line.strip()}
    file = out / f"sample-{suite}-{seed}-{n}.jsonl"
    file.write_text("".join(lines[case.id] + "\n" for case in cases), encoding="utf-8")
    return cases, file


# -- what is kept ---------------------------------------------------------------------------------------------------


def finished(file: Path) -> dict[str, dict[str, Any]]:
    """The rows of a file by their cases' keys; a line that was cut short is none."""
    rows: dict[str, dict[str, Any]] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        rows[row["key"]] = row
    return rows


def _keep(file: Path, case: Case, outcome: Outcome, **more: Any) -> None:
    row = {"id": case.id, "key": case.key, "outcome": outcome.model_dump(mode="json"), **more}
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


# -- Rookery --------------------------------------------------------------------------------------------------------


def _ours(harness: str, setup: Setup) -> None:
    """`rookery eval` on the same cases, which goes on by itself where it was stopped."""
    target = setup.out / f"{harness}-{setup.suite}-{setup.name}.json"
    settings = [
        f"model.n_ctx={setup.n_ctx}", f"model.max_tokens={setup.max_tokens}", f"model.n_threads={setup.threads}",
        f"model.n_threads_batch={setup.threads}", f"agent.max_steps={setup.max_steps}", *OURS[harness],
    ]  # fmt: skip
    command = [str(Path(sys.executable).with_name("rookery")), "eval", setup.suite, "--cases", str(setup.file)]
    command += ["--model", str(setup.model), "--json", str(target)]
    command += [word for setting in settings for word in ("--set", setting)]
    subprocess.run(command, check=True, env={**os.environ, "ROOKERY_HOME": str(setup.home / "rookery")})
    made = {row["id"]: row for row in json.loads(target.read_text(encoding="utf-8"))["cases"]}
    file = setup.results(harness)
    file.unlink(missing_ok=True)
    for case in setup.cases:
        names = [name for name in Outcome.model_fields if name in made[case.id]]
        _keep(file, case, Outcome.model_validate({name: made[case.id][name] for name in names}))


# -- the peers ------------------------------------------------------------------------------------------------------


async def _theirs(harness: str, peer: Peer, setup: Setup) -> None:
    file = setup.results(harness)
    known = finished(file)
    waiting = [case for case in setup.cases if case.key not in known]
    texts = _texts(harness, setup)
    python = homes.python(setup.home, peer.home)
    while waiting:
        with _server(peer, setup) as base_url:
            worker = await _start(python, peer, setup, base_url)
            try:
                hello = await _line(worker, LOAD_S)
                while waiting:
                    case = waiting.pop(0)
                    outcome, more = await _play(worker, case, setup, texts.get(case.key))
                    if outcome.ended == "crashed":
                        print(f"{harness} {case.id}: the adapter failed\n{outcome.reason}", file=sys.stderr)
                        break  # its server may have ended
                    _keep(file, case, outcome, versions=hello["hello"], **more)
                    call = outcome.call
                    did = f"{call.tool} {json.dumps(call.arguments)}" if call else repr(outcome.answer)
                    print(
                        f"{harness} {case.id}: {outcome.ended} {did[:100]} ({outcome.seconds:.1f} s)", file=sys.stderr
                    )
                    if outcome.lost:
                        break  # what still runs for it is in nobody's way behind another worker and server
            finally:
                if worker.returncode is None:
                    worker.kill()
                await worker.wait()


def _texts(harness: str, setup: Setup) -> dict[str, tuple[str, float]]:
    """What the model wrote for a case, and its seconds, where another reading of the same text is all that is new."""
    if harness != "plain-lenient" or setup.suite != "decisions":
        return {}
    rows = finished(setup.results("plain")).items()
    return {key: (row["transcript"][0], row["outcome"]["seconds"]) for key, row in rows if row["transcript"]}


async def _play(
    worker: asyncio.subprocess.Process, case: Case, setup: Setup, text: tuple[str, float] | None
) -> tuple[Outcome, dict[str, Any]]:
    """One case; the calls are carried out here."""
    assert worker.stdin is not None
    began = time.monotonic()
    decision_s: float | None = None
    async with stage.scene(case, setup.n_ctx) as scene:

        def outcome(done: Mapping[str, Any], *, lost: bool = False) -> Outcome:
            seconds = time.monotonic() - began + (text[1] if text else 0.0)
            return Outcome(
                ended=done["ended"], reason=done["reason"], answer=done["answer"], calls=tuple(scene.calls),
                files=scene.files(), seconds=seconds, decision_s=decision_s or seconds, lost=lost,
            )  # fmt: skip

        try:
            async with asyncio.timeout(setup.case_s):
                _send(worker, {"case": {**scene.told, "text": text[0] if text else None}})
                while True:
                    said = await _line(worker, setup.case_s)
                    if "done" in said:
                        return outcome(said["done"]), {"transcript": said["transcript"]}
                    reply = await scene.call(said["call"]["tool"], said["call"]["arguments"])
                    if decision_s is None and scene.calls[-1].ran:
                        decision_s = time.monotonic() - began + (text[1] if text else 0.0)
                    _send(worker, reply)
        except TimeoutError:
            gone = {"ended": "limit", "reason": f"{setup.case_s:g} seconds", "answer": None}
            return outcome(gone, lost=True), {"transcript": []}


async def _start(python: Path, peer: Peer, setup: Setup, base_url: str) -> asyncio.subprocess.Process:
    config = {
        **peer.setup,
        "model": str(setup.model),
        "n_ctx": setup.n_ctx,
        "threads": setup.threads,
        "max_tokens": setup.max_tokens,
        "max_steps": setup.max_steps,
        "base_url": base_url,
        "instructions": INSTRUCTIONS,
    }
    log = (setup.out / f"{peer.worker}.log").open("ab")
    with log:
        return await asyncio.create_subprocess_exec(
            str(python), str(WORKERS / peer.worker), json.dumps(config),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, limit=LINE_BYTES,
        )  # fmt: skip


def _send(worker: asyncio.subprocess.Process, message: Mapping[str, Any]) -> None:
    assert worker.stdin is not None
    worker.stdin.write(json.dumps(message, ensure_ascii=False).encode() + b"\n")


async def _line(worker: asyncio.subprocess.Process, seconds: float) -> dict[str, Any]:
    assert worker.stdout is not None
    async with asyncio.timeout(seconds):
        line = await worker.stdout.readline()
    if not line:
        raise Gone("a worker ended by itself; its log is beside the outcomes")
    made: dict[str, Any] = json.loads(line)
    return made


@contextmanager
def _server(peer: Peer, setup: Setup) -> Iterator[str]:
    """The address of a server with the model, which is gone after; "" for a peer that needs none."""
    if not peer.chat_format:
        yield ""
        return
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [str(homes.python(setup.home, "llama")), str(WORKERS / "serve.py"), "--model", str(setup.model)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--chat_format", peer.chat_format, "--verbose", "false"]
    command += ["--logits_all", "false"]  # it would keep, and compute, the logits of every token of the prompt
    command += ["--n_ctx", str(setup.n_ctx), "--n_threads", str(setup.threads), "--n_threads_batch", str(setup.threads)]
    environment = {**os.environ, "PEERS_MAX_TOKENS": str(setup.max_tokens)}
    with (setup.out / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    address = f"http://127.0.0.1:{port}/v1"
    try:
        _until(lambda: _answers(f"{address}/models") or process.poll() is not None)
        if process.poll() is not None:
            raise Gone("the server ended by itself; its log is beside the outcomes")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + LOAD_S
    while not ready():
        if time.monotonic() > until:
            raise Gone(f"the server is not ready after {LOAD_S:g} seconds")
        time.sleep(0.3)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except OSError:
        return False


__all__ = ["KINDS", "OURS", "PEERS", "finished", "main"]

if __name__ == "__main__":
    main()
