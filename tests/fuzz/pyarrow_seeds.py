"""Writes short IPC streams as Arrow's C++ writes them: every type, compression and version of the format.

    python tests/fuzz/pyarrow_seeds.py DIRECTORY
"""

import pathlib
import sys

import pyarrow as pa

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
import streams  # noqa: E402


def main(directory: pathlib.Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for name, table in streams.tables(rows=8):
        for codec in (None, "lz4", "zstd"):
            for version in (pa.ipc.MetadataVersion.V4, pa.ipc.MetadataVersion.V5):
                options = pa.ipc.IpcWriteOptions(compression=codec, metadata_version=version)
                try:
                    stream = streams.written(table, options)
                except pa.ArrowInvalid:
                    # Unions are not written in the older version.
                    continue
                (directory / f"pyarrow-{name}-{codec}-{version.name}").write_bytes(stream)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
