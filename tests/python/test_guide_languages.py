"""Blocks of the guide that are neither Rust nor Python: run where their language can be had, and else read by a parser of it."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
import tree_sitter
import tree_sitter_go
import tree_sitter_java
import yaml
from google.protobuf import descriptor_pb2

from guide import FOLDER, PAGES, blocks
from javascript import node
from raw import Channel, field, fields
from server import ROOT, Server

LANGUAGES = FOLDER / "languages.md"
# Where each language of a block is looked after.
COVERED = {
    "rust": "rustdoc, by flight-runtime/src/guide.rs",
    "python": "test_guide.py",
    "toml": "test_guide_pages.py",
    "sh": "test_guide_pages.py",
    "text": "no language: what is printed, and pictures",
    **dict.fromkeys(("js", "r", "go", "java", "json", "yaml", "nginx", "dockerfile"), "here"),
}


def only(page, language):
    [(_, block)] = blocks(FOLDER / page, language)
    return block


def test_every_block_is_in_a_language_that_is_looked_after():
    pages = [*PAGES, ROOT / "README.md", ROOT / "examples" / "README.md"]
    used = {word for page in pages for word in re.findall(r"^```(\w+)", page.read_text(), re.MULTILINE)}
    assert used == set(COVERED)


# ---- clients in other languages, against the program of their page


@pytest.fixture
def page():
    """The program of the page, with the block of a language that asks it."""
    with Server("languages", program="guide") as server:

        def block(language):
            return only("languages.md", language).replace("localhost:8815", server.location.split("//")[1])

        yield block


@pytest.fixture(scope="session")
def descriptors(own_server_with_reflection):
    """Flight.proto and what it imports, compiled."""
    found = descriptor_pb2.FileDescriptorSet()

    def load(asked):
        with Channel(own_server_with_reflection.location) as channel:
            call = channel.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            [answer] = call(iter([asked]), timeout=10)
        [encoded] = fields(fields(answer)[4][0])[1]
        file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
        for name in file.dependency:
            load(field(3, name))
        # As the compiler for JavaScript names fields.
        for message in file.message_type:
            for of_message in message.field:
                of_message.name = re.sub(r"_(\w)", lambda letter: letter[1].upper(), of_message.name)
        found.file.append(file)

    load(field(4, "arrow.flight.protocol.FlightService"))
    return found.SerializeToString()


@pytest.fixture(scope="session")
def own_server_with_reflection():
    with Server("--reflection") as server:
        yield server


def test_the_javascript_runs(page, descriptors, tmp_path):
    (tmp_path / "client.js").write_text(page("js"))
    (tmp_path / "Flight.bin").write_bytes(descriptors)
    said = node("--require", ROOT / "tests" / "javascript" / "descriptors.js", tmp_path / "client.js", cwd=tmp_path)
    assert said.splitlines() == [
        "[ 'tables', 'cities' ] 3",
        """[ '{"city": "Oslo", "height": 23}', '{"city": "Lima", "height": 154}' ]""",
        "3",
    ]


def has_r():
    asked = ["Rscript", "-e", "library(reticulate)"]
    return shutil.which("Rscript") and subprocess.run(asked, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_r(), reason="R with reticulate is not installed")
def test_the_r_runs(page, tmp_path):
    (tmp_path / "client.R").write_text(page("r"))
    environment = {**os.environ, "RETICULATE_PYTHON": sys.executable}
    ran = subprocess.run(["Rscript", "client.R"], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for expected in ("b'cities'", '"Oslo" "Lima"', "b'3'"):
        assert expected in ran.stdout


@pytest.mark.parametrize(("language", "grammar"), [("go", tree_sitter_go), ("java", tree_sitter_java)])
def test_go_and_java_are_of_their_grammar(language, grammar):
    parser = tree_sitter.Parser(tree_sitter.Language(grammar.language()))
    root = parser.parse(only("languages.md", language).encode()).root_node
    assert not root.has_error and root.child_count > 3


# ---- what other programs read


def test_the_json_is_of_the_document_that_a_server_gives(own_server):
    with own_server.connect() as client:
        [given] = map(json.loads, client.action("flight-runtime.definition"))
    whole, route = (json.loads(block) for _, block in blocks(FOLDER / "definition.md", "json"))
    assert whole.keys() == given.keys()
    assert (whole["format"], whole["version"]) == (given["format"], given["version"])
    assert whole["services"][0].keys() == given["services"][0].keys()
    routes = [handler["route"] for service in given["services"] for handler in service["handlers"]]
    routes = [given for given in routes if given and given["arguments"]]
    assert route.keys() == routes[0].keys()
    arguments = {key for given in routes for argument in given["arguments"] for key in argument}
    assert all(argument.keys() <= arguments for argument in route["arguments"])
    kinds = {key for given in routes for segment in given["path"] for key in segment}
    assert all(segment.keys() <= kinds for segment in route["path"])


def test_the_pod_ends_after_its_server_and_is_asked_where_it_listens():
    spec = yaml.safe_load(only("operations.md", "yaml"))["spec"]
    [container] = spec["containers"]
    [port] = [port["containerPort"] for port in container["ports"]]
    grace = re.search(r"shutdown_grace, whose default is (\d+) s", only("operations.md", "yaml"))
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] > int(grace[1]) + pause
    assert container["readinessProbe"]["grpc"] == {"port": port, "service": "arrow.flight.protocol.FlightService"}
    assert container["livenessProbe"]["tcpSocket"] == {"port": port}


def test_the_proxy_s_file_is_one(tmp_path):
    import crossplane

    (tmp_path / "nginx.conf").write_text("events {}\nhttp {\n" + only("deploying.md", "nginx") + "}\n")
    parsed = crossplane.parse(str(tmp_path / "nginx.conf"), strict=True)
    assert parsed["status"] == "ok", parsed["errors"]
    assert "grpc_pass" in json.dumps(parsed["config"])


DOCKERFILES = {
    "guide": only("deploying.md", "dockerfile"),
    **{file.parent.name: file.read_text() for file in ROOT.glob("templates/*/Dockerfile")},
}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_is_built_by_a_rust_that_will_do_and_runs_what_was_built(name):
    lines = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", DOCKERFILES[name], flags=re.MULTILINE)).splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line]
    assert {word for word, _ in steps} <= {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "EXPOSE", "USER", "ENTRYPOINT"}
    # The stage that builds has a name, and a Rust no older than the project's.
    build = re.fullmatch(r"rust:([\d.]+)-\S+ AS (\w+)", steps[0][1])
    least = re.search(r'^rust-version = "([\d.]+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert [*map(int, build[1].split("."))] >= [*map(int, least.split("."))]
    # The program is what it has copied from there, where the build left it, and is called without a shell.
    [program] = json.loads(next(of for word, of in steps if word == "ENTRYPOINT"))
    source, target = next(re.fullmatch(rf"--from={build[2]} (\S+) (\S+)", of).groups() for word, of in steps if "--from" in of)
    assert target == program
    [run] = [of for word, of in steps if word == "RUN"]
    assert "cargo build --release --locked" in run
    assert run.endswith(f" {source}") or source.startswith("/src/target/release/")
    # As a user without rights.
    base = [of for word, of in steps if word == "FROM"][-1]
    assert base.endswith(":nonroot") or any(word == "USER" and of != "root" for word, of in steps)
