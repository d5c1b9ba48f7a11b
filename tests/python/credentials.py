"""The users of the guarded service, and what each sends to be known."""

import base64
import hashlib
import hmac
import json
import time

from raw import Channel, field, fields

USERS = {"ada": "ada's", "bob": "bob's", "carol": "carol's"}

JWT_SECRET = b"the secret of these tests, 32 bytes"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(name, secret=JWT_SECRET, algorithm="HS256", **changes):
    """A token as an issuer makes it; a claim that is changed to None is left out."""
    claims = {
        "iss": "tests",
        "aud": "guarded",
        "sub": name,
        "exp": int(time.time()) + 300,
        "roles": ["admin"] if name == "ada" else [],
        "scope": "rows:write" if name == "bob" else "",
        "region": 7,
        **changes,
    }
    claims = {key: value for key, value in claims.items() if value is not None}
    head = {"alg": algorithm, "typ": "JWT"}
    text = ".".join(b64url(json.dumps(part).encode()) for part in (head, claims))
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{b64url(signature)}"


def basic(name, password, padded=True):
    encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
    return "Basic " + (encoded if padded else encoded.rstrip("="))


def handshake_token(location, name, password):
    """The token that a handshake of one message gives."""
    with Channel(location) as raw:
        request = field(2, f"{name}:{password}")
        [response] = raw.streams("Handshake", [request])
        return fields(response)[2][0]


def bearer_token(location, name, password):
    """The header that a login gives."""
    with Channel(location) as raw:
        call = raw.streams("Handshake", [], metadata=[("authorization", basic(name, password))])
        assert list(call) == []
        [header] = [v for k, v in call.initial_metadata() if k == "authorization"]
        [trailer] = [v for k, v in call.trailing_metadata() if k == "authorization"]
        assert header == trailer
        return header


def headers(kind, location, name):
    """What a user sends with each call, in headers."""
    word = USERS[name]
    return {
        "handshake": lambda: [("auth-token-bin", handshake_token(location, name, word))],
        "basic": lambda: [("authorization", bearer_token(location, name, word))],
        "bearer": lambda: [("authorization", f"Bearer token of {word}")],
        "api-key": lambda: [("x-api-key", f"key of {word}")],
        "jwt": lambda: [("authorization", f"Bearer {jwt(name)}")],
        "own": lambda: [("x-user", name)],
    }[kind]()


# What is not to be let in, by the kind of authentication; nothing at all is wrong for each.
WRONG = {
    "handshake": [
        [("auth-token-bin", b"")],
        [("auth-token-bin", b"ada")],
        [("authorization", "Bearer ada\0token".replace("\0", ""))],
    ],
    "basic": [
        [("authorization", "Bearer ")],
        [("authorization", "Bearer ada")],
        [("authorization", basic("ada", "bob's"))],
        [("authorization", basic("", ""))],
        [("authorization", "Basic !")],
        [("authorization", "Digest ada")],
        [("auth-token-bin", b"ada")],
    ],
    "bearer": [
        [("authorization", "Bearer token of eve's")],
        [("authorization", "Bearer token of ada's ada's")],
        [("authorization", "token of ada's")],
        [("authorization", "Basic token of ada's")],
        [("x-api-key", "token of ada's")],
    ],
    "api-key": [
        [("x-api-key", "")],
        [("x-api-key", "key of ada")],
        [("authorization", "Bearer key of ada's")],
    ],
    "jwt": [
        [("authorization", f"Bearer {jwt('ada', secret=b'another secret, of 32 bytes as well')}")],
        [("authorization", f"Bearer {jwt('ada', exp=int(time.time()) - 300)}")],
        [("authorization", f"Bearer {jwt('ada', exp=None)}")],
        [("authorization", f"Bearer {jwt('ada', aud='another')}")],
        [("authorization", f"Bearer {jwt('ada', iss='another')}")],
        [("authorization", f"Bearer {jwt('ada', region=None)}")],
        [("authorization", f"Bearer {jwt('ada', algorithm='none')}")],
        [("authorization", f"Bearer {jwt('ada', algorithm='none').rsplit('.', 1)[0]}.")],
        [("authorization", "Bearer ada")],
    ],
    "own": [[("x-user", "eve")], [("x-user", "")], [("authorization", "ada")]],
    "certificate": [[("x-user", "ada")], [("authorization", "Bearer ada")]],
}
