"""Rules about tools that there are not, as where a name was mistyped. It knows names, and neither tools nor plugins."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase

from rookery_core.approval.rule_file import Mistake, RuleFile


def about_nothing(files: Iterable[RuleFile], names: Collection[str], later: Collection[str]) -> Iterator[Mistake]:
    """What is to be said of rules whose tool is none of those `names`, full ones, and fits none of them.

    Nothing is said of the tools of plugins and servers `later`, which may come, or are only not used just now.
    """
    for read in files:
        for each in read.listed:
            wanted = each.rule.tool
            plugin = wanted.partition(".")[0]
            if any(fnmatchcase(name, wanted) for name in names) or any(fnmatchcase(name, plugin) for name in later):
                continue
            nearby = {f"{name.partition('.')[0]}.*" for name in names} if "*" in wanted else names
            near = difflib.get_close_matches(wanted, nearby, n=1)
            hint = f"did you mean {near[0]}?" if near else "`rookery tools list` shows them"
            yield Mistake(read.file, each.line, f"the rule is about nothing: no tool is named {wanted}; {hint}", False)
