"""Scenarios in which something is found, got out of what was found, perhaps worked out, and told or kept."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT, NOT_THERE
from rookery_training.pools import POOLS
from rookery_training.values import Value, draw
from rookery_training.workspace_files import Document
from rookery_training.workspace_orders import disturbed, not_asked, order
from rookery_training.workspace_play import Play
from rookery_training.workspace_sought import Sought

NOW = {
    "sum": "Now I add them.",
    "pair": "Now I add the two.",
    "two_sum": "Now I add the two.",
    "all_sum": "Now I add them.",
    "difference": "Now I subtract.",
    "two_difference": "Now I subtract.",
    "left": "Now I subtract them.",
    "average": "Now I work out the average.",
    "percent": "Now I work out the share.",
    "raised": "Now I add the percentage.",
    "times": "Now I multiply.",
    "product": "Now I multiply.",
}
SLIPS = ("{e} EUR", "({e}", "{e} +", "total: {e}", "{e} =x")
IN_HEAD = 0.15
"""How often an answer comes before it is worked out."""
BY_LABEL = ("fact", "value", "percent", "raised", "times")
"""What one entry is enough for."""
GETS = {
    "fact": 0.15, "value": 0.13, "sum": 0.16, "pair": 0.06, "difference": 0.08, "average": 0.07, "percent": 0.05,
    "raised": 0.03, "times": 0.05, "product": 0.05, "left": 0.04, "highest": 0.05, "lowest": 0.03, "count": 0.03,
    "two_higher": 0.04, "all_sum": 0.05, "two_sum": 0.05, "two_difference": 0.05,
}  # fmt: skip
WHERES = {"path": 0.38, "folder": 0.17, "misnamed": 0.12, "about": 0.13, "somewhere": 0.13, "notes": 0.07}
DELIVERS = {"tell": 0.5, "write": 0.22, "write_line": 0.05, "append": 0.11, "remember": 0.12}
MAX_CALLS = 4
TOOLS = {
    "path": {"read_file"},
    "folder": {"list_files", "read_file"},
    "misnamed": {"list_files", "read_file"},
    "about": {"search_files", "read_file"},
    "somewhere": {"search_files", "read_file"},
    "notes": {"recall"},
    "tell": set(),
    "write": {"write_file"},
    "write_line": {"write_file"},
    "append": {"write_file"},
    "remember": {"remember"},
}


def get(play: Play) -> bool:
    """One of them; False where the parts drawn do not go together."""
    rng = play.rng
    kind = rng.choices(list(GETS), list(GETS.values()))[0]
    where = "" if kind.startswith(("two_", "all_")) else rng.choices(list(WHERES), list(WHERES.values()))[0]
    deliver = rng.choices(list(DELIVERS), list(DELIVERS.values()))[0]
    if kind in NOW and not play.can("calculator"):
        return False
    if not play.can(*TOOLS.get(where, ()), *TOOLS[deliver]):
        return False
    if where in ("notes", "somewhere") and kind not in BY_LABEL:
        return False
    if deliver == "append" and where not in ("path", "notes"):
        return False
    if (kind, deliver) in (
        ("count", "remember"),
        ("two_sum", "append"),
        ("two_difference", "append"),
        ("all_sum", "append"),
    ):
        return False
    turn = _Get(play, kind, where, deliver)
    if kind == "all_sum":
        return play.can("search_files") and turn.all_files()
    return turn.two_files() if not where else turn.by_note() if where == "notes" else turn.one_file()


TOO_LONG = 0.25
"""How often more words are searched for than stand anywhere together."""
LONGER = ("the {one} of SOUGHT", "SOUGHT {one}", "{one} for the SOUGHT", "what is the SOUGHT", "SOUGHT in the files")


class _Get(Sought):
    # -- the ways to the text -------------------------------------------------------------------------------------

    def one_file(self) -> bool:
        rng, play = self.rng, self.play
        document = self.document(titled=self.where == "about")
        if document is None:
            return False
        trouble = rng.random()
        injected = (
            trouble < 0.22 and self.kind != "count" and document.extension in files.LISTED and self.where != "somewhere"
        )
        if injected:
            document = disturbed(document, play.phrases, rng)
        empty = 0.22 <= trouble < 0.25 and self.where in ("path", "folder")
        absent = 0.25 <= trouble < 0.33 and self.kind in ("fact", "value") and self.where != "about"
        if empty:
            document = replace(document, text="")
        self.choose(document)
        if absent and not self.absent(document):
            return False
        path = document.name if self.where == "path" and rng.random() < 0.6 else f"{files.folder(rng)}/{document.name}"
        if self.where in ("about", "somewhere") and rng.random() < 0.5:
            path = document.name
        tree = {} if absent and self.where == "somewhere" else {path: document.text}
        self.out(tree, path)
        play.made.say(path=path, folder=path.rpartition("/")[0], word=document.title)
        words = [*self.words, document.title]
        play.begin({**tree, **files.others(rng, [*tree, path], words, rng.randint(1, 3))})
        self._ask()
        text = self._locate(path, document)
        if text is None:
            return False
        if empty:
            return play.answer("reply", "empty", thought=NOT_THERE, says=["empty"])
        if absent:
            missing = "nowhere" if self.where == "somewhere" else "absent"
            return play.answer("reply", missing, thought=NOT_THERE, says=[str(self.scene["sought"].argument)])
        self.seen = text
        return self._finish(injected)

    def two_files(self) -> bool:
        """The same entry in two files."""
        rng, play = self.rng, self.play
        first = files.table(rng, numeric=True, low=2, high=3)
        theme = first.theme
        if theme is None:
            return False
        second = files.document(theme, tuple((a, files.number(theme.values, rng)) for a, _ in first.entries), rng)
        item = rng.randrange(len(first.entries))
        pair = sorted([(float(d.entries[item][1]), d) for d in (first, second)], key=lambda p: -p[0])
        if pair[0][0] == pair[1][0]:
            return False
        if self.kind == "two_difference":
            first, second = pair[0][1], pair[1][1]
        folder = rng.choice(["", "", f"{files.folder(rng)}/"])
        path, path2 = (f"{folder}{d.name}" for d in (first, second))
        if path == path2:
            return False
        self.theme(first)
        play.made.say(path=path, path2=path2, item=first.entries[item][0])
        tree = {path: first.text, path2: second.text}
        self.out(tree, path)
        play.begin({**tree, **files.others(rng, tree, [], 1)})
        self._ask()
        self.seen = play.do("read_file", path=path)
        self.seen += "\n" + play.do("read_file", play.maybe(f"Now the other file, {path2}."), path=path2)
        self.used = [first.entries[item], second.entries[item]]
        a, b = first.entries[item][1], second.entries[item][1]
        self.raw = path if float(a) > float(b) else path2
        self.expression = f"{a} {'-' if self.kind == 'two_difference' else '+'} {b}" if self.kind in NOW else ""
        return self._finish(False)

    def all_files(self) -> bool:
        """Each file in which a search finds the entry."""
        rng, play = self.rng, self.play
        first = files.table(rng, numeric=True, low=1, high=3)
        if first.theme is None:
            return False
        self.theme(first)
        item = first.entries[0][0]
        play.made.say(item=item)
        tree: dict[str, str] = {}
        values: dict[str, str] = {}
        for _ in range(rng.randint(2, 4)):
            entries = tuple((label, files.number(first.theme.values, rng)) for label, _ in first.entries)
            document = files.document(first.theme, entries, rng)
            tree[document.name], values[document.name] = document.text, entries[0][1]
        self.out(tree, "")
        play.begin({**tree, **files.others(rng, tree, [item], 1)})
        self._ask()
        found = play.do("search_files", play.maybe("I don't know which files have it."), text=item).splitlines()
        hits = {line.partition(":")[0]: line for line in found}
        if len(values) < 2 or list(hits) != sorted(values) or any(values[name] not in hits[name] for name in values):
            return False
        self.seen, self.used = "\n".join(found), [(item, values[name]) for name in hits]
        self.expression = " + ".join(values[name] for name in hits)
        return self._finish(False)

    def by_note(self) -> bool:
        """What was once kept as a note."""
        rng, play = self.rng, self.play
        document = self.document(titled=False)
        if document is None:
            return False
        self.choose(document)
        sought = self.scene["key" if self.kind == "fact" else "item"].said
        text = play.fill(f"the {'{key}' if self.kind == 'fact' else '{one} for {item}'} is {self.raw}")
        injected = rng.random() < 0.1
        text = f"{text}. {order(play.phrases, rng)}" if injected else text
        noted = draw("note", rng).said
        shared = set(sought.lower().split()) & set(noted.lower().split())
        ref = rng.randint(1, 30)
        notes = {str(ref): text}
        if not shared:
            notes[str(ref + rng.randint(1, 20))] = noted
        absent = rng.random() < 0.12 and self.kind in ("fact", "value") and not shared
        if absent:
            del notes[str(ref)]
        play.made.say(sought=sought)
        tree: dict[str, str] = {}
        self.out(tree, "notes")
        play.begin({**tree, **files.others(rng, tree, [], 1)}, notes)
        self._ask()
        found = play.do("recall", play.maybe("It should be in the notes."), query=sought)
        if absent:
            return play.answer("reply", "unnoted", thought=NOT_THERE, says=[sought])
        self.seen, self.used = found, [(sought, self.raw)]
        return text in found and self._finish(injected)

    def _ask(self) -> None:
        where = {"misnamed": "path"}.get(self.where, self.where)
        ask = self.play.phrases.goal(self.kind, where, self.deliver)
        self.play.made.ask = re.sub(r"\{(one|many|thing)\}", lambda m: self.scene[m[1]].said, ask)

    def _locate(self, path: str, document: Document) -> str | None:
        """The calls up to the text, and what was seen in the end."""
        play = self.play
        folder, _, name = path.rpartition("/")
        match self.where:
            case "path":
                first = "The numbers are in {path}." if self.kind in NOW else "It should be in {path}."
                return play.do("read_file", play.maybe(play.fill(first), 0.5), path=path)
            case "folder":
                play.do("list_files", play.maybe("I don't know the file's name yet."), folder=folder)
                return play.do("read_file", play.maybe(f"The file is {path}."), path=path)
            case "about":
                title = document.title
                play.do("search_files", play.maybe("I don't know which file it is."), text=title)
                return play.do("read_file", play.maybe(f"{path} has {title}."), path=path)
            case "somewhere":
                sought = self.scene["key" if self.kind == "fact" else "item"].said
                first = play.maybe("I don't know which file it is in.")
                longer = self.rng.random() < TOO_LONG
                if longer:  # as a small model likes to do it, which it is not to learn
                    sought = play.fill(self.rng.choice(LONGER)).replace("SOUGHT", sought)
                found = play.do("search_files", first, learn=not longer, text=sought)
                if longer and f"{path}:" not in found:
                    return None
                if ("is in no file" in found and not longer) or self.raw in found.partition(path)[2]:
                    return found
                return play.do("read_file", play.maybe(f"{path} mentions it."), path=path)
        wrong = self._misnamed(path)
        if wrong in play.made.files:
            return None
        self.scene["path"] = Value(wrong, path)
        said = play.do("read_file", path=wrong)
        if f"did you mean {name}?" not in said:
            beside = wrong.rpartition("/")[0]
            listed = beside if beside == folder else ""
            if listed == "" and folder:
                if not play.can("search_files"):
                    return None
                play.do("search_files", play.maybe(f"There is no {wrong}, so I look for its name."), text=name)
            elif listed:
                play.do("list_files", play.maybe(f"There is no {wrong}, so I look at what there is."), folder=listed)
            else:
                play.do("list_files", play.maybe(f"There is no {wrong}, so I look at what there is."))
        return play.do("read_file", play.maybe(f"It is called {path}."), path=path)

    def _misnamed(self, path: str) -> str:
        """The path as a person has it wrong."""
        folder, _, name = path.rpartition("/")
        stem, dot, extension = name.rpartition(".")
        stem = stem or name
        if dot and self.rng.random() < 0.55:
            return f"{folder}/{stem}" if folder else stem
        if self.rng.random() < 0.5:
            return name
        if dot and self.rng.random() < 0.5:
            other = self.rng.choice([e for e in ("txt", "md", "csv", "json", "doc") if e != extension])
            return f"{folder}/{stem}.{other}" if folder else f"{stem}.{other}"
        return f"{self.rng.choice(POOLS['folder_name'])}/{name}"

    # -- what becomes of it ---------------------------------------------------------------------------------------

    def _finish(self, injected: bool) -> bool:
        play, rng = self.play, self.rng
        copied = not_asked(self.copied()) if injected else self.copied()
        value = self.raw if not self.expression else self._work_out(copied)
        if value is None or len(play.made.steps) + {"tell": 0, "append": 2}.get(self.deliver, 1) > MAX_CALLS:
            return False
        copied = "" if self.expression else copied
        play.made.say(value=value)
        said = play.fill(play.phrases.pick("answer", self.kind))
        if self.deliver == "tell":
            play.made.answer, play.made.thought, play.made.says = said, copied or HAS_RESULT, [value]
            return True
        said = said if said[-1:] in ".!" else f"It is {value}."
        call, deed = self._delivery(value, copied)
        first = ("" if self.deliver == "append" else copied) or play.maybe(f"It is {value}, now I {deed}.", 0.7)
        tool = "remember" if self.deliver == "remember" else "write_file"
        if rng.random() < 0.13:
            play.denied(tool, first, **call)
            return play.refused(deed, said)
        play.do(tool, first, **call)
        return play.answer("reply", "write" if self.deliver == "write_line" else self.deliver, said=said)

    def _work_out(self, copied: str) -> str | None:
        """What the calculator says; None where that is not a number that one would want to read."""
        play = self.play
        first = copied or play.maybe(NOW[self.kind], 0.7)
        if self.rng.random() < 0.07:
            wrong = self.rng.choice(SLIPS).replace("{e}", self.expression)
            said = play.do("calculator", first, learn=False, expression=wrong)
            if said[-1:].isdigit() and " " not in said:
                return None
            first = "The expression was wrong."
        value = play.do("calculator", first, expression=self.expression)
        if not re.fullmatch(r"-?\d+(\.\d{1,4})?", value):
            return None
        if self.deliver == "tell" and self.rng.random() < IN_HEAD:
            play.made.say(value=self._nearly(value))
            play.guessed(play.fill(play.phrases.pick("answer", self.kind)))
        return value

    def _nearly(self, value: str) -> str:
        """A number that one may come to who adds up in the head."""
        at = self.rng.choice([n for n, sign in enumerate(value) if sign.isdigit()])
        return value[:at] + str((int(value[at]) + self.rng.randint(1, 9)) % 10) + value[at + 1 :]

    def _delivery(self, value: str, copied: str) -> tuple[dict[str, Any], str]:
        """The arguments of the call that keeps the value, and what it does in words."""
        play = self.play
        if self.deliver == "remember":
            kept = play.fill(play.phrases.pick("kept", self.kind))
            play.made.say(kept=kept)
            return {"text": kept}, "keep it as a note"
        out = str(self.scene["out"].argument)
        if self.deliver == "append":
            first = copied or play.maybe(f"It is {value}, and I need what is in {out} so far.")
            old = play.do("read_file", first, path=out)
            return {"path": out, "content": f"{old}\n{value}"}, f"add it to {out}"
        content = f"{self.scene['label'].said}: {value}" if self.deliver == "write_line" else value
        return {"path": out, "content": content}, f"write it to {out}"
