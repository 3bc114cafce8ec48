"""Asks bfcl-eval's own checker about calls: JSON lines in, JSON lines out. Knows nothing of Rookery.

Run as a script, by the interpreter of the environment that has the package: `python -I bfcl_checker.py PACKAGES`, where
PACKAGES is the folder with `bfcl_eval` in it. The standard library is enough: what the checker wants of the package's
table of models, which needs the libraries of all of them, is one attribute.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
from types import ModuleType, SimpleNamespace
from typing import Any, TextIO

MODELS = "bfcl_eval.constants.model_config"


class _AnyModel(dict[str, SimpleNamespace]):
    """A table in which every model's function names are those of the cases."""

    def __missing__(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(underscore_to_dot=False)


def main(packages: str, questions: TextIO, verdicts: TextIO) -> None:
    """Answer one question after another, until there are no more."""
    sys.path.insert(0, packages)
    models: Any = ModuleType(MODELS)
    models.MODEL_CONFIG_MAPPING = _AnyModel()
    sys.modules[MODELS] = models
    check = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker").ast_checker
    python = importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON
    for line in questions:
        asked = json.loads(line)
        try:
            found = check(asked["functions"], asked["calls"], asked["answers"], python, asked["category"], "")
            verdict = {"valid": found["valid"], "error": str(found.get("error", ""))}
        except Exception as exc:  # it is not made for arguments of every shape
            verdict = {"valid": False, "error": f"{type(exc).__name__}: {exc}"}
        print(json.dumps(verdict), file=verdicts, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends with whoever asks
    out, sys.stdout = sys.stdout, sys.stderr  # what their code prints is no verdict
    main(sys.argv[1], sys.stdin, out)
