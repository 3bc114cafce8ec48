"""What a scenario looks for: a file that has it, which entries of it, and what has to be worked out."""

from __future__ import annotations

from rookery_training import workspace_files as files
from rookery_training import workspace_lines
from rookery_training.values import draw
from rookery_training.workspace_files import FACTS, Document
from rookery_training.workspace_play import Play


class Sought:
    """What is to be got, of which file, and where it is to go."""

    def __init__(self, play: Play, kind: str, where: str, deliver: str) -> None:
        self.play, self.kind, self.where, self.deliver = play, kind, where, deliver
        self.rng = play.rng
        self.scene = play.made.scene
        play.made.kind = f"{where} {kind} {deliver}".replace("_", " ").strip()
        self.words: list[str] = []
        """What the other files must not mention."""
        self.raw = self.expression = ""
        """What is read off, or what the calculator is given."""
        self.used: list[tuple[str, str]] = []
        """The entries that it is taken from."""
        self.seen = ""
        """What was read of them."""

    def document(self, *, titled: bool) -> Document | None:
        rng = self.rng
        match self.kind:
            case "fact":
                return files.facts(rng, titled=titled)
            case "product":
                return files.order(rng, titled=titled)
            case "value":
                return files.table(rng, numeric=rng.random() < 0.5, titled=titled)
            case "count":
                return None if titled else files.lines(rng, 2, 7)
            case "sum" | "average" | "left" if not titled and rng.random() < 0.3:
                return files.plain_numbers(rng)
            case "highest" | "lowest":
                return files.table(rng, numeric=True, low=3, high=4, titled=titled)
        return files.table(rng, numeric=True, titled=titled)

    def theme(self, document: Document) -> None:
        theme = document.theme or files.NUMBERS[0]
        self.play.made.say(one=theme.one, many=theme.many, thing=theme.thing)

    def choose(self, document: Document) -> None:
        """Which entries it is about, and what has to be worked out."""
        rng, say = self.rng, self.play.made.say
        self.theme(document)
        labels, values = [a for a, _ in document.entries], [b for _, b in document.entries]
        at = rng.randrange(len(values))
        self.raw, self.expression = values[at], ""
        self.used = [document.entries[at]]
        say(item=labels[at], key=labels[at], number=values[at])
        match self.kind:
            case "fact" | "value" | "count":
                self.raw = str(len(values)) if self.kind == "count" else self.raw
                self.used = [(label, "") for label in labels] if self.kind == "count" else self.used
            case "percent" | "raised":
                percent = f"{rng.choice([5, 10, 15, 20, 25, 30, 40, 75, rng.randint(2, 60)])}%"
                say(percent=percent)
                self.expression = f"{percent} of {self.raw}" if self.kind == "percent" else f"{self.raw} + {percent}"
            case "times":
                n = rng.randint(2, 24)
                say(n=n)
                self.expression = f"{n} * {self.raw}"
            case "pair" | "difference":
                a, b = sorted(rng.sample(range(len(values)), 2), key=lambda n: -float(values[n]))
                say(item=labels[a], other=labels[b])
                self.used = [document.entries[a], document.entries[b]]
                self.expression = f"{values[a]} {'+' if self.kind == 'pair' else '-'} {values[b]}"
            case "sum":
                self.expression = " + ".join(values)
            case "average":
                self.expression = f"({' + '.join(values)}) / {len(values)}"
            case "product":
                self.expression = " * ".join(values)
            case "left":
                budget = int(sum(map(float, values)) * rng.uniform(1.1, 2)) + 1
                budget = budget if budget < 50 else budget // 10 * 10 + 10
                say(budget=budget)
                self.expression = " - ".join([str(budget), *values])
            case "highest" | "lowest":
                at = (max if self.kind == "highest" else min)(range(len(values)), key=lambda n: float(values[n]))
                self.raw, self.used = labels[at], [document.entries[at]]
                say(number=values[at])
        if self.kind in ("sum", "average", "product", "left"):
            self.used = list(document.entries)
        self.words = [self.scene["item"].said]

    def copied(self) -> str:
        """The thought that copies what it is taken from; "" where that is all that was read."""
        found = workspace_lines.lines_with(self.seen, self.used)
        if self.kind == "count":
            return workspace_lines.counted(found) if len(found) == len(self.used) else ""
        one = len(self.seen.splitlines()) == 1 and len(self.used) == 1 and not self.seen.startswith("{")
        return "" if one else workspace_lines.it_says(found)

    def absent(self, document: Document) -> bool:
        """Asks for what is not in it."""
        said = document.text.lower()
        sought = (
            self.rng.choice(list(FACTS))
            if self.kind == "fact"
            else draw((document.theme or files.NUMBERS[0]).items, self.rng).said
        )
        if any(word in said for word in sought.lower().split()):
            return False
        self.play.made.say(item=sought, key=sought, sought=sought)
        self.words = [sought]
        return True

    def out(self, tree: dict[str, str], path: str) -> None:
        """Where the value is to go."""
        rng = self.rng
        if self.deliver not in ("write", "write_line", "append"):
            return
        stem = files.stem("result answer out total summary value output report found", rng)
        out = f"{rng.choice(['', '', '', files.folder(rng) + '/'])}{stem}.{rng.choice(['txt', 'txt', 'md', 'log'])}"
        if self.deliver == "append":
            tree[out] = files.lines(rng, 1, 3).text
        self.play.made.say(
            out=out, label=rng.choice(["Total", "Result", "value", "ANSWER", "Found", "It is", "result"])
        )
