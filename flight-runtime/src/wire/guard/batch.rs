//! Checks of a record batch or a dictionary against its schema and its body.
//!
//! The walk follows `RecordBatchDecoder::create_array` of arrow-ipc 59, node by node and
//! buffer by buffer, which is the order that the columnar format prescribes: a node for
//! each array, depth first, and for each node the buffers of its type.

use arrow::datatypes::{DataType, Field, UnionMode};
use arrow_ipc::{
    BodyCompressionMethod, Buffer, CompressionType, FieldNode, MetadataVersion, RecordBatch,
};

use super::nulls::{UNKNOWN, Uncounted, count};
use super::{GuardLimits, lz4, zstd};
use crate::wire::error::{DECODED_BODY, WireError, shown};
use crate::wire::mend::NullViews;

/// The number of rows of a batch, as it says it.
pub(crate) fn check_rows(rows: i64, limits: &GuardLimits) -> Result<u64, WireError> {
    let count = u64::try_from(rows).map_err(|_| {
        WireError::invalid(format!("the batch has {rows} rows, expected 0 or more"))
    })?;
    if count > limits.rows {
        return Err(WireError::Limit {
            what: format!("the batch has {rows} rows"),
            option: "max_batch_rows",
            limit: limits.rows.to_string(),
            slow: false,
        });
    }
    Ok(count)
}

/// A batch that fits its schema and its body.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The bytes that its buffers will be in memory.
    pub(crate) size: u64,
    /// What is to be said in its header before it is decoded.
    pub(crate) uncounted: Uncounted,
    /// Arrays of views that have nulls.
    pub(crate) null_views: Vec<NullViews>,
}

/// Checks `batch` against the `fields` that it holds and the `body` it came with.
///
/// # Errors
///
/// [`WireError::Invalid`] naming the column at fault, and [`WireError::TooLarge`] when
/// the buffers would be over `limits.decompressed`.
pub(crate) fn check_batch<'f>(
    batch: RecordBatch<'_>,
    fields: impl IntoIterator<Item = &'f Field>,
    body: &[u8],
    version: MetadataVersion,
    limits: &GuardLimits,
) -> Result<Checked, WireError> {
    let rows = batch.length();
    check_rows(rows, limits)?;
    let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else {
        return Err(WireError::invalid(
            "the batch has no list of nodes or of buffers",
        ));
    };
    let mut walk = Walk {
        all: nodes.len(),
        count: buffers.len(),
        nodes: nodes.iter(),
        buffers: buffers.iter(),
        variadic: batch.variadicBufferCounts().map(|counts| counts.iter()),
        codec: codec(batch)?,
        body,
        version,
        limits,
        total: 0,
        uncounted: Uncounted::default(),
        null_views: Vec::new(),
        column: "",
    };
    for field in fields {
        walk.column = field.name();
        let len = walk.array(field.data_type())?;
        if len != rows as u64 {
            return Err(walk.fault(format_args!("{len} rows in a batch of {rows}")));
        }
    }
    let variadic = walk.variadic.as_ref();
    let left = [
        (walk.nodes.len(), "nodes"),
        (walk.buffers.len(), "buffers"),
        (
            variadic.map_or(0, ExactSizeIterator::len),
            "variadic counts",
        ),
    ];
    for (count, what) in left {
        if count > 0 {
            return Err(WireError::invalid(format!(
                "the batch has {count} {what} more than its schema has use for"
            )));
        }
    }
    Ok(Checked {
        size: walk.total,
        uncounted: walk.uncounted,
        null_views: walk.null_views,
    })
}

/// The codec of the bodies, if they are compressed.
fn codec(batch: RecordBatch<'_>) -> Result<Option<CompressionType>, WireError> {
    let Some(compression) = batch.compression() else {
        return Ok(None);
    };
    if compression.method() != BodyCompressionMethod::BUFFER {
        return Err(WireError::invalid(format!(
            "the compression method {} of the batch is not known here",
            compression.method().0
        )));
    }
    let codec = compression.codec();
    let (on, name) = match codec {
        CompressionType::LZ4_FRAME => (cfg!(feature = "lz4"), "lz4"),
        CompressionType::ZSTD => (cfg!(feature = "zstd"), "zstd"),
        other => {
            return Err(WireError::invalid(format!(
                "the codec {} of the batch is not known here, expected LZ4_FRAME or ZSTD",
                other.0
            )));
        }
    };
    if !on {
        return Err(WireError::invalid(format!(
            "the batch is compressed with {name}, and this server is built without the \
             feature `{name}`"
        )));
    }
    Ok(Some(codec))
}

