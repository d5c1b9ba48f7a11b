// Writes streams of every type that apache-arrow builds, four of each: `node streams.js FOLDER`.
const fs = require("node:fs");
const path = require("node:path");
const arrow = require("apache-arrow");

const [folder] = process.argv.slice(2);
const bytes = (...values) => Uint8Array.of(...values);
const item = (type) => new arrow.Field("item", type, true);
const int32 = new arrow.Int32();
const utf8 = new arrow.Utf8();
const entries = new arrow.Struct([new arrow.Field("key", utf8, false), new arrow.Field("value", int32, true)]);

// A type, and three values of it. Without sparse unions: the children that are built for them are too short.
const COLUMNS = {
  null: [new arrow.Null(), null, null, null],
  bool: [new arrow.Bool(), true, null, false],
  int8: [new arrow.Int8(), 1, null, -3],
  int16: [new arrow.Int16(), 1, null, -3],
  int32: [int32, 1, null, -3],
  int64: [new arrow.Int64(), 1n, null, -3n],
  uint8: [new arrow.Uint8(), 1, null, 3],
  uint16: [new arrow.Uint16(), 1, null, 3],
  uint32: [new arrow.Uint32(), 1, null, 3],
  uint64: [new arrow.Uint64(), 1n, null, 3n],
  float16: [new arrow.Float16(), 1, null, 3],
  float32: [new arrow.Float32(), 0.5, null, 3],
  float64: [new arrow.Float64(), 0.5, null, Infinity],
  decimal: [new arrow.Decimal(2, 10, 128), Uint32Array.of(125, 0, 0, 0), null, Uint32Array.of(1, 0, 0, 0)],
  utf8: [utf8, "", null, "größe"],
  largeUtf8: [new arrow.LargeUtf8(), "", null, "größe"],
  binary: [new arrow.Binary(), bytes(1), null, bytes()],
  largeBinary: [new arrow.LargeBinary(), bytes(1), null, bytes()],
  fixedSizeBinary: [new arrow.FixedSizeBinary(2), bytes(1, 2), null, bytes(3, 4)],
  dateDay: [new arrow.DateDay(), new Date(0), null, new Date(86_400_000)],
  dateMillisecond: [new arrow.DateMillisecond(), new Date(0), null, new Date(86_400_000)],
  timestampSecond: [new arrow.TimestampSecond(), 0, null, 1000],
  timestampMillisecond: [new arrow.TimestampMillisecond("UTC"), 0, null, 1000],
  timestampMicrosecond: [new arrow.TimestampMicrosecond("Europe/Berlin"), 0, null, 1000],
  timeSecond: [new arrow.TimeSecond(), 1, null, 3],
  timeMillisecond: [new arrow.TimeMillisecond(), 1, null, 3],
  timeMicrosecond: [new arrow.TimeMicrosecond(), 1n, null, 3n],
  durationSecond: [new arrow.DurationSecond(), 1n, null, 3n],
  durationMillisecond: [new arrow.DurationMillisecond(), 1n, null, 3n],
  list: [new arrow.List(item(int32)), [1, null], null, []],
  fixedSizeList: [new arrow.FixedSizeList(2, item(int32)), [1, 2], null, [3, 4]],
  struct: [new arrow.Struct([new arrow.Field("a", int32, true)]), { a: 1 }, null, { a: null }],
  map: [new arrow.Map_(new arrow.Field("entries", entries, false)), new Map([["k", 1]]), null, new Map()],
  denseUnion: [new arrow.DenseUnion([0, 1], [item(int32), item(utf8)]), 1, "x", 2],
  dictionary: [new arrow.Dictionary(utf8, new arrow.Int8()), "x", null, "x"],
  listOfDictionaries: [new arrow.List(item(new arrow.Dictionary(utf8, int32))), ["x", "y"], null, ["x"]],
};

function vector(type, values) {
  if (!arrow.DataType.isUnion(type)) return arrow.vectorFromArray(values, type);
  const builder = arrow.makeBuilder({ type, valueToChildTypeId: (_, value) => Number(typeof value === "string") });
  for (const value of values) builder.append(value);
  return builder.toVector();
}

for (const [name, [type, ...values]] of Object.entries(COLUMNS)) {
  const table = new arrow.Table({ [name]: vector(type, values) });
  const tables = { whole: table, cut: table.slice(1, 3), empty: table.slice(1, 1), twice: table.concat(table) };
  for (const [how, written] of Object.entries(tables)) {
    fs.writeFileSync(path.join(folder, `${name}-${how}`), arrow.tableToIPC(written, "stream"));
  }
}
