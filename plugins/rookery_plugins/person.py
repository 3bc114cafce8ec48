"""A question to whoever sits in front of the screen, with choices where that makes answering easier.

Declared PURE: nothing changes, and the answer is the person's own.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolContext, ToolRetry, hookimpl, tool

rookery_contract = 1

QUESTION_CHARS = 500
CHOICE_CHARS = 100
MAX_CHOICES = 9

Choice = Annotated[str, Field(min_length=1, max_length=CHOICE_CHARS)]


@tool(
    risk=Risk.PURE,
    examples=[
        Example(
            asked="Make a new folder for my trip",
            arguments={"question": "Which trip is it for?", "choices": ["Rome", "Oslo"]},
            result="Oslo",
            answer="I will make the folder for Oslo.",
        )
    ],
    phrases=["ask me which one", "let me choose", "ask me before you go on", "check with me first"],
)
def ask_user(
    ctx: ToolContext,
    question: Annotated[str, Field(max_length=QUESTION_CHARS)],
    choices: Annotated[list[Choice], Field(max_length=MAX_CHOICES)] = [],  # noqa: B006  (read only)
) -> str:
    """Asks the user a question and waits for the answer."""
    asked = question.strip()
    if not asked:
        raise ToolRetry("the question is empty; say what you want to know")
    offered = tuple(dict.fromkeys(choice.strip() for choice in choices))
    if len(offered) == 1 or "" in offered:
        raise ToolRetry("give two or more choices, or none so that any answer can be written")
    return ctx.person.ask(asked, offered) or "(the answer is empty)"


@hookimpl
def rookery_tools() -> list[Tool]:
    return [ask_user]
