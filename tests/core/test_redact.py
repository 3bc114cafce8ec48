"""Secrets are not stored: neither those that are known here nor what looks like a key."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.approval.policy import no_answer
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.paths import Paths
from rookery_core.redact import LONGEST_LINE, SHOWN, RedactedStream, Redactor, secrets_of
from rookery_core.testing import ScriptedModel
from tests.core.conftest import act, answer, play

PLANTED = {
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "github": "ghp_" + "a1B2c3D4e5" * 4,
    "github, fine": "github_pat_" + "11ABCDEFG0" * 6,
    "gitlab": "glpat-" + "x9y8z7w6v5u4t3s2r1q0",
    "slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "openai": "sk-proj-" + "abcDEF123456ghiJKL7890",
    "stripe": "sk_live_" + "51Habcdefghijklmnop",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "hugging face": "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123",
    "npm": "npm_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "pypi": "pypi-" + "AgEIcHlwaS5vcmc" * 5,
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nbG9uZwo=\n-----END OPENSSH PRIVATE KEY-----",
}
IN_PLACES = {
    "header": ("Authorization: Bearer {}", "q8Wz-71hTnvX2"),
    "basic": ("Authorization: Basic {}", "dXNlcjpwYXNzd29yZA=="),
    "address": ("postgres://app:{}@db.example:5432/shop", "hunter2,with;signs"),
    ".env": ("DEBUG=1\nDB_PASSWORD={}\nPORT=80", "correct-horse-battery"),
    ".env, quoted": ('export SECRET_KEY="{}"', "correct-horse-battery"),
    ".env, api key": ("MAPS_APIKEY={}", "0a1b2c3d4e5f"),
}
ORDINARY = (
    "the password is asked for at the start",
    "token = tokenizer.encode(text)",
    "def secret(key: str) -> None: pass",
    "https://example.org:8080/a@b?token=1",
    "sk-learn is a library; task-sk_short",
    "the task list: AKIA is a name, hf_ is a prefix",
    "mailto:ann@example.org and git@github.com:ann/boats.git",
    "ssh://git@github.com/ann/boats",
    "a Basic course, a Bearer of news",
)


@pytest.mark.parametrize("kind", PLANTED)
def test_a_key_is_known_by_its_form(kind: str) -> None:
    redact, secret = Redactor(), PLANTED[kind]
    assert redact(f"use {secret}, please") == f"use {SHOWN}, please"
    assert redact(f'x\n{secret}\n{{"key": "{secret}"}}') == f'x\n{SHOWN}\n{{"key": "{SHOWN}"}}'


@pytest.mark.parametrize("kind", IN_PLACES)
def test_a_secret_is_known_by_where_it_stands(kind: str) -> None:
    (place, secret), redact = IN_PLACES[kind], Redactor()
    assert redact(place.format(secret)) == place.format(SHOWN)


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Redactor()(text) == text


@given(st.text(min_size=6).filter(lambda text: len(text.strip()) >= 6), st.text(), st.text())
def test_a_known_secret_is_found_whatever_it_holds(secret: str, before: str, after: str) -> None:
    redacted = Redactor([secret])(before + secret + after)
    assert secret not in redacted or secret in before + SHOWN + after


@given(st.text())
def test_twice_is_once(text: str) -> None:
    redact = Redactor(["correct horse"])
    assert redact(redact(text)) == redact(text)


def test_what_is_secret_here_is_known_by_the_names_of_variables_and_by_where_they_are_sent() -> None:
    environ = {
        "HOME": "/home/ann",
        "GITHUB_TOKEN": "a" * 10,
        "MY_PASSPHRASE": "b" * 10,
        "PLAIN": "c" * 10,
        "X": "d" * 10,
    }
    assert sorted(secrets_of(environ, ["Bearer ${PLAIN}"])) == ["a" * 10, "b" * 10, "c" * 10]
    assert Redactor(["ab", "     "])("ab is short,     and so on") == "ab is short,     and so on"


TWO_LINES = "correct horse\nbattery staple"


def streamed(text: str, cuts: Iterable[int], known: Sequence[str] = ()) -> str:
    """What comes out of a stream that gets the text in pieces, cut at these places."""
    stream, places = RedactedStream(Redactor(known)), sorted({min(cut, len(text)) for cut in cuts})
    pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    return "".join(map(stream.feed, pieces)) + stream.end()


@given(
    st.lists(
        st.sampled_from([*PLANTED.values(), TWO_LINES, "correct horse\n", "A_TOKEN=", "-----BEGIN PRIVATE KEY-----"])
        | st.text(st.sampled_from("ab =\r\n-"), max_size=8),
        max_size=8,
    ).map("".join),
    st.lists(st.integers(0, 600), max_size=12),
)
def test_in_pieces_the_same_is_redacted_as_in_one(text: str, cuts: list[int]) -> None:
    assert streamed(text, cuts, [TWO_LINES]) == Redactor([TWO_LINES])(text)


@pytest.mark.parametrize("secret", [*PLANTED.values(), TWO_LINES], ids=[*PLANTED, "two lines"])
def test_a_secret_that_comes_character_by_character_is_redacted(secret: str) -> None:
    text = f"before\nuse {secret}\nafter\n"
    assert streamed(text, range(len(text)), [TWO_LINES]) == f"before\nuse {SHOWN}\nafter\n"


def test_a_line_is_there_as_soon_as_it_is_whole() -> None:
    stream = RedactedStream(Redactor())
    assert [stream.feed(piece) for piece in ("one\ntw", "o\r", "three")] == ["one\n", "two\r", ""]
    assert stream.end() == "three"


@pytest.mark.parametrize("step", [1_000, LONGEST_LINE - 1, LONGEST_LINE])
def test_of_a_line_without_end_the_beginning_is_kept_and_a_secret_on_it_never(step: int) -> None:
    secret = "correct horse battery staple"
    for before in (10, LONGEST_LINE - 10, LONGEST_LINE + 10):
        text = f"first\n{'x ' * (before // 2)}{secret}{' y' * 200_000}\nlast\n"
        made = streamed(text, range(0, len(text), step), [secret])
        assert made.startswith("first\nx x ")
        assert made.endswith(" characters left out ...]\nlast\n")
        assert len(made) < 2 * LONGEST_LINE
        for n in range(6, len(secret)):
            assert secret[:n] not in made


async def test_nothing_that_a_conversation_leaves_behind_holds_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {"PLANTED_TOKEN": "correct horse battery staple", "SENT": "jumps-over-the-lazy-dog"}
    for name, value in known.items():
        monkeypatch.setenv(name, value)
    planted = {
        **PLANTED,
        **{name: secret for name, (_, secret) in IN_PLACES.items()},
        **known,
        "own": "plain-in-the-file",
    }
    places = [place.format(secret) for place, secret in IN_PLACES.values()]
    text = "\n".join([*PLANTED.values(), *places, *known.values(), "plain-in-the-file"])
    work = tmp_path / "work"
    work.mkdir()
    (work / "keys.txt").write_text(text * 40)  # longer than what the model sees, so that the whole is kept beside
    headers = {"Authorization": "Bearer ${SENT}", "X-Token": "plain-in-the-file"}
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path / "home")})
    config = Config(mcp=McpSettings(servers={"far": ServerSettings(url="https://far.example", headers=headers)}))
    script = [
        act("read_file", '{"path": "keys.txt"}'),
        act("shell", json.dumps({"command": "cat keys.txt"})),
        act("write_file", json.dumps({"path": "copy.txt", "content": text})),
        answer(f"They are {text}"),
    ]
    options = Options(work, allow=["read", "write", "execute"], plugins=[])
    assistant = build(config, paths, options, answerer=no_answer, model=ScriptedModel(script))
    log = assistant.new_session()
    seen = await play(assistant, log, f"read {text}")
    await assistant.close()
    assert (work / "copy.txt").read_text() == text  # what is done is done with the secret itself
    assert any(PLANTED["github"] in str(event) for event in seen)
    assert leaks(tmp_path / "home", planted) == []


async def test_what_the_models_process_prints_is_logged_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prints = "import os\nfor part in ('it is ', os.environ['MY_TOKEN'][:9], os.environ['MY_TOKEN'][9:], ' here\\n'):\n"
    (tmp_path / "sitecustomize.py").write_text(f"{prints}    os.write(2, part.encode())\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("MY_TOKEN", "correct horse battery staple")
    (tmp_path / "any.gguf").touch()
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    assistant = build(Config(), paths, Options(tmp_path, model=str(tmp_path / "any.gguf"), plugins=[]))
    await play(assistant, assistant.new_session(), "hi")
    await assistant.close()
    assert "it is [secret] here\n" in paths.model_log.read_text()
    assert "horse" not in paths.model_log.read_text()


def leaks(folder: Path, planted: Mapping[str, str]) -> list[tuple[str, str]]:
    """The planted secrets that stand in a file below, as they are or as JSON writes them."""
    found = []
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".db" for file in files)
    for file in files:
        data = file.read_bytes()
        for name, secret in planted.items():
            if secret.encode() in data or json.dumps(secret)[1:-1].encode() in data:
                found.append((file.name, name))
    return found
