"""Notes that outlive a conversation.

Keeping one is declared WRITE: what is kept is put before the model in later sessions, and a file that it reads may want
just that. Deleting one asks too; finding them does not.
"""

from __future__ import annotations

from rookery_core.plugin import Risk, Tool, ToolContext, ToolRetry, hookimpl, tool

rookery_contract = 1

MAX_CHARS = 2_000
MAX_FOUND = 5


@tool(
    risk=Risk.WRITE,
    scope=lambda arguments: ["keeping any note"],
    phrases=["remember that", "do not let me forget", "keep in mind for next time", "note this down for later"],
)
def remember(ctx: ToolContext, text: str) -> str:
    """Keeps a note for later conversations."""
    note = text.strip()
    if not note:
        raise ToolRetry("the note is empty; give its text")
    if len(note) > MAX_CHARS:
        raise ToolRetry(f"the note has {len(note)} characters and {MAX_CHARS} fit; keep only what matters")
    return f"kept as note {ctx.memory.add(note)}"


@tool(risk=Risk.READ, phrases=["what did I tell you", "what do you know about me", "I asked you to remember it"])
def recall(ctx: ToolContext, query: str = "") -> str:
    """Finds notes that were kept earlier."""
    found = ctx.memory.search(query.strip(), MAX_FOUND)
    if not found:
        return f"no note fits {query!r}; try other words" if query.strip() else "there are no notes"
    return "\n".join(f"note {ref}: {text}" for ref, text in found)


@tool(risk=Risk.WRITE, phrases=["delete the note", "you no longer need to remember that", "forget what I told you"])
def forget(ctx: ToolContext, note: str) -> str:
    """Deletes a kept note by its id."""
    ref = note.strip().removeprefix("note").strip(" #[]:")
    if not ref or not ctx.memory.forget(ref):
        raise ToolRetry(f"there is no note {note!r}; recall shows the notes with their ids")
    return f"note {ref} is deleted"


@hookimpl
def rookery_tools() -> list[Tool]:
    return [remember, recall, forget]
