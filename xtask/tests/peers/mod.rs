//! A real Prometheus beside the tests, what it is asked, and what it holds.
#![allow(dead_code, reason = "every test uses its part")]

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use telemetry_core::model::{Histogram, SampleValue};
use telemetry_core::query::QueryContext;
use telemetry_core::source::{Columns, MetricSource, SeriesRequest};
use telemetry_core::time::MillisRange;
use tsdb::prometheus::Directory;
use wire::prometheus::remote_read::{Hints, Query, ReadRequest, ReadResponse};

/// The directory of the binaries; none, with a printed line, where it is not named.
pub(crate) fn binaries() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("QUADRA_PEERS") else {
        println!("skipped: QUADRA_PEERS is unset, so no Prometheus is asked");
        return None;
    };
    let bin = Path::new(&root).join("usr/bin");
    let there = bin.join("prometheus").exists();
    if !there {
        println!("skipped: there is no Prometheus in {}", bin.display());
    }
    there.then_some(bin)
}

/// Milliseconds since 1970.
pub(crate) fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// Everything that is not a letter or a digit, escaped for a URL.
pub(crate) fn escape(text: &str) -> String {
    let safe = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes().map(|b| if safe(b) { char::from(b).into() } else { format!("%{b:02X}") }).collect()
}

