"""Every command and snippet in README, CONTRIBUTING and docs/ runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.pages import ROOT, blocks, run_page

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted(ROOT.glob("docs/**/*.md")),
    *sorted(ROOT.glob("examples/*/README.md")),
]


README = ROOT / "README.md"


def test_every_snippet_of_the_readme_runs(tmp_path: Path) -> None:
    run_page(README, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page != README and blocks(page)],
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_every_snippet_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", prose(page)):
        if "://" in target:
            continue
        other = page.parent / target if target else page
        assert other.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(other), f"{page.name} links to #{anchor} of {other.name}"


def prose(page: Path) -> str:
    """A page without its code."""
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What links to a page's headings end with, as GitHub makes it of them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
