#!/usr/bin/env python3
"""The documents as a static site with search: build.py PROGRAM FOLDER [BUILD]

Pages are docs/*.md, README.md, MODELS.md and the packages' READMEs, with their links turned to the pages. Two pages are
made by the program itself: the help of every command, and a gallery of what every output format looks like for a
sample. With BUILD, the folder of a build (.build/release), the library's documentation by DocC is in api/.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "index.md",
    "MODELS.md": "models.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "python/README.md": "python.md",
    "r/README.md": "r.md",
    "Samples/README.md": "samples.md",
}
# Every format with what reads it.
FORMATS = {
    "rows.csv": ("CSV", "R, pandas, a spreadsheet"),
    "rows.tsv": ("TSV", "a spreadsheet"),
    "rows.jsonl": ("JSON Lines", "programs that read while dfer writes"),
    "rows.json": ("JSON, with segments", "programs"),
    "rows.eaf": ("ELAN", "ELAN"),
    "rows.boris.tsv": ("BORIS, events", "BORIS"),
    "rows.boris": ("BORIS, project", "BORIS"),
    "rows.textgrid": ("TextGrid", "Praat"),
    "rows.labels.txt": ("labels", "Audacity"),
    "rows.vtt": ("WebVTT", "browsers and players"),
    "rows.srt": ("SubRip", "players"),
}


def relocated(text: str, source: Path, known: dict[Path, str], assets: Path) -> str:
    """The page with links to other pages, and pictures copied beside it."""

    def link(match: re.Match[str]) -> str:
        target, anchor = match.group(2), match.group(3) or ""
        if "://" in target or target == "":
            return match.group(0)
        path = (source.parent / target).resolve()
        if path in known:
            return f"{match.group(1)}({known[path]}{anchor})"
        if path.suffix in (".png", ".svg"):
            shutil.copy(path, assets / path.name)
            return f"{match.group(1)}({path.name})"
        # A file of the repository that is no page: its name stays, without a link.
        return match.group(1) if not match.group(1).startswith("!") else ""

    return re.sub(r"(!?\[[^\]]*\])\(([^)#\s]*)(#[^)\s]*)?\)", link, text)


def commands_page(program: str) -> str:
    def help_of(*names: str) -> str:
        return subprocess.run([program, *names, "--help"], capture_output=True, text=True, check=True).stdout.rstrip()

    overview = help_of()
    # Everything that stands in a list of commands, however the lists are called.
    listed = overview.split("OPTIONS:", 1)[-1]
    names = [name for name in re.findall(r"^  ([a-z][a-z-]+) {2,}\S", listed, re.M) if name != "help"]
    parts = ["# Commands", "What `--help` says.", "```text", overview, "```"]
    for name in names:
        parts += [f"## dfer {name}", "```text", help_of(name), "```"]
    return "\n\n".join(parts[:2]) + "\n\n" + "\n".join(parts[2:]) + "\n"


def gallery_page(program: str, folder: Path) -> str:
    sample = ROOT / "Samples" / "two-faces.mp4"
    with tempfile.TemporaryDirectory() as scratch:
        names = [*FORMATS, "rows.svg", "rows.png", "rows.html"]
        rows = Path(scratch) / "rows.csv"
        subprocess.run([program, "watch", "--quiet", "-o", str(rows), str(sample)], check=True)
        for name in names:
            if name != "rows.csv":
                subprocess.run(
                    [program, "export", str(rows), "-o", str(Path(scratch) / name)], check=True, capture_output=True
                )
        shutil.copy(Path(scratch) / "rows.svg", folder / "gallery.svg")
        shutil.copy(Path(scratch) / "rows.html", folder / "gallery-report.html")
        parts = [
            "# Gallery of formats",
            "The sample `two-faces.mp4` (rendered faces) in all that `dfer export` writes, each by its first lines.",
            "## Chart (`.svg`, `.png`)",
            "![timeline of two faces](gallery.svg)",
            "## Report (`.html`)",
            '<a href="gallery-report.html">The report of the sample</a>, one file without scripts from elsewhere.',
        ]
        for name, (title, reader) in FORMATS.items():
            ending = name.removeprefix("rows")
            lines = (Path(scratch) / name).read_text(encoding="utf-8").splitlines()[:14]
            shown = "\n".join(line if len(line) <= 150 else line[:147] + "..." for line in lines)
            parts += [
                f"## {title} (`{ending}`)",
                f"For {reader}: `dfer export rows.csv -o {name}`",
                f"```text\n{shown}\n...\n```",
            ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    program, site = sys.argv[1], Path(sys.argv[2]).resolve()
    known = {(ROOT / name).resolve(): page for name, page in PAGES.items()}
    known |= {path.resolve(): path.name for path in (ROOT / "docs").glob("*.md")}
    with tempfile.TemporaryDirectory() as scratch:
        docs = Path(scratch) / "docs"
        docs.mkdir()
        for path, page in known.items():
            if path.exists():
                (docs / page).write_text(
                    relocated(path.read_text(encoding="utf-8"), path, known, docs), encoding="utf-8"
                )
        (docs / "commands.md").write_text(commands_page(program), encoding="utf-8")
        (docs / "gallery.md").write_text(gallery_page(program, docs), encoding="utf-8")
        settings = (ROOT / "packaging/site/mkdocs.yml").read_text(encoding="utf-8")
        settings = settings.replace("DOCS", str(docs)).replace("SITE", str(site))
        others = [page for page in ("changelog.md", "samples.md") if (docs / page).exists()]
        others += sorted(
            path.name for path in docs.glob("*.md") if path.name not in settings and path.name not in others
        )
        settings += "".join(f"      - {page}\n" for page in others)
        if len(sys.argv) > 3:
            settings += "      - Swift library: api/documentation/dfer/index.html\n"
            subprocess.run(
                [ROOT / "packaging/site/api.sh", Path(sys.argv[3]).resolve(), docs / "api"],
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        (Path(scratch) / "mkdocs.yml").write_text(settings, encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "mkdocs",
            "build",
            "--strict",
            "--quiet",
            "-f",
            str(Path(scratch) / "mkdocs.yml"),
        ]
        subprocess.run(command, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
        # A helper for old browsers' search from the disk would be loaded from another server.
        for page in site.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            page.write_text(re.sub(r'<script src="https://unpkg\.com/[^"]*"></script>', "", text), encoding="utf-8")
    print(f"{site}/index.html")


if __name__ == "__main__":
    main()
