"""`llama_cpp.server` with a chat handler for tools, which it has none of that the peers could use.

Its generic handler gives tools to the model's template and never reads a call. `chatml-function-calling` tells the
model neither what a tool does nor what came of a call, and refuses `tool_choice="required"`. This one does what the
servers do that the peers' documentation names (vLLM, Ollama, llama-server): the model's own template, calls read from
the text, and under `required` a grammar that allows nothing but a call.
"""

from __future__ import annotations

import json
import os
import typing
from typing import Any

import llama_cpp
import reading
import rendering
from llama_cpp import llama_chat_format, llama_types

FORMAT = "tools"
MAX_TOKENS = int(os.environ.get("PEERS_MAX_TOKENS", "1024"))
LENGTHS = ("minLength", "maxLength")
_templates: dict[int, rendering.Template] = {}


@llama_chat_format.register_chat_completion_handler(FORMAT)
def complete(
    llama: llama_cpp.Llama,
    messages: list[dict[str, Any]],
    tools: list[dict[str, Any]] | None = None,
    tool_choice: Any = None,
    temperature: float = 0.0,
    stop: Any = None,
    stream: bool = False,
    max_tokens: int | None = None,
    **_: Any,
) -> Any:
    """One message of the assistant."""
    template = _templates.setdefault(id(llama), rendering.Template(llama))
    tools = tools or []
    grammar = forced(tools, template.tagged) if tools and tool_choice == "required" else None
    made: Any = llama.create_completion(
        template.tokens(messages, tools if tool_choice != "none" else []),
        max_tokens=min(max_tokens or MAX_TOKENS, MAX_TOKENS),
        temperature=temperature,
        repeat_penalty=1.0,
        stop=[] if grammar else stop or [],
        grammar=grammar,
        stream=stream,
    )
    chat = llama_chat_format._convert_completion_to_chat(made, stream=stream)
    if tools and not stream:
        choice = chat["choices"][0]
        calls, rest = reading.lenient(choice["message"]["content"] or "", template.tagged)
        if calls:
            choice["finish_reason"] = "tool_calls"
            choice["message"]["content"] = rest or None
            choice["message"]["tool_calls"] = [
                {
                    "id": f"call_{n}_{made['id']}",
                    "type": "function",
                    "function": {"name": call.tool, "arguments": json.dumps(call.arguments, ensure_ascii=False)},
                }
                for n, call in enumerate(calls)
            ]
    return chat


def forced(tools: list[dict[str, Any]], tagged: bool) -> llama_cpp.LlamaGrammar:
    """Nothing but a call of one of these."""
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"const": tool["function"]["name"]},
                "arguments": _without_lengths(tool["function"].get("parameters") or {"type": "object"}),
            },
            "required": ["name", "arguments"],
            "additionalProperties": False,
        }
        for tool in tools
    ]
    gbnf = llama_cpp.llama_grammar.json_schema_to_gbnf(json.dumps({"anyOf": calls}))
    if tagged:
        lines = [
            "call ::=" + line[len("root ::=") :] if line.startswith("root ::=") else line for line in gbnf.split("\n")
        ]
        gbnf = "\n".join(['root ::= "<tool_call>\\n" call "\\n</tool_call>"', *lines])
    return llama_cpp.LlamaGrammar.from_string(gbnf, verbose=False)


def _without_lengths(schema: Any) -> Any:
    """A schema without the lengths of texts: llama.cpp takes no grammar that repeats thousands of times."""
    match schema:
        case dict():
            kept = (
                schema.items()
                if schema.get("type") != "string"
                else ((k, v) for k, v in schema.items() if k not in LENGTHS)
            )
            return {key: _without_lengths(value) for key, value in kept}
        case list():
            return [_without_lengths(value) for value in schema]
        case _:
            return schema


def main() -> None:
    """Serve, with the arguments of `python -m llama_cpp.server`."""
    # clients send null where an assistant's message is nothing but calls, which its types do not foresee
    content = typing.NotRequired[typing.Optional[str]]  # noqa: UP045
    llama_types.ChatCompletionRequestAssistantMessage.__annotations__["content"] = content
    from llama_cpp.server.__main__ import main as serve  # reads the types as it is imported

    serve()


if __name__ == "__main__":
    main()
