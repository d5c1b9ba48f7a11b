"""A server gives its definition to who asks for it, and a client in Python is made of it."""

import base64
import datetime
import importlib.util
import json
import pathlib
import subprocess

import pyarrow as pa
import pyarrow.flight as flight
import pytest

from server import Server, binary, example, said

DEFINITION = "flight-runtime.definition"


def handlers(client, **options):
    """The handlers that a caller is told of, by call and name."""
    document = definition(client, **options)
    return {
        (handler["call"], handler["method"]): handler
        for service in document["services"]
        for handler in service["handlers"]
    }


def definition(client, **options):
    [document] = client.action(DEFINITION, **options)
    document = json.loads(document)
    assert document["format"] == "flight-runtime.service-definition"
    assert document["version"] == 1
    return document


def by(name):
    """Options of a call by this user."""
    return {"headers": [(b"x-user", name.encode())]}


def call(options):
    return flight.FlightCallOptions(**options)


# ---- the action


def test_it_tells_of_every_service_in_the_order_in_which_they_were_added(client):
    services = [service["name"] for service in definition(client)["services"]]
    assert services == ["Downloads", "Streams", "Uploads", "Exchanges", "Actions", "Flights", "TypedRows"]


def test_it_tells_of_all_that_is_known_of_a_handler(client):
    found = handlers(client)
    assert found["DoAction", "sum"] == {
        "call": "DoAction",
        "method": "sum",
        "doc": "Adds two numbers.",
        "route": None,
        "action": "sum",
        "body": {"encoding": "json", "type": "Numbers"},
        "upload": False,
        "upload_schema": None,
        "acknowledges": False,
        "reply": {"encoding": "json", "type": "Sum", "count": "one"},
        "schema": None,
        "ordered": False,
        "listed": False,
        "access": "default",
    }
    assert found["DoAction", "count"]["reply"] == {"encoding": "text", "type": "String", "count": "many"}


def test_rows_tell_their_schemas_both_ways(client):
    def columns(schema):
        return [field["name"] for field in schema["fields"]]

    found = handlers(client)
    score = found["DoExchange", "score"]
    assert score["upload"] and "station" in columns(score["upload_schema"])
    assert "score" in columns(score["schema"])
    # Of a handler that is never run, by its attribute.
    assert columns(found["DoGet", "never_run_declared"]["schema"]) == columns(score["schema"])


def test_every_action_that_is_listed_is_in_it_and_it_is_not_in_the_list(client):
    listed = {action.type for action in client.list_actions()}
    actions = {handler["action"] for (call, _), handler in handlers(client).items() if call == "DoAction"}
    assert actions <= listed
    assert "sum" in actions
    assert DEFINITION not in listed


def test_it_takes_no_body(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.action(DEFINITION, "{}")
    assert said(caught) == f"`{DEFINITION}` takes no body: leave it empty"


def test_a_schema_that_is_declared_can_be_read_by_arrow():
    with Server("--services", "guarded", "--auth", "own") as server, server.connect() as client:
        secret = handlers(client, **by("ada"))["DoGet", "secret"]
        assert secret["schema"]["fields"] == [{"name": "n", "type": "Int64", "nullable": False}]
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(secret["schema"]["ipc"])))
        assert schema == client.get_schema(flight.FlightDescriptor.for_path("secret"), call(by("ada"))).schema


def test_handlers_without_routes_are_in_it_and_their_catch_all_does_not_answer_it(catch_all_server):
    with catch_all_server.connect() as client:
        found = handlers(client)
        [other] = [handler for (call, _), handler in found.items() if call == "DoAction" and not handler["action"]]
        assert (other["body"], other["route"]) == ({"encoding": "message", "type": "Action"}, None)


def test_a_server_of_downloads_alone_gives_it_too():
    with Server("--services", "downloads-alone") as server, server.connect() as client:
        assert [call for call, _ in handlers(client)] == ["DoGet"]


@pytest.mark.parametrize("services", ["all", "catch-all"])
def test_it_can_be_turned_off(services):
    with Server("--services", services, "--no-definition") as server, server.connect() as client:
        if services == "all":
            with pytest.raises(pa.ArrowKeyError, match=f"no action `{DEFINITION}`"):
                client.action(DEFINITION)
        else:
            # Then the name is as any other.
            for body in client.action(DEFINITION):
                assert b"service-definition" not in body


# ---- who may see what


@pytest.fixture(scope="module")
def guarded():
    with Server("--services", "guarded", "--auth", "own") as server, server.connect() as client:
        yield client


