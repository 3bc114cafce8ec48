"""Which of the tools there are work here: one is left out where something is missing, or its schema has no grammar."""

from __future__ import annotations

from rookery_core.errors import GrammarError
from rookery_core.model.constraint import step_grammar
from rookery_core.tools.loader import Problem
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.running import HERE


def usable_of(registry: Registry) -> tuple[Registry, list[Problem]]:
    """The tools that work here and whose schema makes a grammar; others are left out by name."""
    works: list[OfferedTool] = []
    problems: list[Problem] = []
    for offered in registry:
        known = False
        try:
            missing = offered.tool.available() if offered.tool.available else ""
            known = bool(missing) and offered.built_in
            if offered.place is HERE:  # for others it was looked at when they were described
                step_grammar([(offered.name, offered.tool.schema)])
        except GrammarError as exc:
            missing = str(exc)
        except Exception as exc:
            missing = f"it cannot say whether it works here: {exc!r}"
        if missing:
            # What comes with Rookery and needs something more is there for whoever wants it.
            reason = f"tool {offered.full_name} is left out: {missing}"
            problems.append(Problem(offered.plugin, offered.distribution, reason, failed=not known, quiet=known))
        else:
            works.append(offered)
    return Registry(works, registry.expected), problems
