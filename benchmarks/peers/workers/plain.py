"""The peer `plain`: the weights with their own chat template, free text, and no harness but a loop."""

from __future__ import annotations

import json
from typing import Any

import llama_cpp
import reading
import rendering
from wire import Done, Wire, connect


def main() -> None:
    """Play the cases that the driver sends."""
    wire = connect("llama-cpp-python")
    config = wire.config
    llama = llama_cpp.Llama(
        config["model"], n_ctx=config["n_ctx"], n_threads=config["threads"], n_threads_batch=config["threads"],
        verbose=False,
    )  # fmt: skip
    template = rendering.Template(llama)
    read = reading.lenient if config["reading"] == "lenient" else reading.strict

    def write(messages: list[dict[str, Any]], tools: list[dict[str, Any]]) -> str:
        prompt = template.tokens(messages, tools)
        made: Any = llama.create_completion(
            prompt, max_tokens=config["max_tokens"], temperature=0.0, repeat_penalty=1.0
        )  # from the longest beginning that it read before
        return str(made["choices"][0]["text"])

    def play(case: dict[str, Any], wire: Wire) -> Done:
        messages = [{"role": "system", "content": config["instructions"]}, *case["messages"]]
        for _ in range(config["max_steps"]):
            if case["text"] is not None:
                text, case["text"] = case["text"], None
            else:
                try:
                    text = write(messages, case["tools"])
                except ValueError as exc:  # more than the window holds
                    return Done("failed", reason=str(exc))
            wire.transcript.append(text)
            calls, rest = read(text, template.tagged)
            if not calls:
                return Done("answered", answer=rest)
            messages.append(_called(calls, rest))
            for call in calls:
                result, _ = wire.call(call.tool, call.arguments)
                if case["suite"] == "decisions":  # it did not fit, and nobody asks again
                    return Done("decided")
                wire.transcript.append(result)
                messages.append({"role": "tool", "tool_call_id": "call", "name": call.tool, "content": result})
        return Done("limit", reason=f"{config['max_steps']} steps")

    wire.serve(play)


def _called(calls: list[reading.Call], rest: str) -> dict[str, Any]:
    functions = [{"name": call.tool, "arguments": json.dumps(call.arguments, ensure_ascii=False)} for call in calls]
    made = [{"id": "call", "type": "function", "function": function} for function in functions]
    return {"role": "assistant", "content": rest, "tool_calls": made}


if __name__ == "__main__":
    main()
