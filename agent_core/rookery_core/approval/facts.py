"""What a person is told of a call that Rookery itself found out: programs, files, places; never what a model said.

Pure. The texts are exact; whoever shows them makes hidden characters visible.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator, Mapping

from rookery_core.approval.judging import Judged
from rookery_core.approval.scene import ABSENT, SHELL, Role, Scene, Started, Touched, listed, roles
from rookery_core.approval.subject import Site
from rookery_core.events import Fact
from rookery_core.sandbox.level import UNCONFINED
from rookery_core.surroundings import search_path
from rookery_core.tools.contract import Risk

FILES_TOLD = 40
"""Of more files only so many are told; all of them are bound to the answer."""


def facts_of(judged: Judged, scene: Scene, environ: Mapping[str, str], confined: str = "") -> tuple[Fact, ...]:
    """The lines of a question. `environ` is Rookery's own environment, `confined` how programs are set apart."""
    subject, risk = judged.subject, judged.assessed.risk
    executes = scene.environment is not None
    facts = [Fact(label="program", text=_program(each)) for each in scene.programs if each.likely]
    if executes and subject.script is None:
        facts.append(Fact(label="program", text="what it starts is the tool's own affair"))
    if subject.script is not None and subject.script.unclear:
        facts.append(Fact(label="program", text=f"and what cannot be told, since {subject.script.unclear}"))
    facts.append(Fact(label="folder", text=str(scene.folder)))
    for role in Role:
        facts += _files(role, roles(scene.files, role))
    if scene.environment is not None:
        facts.append(Fact(label="variables", text=_environment(scene.environment, environ)))
    facts += [Fact(label="address", text=_address(site)) for site in dict.fromkeys(subject.sites or subject.mentions)]
    facts.append(Fact(label="network", text=_network(judged, executes, confined)))
    if executes or risk is Risk.EXECUTE:
        facts.append(Fact(label="confined", text=confined or "no: it can do all that you can do on this machine"))
    return tuple(facts)


def _program(program: Started) -> str:
    if program.built_in:
        return f"{program.name}: the shell itself does it"
    if program.standing == ABSENT:
        return f"{program.name}: there is no such program"
    name = "the shell" if program.name == SHELL else program.name
    return f"{name}: {program.file}" + (f", really {program.real}" if program.real != program.file else "")


def _files(role: Role, files: list[Touched]) -> Iterator[Fact]:
    for file in files[:FILES_TOLD]:
        note = ""
        if file.standing == ABSENT:
            note = " (new)" if role is Role.WRITES else " (there is none)"
        elif file.folder:
            note = " (a folder)"
        yield Fact(label=str(role), text=f"{file.path}{note}")
    if len(files) > FILES_TOLD:
        yield Fact(label=str(role), text=f"and {len(files) - FILES_TOLD} more")


def _environment(environment: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """What programs get of the person's variables, and what is different for them."""
    same = sorted(name for name, value in environment.items() if environ.get(name) == value)
    other = [f"{name}={value}" for name, value in sorted(environment.items()) if name not in same and name != "PATH"]
    told = [listed(same, len(same))] if same else []
    if "PATH" not in same:
        left_out = len((environ.get("PATH") or os.defpath).split(os.pathsep)) - len(search_path(environ).split(":"))
        told.append(f"PATH without {left_out} of its folders" if left_out > 0 else f"PATH={environment['PATH']}")
    if other:
        told.append(f"set to {', '.join(other)}")
    if kept := len(environ.keys() - environment.keys()):
        told.append(f"{kept} others of yours are not passed on")
    return "; ".join(told)


def _address(site: Site) -> str:
    """A host and its port. A name is not looked up: that alone would tell somebody."""
    try:
        ipaddress.ip_address(site.host)
    except ValueError:
        return f"{site}, whose IP address is looked up only once this is allowed"
    return str(site)


def _network(judged: Judged, executes: bool, confined: str) -> str:
    if judged.assessed.risk is Risk.NETWORK or judged.subject.offered.tool.risk is Risk.NETWORK:
        return "yes"
    if executes:
        return "nothing keeps it from it" if confined in ("", UNCONFINED) else f"as confined: {confined}"
    return "no" if judged.subject.offered.built_in else "its plugin says that it needs none"
