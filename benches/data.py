"""Makes the data sets that all servers load, the same from the same seed, as Arrow IPC files."""

import itertools
import json
import random
from array import array
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

SEED = 20_140_601
# Changed with the data, so that files of another version are made anew.
VERSION = 1
SIZE = 64 << 20


def integers(rand: random.Random, rows: int) -> pa.Array:
    """Small numbers in eight bytes each, which compress as data does."""
    column = pa.Array.from_buffers(pa.int64(), rows, [None, pa.py_buffer(rand.randbytes(rows * 8))])
    return pc.bit_wise_and(column, pa.scalar(0xFFFFF, pa.int64()))


def floats(rand: random.Random, rows: int) -> pa.Array:
    return pc.divide(pc.cast(integers(rand, rows), pa.float64()), pa.scalar(8.0))


def strings(rand: random.Random, rows: int) -> pa.Array:
    """Text of 4 to 35 bytes."""
    lengths = [4 + byte % 32 for byte in rand.randbytes(rows)]
    offsets = array("i", itertools.accumulate(lengths, initial=0))
    letters = bytes(b"abcdefghijklmnopqrstuvwxyz  eeta"[byte % 32] for byte in range(256))
    text = rand.randbytes(offsets[-1]).translate(letters)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(text)])


def dictionary(rand: random.Random, rows: int, words: pa.Array) -> pa.Array:
    keys = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(rand.randbytes(rows * 4))])
    keys = pc.bit_wise_and(keys, pa.scalar(len(words) - 1, pa.int32()))
    return pa.DictionaryArray.from_arrays(keys, words)


def numeric(rand: random.Random, rows: int):
    while True:
        columns = [integers(rand, rows) for _ in range(4)] + [floats(rand, rows) for _ in range(4)]
        yield pa.RecordBatch.from_arrays(columns, [f"n{index}" for index in range(8)])


def text(rand: random.Random, rows: int):
    while True:
        yield pa.RecordBatch.from_arrays([strings(rand, rows) for _ in range(4)], list("abcd"))


def dictionaries(rand: random.Random, rows: int):
    words = [strings(rand, 1024) for _ in range(8)]
    while True:
        columns = [dictionary(rand, rows, of) for of in words]
        yield pa.RecordBatch.from_arrays(columns, [f"d{index}" for index in range(8)])


# Batches of about 4 MiB, but for those of 1,000 rows.
SETS = {
    "numeric": (numeric, 65_536),
    "strings": (text, 44_000),
    "dictionaries": (dictionaries, 131_072),
    "small": (numeric, 1_000),
}


def make(folder: Path) -> dict:
    """Makes the files that are missing; tells the rows, batches and bytes of each set."""
    folder.mkdir(parents=True, exist_ok=True)
    index = folder / "sets.json"
    made = {"seed": SEED, "version": VERSION, "size": SIZE}
    if index.exists():
        known = json.loads(index.read_text())
        if known["made"] == made:
            return known["sets"]
    sets = {}
    for name, (batches, rows) in SETS.items():
        batches = batches(random.Random(f"{SEED} {name}"), rows)
        first = next(batches)
        # What the set takes as an IPC stream: dictionaries count once.
        sink = pa.MockOutputStream()
        count = 0
        with (
            pa.OSFile(str(folder / f"{name}.arrow"), "wb") as file,
            pa.ipc.new_file(file, first.schema) as writer,
            pa.ipc.new_stream(sink, first.schema) as stream,
        ):
            for batch in itertools.chain([first], batches):
                writer.write_batch(batch)
                stream.write_batch(batch)
                count += 1
                if sink.size() >= SIZE:
                    break
        sets[name] = {"rows": rows * count, "batches": count, "bytes": sink.size()}
    # Last, so that what broke off is made again.
    index.write_text(json.dumps({"made": made, "sets": sets}, indent=1))
    return sets


if __name__ == "__main__":
    import sys

    print(json.dumps(make(Path(sys.argv[1])), indent=1))
