//! What the servers and the client have in common: data sets, arguments, and the life of a server.
//!
//! A server prints one line of JSON when it answers (`{"port": 41001}`), and ends when its standard input closes, so that
//! none outlives the program that started it.

pub mod job;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::FileReader;
use tokio::sync::oneshot;

/// Whatever ends a program.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The batches of one Arrow IPC file.
#[derive(Debug)]
pub struct DataSet {
    /// The schema of all batches.
    pub schema: SchemaRef,
    /// The batches in the order of the file, in memory.
    pub batches: Vec<RecordBatch>,
}

impl DataSet {
    /// Reads a file as a whole.
    ///
    /// # Errors
    ///
    /// A file that is not there, or is no Arrow IPC file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let reader = FileReader::try_new(file, None)?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { schema, batches })
    }

    /// All batches, so many times over.
    pub fn repeated(
        self: Arc<Self>,
        times: usize,
    ) -> impl Iterator<Item = RecordBatch> + Send + 'static {
        (0..times).flat_map(move |_| {
            let set = Arc::clone(&self);
            (0..set.batches.len()).filter_map(move |index| set.batches.get(index).cloned())
        })
    }
}

/// Data sets by name.
pub type DataSets = BTreeMap<String, Arc<DataSet>>;

/// What a server is started with: `--data FOLDER --sets a,b [--tls-cert FILE --tls-key FILE] [--window BYTES]`.
#[derive(Debug)]
pub struct ServerArguments {
    /// The sets that were asked for.
    pub sets: DataSets,
    /// A certificate and its key, as files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// HTTP/2's window of an upload, where it is not the default of a peer on this machine.
    pub window: Option<u32>,
    /// In tonic's server, in place of our own.
    pub in_tonic: bool,
}

impl ServerArguments {
    /// Reads the arguments of this process, and the data that they name.
    ///
    /// # Errors
    ///
    /// Arguments that are missing, and data that cannot be read.
    pub fn parse() -> Result<Self, Failure> {
        let mut arguments = Arguments::parse()?;
        let folder = PathBuf::from(arguments.take("data")?);
        let mut sets = DataSets::new();
        for name in arguments.take("sets")?.split(',') {
            let set = DataSet::read(&folder.join(format!("{name}.arrow")))?;
            sets.insert(name.to_owned(), Arc::new(set));
        }
        let tls = match arguments.take("tls-cert") {
            Ok(certificate) => Some((certificate.into(), arguments.take("tls-key")?.into())),
            Err(_) => None,
        };
        let window = match arguments.number("window") {
            Ok(window) => Some(window.try_into()?),
            Err(_) => None,
        };
        let in_tonic = match arguments.take("in") {
            Ok(server) if server == "tonic" => true,
            Ok(server) => return Err(format!("--in {server}: only `tonic`").into()),
            Err(_) => false,
        };
        Ok(Self {
            sets,
            tls,
            window,
            in_tonic,
        })
    }
}

/// Arguments of the form `--name value`.
#[derive(Debug)]
pub struct Arguments(BTreeMap<String, String>);

impl Arguments {
    /// Those of this process.
    ///
    /// # Errors
    ///
    /// A name without `--`, or without a value.
    pub fn parse() -> Result<Self, Failure> {
        let mut found = BTreeMap::new();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            let (Some(name), Some(value)) = (name.strip_prefix("--"), arguments.next()) else {
                return Err(format!("`{name}`: expected `--name value`").into());
            };
            found.insert(name.to_owned(), value);
        }
        Ok(Self(found))
    }

    /// The value of a name.
    ///
    /// # Errors
    ///
    /// When it was not said.
    pub fn take(&mut self, name: &str) -> Result<String, Failure> {
        let value = self.0.remove(name);
        value.ok_or_else(|| format!("`--{name}` is missing").into())
    }

    /// The value of a name as a number.
    ///
    /// # Errors
    ///
    /// When it was not said, or is none.
    pub fn number(&mut self, name: &str) -> Result<usize, Failure> {
        let value = self.take(name)?;
        let number = value.parse();
        number.map_err(|error| format!("`--{name} {value}`: {error}").into())
    }
}

/// What the action `work` does before it echoes: it keeps its thread busy for as many microseconds as the first byte says.
pub fn work(body: &[u8]) {
    let began = Instant::now();
    let time = Duration::from_micros(body.first().copied().unwrap_or_default().into());
    while began.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// Says where the server listens; returns what resolves when standard input closes.
///
/// It is read on a thread that nobody waits for: a runtime would, at its end.
pub fn serving(port: u16) -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // However it ends, the server does.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        drop(closed);
    });
    println!("{}", serde_json::json!({ "port": port }));
    receiver
}
