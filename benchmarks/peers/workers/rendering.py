"""A conversation with tools as a model's own chat template writes it; where the template knows none, in a system text.

Messages are in the form of the OpenAI interface. Needs llama-cpp-python.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import llama_cpp
from llama_cpp.llama_chat_format import Jinja2ChatFormatter

TEMPLATE = "tokenizer.chat_template"
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LISTED = """You can call these functions, each with its name, what it does, and a JSON Schema of its arguments:
{functions}

To call a function, write nothing but a JSON object with its name and its arguments:
{{"name": "<function name>", "arguments": {{"<argument>": <value>}}}}
Where no function is needed, answer in plain words."""

Message = dict[str, Any]


class Template:
    """One model's."""

    def __init__(self, llama: llama_cpp.Llama) -> None:
        source = llama.metadata.get(TEMPLATE, CHATML)
        self.tagged = "tools" in source and "<tool_call>" in source
        """Whether it lists tools by itself, with calls in `<tool_call>` blocks."""
        self._llama = llama
        self._write = Jinja2ChatFormatter(
            source, eos_token=_text(llama, llama.token_eos()), bos_token=_text(llama, llama.token_bos())
        )

    def tokens(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> list[int]:
        """The prompt for the assistant's next message; tools in the form of the OpenAI interface."""
        plain = [_readable(message) for message in messages]
        if not self.tagged:
            plain = _untagged(plain, tools)
        made = self._write(messages=plain, tools=list(tools) if tools and self.tagged else None)  # type: ignore[arg-type]
        return list(self._llama.tokenize(made.prompt.encode(), add_bos=False, special=True))


def _readable(message: Message) -> Message:
    """With arguments as an object, which templates expect, and without None."""
    made = {key: value for key, value in message.items() if value is not None}
    made.setdefault("content", "")
    if isinstance(made["content"], list):
        made["content"] = "".join(part.get("text", "") for part in made["content"])
    if calls := made.get("tool_calls"):
        functions = [dict(call["function"]) for call in calls]
        for function in functions:
            if isinstance(function["arguments"], str):
                function["arguments"] = json.loads(function["arguments"] or "{}", strict=False)
        made["tool_calls"] = [{"type": "function", "function": function} for function in functions]
    return made


def _untagged(messages: list[Message], tools: Sequence[dict[str, Any]]) -> list[Message]:
    made: list[Message] = []
    for message in messages:
        role, content = message["role"], message["content"]
        calls = [json.dumps(call["function"], ensure_ascii=False) for call in message.get("tool_calls", ())]
        if role == "tool":
            role, content = "user", f"The function's result:\n{content}"
        made.append({"role": role, "content": "\n".join([*([content] if content else []), *calls])})
    if tools:
        functions = "\n".join(json.dumps(tool["function"], ensure_ascii=False) for tool in tools)
        said = LISTED.format(functions=functions)
        if made and made[0]["role"] == "system":
            made[0] = {"role": "system", "content": f"{made[0]['content']}\n\n{said}"}
        else:
            made.insert(0, {"role": "system", "content": said})
    return made


def _text(llama: llama_cpp.Llama, token: int) -> str:
    return llama.detokenize([token], special=True).decode(errors="replace") if token >= 0 else ""
