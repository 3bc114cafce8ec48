"""Puts a trained adapter into the package, so that Rookery uses it by itself with the model that it was made from.

`python -m rookery_training.ship ADAPTER.gguf --base MODEL.gguf --name NAME`
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

ADAPTERS = Path(__file__).resolve().parents[2] / "agent_core" / "rookery_core" / "model" / "adapters"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.ship", description=__doc__)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--base", type=Path, required=True, help="the model file that it was trained on")
    parser.add_argument("--name", required=True, help="what it is called, such as smollm2-135m")
    parser.add_argument("--prompt", choices=["full", "brief"], default="brief", help="the prompt it was trained on")
    options = parser.parse_args()
    index = ADAPTERS / "index.json"
    file = f"{options.name}.gguf"
    shutil.copyfile(options.adapter, ADAPTERS / file)
    with options.base.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    entry = {
        "name": options.name,
        "path": file,
        "base_sha256": sha256,
        "base_bytes": options.base.stat().st_size,
        "prompt": options.prompt,
    }
    others = [made for made in json.loads(index.read_text(encoding="utf-8")) if made["name"] != options.name]
    made = sorted([*others, entry], key=lambda one: str(one["name"]))
    index.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    print(f"{ADAPTERS / file}: {(ADAPTERS / file).stat().st_size:,} bytes, for {options.base.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
