"""Trains a LoRA adapter for a GGUF model and writes it as a GGUF file."""

from __future__ import annotations

import argparse
import itertools
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

from rookery_training.data import Batch, Group, Stream, read_groups
from rookery_training.lora import export, read, sha256_of
from rookery_training.model import Model
from rookery_training.ops import KERNELS
from rookery_training.options import default_base, parse
from rookery_training.precision import precision

PRINT_EVERY = 20
WINDOW = 16
"""Bundles of groups that are put together from one window of the data."""
FLOOR = 0.1
"""The share of the learning rate that the cosine ends at."""


def steps_of(stream: Stream, budget: int, at_a_time: int) -> Iterator[list[Group]]:
    """Yields the groups of each step: at least as many as are done at a time, of about one size, so that none waits."""
    source = iter(stream)
    while True:
        window = sorted(itertools.islice(source, WINDOW * at_a_time), key=lambda group: group.tokens)
        bundles = [window[n : n + at_a_time] for n in range(0, len(window), at_a_time)]
        stream.random.shuffle(bundles)
        groups: list[Group] = []
        for bundle in bundles:
            size = sum(group.tokens for group in groups)
            if groups and size + sum(group.tokens for group in bundle) > budget:
                yield groups
                groups = []
            groups += bundle
        yield groups


