"""Writes short IPC streams as Arrow's C++ writes them: every type, compression and version of the format.

    python tests/fuzz/pyarrow_seeds.py DIRECTORY
"""

import pathlib
import sys

import pyarrow as pa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
from arrays import ARRAYS  # noqa: E402


def main(directory):
    directory.mkdir(parents=True, exist_ok=True)
    for kind, array in ARRAYS.items():
        batch = pa.record_batch({"c": array})
        for codec in (None, "lz4", "zstd"):
            for version in (pa.ipc.MetadataVersion.V4, pa.ipc.MetadataVersion.V5):
                options = pa.ipc.IpcWriteOptions(compression=codec, metadata_version=version)
                sink = pa.BufferOutputStream()
                try:
                    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
                        writer.write(batch)
                        writer.write(batch.slice(1))
                except pa.ArrowInvalid:
                    # The older version has neither compression nor every type.
                    continue
                name = f"{kind} {codec} {version.name}".replace(" ", "-")
                (directory / name).write_bytes(sink.getvalue())


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