def test_a_caller_sees_what_they_may_use(guarded):
    of = {name: handlers(guarded, **by(name)) for name in ("ada", "bob", "carol")}
    for (kind, method), allowed in {
        ("DoAction", "compact"): {"ada"},
        ("DoAction", "of_bob"): {"bob"},
        ("DoGet", "secret"): {"ada"},
        ("DoPut", "write"): {"ada", "bob"},
        ("ListFlights", "flights"): {"ada"},
        ("GetSchema", "schema"): {"ada"},
        ("DoGet", "read"): {"ada", "bob", "carol"},
        ("DoAction", "ping"): {"ada", "bob", "carol"},
    }.items():
        assert {name for name, found in of.items() if (kind, method) in found} == allowed, method
    assert of["ada"]["DoPut", "write"]["access"] == {"any": [{"scope": "rows:write"}, {"role": "admin"}]}
    assert of["bob"]["DoAction", "of_bob"]["access"] == "guard"


def test_callers_without_credentials_see_what_is_public(guarded):
    found = handlers(guarded)
    assert set(found) == {("DoGet", "open"), ("DoAction", "ping")}
    assert found["DoAction", "ping"]["access"] == "public"


def test_callers_without_credentials_are_refused_where_no_action_is_public():
    with Server("--auth", "own") as server, server.connect() as client:
        with pytest.raises(flight.FlightUnauthenticatedError) as caught:
            client.action(DEFINITION)
        assert said(caught) == "credentials are missing"
        assert handlers(client, **by("carol"))


def test_a_method_that_is_public_shows_what_it_has():
    with Server("--auth", "own", "--public", "DoAction") as server, server.connect() as client:
        assert {call for call, _ in handlers(client)} == {"DoAction"}


# ---- the client that is generated


def generate(*arguments, **options):
    program = pathlib.Path(binary()).with_name("flight-python")
    assert program.exists(), f"{program} is missing: tests/run builds it"
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60, **options)