class Trainer:
    """The state of one training run."""

    def __init__(self, options: argparse.Namespace) -> None:
        """Loads the base model and, when asked, the checkpoint."""
        self.options = options
        base = options.base or default_base()
        self.model = Model(
            base,
            rank=options.rank,
            alpha=options.alpha,
            from_layer=options.from_layer,
            seed=options.seed,
            dtype=precision(options.precision, options.device),
            device=options.device,
        )
        self.metadata = {"rookery.base_sha256": sha256_of(base)}
        self.metadata |= dict(item.split("=", 1) for item in options.meta)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters, lr=options.lr, betas=(0.9, 0.98), weight_decay=options.weight_decay
        )
        self.stream = Stream(options.data, options.seed, options.limit)
        self.step = 0
        self.before = 0.0
        """Seconds of training in the runs that this one resumes."""
        if options.init:
            self.begin_from(options.init)
        if options.resume:
            self.load(options.resume)
        self.workers = options.threads if options.device == "cpu" else 1
        self.pool = ThreadPoolExecutor(self.workers, initializer=torch.set_num_threads, initargs=(1,))
        self.started = time.monotonic()
        self.checked = self.evaluated = self.started
        self.stopped = False
        self.evaluation = 0.0
        """Seconds that the last evaluation took."""

    def begin_from(self, path: Path) -> None:
        """Takes the weights of an adapter that was trained before."""
        try:
            adapters, alpha = read(path)
            rank = len(next(iter(adapters.values()))[0])
            if alpha / rank != self.model.alpha / self.model.rank:
                meant = alpha / rank * self.model.rank
                raise ValueError(
                    f"its alpha is {alpha:g} at rank {rank}, so with --rank {self.model.rank} --alpha is {meant:g}"
                )
            for linear in self.model.linears:
                linear.take(adapters)
        except (OSError, ValueError) as exc:
            raise SystemExit(f"{path} cannot be begun from: {exc}") from exc

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self.before + time.monotonic() - self.started

    @property
    def progress(self) -> float:
        """The share of the run that is done."""
        if self.options.steps:
            return float(self.step / self.options.steps)
        return self.elapsed / max(1.0, self.options.minutes * 60 - self.evaluation)

    def rate(self) -> float:
        """Returns the learning rate of the next step."""
        warm = min(1.0, (self.step + 1) / max(1, self.options.warmup))
        cosine = (1 + math.cos(math.pi * min(1.0, self.progress))) / 2
        return float(self.options.lr * warm * (FLOOR + (1 - FLOOR) * cosine))

    def train_step(self, groups: list[Group]) -> float:
        """Does one step and returns the mean loss of its trained tokens."""
        trained = sum(group.trained for group in groups)

        def learn(group: Group) -> float:
            batch = Batch.of(group, self.options.device)
            loss, _ = self.model.loss(batch.tokens, batch.layout, batch.wanted, batch.targets)
            (loss / trained).backward()  # type: ignore[no-untyped-call]
            return loss.item()

        groups = sorted(groups, key=lambda group: group.tokens, reverse=True)
        total = sum(self.pool.map(learn, groups))
        torch.nn.utils.clip_grad_norm_(self.model.parameters, 1.0)
        for settings in self.optimizer.param_groups:
            settings["lr"] = self.rate()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.model.refresh()
        self.step += 1
        return total / trained

    def evaluate(self, groups: list[Group]) -> str:
        """Returns a line with the held-out loss and the shares of right tokens and of right branches."""
        began = time.monotonic()

        @torch.no_grad()
        def judge(group: Group) -> tuple[float, int, int]:
            batch = Batch.of(group, self.options.device)
            loss, hits = self.model.loss(batch.tokens, batch.layout, batch.wanted, batch.targets)
            missed = torch.zeros(len(group.branches), dtype=torch.long, device=hits.device)
            missed.index_add_(0, batch.owners, (~hits).long())
            return loss.item(), int(hits.sum()), int((missed == 0).sum())

        results = list(self.pool.map(judge, groups))
        loss, right, whole = (sum(column) for column in zip(*results, strict=True))
        tokens = sum(group.trained for group in groups)
        branches = sum(len(group.branches) for group in groups)
        self.evaluation = time.monotonic() - began
        self.evaluated = time.monotonic()
        return (
            f"eval step {self.step} loss {loss / tokens:.4f} tokens right {right / tokens:.2%} "
            f"branches right {whole / branches:.2%} of {branches} in {self.evaluation:.0f} s"
        )

    def save(self) -> None:
        """Writes the checkpoint, when one is wanted, and the adapter."""
        if self.options.checkpoint:
            partial = self.options.checkpoint.with_name(self.options.checkpoint.name + ".partial")
            state = {
                "format": 1,
                "step": self.step,
                "elapsed": self.elapsed,
                "rank": self.model.rank,
                "alpha": self.model.alpha,
                "from_layer": self.options.from_layer,
                "base": self.metadata["rookery.base_sha256"],
                "parameters": [parameter.detach().cpu() for parameter in self.model.parameters],
                "optimizer": self.optimizer.state_dict(),
                "stream": self.stream.state(),
            }
            torch.save(state, partial)
            os.replace(partial, self.options.checkpoint)
        architecture = self.model.config.architecture
        export(
            self.options.out,
            self.model.trained,
            architecture=architecture,
            alpha=self.model.alpha,
            metadata=self.metadata,
        )
        self.checked = time.monotonic()

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        if (state["rank"], state["alpha"]) != (self.model.rank, self.model.alpha):
            raise SystemExit(f"the checkpoint has rank {state['rank']} and alpha {state['alpha']}")
        if state.get("from_layer", 0) != self.options.from_layer:
            raise SystemExit(f"the checkpoint trains from layer {state['from_layer']}")
        if state["base"] != self.metadata["rookery.base_sha256"]:
            raise SystemExit("the checkpoint belongs to another base model")
        with torch.no_grad():
            for parameter, saved in zip(self.model.parameters, state["parameters"], strict=True):
                parameter.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.model.refresh()
        self.stream.restore(state["stream"])
        self.stream.random.seed(self.options.seed + state["step"])
        self.step, self.before = state["step"], state["elapsed"]

    def finished(self, longest: float) -> bool:
        """Says whether the run is over, given what the longest step took."""
        if self.stopped:
            return True
        if self.options.steps:
            return bool(self.step >= self.options.steps)
        return bool(self.elapsed + longest + self.evaluation >= self.options.minutes * 60)

    def stop(self, *_: object) -> None:
        """Ends the run after the present step; asked a second time, at once."""
        if self.stopped:
            raise KeyboardInterrupt
        self.stopped = True

    def run(self) -> None:
        """Trains until the end and saves the adapter."""
        options = self.options
        held_out = read_groups(options.eval_data, options.eval_groups, options.limit) if options.eval_data else []
        if held_out:
            say(self.evaluate(held_out))
        recent, since, tokens, trained, longest = [], time.monotonic(), 0, 0, 0.0
        steps = steps_of(self.stream, options.tokens_per_step, self.workers)
        while not self.finished(longest):
            groups = next(steps)
            began = time.monotonic()
            recent.append(self.train_step(groups))
            longest = max(0.9 * longest, time.monotonic() - began)
            tokens += sum(group.tokens for group in groups)
            trained += sum(group.trained for group in groups)
            if self.step % PRINT_EVERY == 0:
                took = time.monotonic() - since
                say(
                    f"step {self.step} loss {sum(recent) / len(recent):.4f} lr {self.rate():.2e} "
                    f"{tokens / took:.0f} tokens/s {trained / took:.0f} trained/s "
                    f"epoch {self.stream.epoch} elapsed {self.elapsed:.0f} s"
                )
                recent, since, tokens, trained = [], time.monotonic(), 0, 0
            now = time.monotonic()
            if held_out and now - self.evaluated > options.eval_every * 60:
                say(self.evaluate(held_out))
            if options.checkpoint and now - self.checked > options.checkpoint_every:
                self.save()
        self.save()
        if held_out and not self.stopped:
            say(self.evaluate(held_out))
        say(f"done: {self.step} steps in {self.elapsed:.0f} s, {options.out}")


def say(line: str) -> None:
    """Prints a line at once."""
    print(line, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line."""
    options = parse(arguments)
    torch.set_num_threads(1)
    if options.compile:
        KERNELS.compile()
    trainer = Trainer(options)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, trainer.stop)
    trainer.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
