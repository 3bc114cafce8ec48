"""The text of documents: PDF and Word."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolContext, WorkspacePath, hookimpl, tool
from rookery_plugins.data.apart import Limits, apart

rookery_contract = 1

READ = Limits(25, memory_mb=1_024, advice="; name a page or two")


@tool(
    risk=Risk.READ,
    timeout_s=35,
    examples=[
        Example(
            asked="What does letter.pdf say?",
            arguments={"path": "letter.pdf"},
            result="[page 1 of 1]\nSee you on Friday.",
            answer="letter.pdf says: See you on Friday.",
        )
    ],
    phrases=["what does the PDF say", "sum up the Word document", "read the contract", "the text of page three"],
)
def read_document(ctx: ToolContext, path: WorkspacePath, pages: Annotated[str, Field(max_length=100)] = "") -> str:
    """Reads the text of a PDF or Word (docx) document."""
    name = ctx.workspace.relative(path)
    with ctx.workspace.open(path) as file:
        return apart("document", file, path, name, READ, ctx.cancelled.is_set, pages=pages)


@hookimpl
def rookery_tools() -> list[Tool]:
    return [read_document]
