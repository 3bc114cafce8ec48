"""`rookery models probe`: which form of a call a model does better with, tried out in a minute and remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from rookery_core.compose import Subject, subject
from rookery_core.config import Config
from rookery_core.config_file import load_config
from rookery_core.equipment import built_in
from rookery_core.evals.play import Stage
from rookery_core.evals.probe import probe
from rookery_core.model.hashes import Hashes
from rookery_core.model.probes import Probe, Probes
from rookery_core.paths import Paths
from rookery_core.text import visible
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import prints_go_to, say
from rookery_tui.progress import ProgressLine
from rookery_tui.stopping import Stop, stoppable


def main(
    wanted: str | None,
    paths: Paths,
    console: Console,
    progress: ProgressLine,
    load: Callable[[Config, Paths, str | None], Subject] = subject,
) -> Exit:
    """Try the model of that name or path and keep what came of it; None: the one in use. Raises ModelError.

    `load` makes the model that is tried.
    """
    config = load_config(paths, ["model.saved_mb=0"]).config
    tested = load(config, paths, wanted)
    name = visible(tested.model.name)
    stop = Stop()
    found = asyncio.run(_try(tested, config, stop, console, progress))
    progress.clear()
    if stop.signal:
        return Exit(128 + stop.signal)
    if found is None:
        say(f"{name}: its chat template has no form of its own for calls; Rookery's labels are used", console.stdout)
        return Exit.OK
    hashes = Hashes(paths.hashes)
    Probes(paths.probes).keep(
        hashes.sha256(tested.file, lambda done, total: progress.told("checking", done, total)), found
    )
    progress.clear()
    for form, rate in found.rates.items():
        right = round(rate * found.n)
        say(f"{form:<9} {right:>3} of {found.n} right, {found.seconds[form]:.2f} s each", console.stdout)
    setting = config.agent.form
    used = f"{found.form} from now on" if setting == "auto" else f"{setting}, since agent.form says so"
    if tested.adapter is not None and config.model.adapter == "auto" and setting == "auto":
        used = "labelled, which its adapter was trained on"
    say(f"{name} is used with: {used}", console.stdout)
    return Exit.OK


async def _try(tested: Subject, config: Config, stop: Stop, console: Console, progress: ProgressLine) -> Probe | None:
    """What came of it; None for a model without a form of its own, and where it was stopped."""

    async def measured() -> Probe | None:
        info = await tested.model.open(lambda fraction: progress.counted("loading", round(fraction * 100), 100))
        if not info.native:
            return None
        stage = Stage(config, tested.model, built_in(config), time.monotonic)
        return await probe(stage, lambda done, total: progress.counted("decisions", done, total))

    try:
        with prints_go_to(console.stderr):
            return await stoppable(measured(), stop)
    finally:
        await tested.close()
