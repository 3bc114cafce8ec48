"""What a server's tool returned, as text: what is no text is named with its size. Plain data in, as on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rookery_core.text import size_text

MOST = 2_000_000
"""Characters of a result that are taken in; what the model sees of them is cut like every other result."""


def result_text(result: Mapping[str, Any]) -> str:
    """All blocks of a result; its structured content where there is no text, which says the same."""
    blocks = [_block(block) for block in result.get("content", ())]
    if "structuredContent" in result and not _any_text(result.get("content", ())):
        blocks.insert(0, json.dumps(result["structuredContent"], ensure_ascii=False))
    return "\n".join(filter(None, blocks)) or "done"


def _any_text(blocks: Iterable[Mapping[str, Any]]) -> bool:
    return any(block.get("type") == "text" and str(block.get("text", "")).strip() for block in blocks)


def _block(block: Mapping[str, Any]) -> str:
    match block:
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "image" | "audio" as kind, "data": str(data)}:
            return f"[{_about(kind, block)}, {_size(data)}: cannot be shown]"
        case {"type": "resource", "resource": {"uri": str(uri), "text": str(text)}}:
            return f"[resource {uri}]\n{text}"
        case {"type": "resource", "resource": {"uri": str(uri), "blob": str(data)} as resource}:
            return f"[{_about(f'resource {uri}', resource)}, {_size(data)}: cannot be shown]"
        case {"type": "resource_link", "uri": str(uri)}:
            told = filter(None, (block.get("title") or block.get("name"), block.get("description")))
            return f"[link to {uri}: {', '.join(map(str, told))}]"
        case _:
            return f"[{block.get('type', 'something')}: cannot be shown]"


def _about(what: str, block: Mapping[str, Any]) -> str:
    return f"{what} ({block['mimeType']})" if block.get("mimeType") else what


def _size(base64: str) -> str:
    return size_text(max(0, len(base64) * 3 // 4 - base64[-2:].count("=")))
