"""The gallery: each example is started, its clients run against it, and what they print is what the example is there to show.

Those with promises of their own, weather and secure, have a file each.
"""

import ast
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel
from server import ROOT, binary, example, example_client
from test_health import FLIGHT, SERVING, check

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/main.rs"))


def program(name):
    return str(pathlib.Path(binary()).with_name(name))


def lines(name, *options, **environment):
    """What an example's client prints."""
    with example(name, "--location", "grpc://localhost:0", *options) as location:
        return example_client(name, location, **environment).splitlines()


# ---- all of them


@pytest.mark.parametrize("name", NAMES)
def test_it_says_at_its_top_how_to_run_it_and_stands_in_the_table(name):
    top = (EXAMPLES / name / "main.rs").read_text().partition("\n\n")[0].splitlines()
    assert all(line.startswith("//!") for line in top)
    assert any(line.startswith("//! Run with `") for line in top), top
    assert f"({name}/main.rs)" in (EXAMPLES / "README.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_it_has_something_that_uses_it(name):
    folder = EXAMPLES / name
    assert [*folder.glob("client.*"), *folder.glob("test_*.py")]


def test_a_name_that_is_none_is_told_which_there_are():
    for arguments in (["nothing"], ["weather", "secure"]):
        done = subprocess.run([EXAMPLES / "run", *arguments], capture_output=True, text=True, timeout=30)
        assert done.returncode == 2
        assert done.stderr.split("there are: ")[1].split() == NAMES


# ---- each of them


def test_the_quickstart_is_the_program_of_the_readme():
    readme = re.search(r"^```rust,no_run\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)[1]
    source = (EXAMPLES / "quickstart" / "main.rs").read_text()
    assert "".join(re.findall(r"^(?!//!).*\n", source, re.MULTILINE)).lstrip() == readme


def test_the_quickstart_keeps_tables():
    said = lines("quickstart")
    assert said[0] == "['city', 'height'] 3 <pyarrow.flight.Ticket ticket=b'tables/cities'>"
    assert said[1].count("'city'") == 3
    assert said[2].count("'city'") == 2
    assert said[3:5] == ["[[b'tables', b'cities']]", "[{'city': 'Oslo', 'height': 23}]"]
    assert "argument `limit`: cannot read `two`" in said[5]
    assert "no DoGet route takes `table/cities`" in said[6]
    assert said[7:] == ["[('forget', 'Forget the table of this name.')]", "[]"]


def test_the_model_scores_batch_by_batch_and_is_better_than_a_guess():
    *months, model, guess, refused = lines("model")
    assert len(months) == 12
    assert months[1] == "28 days sent, 28 forecasts back, 59 in all"
    assert months[11].endswith("365 in all")
    error = [float(re.search(r"by ([\d.]+) °C", line)[1]) for line in (model, guess)]
    assert 0 < error[0] < error[1]
    assert "`wind` is missing" in refused


def test_the_model_tells_its_weights():
    with example("model", "--location", "grpc://localhost:0") as location, flight.connect(location) as client:
        [weights] = client.do_action(flight.Action("weights", b""))
        assert weights.body.to_pybytes().count(b",") == 4


def test_progress_comes_step_by_step_and_work_ends_with_its_client():
    said = lines("progress")
    bars = [line for line in said if line.startswith("█")]
    assert [bar.count("█") for bar in bars] == list(range(1, 21))
    assert all(" 25.9" in bar or " 26." in bar for bar in bars), bars[0]
    assert "'step': 3, 'of': 100000" in said[-2]
    assert said[-1] == "0 at work on the server"


def test_progress_refuses_more_steps_than_it_wants_to_make():
    with example("progress", "--location", "grpc://localhost:0") as location, flight.connect(location) as client:
        for steps in (b"0", b"100001"):
            with pytest.raises(Exception, match="expected 1 to 100000"):
                list(client.do_action(flight.Action("bootstrap", b'{"steps": %s}' % steps)))


def test_middleware_tells_ids_and_times_also_of_calls_that_fail():
    said = lines("middleware")
    ids = [line.split(": ")[1] for line in said if "x-request-id" in line]
    assert ids == ["call-1", "breath-1", "too-long", "call-2"]
    assert sum(bool(re.search(r"server-timing: total;dur=\d+\.\d+", line)) for line in said) == 4
    assert said.count("    server: elements/1.0") == 4
    assert [line for line in said if line.startswith("symbol")] == ["symbol: C", "symbol: O"]
    not_found, too_old = [line for line in said if "Error" in line or "Invalid" in line]
    assert "no element `helium` with one letter" in not_found
    assert "client version" in too_old


def test_endpoints_are_read_from_two_servers_and_belong_together():
    with example("endpoints", "--location", "grpc://localhost:0") as location:
        *years, total = example_client("endpoints", location).splitlines()
        read = [line.partition(" days")[0] for line in years]
        assert read == ["seattle/2012: 366", "seattle/2013: 365", "seattle/2014: 365", "seattle/2015: 365"]
        servers = [line.rsplit(" ", 1)[1] for line in years]
        assert servers[0] == servers[2] == location
        assert servers[1] == servers[3] != location
        assert total == "1461 days in all, 2012-01-01 to 2015-12-31"

        command = [program("endpoints-client"), "--location", location]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        tickets, batches = done.stdout.splitlines()[:4], done.stdout.splitlines()[4:]
        assert tickets[3].startswith("seattle/2015 at ")
        assert batches == ["366 days, 366 in all", "365 days, 731 in all", "365 days, 1096 in all", "365 days, 1461 in all"]


def test_mounted_in_axum_flight_and_json_share_a_port():
    with example("mount", "--location", "grpc://localhost:0") as location:
        flight_line, peer, json_line = example_client("mount", location).splitlines()
        assert flight_line == "Flight: 3 days of date, precipitation, temp_max, temp_min, wind, weather"
        assert peer.startswith("Flight knows its caller: ipv4:127.0.0.1:")
        assert json_line == "JSON: {'days': 1461, 'warmest': 35.6}"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(location.replace("grpc://", "http://") + "/nothing", timeout=10)


def test_mounted_in_tonic_flight_has_another_service_beside_it():
    with example("mount", "--tonic", "--location", "grpc://localhost:0") as location:
        with Channel(location) as raw:
            assert check(raw, FLIGHT) == SERVING
        with flight.connect(location) as client:
            assert client.do_get(flight.Ticket(b"days")).read_all().num_rows == 1461
            [peer] = client.do_action(flight.Action("peer", b""))
            assert peer.body.to_pybytes().startswith(b"ipv4:127.0.0.1:")


def test_the_tests_of_testing_pass():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLES / "testing"]
    environment = {**os.environ, "BOARD": program("testing")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment)
    assert done.returncode == 0, done.stdout
    assert "4 passed" in done.stdout


def test_a_generated_client_is_used():
    with example("weather", "--location", "grpc://localhost:0") as location:
        said = example_client("flight-python", location, FLIGHT_PYTHON=program("flight-python")).splitlines()
    assert said[1:4] == ["2015-12-25 5.0 fog", "2015-12-26 4.4 sun", "2015-12-27 4.4 fog"]
    assert "'days': 7" in said[4]


def test_what_the_readme_has_python_do_is_done_by_the_quickstart():
    """Statement by statement; one whose comment names an error ends in it, and all others do not."""
    text = re.search(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)[1]
    raised = []
    with example("quickstart", "--location", "grpc://localhost:0") as location:
        text = text.replace("grpc://localhost:8815", location)
        program = {}
        for statement in ast.parse(text).body:
            source = ast.get_source_segment(text, statement)
            comment = text.splitlines()[statement.end_lineno - 1].partition("# Arrow")[2]
            if not comment:
                exec(source, program)
                continue
            expected = "Arrow" + comment.partition(":")[0]
            with pytest.raises(getattr(pa.lib, expected)):
                exec(source, program)
            raised.append(expected)
        program["client"].close()
    assert raised == ["ArrowInvalid", "ArrowKeyError"]
