#!/usr/bin/env python3
# SPDX-FileCopyrightText: Patchfleet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the documentation site: the guides of docs/ and the reference of every module, role and plugin, as HTML.

usage: build_site.py

The guides are Markdown that the forge also displays. They are copied, links to files outside docs/ are changed to links
to the repository, and the list of guides in docs/index.md becomes the table of contents. Warnings of Sphinx are errors.
Nothing is loaded from the network. The result is build/docs/html/index.html.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parent.parent
DOCS = CHECKOUT / "docs"
BUILD = CHECKOUT / "build" / "docs"
SOURCE = BUILD / "source"
REFERENCE = "collections"
# Pages of the repository that are also part of the site.
PAGES = ("CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "MAINTAINERS.md", "SECURITY.md", "CHANGELOG.md")
_LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)((?:#[^)\s]*)?\))")
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_ENTRY = re.compile(r"^- \[[^\]]+\]\(([^)#]+\.md)\)", re.MULTILINE)


def repository() -> str:
    """The address of the files in the repository."""
    galaxy = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))
    return f"{galaxy['repository']}/blob/main"


def contents(index: str) -> list[tuple[str, list[str]]]:
    """The sections of the index, with the pages that each lists."""
    parts = _SECTION.split(index)
    return [(title, _ENTRY.findall(text)) for title, text in zip(parts[1::2], parts[2::2], strict=True)]


def placed(target: str, page: Path) -> str:
    """The target of a link on the site: a page or file of the site, or a file in the repository."""
    path = Path(os.path.normpath(page.parent / target))
    if path.is_relative_to(DOCS) and path.is_file():
        return path.relative_to(DOCS).as_posix()
    relative = path.relative_to(CHECKOUT).as_posix()
    if relative in PAGES:
        return relative
    return f"{repository()}/{relative}"


def converted(page: Path) -> str:
    """The text of a page with the links of the site."""
    text = page.read_text(encoding="utf-8")
    # The site does not draw diagrams. Their source is readable.
    text = text.replace("```mermaid", "```text")
    return _LINK.sub(lambda match: match[1] + placed(match[2], page) + match[3], text)


def table_of_contents(sections: list[tuple[str, list[str]]]) -> str:
    """The hidden tables of contents that create the navigation of the site."""
    trees = [*sections, ("Reference", [f"{REFERENCE}/index", f"{REFERENCE}/environment_variables"])]
    return "\n".join(
        "\n".join(
            ["```{toctree}", ":hidden:", ":maxdepth: 1", f":caption: {title}", "", *map(document, pages), "```", ""]
        )
        for title, pages in trees
    )


def document(page: str) -> str:
    """The Sphinx name of a page in the index. On the site, pages from above docs/ are next to the guides."""
    return page.removeprefix("../").removesuffix(".md")


def lay_out() -> None:
    """Copy the guides and their files to the source directory of Sphinx."""
    shutil.rmtree(BUILD, ignore_errors=True)
    SOURCE.mkdir(parents=True, mode=0o755)
    for path in sorted(DOCS.rglob("*")):
        if path.is_file() and path.suffix != ".md" and "docsite" not in path.parts:
            copy = SOURCE / path.relative_to(DOCS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
    for page in (*sorted(DOCS.glob("*.md")), *(CHECKOUT / name for name in PAGES)):
        (SOURCE / page.name).write_text(converted(page), encoding="utf-8")
    index = SOURCE / "index.md"
    sections = contents((DOCS / "index.md").read_text(encoding="utf-8"))
    reference = f"\n## Reference\n\n- [Modules, filters, the inventory plugin and the roles]({REFERENCE}/index.rst)\n"
    index.write_text(
        index.read_text(encoding="utf-8") + reference + "\n" + table_of_contents(sections), encoding="utf-8"
    )


def run(tool: str, *arguments: str | Path) -> None:
    """Run a tool of the environment, and exit with its status if it fails."""
    done = subprocess.run([Path(sys.executable).with_name(tool), *arguments], cwd=CHECKOUT, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def write_reference() -> None:
    """Write a page for each module, filter, inventory plugin and role with antsibull-docs."""
    folder = SOURCE / REFERENCE
    folder.mkdir(mode=0o755)
    options = ("--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version")
    run("antsibull-docs", "collection", *options, "--dest-dir", folder, "patchfleet.aws")


def main() -> int:
    """Build the site."""
    lay_out()
    write_reference()
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    strict = ("-W", "--keep-going", "-q", "-n")
    html = BUILD / "html"
    run("sphinx-build", *strict, "-D", f"version={version}", "-c", DOCS / "docsite", SOURCE, html)
    print(f"Open {html.relative_to(CHECKOUT)}/index.html in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
