"""What callers may use: rules on handlers, what is public, and lists that show what is one's own."""

import grpc
import pyarrow as pa
import pyarrow.flight as flight
import pytest

from raw import Channel, field, path
from server import Server, said


@pytest.fixture(scope="module", params=["own", "tonic"])
def server(request):
    mount = ["--tonic"] if request.param == "tonic" else []
    with Server("--services", "guarded", "--auth", "own", *mount) as server:
        yield server


@pytest.fixture
def client(server):
    with server.connect() as client:
        yield client


def by(name, *more):
    """Options of a call by this user; `None` is nobody."""
    headers = [(b"x-user", name.encode())] if name else []
    return {"headers": headers + list(more)}


def options(*more):
    return flight.FlightCallOptions(**by(*more))


DENIED = flight.FlightUnauthorizedError
UNKNOWN = flight.FlightUnauthenticatedError


@pytest.mark.parametrize(
    ("action", "allowed"),
    [
        ("compact", {"ada"}),
        ("either", {"ada"}),
        ("of-bob", {"bob"}),
        ("whoami", {"ada", "bob", "carol"}),
        ("ping", {"ada", "bob", "carol", None}),
    ],
)
def test_an_action_is_for_those_whom_its_rule_allows(client, action, allowed):
    for name in ("ada", "bob", "carol", None):
        if name in allowed:
            client.action(action, **by(name))
            continue
        with pytest.raises(DENIED if name else UNKNOWN) as caught:
            client.action(action, **by(name))
        if name:
            assert said(caught) == f"`{name}` may not do this"
        else:
            assert said(caught) == "credentials are missing"


def test_a_guard_sees_the_call(client):
    client.action("with-header", **by("carol", (b"x-pass", b"yes")))
    with pytest.raises(DENIED):
        client.action("with-header", **by("carol"))


def test_a_download_its_schema_and_its_info_have_one_rule(client):
    secret = flight.FlightDescriptor.for_path("secret")
    calls = [
        lambda who: client.get("secret", **by(who)),
        lambda who: client.get_flight_info(secret, options(who)),
        lambda who: client.get_schema(secret, options(who)),
    ]
    for call in calls:
        assert call("ada")
        # pyarrow has no class of its own for errors of GetSchema.
        with pytest.raises((DENIED, OSError), match="`bob` may not do this"):
            call("bob")
        with pytest.raises((UNKNOWN, OSError), match="credentials are missing"):
            call(None)


def test_poll_and_hand_written_answers_have_rules_too(server):
    with Channel(server.location) as raw:

        def code(name, request, user):
            try:
                raw.unary(name, request, metadata=[("x-user", user)])
            except grpc.RpcError as error:
                return error.code().name
            return "OK"

        for name, request, expected in [
            ("PollFlightInfo", path("secret"), "PERMISSION_DENIED"),
            ("PollFlightInfo", path("poll"), "OK"),
            ("GetSchema", path("schema"), "PERMISSION_DENIED"),
            ("GetFlightInfo", path("info"), "OK"),
        ]:
            assert code(name, request, "ada") == "OK"
            assert code(name, request, "bob") == expected


def test_an_info_does_not_tell_the_schema_of_what_one_may_not_read(client):
    info = flight.FlightDescriptor.for_path("info")
    assert client.get_flight_info(info, options("ada")).schema.names == ["n"]
    seen = client.get_flight_info(info, options("bob"))
    assert seen.schema is None or seen.schema.names == []


def test_an_upload_is_for_a_scope_or_a_role(client):
    schema = pa.schema([("n", pa.int64())])
    for name, error in [("ada", None), ("bob", None), ("carol", DENIED), (None, UNKNOWN)]:
        try:
            # Where it is refused at once, pyarrow may hear of it while it still writes the schema.
            writer, _ = client.put("rows", schema=schema, **by(name))
            writer.write_batch(pa.record_batch([pa.array([1])], schema=schema))
            writer.close()
        except Exception as caught:
            assert error and isinstance(caught, error), (name, caught)
        else:
            assert error is None, name


def test_what_is_wrong_with_an_address_is_told_to_those_who_may_use_it(client):
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.get("secret?limit=x", **by("ada"))
    assert "argument `limit`" in said(caught)
    for ticket in ("secret?limit=x", "secret?nonsense=1"):
        with pytest.raises(DENIED):
            client.get(ticket, **by("bob"))
        with pytest.raises(UNKNOWN):
            client.get(ticket, **by(None))