def module(folder, source, name):
    """What was generated, as a module that is imported."""
    path = folder / f"{name}.py"
    path.write_text(source)
    compile(source, path, "exec")
    spec = importlib.util.spec_from_file_location(name, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def weather(tmp_path_factory):
    """The generated client of the weather example, beside the example."""
    with example("weather", "--location", "grpc://localhost:0") as location, flight.connect(location) as client:
        done = generate("--from", location)
        assert done.returncode == 0, done.stderr
        assert done.stdout == generate("--from", location).stdout
        yield module(tmp_path_factory.mktemp("weather"), done.stdout, "weather_client").Weather(client)


def test_it_says_what_it_is(weather):
    assert weather.__doc__ == "Daily observations and hourly normals."
    assert "DoGet of `stations/{station}?{since}&{until}&{limit}`." in weather.observations.__doc__
    assert "month: `Month`." in weather.normals.__doc__
    assert weather.observations.__annotations__["since"] == "datetime.date | None"


def test_it_downloads_with_arguments_of_pythons_types(weather):
    day = datetime.date(2015, 12, 25)
    table = weather.observations("seattle", since=day, until=day + datetime.timedelta(days=3), limit=2).read_all()
    assert table["date"].to_pylist() == [day, day + datetime.timedelta(days=1)]
    assert weather.stations().read_all()["station"].to_pylist()[0] == "seattle"


def test_an_argument_that_repeats_is_a_list(weather):
    both = weather.normals(month=7, station=["seattle", "san-francisco"]).read_all()
    assert set(both["station"].to_pylist()) == {"seattle", "san-francisco"}
    one = weather.normals(month=7, station="seattle").read_all()
    assert set(one["station"].to_pylist()) == {"seattle"}
    assert weather.normals(month=7).read_all().num_rows == both.num_rows


def test_it_uploads_and_hears_of_it_and_a_name_may_be_any_text(weather):
    table = weather.observations("seattle", limit=3).read_all()
    name = 'a/b ü%2F?"&='
    acknowledged = weather.add(name, table)
    assert acknowledged[-1] == {"rows": 3, "committed": True}
    assert weather.observations(name).read_all() == table
    assert name in weather.stations().read_all()["station"].to_pylist()


def test_many_acknowledgements_do_not_hold_an_upload_up(weather):
    table = weather.observations("seattle").read_all()
    batches = table.to_batches(max_chunksize=1)
    assert len(weather.add("many", iter(batches))) == len(batches) + 1


def test_an_upload_whose_source_fails_leaves_nothing(weather):
    def batches():
        yield from weather.observations("seattle", limit=1).read_all().to_batches()
        raise LookupError("no more of it")

    with pytest.raises(LookupError):
        weather.add("half", batches())
    assert "half" not in weather.stations().read_all()["station"].to_pylist()


def test_it_exchanges(weather):
    table = weather.observations("seattle", limit=9).read_all()
    scored = pa.Table.from_batches(weather.score(iter(table.to_batches(max_chunksize=2))))
    assert scored.num_rows == 9
    assert scored.column_names[-1] == "score"
    with pytest.raises(pa.ArrowInvalid, match="`wind` is missing"):
        list(weather.score(table.drop_columns(["wind"])))

    def batches():
        yield from table.to_batches()
        raise LookupError("no more of it")

    with pytest.raises(LookupError):
        list(weather.score(batches()))


def test_it_acts_in_json(weather):
    summary = weather.summary({"station": "seattle", "since": datetime.date(2015, 12, 30)})
    assert (summary["days"], summary["last"]) == (2, "2015-12-31")
    assert weather.compact({"station": "seattle"})["batches_after"] == 1
    with pytest.raises(pa.ArrowKeyError, match="no station `nowhere`"):
        weather.compact({"station": "nowhere"})


def test_every_handler_has_a_method(weather):
    methods = {name for name in dir(weather) if not name.startswith("_")}
    assert methods == {"observations", "stations", "normals", "add", "score", "summary", "compact"}


def test_calls_go_with_the_options_of_the_client(tmp_path):
    with Server("--services", "guarded", "--auth", "own") as server, server.connect() as client:
        assert generate("--from", server.location, "--header", "x-user: bob").stdout.count("def of_bob(") == 1
        done = generate("--from", server.location, "--header", "x-user: ada")
        guarded = module(tmp_path, done.stdout, "guarded_client").Guarded(client, call(by("ada")))
        assert guarded.compact() == "compacted"
        assert guarded.whoami()["name"] == "ada"
        assert guarded.either() is None
        assert guarded.secret(limit=1).read_all().column_names == ["n"]
        assert guarded.write(pa.table({"n": [1]})) is None
        assert guarded.info().schema.names == ["n"]
        assert guarded.schema() == pa.schema([])
        assert any(action.type == "hidden" for action in guarded.actions())
        assert list(guarded.flights())


def test_all_services_make_a_module(own_server, tmp_path):
    with own_server.connect() as client:
        [document] = client.action(DEFINITION)
        done = generate("-", input=document.decode())
        assert done.returncode == 0, done.stderr
        made = module(tmp_path, done.stdout, "all_client")
        actions = made.Actions(client)
        assert actions.sum({"left": 2, "right": 40}) == {"sum": 42}
        assert actions.text("größe") == "GRÖSSE"
        assert actions.bytes(b"ab") == b"ba"
        assert actions.raw(b"as it is") == b"as it is"
        assert actions.nothing() is None
        assert (actions.maybe(True), actions.maybe(False)) == ("yes", None)
        assert list(actions.count(3)) == ["1", "2", "3"]
        assert list(actions.several()) == [1, 2]


HOSTILE = '"""\nimport os\nos.abort()\n\\'


def test_names_and_texts_of_others_are_never_code(tmp_path):
    handler = {
        "call": "DoGet",
        "method": HOSTILE,
        "doc": HOSTILE,
        "route": {
            "text": HOSTILE,
            "path": [{"literal": HOSTILE}, {"argument": "class"}, {"rest": HOSTILE}],
            "arguments": [
                {"name": "class", "type": HOSTILE, "kind": "required", "in": "path"},
                {"name": HOSTILE, "type": "str) -> os.abort(", "kind": "rest", "in": "path"},
                {"name": "self", "type": "Vec<u8>", "kind": "repeated", "in": "query"},
            ],
        },
    }
    action = {
        "call": "DoAction",
        "method": "__init__",
        "action": HOSTILE,
        "body": {"encoding": "json", "type": HOSTILE},
        "reply": {"encoding": "proto", "type": HOSTILE, "count": "one"},
    }
    service = {"name": HOSTILE, "doc": HOSTILE, "handlers": [handler, handler, action]}
    document = {"format": "flight-runtime.service-definition", "version": 1, "services": [service, service]}
    done = generate("-", input=json.dumps(document))
    assert done.returncode == 0, done.stderr
    made = module(tmp_path, done.stdout, "hostile_client")
    [one, other] = [made.ImportOsOsAbort, made.ImportOsOsAbort_]
    assert one.__doc__.startswith('"""\n')
    assert sorted(name for name in vars(other) if not name.startswith("_")) == [
        "import_os_os_abort____",
        "import_os_os_abort_____",
        "init__",
    ]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "not a service definition"),
        ('{"format": "flight-runtime.service-definition", "version": 7}', "the document is of version 7"),
        ('{"format": "openapi", "version": 1}', "the format of the document is `openapi`"),
    ],
)
def test_what_is_no_definition_is_an_error(document, words):
    done = generate("-", input=document)
    assert done.returncode != 0
    assert words in done.stderr
    assert done.stdout == ""
