"""Cases with many tools: their own are always among them, and the rest is the same each time."""

from __future__ import annotations

from benchmarks.evals.crowded import crowded


def test_each_case_keeps_its_tools_and_gets_others() -> None:
    tools = [{"name": f"tool_{n}", "description": "Does.", "parameters": {}} for n in range(9)]
    cases = [
        {"id": "a", "group": "g", "tools": tools[:2], "messages": [], "expect": {"tool": "tool_1"}},
        {"id": "b", "group": "other", "tools": tools[2:], "messages": [], "expect": {}},
    ]
    (made,) = crowded(cases, "g", 5)
    assert (made["id"], made["group"], made["expect"]) == ("a-5", "g of 5", {"tool": "tool_1"})
    names = [tool["name"] for tool in made["tools"]]
    assert len(set(names)) == 5
    assert names == sorted(names)
    assert {"tool_0", "tool_1"} <= {*names}
    assert crowded(cases, "g", 5) == [made]
    assert len(crowded(cases, "g", 100)[0]["tools"]) == 9