struct Walk<'a, 'l> {
    /// How many nodes there are in all.
    all: usize,
    /// And how many buffers.
    count: usize,
    nodes: flatbuffers::VectorIter<'a, FieldNode>,
    buffers: flatbuffers::VectorIter<'a, Buffer>,
    variadic: Option<flatbuffers::VectorIter<'a, i64>>,
    codec: Option<CompressionType>,
    body: &'l [u8],
    version: MetadataVersion,
    limits: &'l GuardLimits,
    /// What the buffers so far are in memory.
    total: u64,
    uncounted: Uncounted,
    null_views: Vec<NullViews>,
    /// The top-level column, for errors.
    column: &'l str,
}

/// A node that was checked.
#[derive(Clone, Copy)]
struct Node {
    len: u64,
    /// `None` where nobody has counted them.
    nulls: Option<u64>,
    /// Which of the batch's nodes it is.
    index: usize,
}

impl Walk<'_, '_> {
    /// Checks the array of a field and those below it. Gives its length.
    fn array(&mut self, data_type: &DataType) -> Result<u64, WireError> {
        use DataType::*;
        let node = self.node()?;
        let len = node.len;
        match data_type {
            Null => {
                self.nulls(node, len);
                self.unbacked(len)?;
            }
            Utf8 | Binary => {
                self.validity(node)?;
                self.offsets(len, 4)?;
                self.buffer("values", 0, 1)?;
            }
            LargeUtf8 | LargeBinary => {
                self.validity(node)?;
                self.offsets(len, 8)?;
                self.buffer("values", 0, 1)?;
            }
            Utf8View | BinaryView => {
                let validity = self.count - self.buffers.len();
                if self.validity(node)? > 0 {
                    let rows = usize::try_from(len).unwrap_or_default();
                    self.null_views.push(NullViews { validity, rows });
                }
                self.buffer("views", len.saturating_mul(16), 16)?;
                for _ in 0..self.variadic()? {
                    self.buffer("values", 0, 1)?;
                }
            }
            List(item) | Map(item, _) => {
                self.validity(node)?;
                self.offsets(len, 4)?;
                self.array(item.data_type())?;
            }
            LargeList(item) => {
                self.validity(node)?;
                self.offsets(len, 8)?;
                self.array(item.data_type())?;
            }
            ListView(item) | LargeListView(item) => {
                let width = if matches!(data_type, ListView(_)) {
                    4
                } else {
                    8
                };
                self.validity(node)?;
                self.buffer("offsets", len.saturating_mul(width), width)?;
                self.buffer("sizes", len.saturating_mul(width), width)?;
                self.array(item.data_type())?;
            }
            FixedSizeList(item, size) => {
                let nulls = self.validity(node)?;
                let size = u64::try_from(*size).unwrap_or_default();
                if size == 0 {
                    self.unbacked(len)?;
                }
                let child = self.array(item.data_type())?;
                let expected = len.saturating_mul(size);
                if child < expected {
                    return Err(self.fault(format_args!(
                        "{child} items, {len} lists of {size} need {expected}"
                    )));
                }
                if nulls > 0 && !item.is_nullable() {
                    // Arrow spreads the validity over the items to compare them, and
                    // the items may take no bytes.
                    self.charge(expected.div_ceil(8))?;
                }
            }
            Struct(fields) => {
                self.validity(node)?;
                if fields.is_empty() {
                    self.unbacked(len)?;
                }
                for field in fields {
                    self.array(field.data_type())?;
                }
            }
            Union(fields, mode) => {
                self.nulls(node, 0);
                // Metadata V4 has a validity bitmap that V5 has not; Arrow passes it over.
                if self.version < MetadataVersion::V5 {
                    self.buffer("validity", 0, 1)?;
                }
                self.buffer("type ids", len, 1)?;
                if *mode == UnionMode::Dense {
                    self.aligned("offsets")?;
                    self.buffer("offsets", len.saturating_mul(4), 4)?;
                }
                for (_, field) in fields.iter() {
                    self.array(field.data_type())?;
                }
            }
            RunEndEncoded(ends, values) => {
                self.nulls(node, 0);
                self.unbacked(len)?;
                let runs = self.array(ends.data_type())?;
                let values = self.array(values.data_type())?;
                if runs != values || (runs == 0 && len > 0) {
                    return Err(self.fault(format_args!(
                        "{len} rows in {runs} runs with {values} values"
                    )));
                }
            }
            Dictionary(key, _) => {
                self.validity(node)?;
                self.fixed(len, key)?;
            }
            Boolean => {
                self.validity(node)?;
                self.buffer("values", len.div_ceil(8), 1)?;
            }
            FixedSizeBinary(width) => {
                self.validity(node)?;
                let width = u64::try_from(*width).unwrap_or_default();
                if width == 0 {
                    self.unbacked(len)?;
                }
                // Padding may be part of the length, so it need not be a multiple.
                self.buffer("values", len.saturating_mul(width), 1)?;
            }
            other => {
                self.validity(node)?;
                self.fixed(len, other)?;
            }
        }
        Ok(len)
    }

