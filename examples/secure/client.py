"""A client of the secure example, with nothing but pyarrow: who is let in, to what, and what others are told.

Run with `examples/run secure`, or `python examples/secure/client.py --certificates <folder>` beside a running service, with what
`certificates.py` has put into the folder. It fails when anything is not as it says.
"""

import argparse
import contextlib
import functools
import pathlib
import sys

import pyarrow.flight as flight


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--location", default="grpc+tls://localhost:8815")
    parser.add_argument("--certificates", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    connect = functools.partial(flight.connect, arguments.location)

    def file(name):
        return (arguments.certificates / name).read_bytes()

    with connect(tls_root_certs=file("ca.crt")) as client:
        strangers(client)
        bob, ada = log_in(client)
        roles(client, bob, ada)
        log_out(client, bob, ada)
    with connect(tls_root_certs=file("other-ca.crt")) as client:
        wrong_authority(client)
    operator = {"cert_chain": file("operator.crt"), "private_key": file("operator.key")}
    with connect(tls_root_certs=file("ca.crt"), **operator) as client:
        certificate(client)


def strangers(client):
    title("Without credentials")
    print("health:", act(client, "health"))
    with refused(flight.FlightUnauthenticatedError, "read"):
        read(client)
    with refused(flight.FlightUnauthenticatedError, "ask for a flight that is not there: nobody is told so"):
        client.get_flight_info(flight.FlightDescriptor.for_path("secrets"))
    with refused(flight.FlightUnauthenticatedError, "read with a token that was made up"):
        read(client, (b"authorization", b"Bearer let-me-in"))


def log_in(client):
    title("Name and password, for a token")
    with refused(flight.FlightUnauthenticatedError, "log in with a wrong password"):
        client.authenticate_basic_token("bob", "correct horse")
    bob = client.authenticate_basic_token("bob", "battery staple")
    ada = client.authenticate_basic_token("ada", "correct horse")
    days = read(client, bob)
    assert days.num_rows == 7, days
    print(f"bob reads {days.num_rows} days of {', '.join(days.column_names)}")
    return bob, ada


def roles(client, bob, ada):
    title("A role")
    for name, token in [("bob", bob), ("ada", ada)]:
        actions = [action.type for action in client.list_actions(by(token))]
        assert ("forget" in actions) == (name == "ada"), actions
        print(f"{name} is shown the actions {', '.join(actions)}")
    with refused(flight.FlightUnauthorizedError, "let bob forget"):
        act(client, "forget", "2012-02-01", bob)
    print("forget:", expect(act(client, "forget", "2012-02-01", ada), "ada made me forget 31 days"))


def log_out(client, bob, ada):
    title("The end of a token")
    print("log-out:", expect(act(client, "log-out", "", ada), "the token has ended"))
    with refused(flight.FlightUnauthenticatedError, "read with a token that has ended"):
        read(client, ada)
    assert read(client, bob).num_rows == 7
    print("bob's goes on")


def wrong_authority(client):
    title("A server for which nobody vouches")
    with refused((flight.FlightUnavailableError, flight.FlightInternalError), "ask for its health"):
        act(client, "health")


def certificate(client):
    title("A client certificate, in place of a login")
    print("forget:", expect(act(client, "forget", "2012-03-01"), "operator made me forget 29 days"))


def by(token):
    """The options of a call by whoever has this token: a header and its value."""
    return flight.FlightCallOptions(headers=[token] if token else [])


def read(client, token=None):
    ticket = flight.Ticket(b"observations?since=2015-12-25")
    return client.do_get(ticket, by(token)).read_all()


def act(client, name, body="", token=None):
    results = client.do_action(flight.Action(name, body.encode()), by(token))
    return next(iter(results)).body.to_pybytes().decode()


def expect(found, expected):
    assert found == expected, found
    return found


@contextlib.contextmanager
def refused(error, what):
    """The end of the client when what is tried here is not refused."""
    try:
        yield
    except error as caught:
        # gRPC adds where the text came from; a reader wants the text.
        text = str(caught).split(". Detail:")[0].split(". gRPC client debug context")[0]
        print(f"{what}\n    {type(caught).__name__}: {text}")
    else:
        raise SystemExit(f"{what}: and the service did not mind")


def title(text):
    print(f"\n\033[1m{text}\033[0m\n" if sys.stdout.isatty() else f"\n{text}\n{'-' * len(text)}")


if __name__ == "__main__":
    main()
