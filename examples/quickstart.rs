//! Everything Quadra does, on real input, in one directory.
//!
//! ```text
//! cargo run --release --example quickstart                       observes this machine and itself
//! cargo run --release --example quickstart -- --logs a.log …     loads files instead
//!
//! --logs FILE…      log files, a line each
//! --profile FILE…   pprof profiles, gzip or not
//! --otlp FILE…      OTLP requests of logs, metrics or traces, JSON or protobuf
//! --prom FILE…      Prometheus text exposition
//! --data DIR        where the database lives (default: quadra-quickstart in the temporary directory)
//! --seconds N       how long to observe (default: 10)
//! ```
//!
//! It writes, closes, opens again and asks. Answers go to standard output, progress to standard
//! error; the flame graph is `flame.svg` in the database's directory. A second run goes on with
//! the same directory.
#![expect(clippy::print_stderr, reason = "progress belongs to standard error")]

mod quickstart {
    pub(crate) mod arguments;
    pub(crate) mod ask;
    pub(crate) mod host;
    pub(crate) mod layer;
    pub(crate) mod load;
    pub(crate) mod observe;
    pub(crate) mod sampler;
    pub(crate) mod table;
    pub(crate) mod work;
}

use std::error::Error;
use std::io::stdout;

use quadra::Quadra;
use quickstart::{arguments::Arguments, ask, load, observe};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;

    // 1. Open the directory. What a crash left behind is put right here, and said.
    let db = Quadra::open(&arguments.data)?;
    eprintln!("database in {}", arguments.data.display());
    for (signal, stats) in db.stats() {
        let recovery = &stats.recovery;
        eprintln!(
            "  {:<9} {} blocks with {} items; replayed {} records from the log{}",
            signal.directory(),
            stats.blocks,
            stats.block_items,
            recovery.records,
            if recovery.was_clean() { "" } else { ", which a crash had cut short" },
        );
    }

    // 2. Write: real files, or this machine and this program.
    if arguments.has_files() {
        load::files(&db, &arguments)?;
    } else {
        observe::machine(&db, arguments.observe_for)?;
    }

    // 3. Close and open again: what follows is read from disk.
    db.close()?;
    drop(db);
    let db = Quadra::open(&arguments.data)?;

    // 4. Ask, one language after the other, then across signals.
    ask::everything(&db, &arguments.data.join("flame.svg"), &mut stdout().lock())?;
    db.close()?;
    Ok(())
}