    /// The values of a type that has a width.
    fn fixed(&mut self, len: u64, data_type: &DataType) -> Result<(), WireError> {
        let Some(width) = data_type.primitive_width() else {
            return Err(self.fault(format_args!("the type {data_type} is not known here")));
        };
        self.buffer("values", len.saturating_mul(width as u64), width as u64)
    }

    /// Offsets, of which there is one more than rows, or none for no rows.
    fn offsets(&mut self, len: u64, width: u64) -> Result<(), WireError> {
        let count = if len == 0 { 0 } else { len + 1 };
        self.buffer("offsets", count.saturating_mul(width), width)
    }

    /// The validity bitmap. Without nulls it may be absent, and is not looked at. Gives how many there are.
    fn validity(&mut self, node: Node) -> Result<u64, WireError> {
        let nulls = match node.nulls {
            Some(nulls) => nulls,
            None => self.count_nulls(node.len)?,
        };
        let bytes = if nulls > 0 { node.len.div_ceil(8) } else { 0 };
        self.buffer("validity", bytes, 1)?;
        Ok(self.nulls(node, nulls))
    }

    /// The nulls of a node by its bitmap, which is the next buffer.
    fn count_nulls(&self, len: u64) -> Result<u64, WireError> {
        let bitmap = self.buffers.clone().next();
        let bitmap = bitmap.and_then(|buffer| self.bytes(*buffer));
        let bitmap = bitmap.unwrap_or_default();
        if self.codec.is_some() && !bitmap.is_empty() {
            return Err(self.fault(format_args!(
                "an array of {len} rows with {UNKNOWN} nulls, and a validity that is compressed"
            )));
        }
        count(bitmap, len).ok_or_else(|| {
            self.fault(format_args!(
                "its validity are {} bytes, expected at least {}",
                bitmap.len(),
                len.div_ceil(8)
            ))
        })
    }

    /// Notes the nulls of a node that has not said how many.
    fn nulls(&mut self, node: Node, nulls: u64) -> u64 {
        if node.nulls.is_none() {
            self.uncounted.add(node.index, nulls);
        }
        nulls
    }

    fn node(&mut self) -> Result<Node, WireError> {
        let left = self.nodes.len();
        let Some(node) = self.nodes.next() else {
            return Err(self.fault(format_args!("the batch has too few nodes")));
        };
        let index = self.all - left;
        let (len, nulls) = (node.length(), node.null_count());
        let counted = match nulls {
            UNKNOWN => Ok(None),
            nulls => u64::try_from(nulls).map(Some),
        };
        match (u64::try_from(len), counted) {
            (Ok(len), Ok(nulls)) if nulls.unwrap_or(0) <= len && len <= self.limits.rows => {
                Ok(Node { len, nulls, index })
            }
            _ => Err(self.fault(format_args!(
                "an array of {len} rows with {nulls} nulls, at most {} rows",
                self.limits.rows
            ))),
        }
    }

    /// How many buffers of values a view has.
    fn variadic(&mut self) -> Result<u64, WireError> {
        let count = self.variadic.as_mut().and_then(Iterator::next);
        let left = self.buffers.len() as u64;
        match count.map(u64::try_from) {
            Some(Ok(count)) if count <= left => Ok(count),
            _ => Err(self.fault(format_args!(
                "a view with {} buffers of values, {left} buffers are left",
                count.map_or_else(|| "no count".to_owned(), |count| count.to_string())
            ))),
        }
    }

    /// Looks where the next buffer begins, also when it is empty: the offsets of a union are the only buffer that Arrow's decoder neither copies
    /// nor passes over then, but panics about.
    fn aligned(&self, what: &str) -> Result<(), WireError> {
        match self.buffers.clone().next() {
            Some(buffer) if buffer.offset() % 8 != 0 => Err(self.misplaced(what, buffer.offset())),
            _ => Ok(()),
        }
    }