def test_lists_show_what_is_ones_own(client):
    def actions(name):
        return {action.type for action in client.list_actions(options(name))}

    def flights(name):
        listed = client.list_flights(b"", options(name))
        return [info.descriptor.command or b"/".join(info.descriptor.path) for info in listed]

    assert {"compact", "either", "whoami", "ping", "hidden"} <= actions("ada")
    assert "of-bob" not in actions("ada")
    assert {"whoami", "ping", "of-bob"} <= actions("bob")
    assert not {"compact", "either", "hidden"} & actions("bob")
    assert flights("ada") == [b"rows", b"named/one", b"named/two", b"open", b"secret", b"for admins"]
    assert flights("bob") == [b"rows", b"named/one", b"named/two", b"open"]


def test_errors_name_what_is_ones_own(client):
    with pytest.raises(KeyError) as caught:
        client.get("nothing", **by("bob"))
    assert said(caught).endswith("there are `named/{name}`, `open?{limit}` and `rows`")
    with pytest.raises(KeyError) as caught:
        client.get("nothing", **by("ada"))
    assert "`secret?{limit}`" in said(caught)
    with pytest.raises(KeyError) as caught:
        client.action("no-such-action", **by("bob"))
    assert "`of-bob`" in said(caught) and "compact" not in said(caught)


def test_what_is_public_is_for_everybody_and_nothing_else_is_told(client):
    assert client.get("open", **by(None)).num_rows == 3
    assert client.get("open?limit=1", **by("eve")).num_rows == 3
    opened = flight.FlightDescriptor.for_path("open")
    assert client.get_flight_info(opened, options(None)).schema.names == ["n"]
    assert client.get_schema(opened, options(None)).schema.names == ["n"]
    with pytest.raises(pa.ArrowInvalid) as caught:
        client.get("open?limit=x", **by(None))
    assert "argument `limit`" in said(caught)
    for ticket in ("rows", "secret", "nothing", "open/more"):
        with pytest.raises(UNKNOWN) as caught:
            client.get(ticket, **by(None))
        assert said(caught) == "credentials are missing"
        with pytest.raises(UNKNOWN) as caught:
            client.get(ticket, **by("eve"))
        assert said(caught) == "no such user"


def test_lists_that_are_public_show_what_is_public():
    lists = ["--public", "ListActions", "--public", "ListFlights"]
    with Server("--services", "guarded", "--auth", "own", *lists) as server:
        with server.connect() as client:
            assert [action.type for action in client.list_actions(options(None))] == ["ping"]
            listed = client.list_flights(b"", options(None))
            assert [info.descriptor.path for info in listed] == [[b"open"]]
            assert len(list(client.list_actions(options("ada")))) > 20


def test_methods_that_are_public_are_so_without_a_rule():
    methods = ["ListActions", "ListFlights", "GetFlightInfo", "DoAction"]
    public = [word for method in methods for word in ("--public", method)]
    with Server("--services", "guarded", "--auth", "own", *public) as server:
        with server.connect() as client:
            actions = {action.type for action in client.list_actions(options(None))}
            assert {"ping", "region", "sum"} <= actions
            assert not {"compact", "of-bob", "hidden"} & actions
            assert client.action("text", "x", **by(None)) == [b"X"]
            rows = flight.FlightDescriptor.for_path("rows")
            assert client.get_flight_info(rows, options(None)).schema.names == ["n"]
            listed = [info.descriptor.path for info in client.list_flights(b"", options(None))]
            assert listed == [[b"rows"], [b"named", b"one"], [b"named", b"two"], [b"open"]]
            # What takes a known caller says so itself.
            with pytest.raises(UNKNOWN):
                client.action("whoami", **by(None))
            with pytest.raises(UNKNOWN):
                client.get_flight_info(flight.FlightDescriptor.for_path("secret"), options(None))
            with pytest.raises(UNKNOWN):
                client.get("rows", **by(None))
            with pytest.raises(KeyError) as caught:
                client.action("no-such-action", **by(None))
            assert "compact" not in said(caught)


def test_without_authentication_everybody_may_do_everything():
    with Server() as server, server.connect() as client:
        assert client.ask("who", **by("eve"))["identity"] == ""
        assert len(list(client.list_actions())) > 20


def test_credentials_of_a_call_do_not_stay_with_its_connection(server):
    with Channel(server.location) as raw:
        assert list(raw.action("whoami", metadata=[("x-user", "ada")]))
        with pytest.raises(grpc.RpcError) as caught:
            list(raw.stream("DoAction", field(1, "whoami")))
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
