"""The pages of the guide, and what stands in them."""

import re

from server import ROOT

FOLDER = ROOT / "docs" / "src"
PAGES = sorted(page for page in FOLDER.glob("*.md") if page.name != "SUMMARY.md")


def blocks(page, language):
    """A page's blocks in a language, each with the number of the line where it begins."""
    text = page.read_text()
    for block in re.finditer(rf"^```{language}\b[^\n]*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield text.count("\n", 0, block.start(1)), block[1]


def compiled(page, said="", instead=""):
    """A page's Python as programs, block by block, in which one address stands instead of another. Errors name the line of the page."""
    for line, block in blocks(page, "python"):
        yield compile("\n" * line + block.replace(said, instead), page, "exec")


def run(page, location):
    """Runs a page's Python as one program against this server, and not against the one at port 8815 of which it speaks."""
    program = {"__name__": page.stem}
    for block in compiled(page, "localhost:8815", location.split("//")[1]):
        exec(block, program)
    program["client"].close()