    /// Checks the next buffer: `least` bytes, a multiple of `width`.
    fn buffer(&mut self, what: &str, least: u64, width: u64) -> Result<(), WireError> {
        let Some(buffer) = self.buffers.next() else {
            return Err(self.fault(format_args!("the batch has too few buffers")));
        };
        let (offset, len) = (buffer.offset(), buffer.length());
        let Some(bytes) = self.bytes(*buffer) else {
            return Err(self.fault(format_args!(
                "its {what} are {len} bytes at offset {offset}, outside of the body of {} bytes",
                self.body.len()
            )));
        };
        // C++ rejects it as well, and Arrow would copy the buffer, or panic for unions.
        if !bytes.is_empty() && offset % 8 != 0 {
            return Err(self.misplaced(what, offset));
        }
        let plain = self.plain_len(what, bytes)?;
        if plain < least {
            return Err(self.fault(format_args!(
                "its {what} are {plain} bytes, expected at least {least}"
            )));
        }
        if plain % width != 0 {
            return Err(self.fault(format_args!(
                "its {what} are {plain} bytes, expected a multiple of {width}"
            )));
        }
        self.charge(plain)
    }

    /// Those of a buffer; `None` when they are not all in the body.
    fn bytes(&self, buffer: Buffer) -> Option<&[u8]> {
        let start = usize::try_from(buffer.offset()).ok()?;
        let end = start.checked_add(usize::try_from(buffer.length()).ok()?)?;
        self.body.get(start..end)
    }

    /// What a buffer will be in memory.
    fn plain_len(&self, what: &str, bytes: &[u8]) -> Result<u64, WireError> {
        let Some(codec) = self.codec.filter(|_| !bytes.is_empty()) else {
            return Ok(bytes.len() as u64);
        };
        // "The uncompressed length in the first 8 bytes as a 64-bit little-endian signed
        // integer", -1 for data that is not compressed (Message.fbs, BodyCompression).
        let Some((prefix, rest)) = bytes.split_first_chunk() else {
            return Err(self.fault(format_args!(
                "its compressed {what} are {} bytes, expected at least 8",
                bytes.len()
            )));
        };
        let announced = i64::from_le_bytes(*prefix);
        if announced == -1 {
            return Ok(rest.len() as u64);
        }
        let Ok(plain) = u64::try_from(announced) else {
            return Err(self.fault(format_args!(
                "its {what} announce an uncompressed length of {announced}"
            )));
        };
        if plain > 0 {
            self.check_frame(what, plain, rest, codec)?;
        }
        Ok(plain)
    }

    /// Checks the frame of a buffer that announces `plain` bytes, against what its blocks can become. Arrow's decoder reserves what is announced
    /// before it looks, and decodes LZ4 to its end, whatever was announced.
    fn check_frame(
        &self,
        what: &str,
        plain: u64,
        frame: &[u8],
        codec: CompressionType,
    ) -> Result<(), WireError> {
        if plain > self.budget() {
            return Err(self.too_large(plain));
        }
        let (bound, name) = match codec {
            CompressionType::LZ4_FRAME => (lz4::bound(frame), "an LZ4"),
            _ => (zstd::bound(frame), "a Zstandard"),
        };
        let Some(bound) = bound else {
            return Err(self.fault(format_args!("its {what} are not {name} frame")));
        };
        let is_lz4 = codec == CompressionType::LZ4_FRAME;
        if is_lz4 && bound > self.budget().saturating_add(lz4::MAX_BLOCK) {
            return Err(self.too_large(bound));
        }
        if plain > bound {
            return Err(self.fault(format_args!(
                "its {what} announce an uncompressed length of {plain}, and {name} frame of {} bytes that becomes at most {bound}",
                frame.len()
            )));
        }
        Ok(())
    }

    /// Charges rows that take no bytes in the body. Arrow makes bitmaps of some of them
    /// to validate, and handlers loop over them.
    fn unbacked(&mut self, rows: u64) -> Result<(), WireError> {
        self.charge(rows.div_ceil(8))
    }

    fn charge(&mut self, bytes: u64) -> Result<(), WireError> {
        self.total = self.total.saturating_add(bytes);
        if self.total > self.budget() {
            return Err(self.too_large(self.total));
        }
        Ok(())
    }

    fn budget(&self) -> u64 {
        self.limits.decompressed.max(self.body.len() as u64)
    }

    fn too_large(&self, size: u64) -> WireError {
        WireError::TooLarge {
            what: DECODED_BODY,
            size,
            limit: self.limits.decompressed,
        }
    }

    fn misplaced(&self, what: &str, offset: i64) -> WireError {
        self.fault(format_args!(
            "its {what} are at offset {offset}, expected a multiple of 8"
        ))
    }

    fn fault(&self, what: std::fmt::Arguments<'_>) -> WireError {
        if self.column.is_empty() {
            WireError::invalid(format!("the batch does not fit its schema: {what}"))
        } else {
            WireError::invalid(format!(
                "column `{}` of the batch does not fit its schema: {what}",
                shown(self.column)
            ))
        }
    }
}
