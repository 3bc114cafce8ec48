"""Documents: the text of PDF and Word files in its order, tables as tables, and a clear word where there is none."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import docx
import pypdf
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from fpdf import FPDF

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.data.documents import read_document
from tests.plugins.data_kit import failure, ok

pytestmark = pytest.mark.timeout(90)

W = nsdecls("w")


def write_pdf(path: Path, pages: Sequence[str], tables: Sequence[Sequence[str]] = ()) -> Path:
    pdf = FPDF()
    pdf.set_font("helvetica", size=10)
    for text in pages:
        pdf.add_page()
        if text:
            pdf.multi_cell(0, 5, text, new_x="LMARGIN", new_y="NEXT")
    if tables:
        with pdf.table() as table:
            for row in tables:
                table.row(row)
    pdf.output(str(path))
    return path


def write_docx(path: Path, fill: Callable[[docx.document.Document], object]) -> Path:
    document = docx.Document()
    fill(document)
    document.save(str(path))
    return path


def bare_pdf(content: bytes, *, kids: str = "3 0 R", extra: str = "") -> bytes:
    """A PDF of one page with this content stream, written by hand."""
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count 1 {extra} >>".encode(),
        f"<< /Type /Page /Parent 2 0 R /Resources << /Font << /F1 {font} >> >> /Contents 4 0 R >>".encode(),
        content,
    ]
    made = b"%PDF-1.4\n"
    offsets = []
    for n, one in enumerate(objects, 1):
        offsets.append(len(made))
        made += b"%d 0 obj\n" % n + one + b"\nendobj\n"
    start = len(made)
    made += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return made + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start


def stream(data: bytes) -> bytes:
    packed = zlib.compress(data)
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(packed) + packed + b"\nendstream"


# --- PDF ---


async def test_the_text_of_every_page_is_given(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["First page.", "", "Third page."])
    assert await ok(read_document, tmp_path, path="a.pdf") == (
        "[page 1 of 3]\nFirst page.\n\n[page 2 of 3]\n(no text)\n\n[page 3 of 3]\nThird page."
    )


@pytest.mark.parametrize(
    ("pages", "shown"),
    [
        ("2", [2]),
        ("2-4", [2, 3, 4]),
        ("4-", [4, 5]),
        ("4-99", [4, 5]),
        ("1,3,5", [1, 3, 5]),
        ("page 2", [2]),
        ("pages 2–3", [2, 3]),
        ("all", [1, 2, 3, 4, 5]),
        (" ", [1, 2, 3, 4, 5]),
    ],
)
async def test_pages_are_chosen(pages: str, shown: list[int], tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [f"Text {n}." for n in range(1, 6)])
    text = await ok(read_document, tmp_path, path="a.pdf", pages=pages)
    assert [n for n in range(1, 6) if f"[page {n} of 5]\nText {n}." in text] == shown
    assert text.count("[page") == len(shown)


@pytest.mark.parametrize(
    ("pages", "said"),
    [
        ("6", "there is no page 6: the document has 5"),
        ("0", "there is no page 0"),
        ("4-2", "there is no page 4-2"),
        ("x", "names no pages; give one like"),
        ("1.9", "page 1 has 1 part"),
    ],
)
async def test_pages_that_there_are_not_are_said(pages: str, said: str, tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", [f"Text {n}." for n in range(1, 6)])
    assert said in await failure(read_document, tmp_path, path="a.pdf", pages=pages)


async def test_reading_on_as_told_gives_every_line_once(tmp_path: Path) -> None:
    lines = [f"line {n} " + "word " * (n % 15) for n in range(600)]
    pages = ["\n".join(lines[start : start + 50]) for start in range(0, 600, 50)]
    write_pdf(tmp_path / "a.pdf", pages)
    seen: list[str] = []
    wanted, n_calls = "", 0
    while True:
        text = await ok(read_document, tmp_path, path="a.pdf", pages=wanted)
        n_calls += 1
        seen += [line for line in text.splitlines() if line.startswith("line ")]
        if "read on with pages=" not in text:
            break
        wanted = text.rpartition('pages="')[2].removesuffix('"]')
    assert [line.split()[1] for line in seen] == [str(n) for n in range(600)]
    assert n_calls > 2


async def test_a_page_that_is_too_long_has_parts(tmp_path: Path) -> None:
    words = " ".join(f"w{n}" for n in range(2_000))
    (tmp_path / "a.pdf").write_bytes(bare_pdf(stream(b"BT /F1 1 Tf (" + words.encode() + b") Tj ET")))
    first = await ok(read_document, tmp_path, path="a.pdf")
    assert first.endswith('[there is more: read on with pages="1.2"]')
    second = await ok(read_document, tmp_path, path="a.pdf", pages="1.2")
    assert second.startswith("[page 1 of 1, part 2]\n")
    assert (first.split("\n")[1] + " " + second.split("\n", 1)[1]).split() == words.split()


async def test_a_table_in_a_pdf_is_a_table(tmp_path: Path) -> None:
    rows = [("Item", "Count", "Price"), ("Paper, white", "3", "12.50"), ("Pens | ink", "10", "1.20")]
    write_pdf(tmp_path / "a.pdf", ["Before the table."], rows)
    assert await ok(read_document, tmp_path, path="a.pdf") == (
        "[page 1 of 1]\n"
        "Before the table.\n"
        "\n"
        "| Item | Count | Price |\n"
        "| --- | --- | --- |\n"
        "| Paper, white | 3 | 12.50 |\n"
        r"| Pens \| ink | 10 | 1.20 |"
    )


async def test_a_pdf_without_text_is_said_to_need_recognition(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", ["", "", ""])
    said = await failure(read_document, tmp_path, path="scan.pdf")
    assert said.startswith("there is no text on these pages of scan.pdf;")
    assert "ocrmypdf" in said


async def test_a_locked_pdf_is_said_to_be(tmp_path: Path) -> None:
    write_pdf(tmp_path / "a.pdf", ["Secret text."])
    for name, password in (("open.pdf", ""), ("locked.pdf", "word")):
        writer = pypdf.PdfWriter(clone_from=tmp_path / "a.pdf")
        writer.encrypt(password, owner_password="owner", algorithm="RC4-128")
        writer.write(tmp_path / name)
    assert "Secret text." in await ok(read_document, tmp_path, path="open.pdf")
    assert "locked with a password" in await failure(read_document, tmp_path, path="locked.pdf")


async def test_a_damaged_pdf_is_a_clean_failure(tmp_path: Path) -> None:
    whole = write_pdf(tmp_path / "a.pdf", ["Some text."] * 3).read_bytes()
    damaged = [
        whole[: len(whole) // 2],
        b"%PDF-1.7\n",
        b"%PDF-1.7\n" + os.urandom(3_000),
        whole.replace(b"/Pages", b"/Cages"),
    ]
    for data in damaged:
        (tmp_path / "b.pdf").write_bytes(data)
        finished = await run_tool(read_document, {"path": "b.pdf"}, workspace=tmp_path)
        assert finished.status in (ToolStatus.OK, ToolStatus.FAILED)
        assert finished.output.startswith(
            ("b.pdf is damaged and cannot be read as PDF", "[page 1", "b.pdf has no pages", "there is no text")
        )
    assert "is damaged and cannot be read as PDF" in finished.output


@pytest.mark.parametrize(
    "data",
    [
        bare_pdf(stream(b"\0" * 200_000_000)),
        bare_pdf(stream(b"(" * 3_000_000)),
        bare_pdf(stream(b"[" * 100_000)),
        bare_pdf(stream(b"BT /F1 1 Tf " + b"(x) Tj " * 30_000)),
        bare_pdf(stream(b"x"), kids="2 0 R"),
        bare_pdf(stream(b"x"), kids="3 0 R " * 200_000),
        bare_pdf(b"<< /Length 99999999999 >>\nstream\nx\nendstream"),
        b"%PDF-1.7\n" + b"<<" * 100_000,
        b"%PDF-1.7\ntrailer << /Root 1 0 R /Prev 9 >>\nstartxref\n9\n%%EOF",
    ],
    ids=["zip bomb", "strings", "arrays", "operators", "own kid", "many kids", "length", "dictionaries", "loop"],
)
async def test_a_hostile_pdf_costs_one_call(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(data)
    finished = await run_tool(read_document, {"path": "a.pdf", "pages": "1"}, workspace=tmp_path)
    assert finished.status in (ToolStatus.OK, ToolStatus.FAILED)
    assert "RuntimeError" not in finished.output
    assert finished.seconds < 30


# --- Word ---


async def test_a_word_document_is_markdown_in_its_order(tmp_path: Path) -> None:
    def fill(document: docx.document.Document) -> None:
        document.add_heading("The Title", 0)
        document.add_heading("Part", 1)
        document.add_paragraph("Some ").add_run("bold").bold = True
        for text in ("one", "two"):
            document.add_paragraph(text, style="List Bullet")
        document.add_paragraph("first", style="List Number")
        table = document.add_table(2, 2)
        for n, text in enumerate(["Name", "Sum | total", "Ann\nBell", "3"]):
            table.cell(n // 2, n % 2).text = text
        document.add_paragraph("After the table.")

    write_docx(tmp_path / "a.docx", fill)
    assert await ok(read_document, tmp_path, path="a.docx") == (
        "[part 1 of 1]\n"
        "# The Title\n\n# Part\n\nSome bold\n\n- one\n- two\n\n1. first\n\n"
        "| Name | Sum \\| total |\n| --- | --- |\n| Ann Bell | 3 |\n\n"
        "After the table."
    )


async def test_what_word_puts_in_other_places_is_read_too(tmp_path: Path) -> None:
    def fill(document: docx.document.Document) -> None:
        paragraph = document.add_paragraph("Seen, ")
        run = "<w:r><w:t>{}</w:t></w:r>"
        paragraph._p.append(parse_xml(f'<w:ins {W} w:id="1" w:author="a">{run.format("inserted, ")}</w:ins>'))
        deleted = "<w:r><w:delText>deleted</w:delText></w:r>"
        paragraph._p.append(parse_xml(f'<w:del {W} w:id="2" w:author="a">{deleted}</w:del>'))
        control = f"<w:sdt {W}><w:sdtContent><w:p>{run.format('in a control')}</w:p></w:sdtContent></w:sdt>"
        document.element.body.insert(1, parse_xml(control))

    write_docx(tmp_path / "a.docx", fill)
    assert await ok(read_document, tmp_path, path="a.docx") == "[part 1 of 1]\nSeen, inserted,\n\nin a control"


async def test_cells_that_cover_others_keep_the_columns(tmp_path: Path) -> None:
    def fill(document: docx.document.Document) -> None:
        table = document.add_table(3, 3)
        for n in range(9):
            table.cell(n // 3, n % 3).text = str(n)
        table.cell(0, 0).merge(table.cell(0, 1)).text = "wide"
        table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"

    write_docx(tmp_path / "a.docx", fill)
    assert (await ok(read_document, tmp_path, path="a.docx")).splitlines()[1:] == [
        "| wide |  | 2 |",
        "| --- | --- | --- |",
        "| tall | 4 | 5 |",
        "|  | 7 | 8 |",
    ]


async def test_a_long_word_document_is_read_in_parts(tmp_path: Path) -> None:
    write_docx(
        tmp_path / "a.docx", lambda document: [document.add_paragraph(f"Paragraph {n}. " * 9) for n in range(100)]
    )
    text = await ok(read_document, tmp_path, path="a.docx")
    assert text.endswith('[there is more: read on with pages="2-3"]')
    assert "Paragraph 99." in await ok(read_document, tmp_path, path="a.docx", pages="3")
    assert "there is no part 4: the document has 3" in await failure(read_document, tmp_path, path="a.docx", pages="4")


async def test_a_picture_outside_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    write_docx(tmp_path / "a.docx", lambda document: document.add_paragraph("Text."))
    blip = (
        f'<w:p {W}><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing">'
        '<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData>'
        '<pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill>'
        '<a:blip xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:link="rIdX"/>'
        "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p><w:sectPr"
    )
    linked = '<Relationship Id="rIdX" Type="image" Target="secret.txt" TargetMode="External"/></Relationships>'
    _rewrite(
        tmp_path / "a.docx",
        {"word/document.xml": ("<w:sectPr", blip), "word/_rels/document.xml.rels": ("</Relationships>", linked)},
    )
    assert await ok(read_document, tmp_path, path="a.docx") == "[part 1 of 1]\nText."


async def test_a_hostile_word_document_costs_one_call(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("[Content_Types].xml", "<Types/>")
        bomb.writestr("word/document.xml", b" " * 40_000_000)
    assert "unpacks to 2 files with 40 MB" in await failure(read_document, tmp_path, path="bomb.docx")
    path = write_docx(tmp_path / "a.docx", lambda document: document.add_paragraph("Text."))
    whole = path.read_bytes()
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 5_000}">' for n in range(10))
    _rewrite(path, {"word/document.xml": ("<w:document", f"<!DOCTYPE d [{entities}]><w:document")})
    _rewrite(path, {"word/document.xml": ("Text.", "&e9;")})
    assert "defines a document type of its own" in await failure(read_document, tmp_path, path="a.docx")
    path.write_bytes(whole)
    deep = "<w:smartTag>" * 20_000 + "</w:smartTag>" * 20_000
    _rewrite(path, {"word/document.xml": ("<w:t>Text.</w:t>", deep)})
    assert "nested too deeply" in await failure(read_document, tmp_path, path="a.docx")
    (tmp_path / "cut.docx").write_bytes(whole[:3_000])
    assert "is damaged and cannot be read as docx" in await failure(read_document, tmp_path, path="cut.docx")


# --- what is no document ---


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty; PDF and docx can be read"),
        (b"Plain text.", "a text file, which read_file reads"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "an old Office file, or one locked with a password"),
        (b"{\\rtf1 text}", "an RTF file; save it as docx"),
        (b"\x89PNG\r\n\x1a\n\0", "a file of another kind; PDF and docx can be read"),
    ],
)
async def test_what_is_no_document_is_said_to_be_what_it_is(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(data)
    assert said in await failure(read_document, tmp_path, path="a.docx")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xl/workbook.xml", "a spreadsheet; save it as CSV, and query_table reads it"),
        ("ppt/presentation.xml", "a presentation"),
        ("readme.txt", "a packed file of another kind"),
        ("[Content_Types].xml", "is damaged and cannot be read as docx"),
    ],
)
async def test_what_is_only_packed_like_a_document_is_said_to_be_what_it_is(
    name: str, said: str, tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "<x/>")
    (tmp_path / "a.docx").write_bytes(packed.getvalue())
    assert said in await failure(read_document, tmp_path, path="a.docx")


async def test_a_path_that_is_no_file_of_the_workspace_is_refused(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    write_pdf(tmp_path / "secret.pdf", ["Secret."])
    (workspace / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    os.mkfifo(workspace / "pipe.pdf")
    for path in ("../secret.pdf", "link.pdf"):
        finished = await run_tool(read_document, {"path": path}, workspace=workspace)
        assert finished.status is ToolStatus.INVALID
    assert "a pipe" in await failure(read_document, workspace, path="pipe.pdf")
    assert "there is no file letter.pdf" in await failure(read_document, workspace, path="letter.pdf")


def _rewrite(path: Path, changes: dict[str, tuple[str, str]]) -> None:
    """Change parts of a packed document."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    for name, (old, new) in changes.items():
        parts[name] = parts[name].replace(old.encode(), new.encode(), 1) if old else parts[name]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
