"""The guide holds together: pages, links, and blocks that are neither run nor compiled elsewhere."""

import inspect
import json
import os
import re
import shutil
import subprocess

import pyarrow.flight as flight
import pytest

from guide import FOLDER, PAGES, blocks
from server import ROOT

LINKED = [*PAGES, FOLDER / "SUMMARY.md", ROOT / "README.md", ROOT / "examples" / "README.md"]
IDS = {"ids": lambda page: page.stem}

# Commands on the pages that are not of this project.
TOOLS = {"cargo", "cd", "docker", "grpcurl", "kubectl", "mkdir", "npm", "openssl", "pip", "python3", "rustup", "ulimit"}
# The reader's own.
TOOLS.add("tables")


def prose(page):
    """A page without its blocks and what is code in a line."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", lambda code: re.sub(r"[\[\]()#]", "", code[0]), text)


def anchors(page):
    """The anchors that a page's headings get, from mdBook as from others."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def test_every_page_is_in_the_summary_and_in_the_introduction():
    for index in ("SUMMARY.md", "introduction.md"):
        linked = re.findall(r"\(([\w-]+\.md)\)", (FOLDER / index).read_text())
        assert len(linked) == len(set(linked)), f"a page twice in {index}"
        assert {*linked, "introduction.md"} == {page.name for page in PAGES}


@pytest.mark.parametrize("page", LINKED, **IDS)
def test_every_link_leads_to_a_file_and_to_a_heading_that_are_there(page):
    links = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", prose(page))
    wrong = []
    for link in links:
        if re.match(r"https?:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            wrong.append(link)
    assert not wrong


def test_rustdoc_compiles_every_page_with_a_block_of_rust():
    runtime = ROOT / "flight-runtime" / "src"
    included = set(re.findall(r'"docs/src/([\w-]+\.md)"', (runtime / "guide.rs").read_text()))
    assert included == {page.name for page in PAGES if any(blocks(page, "rust"))}

    # It does so with features that the workspace's tests turn on.
    [condition] = re.findall(r"cfg\(all\(([^#]*)\)\)\]\nmod guide;", (runtime / "lib.rs").read_text())
    needed = set(re.findall(r'feature = "([\w-]+)"', condition))
    members = [(ROOT / member / "Cargo.toml").read_text() for member in ("examples", "tests")]
    given = [re.search(r"^flight-runtime = .*features = \[(.*)\]", member, re.MULTILINE)[1] for member in members]
    assert needed <= set(re.findall(r'"([\w-]+)"', " ".join(given)))


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "rust"))], **IDS)
def test_every_block_of_rust_is_compiled(page):
    for _, words in re.findall(r"^(```rust)([^\n]*)$", page.read_text(), re.MULTILINE):
        assert words in ("", ",no_run"), f"```rust{words}"


@pytest.mark.parametrize("page", PAGES, **IDS)
def test_every_block_says_what_it_is_in(page):
    fences = re.findall(r"^```(.*)$", page.read_text(), re.MULTILINE)
    assert len(fences) % 2 == 0
    assert all(fences[::2]) and not any(fences[1::2])


TOML = [(page, block) for page in PAGES for _, block in blocks(page, "toml")]


@pytest.mark.parametrize(("page", "block"), TOML, ids=[f"{page.stem}-{n}" for n, (page, _) in enumerate(TOML)])
def test_every_toml_is_a_manifest_whose_features_are_there(page, block, tmp_path):
    """A whole manifest, or its dependencies. Cargo resolves it with the versions of this project."""
    manifest = block if "[package]" in block else f'[package]\nname = "page"\nversion = "0.1.0"\nedition = "2024"\n\n{block}'
    assert 'path = "../flight-runtime/flight-runtime"' in manifest
    manifest = manifest.replace("../flight-runtime/flight-runtime", str(ROOT / "flight-runtime"))
    (tmp_path / "Cargo.toml").write_text(manifest)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.rs").write_text("fn main() {}\n")
    shutil.copy(ROOT / "Cargo.lock", tmp_path)
    host = re.search(r"host: (\S+)", subprocess.run(["rustc", "-vV"], capture_output=True, check=True, text=True).stdout)[1]
    asked = ["cargo", "metadata", "--offline", "--format-version", "1", "--filter-platform", host]
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    resolved = subprocess.run(asked, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert resolved.returncode == 0, resolved.stderr
    assert any(package["name"] == "flight-runtime" for package in json.loads(resolved.stdout)["packages"])


def commands():
    for page in PAGES:
        for _, block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split("#")[0].strip()
                if command:
                    yield page, command


@pytest.mark.parametrize(("page", "command"), list(commands()), ids=lambda value: getattr(value, "stem", value))
def test_every_command_is_there(page, command):
    words = command.split()
    while "=" in words[0]:
        words = words[1:]
    if words[0] not in TOOLS:
        assert os.access(ROOT / words[0], os.X_OK), f"no program {words[0]}"
    if words[:2] == ["cargo", "run"] and "--bin" in words:
        package, name = words[words.index("-p") + 1], words[words.index("--bin") + 1]
        assert f'name = "{name}"' in (ROOT / package / "Cargo.toml").read_text()


SERVERS = [
    flight.FlightServerBase,
    flight.ServerCallContext,
    flight.ServerMiddleware,
    flight.ServerMiddlewareFactory,
    flight.ServerAuthHandler,
    flight.MetadataRecordBatchReader,
    flight.MetadataRecordBatchWriter,
    flight.FlightMetadataWriter,
]


@pytest.mark.parametrize("of", SERVERS, ids=lambda of: of.__name__)
def test_everything_of_a_server_in_pyarrow_has_its_line_in_the_guide(of):
    rows = re.findall(r"^\| ([^|]*) \|", (FOLDER / "from-pyarrow.md").read_text(), re.MULTILINE)
    words = {word for row in rows for code in re.findall(r"`([^`]*)`", row) for word in re.findall(r"\w+", code)}
    names = {name for name in dir(of) if not name.startswith("_")}
    if of is flight.FlightServerBase:
        # pyarrow writes the signature into the documentation.
        names |= set(re.findall(r"(\w+)=", inspect.getdoc(of).splitlines()[0]))
        assert "verify_client" in names
    assert names <= words
