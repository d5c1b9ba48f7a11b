"""Makes what TLS needs into a folder: an authority with a server's certificate, one with a client's, and one that nobody trusts.

Run with `python examples/secure/certificates.py <folder>`. For trying things out: they last as long as you keep the folder, and
whoever can read it can be the server.
"""

import argparse
import pathlib

import trustme


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    write(folder, "server", authority.issue_cert("localhost", "127.0.0.1", "::1"))
    # An authority of its own, which signs for nothing else: whatever it has signed is let in as a client.
    clients = trustme.CA()
    clients.cert_pem.write_to_path(folder / "client-ca.crt")
    write(folder, "operator", clients.issue_cert(common_name="operator"))
    trustme.CA().cert_pem.write_to_path(folder / "other-ca.crt")


def write(folder, name, certificate):
    key = folder / f"{name}.key"
    key.touch(mode=0o600)
    certificate.private_key_pem.write_to_path(key)
    (folder / f"{name}.crt").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))


if __name__ == "__main__":
    main()
