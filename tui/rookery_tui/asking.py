"""A person is asked about a call in plain lines: once, for this session, no, or no and why. Silence is no."""

from __future__ import annotations

import asyncio
from typing import TextIO

from rookery_core.approval.policy import Approver, Reply
from rookery_core.events import ApprovalRequested, Decision
from rookery_tui.lines import Lines
from rookery_tui.presenter import approval_text, remembered_text


def asking(lines: Lines, out: TextIO) -> Approver:
    """The approver that writes to `out` and reads the answer from `lines`."""

    async def ask(request: ApprovalRequested) -> Reply:
        await asyncio.sleep(0)  # whoever tells the turn has its events by now, and tells first what led to the question
        print(f"\n{approval_text(request)}", file=out)
        if request.remembers:
            print(f"for this session would allow  {remembered_text(request)}", file=out, flush=True)
        while True:
            answer = await lines.answer(_question(request))
            match (answer or "n").strip().lower():
                case "y" | "yes":
                    return Reply(Decision.ONCE)
                case "s" | "session" if request.remembers:
                    return Reply(Decision.SESSION)
                case "n" | "no" | "":
                    return Reply(Decision.DENY)
                case "f":
                    return Reply(Decision.DENY, (await lines.answer("why not? ") or "").strip())
                case _:
                    print("Please answer with one of these letters.", file=out, flush=True)

    return ask


def _question(request: ApprovalRequested) -> str:
    session = ", s for this session" if request.remembers else ""
    return f"Allow it? y once{session}, n no, f no and say why [n] "
