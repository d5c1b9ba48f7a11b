"""Makes an authority for development into a folder, and a certificate of the server by it.

Run with `python certificates.py certificates`. Whoever can read the folder can be the server; in production take certificates of your
own authority.
"""

import argparse
import pathlib

import trustme


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--host", nargs="+", default=["localhost", "127.0.0.1", "::1"])
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    certificate = authority.issue_cert(*arguments.host)
    key = folder / "tls.key"
    key.touch(mode=0o600)
    certificate.private_key_pem.write_to_path(key)
    (folder / "tls.crt").write_bytes(b"".join(pem.bytes() for pem in certificate.cert_chain_pems))


if __name__ == "__main__":
    main()
