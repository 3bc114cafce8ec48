"""Which paths no call may touch, whoever asks: the program's own, and those where keys and passwords are kept."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rookery_core.paths import Paths

OWN = "Rookery's own settings, rules and memory are there"
PLUGINS = "the code of Rookery and its plugins is there"
SECRET = "keys or passwords are kept there"

_SECRET_AT_HOME = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker/config.json", ".netrc", ".git-credentials", ".pypirc",
    ".npmrc", ".config/gcloud", ".config/gh", ".config/hub", ".config/op", ".config/rclone",
    ".config/git/credentials", ".password-store", ".local/share/keyrings", ".local/share/kwalletd", ".mozilla",
    ".thunderbird", ".pgpass", ".my.cnf", ".config/google-chrome", ".config/chromium", ".config/BraveSoftware",
    ".vault-token", ".terraform.d", ".cargo/credentials.toml", ".gem/credentials", ".config/sops", ".config/age",
    ".bash_history", ".zsh_history", ".cache/huggingface/token", ".huggingface/token", "Library/Keychains",
    "Library/Application Support/Google/Chrome", "Library/Application Support/Firefox", "AppData/Roaming/Mozilla",
    "AppData/Local/Google/Chrome",
)  # fmt: skip
_SECRET_ANYWHERE = (
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers", "/etc/sudoers.d",
    "/etc/ssl/private", "/root/.ssh", "/etc/krb5.keytab", "/var/lib/sss", "/run/secrets",
)  # fmt: skip
_PROC_SECRET = ("environ", "mem", "root", "cwd", "fd", "map_files")
WORDS_RESOLVED = 2_000
"""Of more words, links are not followed."""
CAREFUL = (
    ".git", ".hg", ".rookery", ".envrc", ".vscode", ".idea", ".githooks", ".husky", ".bashrc", ".bash_profile",
    ".bash_login", ".bash_logout", ".profile", ".zshrc", ".zshenv", ".zprofile", ".zlogin", ".config/autostart",
    ".config/systemd", ".config/fish", ".local/bin", "bin", ".gitconfig", ".config/git", ".inputrc", ".vimrc", ".emacs",
)  # fmt: skip
"""In a workspace: what starts programs later on. Writing there is more than writing a file."""


@dataclass(frozen=True, slots=True)
class Places:
    """What is protected on this machine, as real paths."""

    home: Path = Path("/nonexistent")
    own: tuple[Path, ...] = ()
    """Neither read nor written."""
    code: tuple[Path, ...] = ()
    """Not written."""
    secret: tuple[Path, ...] = tuple(map(Path, _SECRET_ANYWHERE))
    """Neither read nor written."""

    @classmethod
    def of(cls, paths: Paths, home: Path, prefix: Path) -> Places:
        """Those of a person; `prefix` is the environment that the program and its plugins are installed in."""
        real = Path(os.path.realpath(home))
        secret = [*(real / name for name in _SECRET_AT_HOME), *map(Path, _SECRET_ANYWHERE)]
        own = {_real(folder) for folder in (paths.config, paths.data, paths.logs)}
        return cls(real, tuple(sorted(own)), (_real(prefix),), tuple({*secret, *map(_real, secret)}))

    def forbidden(self, path: Path, root: Path, *, writing: bool) -> str:
        """Why a real path may not be touched; "" where it may. `root` is the workspace."""
        if any(_within(path, place) and not _inside(root, place, path) for place in self.own):
            return OWN
        if any(_within(path, place) for place in self.secret) or _of_process(path):
            return SECRET
        if writing and any(_within(path, place) and not _inside(root, place, path) for place in self.code):
            return PLUGINS
        return ""

    def holds(self, folder: Path, root: Path, *, writing: bool) -> str:
        """Why what is below a folder may not be touched as a whole; "" where it may."""
        if any(_within(place, folder) and place != folder and not _within(root, place) for place in self.own):
            return OWN
        if any(_within(place, folder) and place != folder and place.exists() for place in self.secret):
            return SECRET
        if writing and any(
            _within(place, folder) and place != folder and not _within(root, place) for place in self.code
        ):
            return PLUGINS
        return ""

    def meant(self, word: str, root: Path, *, really: bool = True) -> Path | None:
        """The real path that a word means; None where it cannot be a path. Not `really`: links are not followed."""
        if not word or "\0" in word or len(word) > 4_096:
            return None
        word = word.removeprefix("file://")
        if word == "~" or word.startswith("~/"):
            word = str(self.home) + word[1:]
        try:
            return Path(os.path.realpath(root / word) if really else os.path.normpath(root / word))
        except (OSError, ValueError):
            return None

    def named(self, words: Iterable[str], root: Path, *, by_link: bool = False) -> str:
        """Why one of these words names what may not be touched; "" where none does. Many do not take long.

        `by_link`: also where that shows only once links are followed, of not too many words.
        """
        protected = (*self.own, *self.secret)
        first = {place.relative_to(root).parts[0] for place in protected if root in place.parents}
        marks = {place.name for place in protected} | {"proc"}
        several = {*words}
        if not by_link or len(several) > WORDS_RESOLVED:
            marked = (word for word in several if "/" in word and any(map(word.__contains__, marks)))
            several = {*marked, *(several & first)}
        for word in sorted(several):
            path = self.meant(word, root, really=len(several) <= WORDS_RESOLVED)
            if path is not None and (why := self.forbidden(path, root, writing=False)):
                return f"{word[:200]}: {why}"
        return ""


def careful(path: Path, root: Path) -> bool:
    """Whether a file in the workspace is one that other programs start something for."""
    return any(_within(path, root / name) for name in CAREFUL) or ".git" in path.parts


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _within(path: Path, place: Path) -> bool:
    return path.parts[: len(place.parts)] == place.parts  # `parents` compares each of them anew


def _inside(root: Path, place: Path, path: Path) -> bool:
    """Whether the workspace lies below the place, and the path in the workspace."""
    return root != place and _within(root, place) and _within(path, root)


def _of_process(path: Path) -> bool:
    parts = path.parts
    return len(parts) > 3 and parts[1] == "proc" and bool(set(parts[3:]) & set(_PROC_SECRET))
