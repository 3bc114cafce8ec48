"""The peers `smolagents` (ToolCallingAgent) and `smolagents-code` (CodeAgent), as their documentation sets them up."""

from __future__ import annotations

import json
from typing import Any

from smolagents import CodeAgent, OpenAIModel, Tool, ToolCallingAgent
from smolagents.agents import ActionStep, TaskStep
from smolagents.memory import Timing, ToolCall
from smolagents.monitoring import LogLevel
from smolagents.utils import AgentError
from wire import INVALID, Done, Wire, connect

AGENTS: dict[str, type[ToolCallingAgent] | type[CodeAgent]] = {"tools": ToolCallingAgent, "code": CodeAgent}
FINAL = "final_answer"


class Wrapped(Tool):  # type: ignore[misc]
    """A tool that the driver runs."""

    skip_forward_signature_validation = True
    name = "tool"
    description = ""
    inputs: dict[str, Any] = {}  # noqa: RUF012
    output_type = "string"

    def __init__(self, spec: dict[str, Any], wire: Wire) -> None:
        function = spec["function"]
        self.name, self.description = function["name"], function["description"]
        parameters = function["parameters"]
        required = parameters.get("required", [])
        self.inputs = {name: _input(sub, name in required) for name, sub in parameters.get("properties", {}).items()}
        self._wire = wire
        super().__init__()

    def forward(self, *args: Any, **kwargs: Any) -> str:
        """What came of it. Null for an optional argument, as this framework asks for, is leaving it out."""
        given = {**dict(zip(self.inputs, args, strict=False)), **kwargs}
        optional = {name for name, sub in self.inputs.items() if sub.get("nullable")}
        given = {name: value for name, value in given.items() if value is not None or name not in optional}
        text, status = self._wire.call(self.name, given)
        if status == INVALID:
            raise ValueError(text)
        return text


def _input(schema: dict[str, Any], required: bool) -> dict[str, Any]:
    made = {"description": "", **schema}
    made.setdefault("type", "any")
    return made if required else {**made, "nullable": True}


def main() -> None:
    """Play the cases that the driver sends."""
    wire = connect("smolagents", "openai")
    config = wire.config
    model = OpenAIModel(
        model_id="local",
        api_base=config["base_url"],
        api_key="none",
        flatten_messages_as_text=True,  # the server takes no list of parts
        client_kwargs={"timeout": 3600, "max_retries": 0},
        temperature=0.0,
        max_tokens=config["max_tokens"],
    )
    code = config["agent"] == "code"
    base: Any = AGENTS[config["agent"]]

    class Going(base):  # type: ignore[misc]
        """An agent whose current task has some steps already."""

        given: tuple[ActionStep, ...] = ()

        def _run_stream(self, *args: Any, **kwargs: Any) -> Any:
            self.memory.steps.extend(self.given)
            yield from super()._run_stream(*args, **kwargs)

    def play(case: dict[str, Any], wire: Wire) -> Done:
        agent = Going(
            tools=[Wrapped(spec, wire) for spec in case["tools"]],
            model=model,
            instructions=config["instructions"],
            max_steps=config["max_steps"],
            verbosity_level=LogLevel.OFF,
        )
        earlier, asked, agent.given = _memory(case["messages"], code)
        agent.memory.steps.extend(earlier)
        known = len(earlier)
        try:
            result = agent.run(asked, reset=False, return_full_result=True)
        except AgentError as exc:
            if "422" in str(exc) or "Connection error" in str(exc):
                raise  # of the server, which is not the peer's
            return Done("failed", reason=str(exc)[:500])
        finally:
            wire.transcript.extend(_told(step) for step in agent.memory.steps[known:])
        if result.state != "success":
            return Done("limit", answer=_said(result.output), reason=f"{config['max_steps']} steps")
        return Done("answered", answer=_said(result.output))

    wire.serve(play)


def _memory(messages: list[dict[str, Any]], code: bool) -> tuple[list[Any], str, tuple[ActionStep, ...]]:
    """The steps of what is over, the task that is to be done, and its steps so far."""
    steps: list[Any] = []
    results = {m["tool_call_id"]: m["content"] for m in messages if m["role"] == "tool"}
    last = max(n for n, message in enumerate(messages) if message["role"] == "user")
    for message in messages:
        match message:
            case {"role": "user", "content": text}:
                steps.append(TaskStep(task=text))
            case {"role": "assistant", "tool_calls": calls}:
                function = calls[0]["function"]
                arguments = json.loads(function["arguments"])
                steps.append(_step(function["name"], arguments, results[calls[0]["id"]], len(steps), code))
            case {"role": "assistant", "content": text}:
                steps.append(_step(FINAL, {"answer": text}, text, len(steps), code))
    at = sum(message["role"] != "tool" for message in messages[:last])
    return steps[:at], messages[last]["content"], tuple(steps[at + 1 :])


def _step(tool: str, arguments: dict[str, Any], result: str, n: int, code: bool) -> ActionStep:
    step = ActionStep(step_number=n, timing=Timing(0.0, 0.0))
    step.tool_calls = [ToolCall(tool, arguments, f"call_{n}")]
    step.observations = result
    if code:
        written = f"{tool}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
        if tool != FINAL:
            written = f"print({written})"
        step.model_output = f"Thought: I will use {tool}.\n<code>\n{written}\n</code>"
        step.tool_calls = [ToolCall("python_interpreter", written, f"call_{n}")]
        logs, value = (result + "\n", "None") if tool != FINAL else ("", result)
        step.observations = f"Execution logs:\n{logs}Last output from code snippet:\n{value}"
    return step


def _told(step: Any) -> dict[str, Any]:
    names = ("task", "model_output", "tool_calls", "observations", "error")
    return {name: str(value) for name in names if (value := getattr(step, name, None))}


def _said(output: Any) -> str | None:
    return None if output is None else str(output)


if __name__ == "__main__":
    main()
