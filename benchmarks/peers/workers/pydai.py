"""The peer `pydantic-ai`: an Agent with function tools, against the local server, as its documentation sets it up."""

from __future__ import annotations

import json
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent, ModelRetry, Tool, UsageLimits, capture_run_messages
from pydantic_ai.exceptions import AgentRunError, UsageLimitExceeded
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings
from wire import INVALID, Done, Wire, connect


def main() -> None:
    """Play the cases that the driver sends."""
    wire = connect("pydantic-ai-slim", "openai")
    config = wire.config

    def play(case: dict[str, Any], wire: Wire) -> Done:
        # a client of its own: each run has an event loop of its own
        client = AsyncOpenAI(base_url=config["base_url"], api_key="none", timeout=3600, max_retries=0)
        agent = Agent(
            OpenAIChatModel("local", provider=OpenAICompatibleProvider("local", openai_client=client)),
            instructions=config["instructions"],
            tools=[_tool(spec, wire) for spec in case["tools"]],
            model_settings=ModelSettings(temperature=0.0, max_tokens=config["max_tokens"]),
        )
        history, asked = _history(case["messages"])
        with capture_run_messages() as messages:
            try:
                result = agent.run_sync(
                    asked, message_history=history, usage_limits=UsageLimits(request_limit=config["max_steps"])
                )
            except UsageLimitExceeded as exc:
                return Done("limit", reason=str(exc))
            except AgentRunError as exc:
                if "422" in str(exc) or "Connection error" in str(exc):
                    raise  # of the server, which is not the peer's
                return Done("failed", reason=f"{type(exc).__name__}: {exc} {exc.__cause__ or ''}"[:500])
            finally:
                wire.transcript.extend(json.loads(ModelMessagesTypeAdapter.dump_json(messages[len(history) :])))
        return Done("answered", answer=result.output)

    wire.serve(play)


def _tool(spec: dict[str, Any], wire: Wire) -> Tool[None]:
    function = spec["function"]

    async def run(**arguments: Any) -> str:
        text, status = wire.call(function["name"], arguments)
        if status == INVALID:
            raise ModelRetry(text)
        return text

    return Tool.from_schema(run, function["name"], function["description"], function["parameters"], sequential=True)


def _history(messages: list[dict[str, Any]]) -> tuple[list[ModelMessage], str | None]:
    """The conversation so far, and what is asked now; None: it goes on after a tool's result."""
    *before, last = messages
    asked = last["content"] if last["role"] == "user" else None
    made: list[ModelMessage] = []
    names: dict[str, str] = {}
    for message in before if asked is not None else messages:
        match message:
            case {"role": "user", "content": text}:
                made.append(ModelRequest(parts=[UserPromptPart(content=text)]))
            case {"role": "assistant", "tool_calls": [call]}:
                names[call["id"]] = call["function"]["name"]
                part = ToolCallPart(call["function"]["name"], call["function"]["arguments"], call["id"])
                made.append(ModelResponse(parts=[part]))
            case {"role": "assistant", "content": text}:
                made.append(ModelResponse(parts=[TextPart(content=text)]))
            case {"role": "tool", "tool_call_id": call_id, "content": text}:
                made.append(ModelRequest(parts=[ToolReturnPart(names[call_id], text, call_id)]))
    return made, asked


if __name__ == "__main__":
    main()