/// Calls `found` until it gives something.
pub(crate) fn wait_for<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A running Prometheus; ended when it is dropped.
pub(crate) struct Server {
    child: Child,
    port: u16,
    data: PathBuf,
    directory: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// Starts one with this configuration and these flags, its data in `data`.
    pub(crate) fn start(bin: &Path, data: &Path, config: &str, flags: &[&str]) -> Server {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("prometheus.yml");
        std::fs::write(&file, config).unwrap();
        let child = Command::new(bin.join("prometheus"))
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", data.display()))
            .arg("--storage.tsdb.retention.time=100y")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--web.enable-admin-api")
            .arg("--enable-feature=exemplar-storage,native-histograms,metadata-wal-records")
            .args(flags)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(directory.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let server = Server { child, port, data: data.to_owned(), directory };
        let deadline = Instant::now() + Duration::from_secs(30);
        while !server.get("/-/ready").is_some_and(|body| body.contains("Ready")) {
            assert!(Instant::now() < deadline, "Prometheus does not start: {}", server.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Status and body of an answer; none where there is none.
    pub(crate) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<(u16, Vec<u8>)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: localhost\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|at| at == b"\r\n\r\n")? + 4;
        let status = String::from_utf8_lossy(&answer[..end]).split(' ').nth(1)?.parse().ok()?;
        Some((status, answer.split_off(end)))
    }

    /// The body that a `GET` is answered with.
    pub(crate) fn get(&self, path: &str) -> Option<String> {
        let (_, body) = self.call("GET", path, &[], b"")?;
        Some(String::from_utf8_lossy(&body).into_owned())
    }

    /// The body that a `POST` without a body is answered with.
    pub(crate) fn post(&self, path: &str) -> Option<String> {
        let (_, body) = self.call("POST", path, &[], b"")?;
        Some(String::from_utf8_lossy(&body).into_owned())
    }

    /// The data of an answer of its API.
    pub(crate) fn api(&self, path: &str) -> serde_json::Value {
        let body = self.get(path).unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&body).expect(&body);
        assert_eq!(json["status"], "success", "{path}: {body}");
        json["data"].take()
    }

    /// Asks by remote read, in our words.
    pub(crate) fn read(&self, request: &ReadRequest) -> Vec<u8> {
        let headers = [
            ("Content-Encoding", "snappy"),
            ("Content-Type", "application/x-protobuf"),
            ("X-Prometheus-Remote-Read-Version", "0.1.0"),
        ];
        let body = request.encode().unwrap();
        let (status, answer) = self.call("POST", "/api/v1/read", &headers, &body).unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        answer
    }

    /// All that it holds in `window`, as it lies in a snapshot of its blocks.
    pub(crate) fn stored(&self, window: MillisRange) -> Held {
        let made = self.post("/api/v1/admin/tsdb/snapshot").unwrap();
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        let name = made["data"]["name"].as_str().unwrap();
        let directory = Directory::open(self.data.join("snapshots").join(name)).unwrap();
        held(&directory, window)
    }

    /// All that it answers in `window` to a remote read for samples. It leaves the bounds of custom
    /// buckets out (as of 3.5), so no such histogram may be there.
    pub(crate) fn everything(&self, window: MillisRange) -> Held {
        samples(&ReadResponse::decode(&self.read(&everything(window))).unwrap())
    }
}

/// The samples of an answer.
pub(crate) fn samples(response: &ReadResponse) -> Held {
    let mut held = Held::new();
    for series in response.results.iter().flatten() {
        let samples = held.entry(series.labels.to_string()).or_default();
        samples.extend(series.samples.iter().map(|at| (at.time.0, exact(&at.value))));
    }
    held
}

/// A question for every series.
pub(crate) fn everything(window: MillisRange) -> ReadRequest {
    let matcher = telemetry_core::labels::Matcher::new(
        telemetry_core::labels::MatchOp::Regex,
        "__name__",
        ".+",
    );
    let query = Query { window, matchers: [matcher.unwrap()].into(), hints: Hints::default() };
    ReadRequest { queries: vec![query], accepts: vec![] }
}

/// Samples by series and time, every bit of them as text.
pub(crate) type Held = BTreeMap<String, BTreeMap<i64, String>>;

/// Every bit of a value that both sides keep.
pub(crate) fn exact(value: &SampleValue) -> String {
    match value {
        SampleValue::Float(value) => format!("{value} {:016x}", value.to_bits()),
        SampleValue::Histogram(value) => exact_histogram(value),
    }
}

fn exact_histogram(value: &Histogram) -> String {
    let live = |(_, n): &(i32, f64)| *n != 0.0;
    format!(
        "schema {} zero {}/{} count {} sum {:016x} {:?} {:?} {:?}",
        value.schema,
        value.zero_threshold,
        value.zero_count,
        value.count,
        value.sum.to_bits(),
        value.negative().filter(live).collect::<Vec<_>>(),
        value.positive().filter(live).collect::<Vec<_>>(),
        value.custom_bounds,
    )
}

/// All that `source` holds in `window`.
pub(crate) fn held(source: &dyn MetricSource, window: MillisRange) -> Held {
    let request = SeriesRequest::new(vec![], window);
    let set = source.select(&request, &QueryContext::new()).unwrap();
    let mut held = Held::new();
    for at in 0..set.len() {
        let mut columns = Columns::default();
        for chunk in set.chunks(at).unwrap() {
            chunk.decode(window, &mut columns).unwrap();
        }
        let mut samples = BTreeMap::new();
        for (time, value) in columns.floats.times.iter().zip(&columns.floats.values) {
            samples.insert(*time, exact(&SampleValue::Float(*value)));
        }
        for (time, value) in columns.histograms.times.iter().zip(&columns.histograms.values) {
            samples.insert(*time, exact(&SampleValue::Histogram(Arc::clone(value))));
        }
        if !samples.is_empty() {
            held.insert(set.labels(at).to_string(), samples);
        }
    }
    held
}

/// What is in one and not in the other, a line each; nothing where they are the same.
pub(crate) fn differences(theirs: &Held, ours: &Held) -> String {
    let mut lines = Vec::new();
    let labels: std::collections::BTreeSet<_> = theirs.keys().chain(ours.keys()).collect();
    let none = BTreeMap::new();
    for labels in labels {
        let (a, b) = (theirs.get(labels).unwrap_or(&none), ours.get(labels).unwrap_or(&none));
        let times: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
        for time in times {
            if a.get(time) != b.get(time) {
                let line =
                    format!("{labels}@{time}: {:?} there, {:?} here", a.get(time), b.get(time));
                lines.push(line);
            }
        }
    }
    let more = lines.len().saturating_sub(20);
    lines.truncate(20);
    let more = if more > 0 { format!("\nand {more} more") } else { String::new() };
    lines.join("\n") + &more
}

/// A request that the test's own server got.
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Answers HTTP requests with `answer` (headers, each with its line end, and a body; or a status
/// of error) until the process ends. Gives the port.
pub(crate) fn serve(
    answer: impl Fn(Request) -> Result<(String, Vec<u8>), u16> + Send + Sync + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || drop(answer_one(stream, &*answer)));
        }
    });
    port
}

fn answer_one(
    mut stream: TcpStream,
    answer: &dyn Fn(Request) -> Result<(String, Vec<u8>), u16>,
) -> std::io::Result<()> {
    let (mut got, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
    let head = loop {
        if let Some(end) = got.windows(4).position(|at| at == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            len => got.extend_from_slice(&buffer[..len]),
        }
    };
    let text = String::from_utf8_lossy(&got[..head]).into_owned();
    let mut lines = text.lines();
    let path = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = got.split_off(head);
    while body.len() < length {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            len => body.extend_from_slice(&buffer[..len]),
        }
    }
    match answer(Request { path, headers, body }) {
        Ok((headers, body)) => {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n",
                body.len()
            )?;
            stream.write_all(&body)
        }
        Err(status) => {
            write!(stream, "HTTP/1.1 {status} no\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        }
    }
}
