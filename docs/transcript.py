"""Write the transcript in docs/plugins.md by running it: a plugin from its first file to its removal.

    python docs/transcript.py

It installs a package into the environment that it runs in, uses the default model, and removes the package in the end.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).with_name("plugins.md")
BEGIN, END = "<!-- transcript -->", "<!-- /transcript -->"
HERE = Path(sys.executable).parent
MODULE = "rookery-word-count/src/rookery_word_count/__init__.py"
STEPS = (
    "rookery plugins new word-count",
    "python -m pytest -q rookery-word-count",
    "pip install -q -e rookery-word-count",
    "rookery plugins list",
    "rookery plugins enable word_count --yes",
    "rookery trust add",
    "rookery run \"How many words are in 'a bird in the hand'?\"",
    f"echo 'raise RuntimeError(\"a mistake of mine\")' >> {MODULE}",
    "rookery run \"How many words are in 'a bird in the hand'?\" --quiet",
    "rookery plugins doctor",
    "rookery plugins remove word_count --yes",
    "rookery plugins list",
)


def main() -> None:
    """Run the steps in an empty folder, and put what they print into the page."""
    with tempfile.TemporaryDirectory() as folder:
        said = [text for step in STEPS for text in (f"$ {step}", _run(step, Path(folder)))]
    text = "\n".join(line.rstrip() for part in said if part for line in part.splitlines())
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n```text\n{text}\n```\n{END}{after}", encoding="utf-8")


def _run(step: str, folder: Path) -> str:
    """What a step prints, without what is of this machine."""
    environment = {**os.environ, "PATH": f"{HERE}:{os.environ['PATH']}", "ROOKERY_HOME": str(folder / "home")}
    done = subprocess.run(
        ["/bin/sh", "-c", step], cwd=folder, env=environment, text=True, check=False,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    text = re.sub(r"\[notice\].*\n?|Looking in links.*\n?", "", done.stdout)
    for found, shown in ((str(folder), "~"), (shlex.quote(sys.executable), "python"), (str(sys.executable), "python")):
        text = text.replace(found, shown)
    return re.sub(r" in \d+\.\d+s", "", text).strip("\n")


if __name__ == "__main__":
    main()
