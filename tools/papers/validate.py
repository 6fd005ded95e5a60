"""Checks rendered papers and cards with readers that know nothing of medattest.

    pip install pikepdf pymupdf pillow python-docx xmlschema "cyclonedx-python-lib[json-validation]" huggingface_hub jsonschema
    python tools/papers/validate.py FOLDER [--schemas FOLDER] [--sheets FOLDER]

FOLDER holds what `medattest doc render` and `medattest doc pack` wrote: .pdf, .docx, .json of papers,
cyclonedx-1.6.json, cyclonedx-1.7.json, mct.json, chai.xml, hugging-face.md, results.sarif. --schemas names a folder with
mct_v0.0.2.schema.json, sarif-schema-2.1.0.json and chai.xsd. Where qpdf and soffice are on the path, every PDF is checked
by the one and every DOCX converted to PDF by the other. --sheets draws the pages of every PDF, small and side by side, for
people to look at.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"


def outside(file):
    """Words of a PDF that lie outside of their page."""
    count = 0
    for page in file:
        for x0, y0, x1, y1, *_ in page.get_text("words"):
            count += x0 < 0 or y0 < 0 or x1 > page.rect.width + 0.5 or y1 > page.rect.height + 0.5
    return count


def sheets(path, folder):
    """Pages of a PDF, thirty on a picture."""
    import pymupdf
    from PIL import Image

    with pymupdf.open(path) as file:
        shots = [page.get_pixmap(dpi=45) for page in file]
    for first in range(0, len(shots), 30):
        some = shots[first : first + 30]
        width, height = max(s.width for s in some), max(s.height for s in some)
        sheet = Image.new("RGB", (width * min(10, len(some)), height * -(-len(some) // 10)), "grey")
        for at, shot in enumerate(some):
            picture = Image.frombytes("RGB", (shot.width, shot.height), shot.samples)
            sheet.paste(picture, (at % 10 * width, at // 10 * height))
        sheet.save(folder / f"{path.parent.name}-{path.stem}-{first // 30 + 1}.png")


def pdf(path):
    import pikepdf
    import pymupdf

    if shutil.which("qpdf"):
        told = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
    with pikepdf.open(path) as file:
        problems = file.check_pdf_syntax()
        assert not problems, problems
        root = file.Root
        assert root.MarkInfo.Marked, "not tagged"
        assert "/StructTreeRoot" in root, "no structure"
        assert str(root.Lang) == "en-US", "no language"
        with file.open_metadata() as meta:
            part = meta.get("pdfaid:part"), meta.get("pdfaid:conformance"), meta.get("pdfuaid:part")
        info = file.docinfo
        if path.stem == "chai-model-card":
            assert "/chaiMcSoftwareId" in info and str(info["/chaiMcXml"]).startswith("<?xml"), "no CHAI card"
        fonts = [f for f in file.objects if isinstance(f, pikepdf.Dictionary) and f.get("/Type") == "/FontDescriptor"]
        assert fonts and all(any(k in f for k in ("/FontFile", "/FontFile2", "/FontFile3")) for f in fonts), "a font is missing"
    with pymupdf.open(path) as file:
        assert file.embfile_names() == ["paper.json"], "no facts"
        assert len(file.get_toc()) > 0 or len(file) < 4, "no bookmarks"
        assert outside(file) == 0, f"{outside(file)} words outside of their page"
        return f"{len(file)} pages, PDF/A-{part[0]}{part[1]} PDF/UA-{part[2]}"


def docx(path):
    import docx as reader

    file = reader.Document(path)
    heads = [p for p in file.paragraphs if p.style.name.lower().startswith("heading")]
    for table in file.tables:
        widths = {len(row.cells) for row in table.rows}
        assert len(widths) == 1, "ragged table"
    for shape in file.inline_shapes:
        assert shape._inline.docPr.get("descr"), "a picture without a text"
    pages = ""
    if shutil.which("soffice"):
        import pymupdf

        with tempfile.TemporaryDirectory() as folder:
            order = ["soffice", "--headless", "--convert-to", "pdf:writer_pdf_Export", "--outdir", folder, str(path)]
            subprocess.run(order, capture_output=True, check=True, timeout=300)
            with pymupdf.open(pathlib.Path(folder) / f"{path.stem}.pdf") as converted:
                assert outside(converted) == 0, f"{outside(converted)} words outside of their page in LibreOffice"
                pages = f"{len(converted)} pages in LibreOffice, "
    return f"{pages}{len(file.paragraphs)} paragraphs, {len(heads)} headings, {len(file.tables)} tables, {len(file.inline_shapes)} pictures"


def cyclonedx(path, version):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(getattr(SchemaVersion, "V" + version.replace(".", "_"))).validate_str(path.read_text())
    assert error is None, error
    return "valid, strict"


def schema(path, schema_file):
    import jsonschema

    wanted = json.loads(schema_file.read_text())
    jsonschema.validators.validator_for(wanted)(wanted).validate(json.loads(path.read_text()))
    return "valid"


def chai(path, schema_file):
    import xmlschema

    xmlschema.XMLSchema(str(schema_file), allow="local").validate(str(path))
    return "valid"


def hugging_face(path):
    from huggingface_hub import ModelCard

    card = ModelCard(path.read_text())
    return f"loads, {len(card.data.eval_results or [])} results"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--schemas", type=pathlib.Path)
    arguments.add_argument("--sheets", type=pathlib.Path)
    options = arguments.parse_args()
    failed = 0
    for path in sorted(options.folder.rglob("*")):
        name, end = path.name, path.suffix
        try:
            if end == ".pdf":
                said = pdf(path)
                if options.sheets:
                    options.sheets.mkdir(parents=True, exist_ok=True)
                    sheets(path, options.sheets)
            elif end == ".docx":
                said = docx(path)
            elif name.startswith("cyclonedx-"):
                said = cyclonedx(path, name.removeprefix("cyclonedx-").removesuffix(".json"))
            elif name == "hugging-face.md":
                said = hugging_face(path)
            elif options.schemas and name in ("mct.json", "results.sarif", "chai.xml"):
                kinds = {"mct.json": "mct_v0.0.2.schema.json", "results.sarif": "sarif-schema-2.1.0.json"}
                said = chai(path, options.schemas / "chai.xsd") if end == ".xml" else schema(path, options.schemas / kinds[name])
            elif end == ".json" and b'"medattest-paper-v1"' in path.read_bytes()[:200]:
                said = schema(path, SCHEMAS / "paper-v1.schema.json")
            else:
                continue
            print(f"ok    {path}: {said}")
        except Exception as error:
            failed += 1
            print(f"FAULT {path}: {type(error).__name__}: {str(error)[:300]}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
