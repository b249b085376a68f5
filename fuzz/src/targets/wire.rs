//! Targets of wire: every decoder, on a sink that keeps count.

use telemetry_core::labels::Labels;
use telemetry_core::model::{Exemplar, Metadata, SampleValue, ValueType};
use telemetry_core::sink::{
    Committed, LogRecord, LogSink, MetricSink, RawLabels, RawSpan, Refusal, RefusalReason,
    SeriesRef, SinkError, SpanSink,
};
use telemetry_core::time::Millis;
use wire::otlp::{Encoding, LogOptions, MetricOptions, decode_logs, decode_metrics, decode_traces};
use wire::prometheus::remote_write::Version;
use wire::{Error, Outcome, folded, pprof, prometheus};

use super::Target;

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "wire_otlp_protobuf",
        run: otlp_protobuf,
        seeds: &[
            // A span with an attribute, a log record with a body, a gauge with a point.
            b"\x0a\x34\x12\x32\x12\x30\x0a\x101234567890123456\x12\x0812345678\x2a\x01n\x39\x01\0\0\0\0\0\0\0\x4a\x06\x0a\x01k\x12\x01\x0a",
            b"\x0a\x1e\x0a\x0c\x0a\x0a\x0a\x01k\x12\x05\x0a\x03abc\x12\x0e\x12\x0c\x09\x01\0\0\0\0\0\0\0\x2a\x01\x0a",
            b"\x0a\x17\x12\x15\x12\x13\x0a\x01m\x2a\x0e\x0a\x0c\x19\x01\0\0\0\0\0\0\0\x40\x01\x3a\x00",
        ],
    },
    Target {
        name: "wire_otlp_json",
        run: otlp_json,
        seeds: &[
            br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","kind":2,"startTimeUnixNano":"7","attributes":[{"key":"k","value":{"arrayValue":{"values":[{"intValue":"1"},null]}}}]}]}]}]}"#,
            br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":1,"body":{"bytesValue":"aGk="},"severityNumber":"SEVERITY_NUMBER_INFO"}]}]}]}"#,
            br#"{"resource_metrics":[{"scopeMetrics":[{"metrics":[{"name":"m","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"scale":9,"positive":{"offset":-1,"bucketCounts":["1",0,2]},"sum":1e3}]}}]}]}]}"#,
        ],
    },
    Target {
        name: "wire_scrape",
        run: scrape,
        seeds: &[b"a{job=\"x\"} 1\nb 2 5\n\xffb 3\nc{exported_job=\"y\"} 4\n"],
    },
    Target {
        name: "wire_relabel",
        run: relabel,
        seeds: &[b"\x00(.+)\n$1_x\n${1}\n;", b"\x06l(.)\n\nm$1\n", b"\x05.*\nt\n\n-"],
    },
    Target {
        name: "wire_exposition",
        run: exposition,
        seeds: &[
            b"# TYPE a summary\n# UNIT a_s s\na{quantile=\"1\"} 1 2.5 # {t=\"x\"} 1 2\na_created 1\n# EOF\n",
            b"\x36\x0a\x01h\x18\x04\x22\x2f\x0a\x06\x0a\x01l\x12\x01v\x3a\x22\x08\x02\x28\x02\x31\xfc\xa9\xf1\xd2Mb@?\x38\x01\x62\x04\x08\x02\x10\x01\x68\x02\x7a\x02\x08\x07\x1a\x02\x08\x01\x30\x05",
            b"# HELP a \\\\ x\n# TYPE a histogram\na_bucket{le=\"1\",job=\"\\\"\"} 1 -2\n",
            b"{\"a.b\", \"c\"=\"d\"} NaN",
        ],
    },
    Target {
        name: "wire_pprof",
        run: profile,
        seeds: &[b"\x0a\x04\x08\x01\x10\x01\x12\x05\x0a\x01\x07\x12\x01\x09\x22\x06\x08\x07\x22\x02\x08\x09\x2a\x04\x08\x09\x10\x01\x32\x00\x32\x03cpu"],
    },
    Target {
        name: "wire_remote_write",
        run: remote_write,
        seeds: &[
            // A series with a sample, an exemplar and a histogram; metadata; the series again.
            b"\x0a\x45\x0a\x0e\x0a\x08__name__\x12\x02up\x0a\x08\x0a\x03job\x12\x01x\x12\x0c\x09\0\0\0\0\0\0\xf0\x3f\x10\xe8\x07\x1a\x0f\x0a\x04\x0a\0\x12\0\x11\0\0\0\0\0\0\0\x40\x22\x0a\x08\x03\x5a\x02\x10\x02\x62\x02\x02\x02",
            b"\x0a\x1e\x0a\x0e\x0a\x08__name__\x12\x02up\x22\x0c\x08\x03\x5a\x02\x10\x02\x62\x02\x02\x02\x78\x07\x1a\x08\x08\x01\x12\x02up\x22\0",
            b"\x0a\x14\x12\x02\x10\x01\x0a\x0e\x0a\x08__name__\x12\x02up",
        ],
    },
    Target {
        name: "wire_remote_write_v2",
        run: remote_write_v2,
        seeds: &[
            b"\x22\0\x22\x08__name__\x22\x02up\x2a\x10\x30\x03\x12\x02\x10\x09\x12\x04\x10\x0a\x18\x04\x0a\x02\x01\x02",
            b"\x22\0\x22\x08__name__\x22\x02up\x2a\x1c\x0a\x02\x01\x02\x1a\x0a\x08\x03\x5a\x02\x10\x02\x62\x02\x02\x02\x22\x04\x0a\x02\x02\x01\x2a\x04\x08\x01\x18\x02",
        ],
    },
    Target {
        name: "wire_loki_push",
        run: loki_push,
        seeds: &[
            b"\x0a\x2c\x0a\x0b{app=\"api\"}\x12\x1d\x0a\x04\x08\x01\x10\x01\x12\x04line\x1a\x0f\x0a\x07user.id\x12\x04\xff7_8",
            b"\x0a\x15\x12\x04\x12\x02hi\x0a\x0d{a=`b`, c=\"\"}",
        ],
    },
    Target {
        name: "wire_loki_push_json",
        run: loki_push_json,
        seeds: &[
            br#"{"streams":[{"stream":{"app":"api","n":1},"values":[["1","one"],["2","\u0041",{"user.id":"7"}]]}]}"#,
            br#"{"streams":[{"labels":"{a=\"b\"}","entries":[{"ts":"2026-01-01T00:00:00.5Z","line":"x"}]}]}"#,
        ],
    },
    Target {
        name: "wire_lines",
        run: lines,
        seeds: &[
            b"2026-11-25 06:34:57,5 up\n{\"ts\":1700000000.5}\r\n::1 - - [25/Nov/2026:01:34:57 -0500] x",
            b"{\"time\":\"1970-01-01T00:00:01Z\",\"t\":-1}\n1795588497000 x\n\n",
        ],
    },
    Target {
        name: "wire_metric_lines",
        run: metric_lines,
        seeds: &[
            b"m\\ n,a=b\\,c,d=e f=1.5,g=2i,h=\"a, b\",i=t 1700000000000000000\n# c\nm f=1u\n",
            b"a,\"b\"\"c\",1,1970-01-01T00:00:01Z\r\n1,2,,3\nx,y,z,0,1\n",
            br#"{"metric":{"__name__":"up","a":"\u0041"},"values":[1,null,"-Inf"],"timestamps":[1,2,3.5]}"#,
        ],
    },
    Target {
        name: "wire_otlp_encode",
        run: otlp_encode,
        seeds: &[
            b"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_sum 2\nh_count 3\n# TYPE a_total counter\na_total{job=\"x/y\"} 4 7\n",
            b"# TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 1\ns_count 2\ng 1 -1\ntarget_info{v=\"1\"} 1\n",
            b"\x36\x0a\x01h\x18\x04\x22\x2f\x0a\x06\x0a\x01l\x12\x01v\x3a\x22\x08\x02\x28\x02\x31\xfc\xa9\xf1\xd2Mb@?\x38\x01\x62\x04\x08\x02\x10\x01\x68\x02\x7a\x02\x08\x07\x1a\x02\x08\x01\x30\x05",
        ],
    },
    Target {
        name: "wire_remote_read",
        run: remote_read,
        seeds: &[
            b"\x00\x0a\x14\x10\x07\x1a\x0a\x08\x02\x12\x01a\x1a\x03b.*\x22\x04\x08\x01\x30\x01\x12\x01\x01",
            b"\x01\x0a\x1b\x0a\x19\x0a\x06\x0a\x01a\x12\x01b\x12\x0b\x09\0\0\0\0\0\0\xf0\x3f\x10\x07\x22\x02\x78\x08",
            b"\x02\x0a\x14\x0a\x06\x0a\x01a\x12\x01b\x12\x0a\x08\x01\x10\x02\x18\x01\x22\x02\0\x01\x10\x01",
        ],
    },
    Target {
        name: "wire_metric_receiver",
        run: metric_receiver,
        seeds: &[
            b"\x00\x19\x0a\x17\x12\x15\x12\x13\x0a\x01m\x2a\x0e\x0a\x0c\x19\x01\0\0\0\0\0\0\0\x40\x01\x3a\x00",
            b"\x0f\x1b\x0a\x19\x12\x17\x12\x15\x0a\x01m\x3a\x10\x0a\x0c\x19\x01\0\0\0\0\0\0\0\x40\x01\x3a\x00\x10\x01",
        ],
    },
    Target { name: "wire_snappy", run: snappy, seeds: &[b"\x09\x04abc\x15\x03", b"\0"] },
    Target { name: "wire_folded", run: stacks, seeds: &[b"a;b c 10\na;b 2.5\nbad\n"] },
];

/// Counts items as a store does.
#[derive(Default)]
struct Count {
    items: u64,
    refused: Vec<Refusal>,
}

impl Count {
    fn refuse(&mut self, reason: RefusalReason) {
        self.refused.push(Refusal { index: self.items, reason });
        self.items += 1;
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        let refused = std::mem::take(&mut self.refused);
        let stored = std::mem::take(&mut self.items) - refused.len() as u64;
        Ok(Committed { stored, refused })
    }
}

#[derive(Default)]
struct Sink(Count);

impl MetricSink for Sink {
    fn resolve(&mut self, labels: &RawLabels<'_>) -> Result<SeriesRef, RefusalReason> {
        assert!(labels.pairs().iter().all(|(_, value)| !value.is_empty()));
        Ok(SeriesRef(labels.pairs().len() as u64))
    }

    fn append(&mut self, _: SeriesRef, _: i64, value: SampleValue, _: i64) {
        if let SampleValue::Histogram(histogram) = value {
            assert_eq!(histogram.validate(), Ok(()));
        }
        self.0.items += 1;
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.0.refuse(reason);
    }

    fn exemplar(&mut self, _: SeriesRef, _: Exemplar) {}

    fn metadata(&mut self, _: &str, _: &Metadata) {}

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.0.commit()
    }
}

impl LogSink for Sink {
    fn push(&mut self, _: &RawLabels<'_>, record: LogRecord<'_>) {
        assert!(record.metadata.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()));
        self.0.items += 1;
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.0.refuse(reason);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.0.commit()
    }
}

impl SpanSink for Sink {
    fn push(&mut self, span: &RawSpan<'_>) {
        assert!(!span.trace_id.is_zero() && !span.span_id.is_zero());
        self.0.items += 1;
    }

    fn refuse(&mut self, reason: RefusalReason) {
        self.0.refuse(reason);
    }

    fn commit(&mut self) -> Result<Committed, SinkError> {
        self.0.commit()
    }
}

/// Refusals are among the items, in order; errors lie within the input.
fn check(result: Result<Outcome, Error>, data: &[u8]) {
    match result {
        Ok(outcome) => {
            let indexes: Vec<_> = outcome.refused.iter().map(|refusal| refusal.index).collect();
            assert!(indexes.is_sorted_by(|a, b| a < b));
            assert!(indexes.last().is_none_or(|last| *last < outcome.items));
            assert_eq!(outcome.message().is_empty(), outcome.is_complete());
        }
        Err(error) => assert!(error.position().is_none_or(|at| at <= data.len()), "{error}"),
    }
}

fn all_signals(data: &[u8], encoding: Encoding) -> [Result<Outcome, Error>; 3] {
    [
        decode_traces(data, encoding, &mut Sink::default()),
        decode_logs(data, encoding, &LogOptions::default(), &mut Sink::default()),
        decode_metrics(data, encoding, &MetricOptions::default(), &mut Sink::default()),
    ]
}

fn otlp_protobuf(data: &[u8]) {
    let _ = wire::otlp::guess(data);
    all_signals(data, Encoding::Protobuf).into_iter().for_each(|result| check(result, data));
}

/// What JSON is turned into has no faults of its own.
fn otlp_json(data: &[u8]) {
    for result in all_signals(data, Encoding::Json) {
        assert!(!matches!(result, Err(Error::Protobuf { .. })), "{result:?}");
        check(result, data);
    }
}

/// Bodies one after the other, 0xff between them: the counts add up, and `up` says how it went.
fn scrape(data: &[u8]) {
    use wire::scrape::{Scrape, ScrapeOptions};
    let target = [("job", "x"), ("instance", "y")].into_iter().collect();
    let mut options = ScrapeOptions::default();
    options.sample_limit = 9;
    let mut scrape = Scrape::new(target, options);
    let mut known = 0;
    for (time, body) in (1..).zip(data.split(|byte| *byte == 0xff)) {
        let mut sink = Sink::default();
        let took = std::time::Duration::ZERO;
        let scraped = scrape.ingest(body, "text/plain", Millis(time), took, &mut sink).unwrap();
        assert!(scraped.samples_kept <= scraped.samples);
        assert!(scraped.series_added <= scraped.samples_kept);
        assert!(scraped.stale <= known);
        if scraped.error.is_some() {
            assert!(scraped.refused.is_empty());
            // Every series that was there is stale now.
            known = 0;
        } else {
            known = scraped.samples_kept;
        }
    }
}

/// An action and four texts, a line each: expression, target, replacement, separator.
fn relabel(data: &[u8]) {
    use wire::relabel::{Action, RelabelConfig, Relabeling};
    let Some((action, texts)) = data.split_first() else { return };
    let Ok(texts) = str::from_utf8(texts) else { return };
    let mut texts = texts.split('\n').map(str::to_owned);
    let mut next = || texts.next().unwrap_or_default();
    let names = ["replace", "keep", "drop", "keepequal", "dropequal", "hashmod", "labelmap"];
    let more = ["labeldrop", "labelkeep", "lowercase", "uppercase"];
    let at = usize::from(*action) % (names.len() + more.len());
    let action: Action = names.iter().chain(&more).nth(at).unwrap().parse().unwrap();
    let mut rule = RelabelConfig { action, modulus: 7, ..RelabelConfig::default() };
    (rule.regex, rule.target_label, rule.replacement) = (next(), next(), next());
    rule.separator = next();
    rule.source_labels = vec!["l1".to_owned(), "l2".to_owned()];
    if matches!(action, Action::LabelDrop | Action::LabelKeep) {
        rule = RelabelConfig { action, regex: rule.regex, ..RelabelConfig::default() };
    }
    let Ok(rules) = Relabeling::new([rule]) else { return };
    let labels = [("l1", "a"), ("l2", "bä"), ("m", "$1")].into_iter().collect();
    if let Some(changed) = rules.apply(&labels) {
        assert!(changed.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()));
    }
}

fn exposition(data: &[u8]) {
    use prometheus::{Entry, Exposed, ExposedValue, ExpositionReceiver, ExpositionWriter};
    use prometheus::{Format, ReadOptions, decode_exposition, read_exposition};
    let target = [("job", "x"), ("instance", "")];
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let result = decode_exposition(data, format, Millis(7), &target, &mut Sink::default());
        let (is_read, expected) = (result.is_ok(), result.as_ref().ok().cloned());
        check(result, data);
        // What is remembered of a target changes nothing.
        let mut receiver = ExpositionReceiver::new(Sink::default(), Labels::from(target));
        for _ in 0..2 {
            assert_eq!(receiver.receive(data, format, Millis(7)).ok(), expected);
        }
        // Classic histograms are converted to what is well formed, or left out.
        let mut options = ReadOptions::default();
        (options.convert_classic, options.native_alone) = (true, true);
        let converted = read_exposition(data, format, options, |entry| {
            if let Entry::Sample(Exposed { value: ExposedValue::Histogram(it), .. }) = entry {
                assert_eq!(it.validate(), Ok(()));
            }
        });
        assert_eq!(converted.is_ok(), is_read);
        if !is_read {
            continue;
        }
        // What is written is read again.
        let mut writer = ExpositionWriter::new(format);
        let read = read_exposition(data, format, ReadOptions::default(), |entry| {
            writer.write(entry).unwrap();
        });
        assert!(read.is_ok());
        let again = writer.finish();
        let result = read_exposition(&again, format, ReadOptions::default(), |_| {});
        assert!(result.is_ok(), "{format:?}: {result:?} of {:?}", again.escape_ascii().to_string());
    }
}

/// `data`, as one block of snappy without compression.
fn block(data: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    let mut len = data.len();
    while len >= 0x80 {
        block.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    block.push(len as u8);
    for piece in data.chunks(60) {
        block.push(((piece.len() - 1) << 2) as u8);
        block.extend_from_slice(piece);
    }
    block
}

fn remote_write(data: &[u8]) {
    received_twice(Version::V1, data);
}

fn remote_write_v2(data: &[u8]) {
    received_twice(Version::V2, data);
}

/// A body that is taken gives the same the second time, when its series are known.
fn received_twice(version: Version, data: &[u8]) {
    let body = block(data);
    let mut receiver = prometheus::remote_write::Receiver::new(Sink::default());
    let [first, second] = [(); 2].map(|()| receiver.receive_as(version, &body));
    match (first, second) {
        (Ok(first), Ok(second)) => {
            assert_eq!(first, second);
            let refused = first.outcome.refused.len() as u64;
            assert_eq!(first.samples + first.histograms + refused, first.outcome.items);
            check(Ok(first.outcome), data);
        }
        (first, second) => {
            let (first, second) = (first.unwrap_err(), second.unwrap_err());
            assert_eq!(first.to_string(), second.to_string());
            check(Err(first), data);
        }
    }
}

fn loki_push(data: &[u8]) {
    check(wire::loki::push::decode(&block(data), &mut Sink::default()), data);
}

/// However a file is cut into pieces, its records are the same.
fn lines(data: &[u8]) {
    use wire::lines::{Importer, LineForm, LineOptions};
    let forms = LineForm::ALL.into_iter().map(Some).chain([None]);
    for form in forms {
        let imported = [data.len().max(1), 3].map(|piece| {
            let mut options = LineOptions::new([("a", "b")].into_iter().collect());
            options.form = form;
            options.joins_lines = true;
            let mut importer = Importer::new(Sink::default(), options);
            // Only the journal can be damaged.
            let mut pieces = data.chunks(piece);
            let fed = pieces.try_for_each(|piece| importer.feed(piece));
            fed.and_then(|()| importer.finish()).ok()
        });
        assert_eq!(imported[0], imported[1]);
        if let Some(imported) = imported[0] {
            assert_eq!(imported.bytes, data.len() as u64);
        }
    }
}

/// However a file is cut into pieces, and whether its series are known, its samples are the same.
fn metric_lines(data: &[u8]) {
    use wire::metric_lines::{CsvLayout, Form, Importer, InfluxOptions, LineOptions, TimeForm};
    let csv: CsvLayout = "3:metric:m,2:label:l,1:metric:n,4:time:rfc3339".parse().unwrap();
    let header = CsvLayout::of_header(Some(("a", TimeForm::Seconds)), ["1"]);
    let mut influx = InfluxOptions::default();
    influx.skips_single_field = true;
    let forms = [Form::Csv(csv), Form::Csv(header), Form::JsonLines, Form::Influx(influx)];
    for form in forms {
        let imported = [data.len().max(1), 3].map(|piece| {
            let mut options = LineOptions::new(form.clone());
            options.line_bytes_max = 1_000;
            let mut importer = Importer::new(Sink::default(), options);
            data.chunks(piece).for_each(|piece| importer.feed(piece).unwrap());
            importer.finish().unwrap()
        });
        assert_eq!(imported[0], imported[1]);
        assert_eq!(imported[0].bytes, data.len() as u64);
        let lines = data.split(|byte| *byte == b'\n').count() as u64;
        assert!(imported[0].refusals.iter().all(|refusal| (1..=lines).contains(&refusal.line)));
    }
}

/// What is sent on as OTLP is a request whose points are all taken, the same in both encodings.
fn otlp_encode(data: &[u8]) {
    use prometheus::{Format, decode_exposition};
    use wire::otlp::{MetricEncoder, MetricReceiver, Translation};
    for format in [Format::Text, Format::OpenMetrics, Format::Protobuf] {
        let outcomes = [Encoding::Protobuf, Encoding::Json].map(|encoding| {
            let mut encoder = MetricEncoder::new();
            let read = decode_exposition(data, format, Millis(7), &[], &mut encoder);
            if read.is_err() {
                return None;
            }
            let request = encoder.take(encoding);
            assert!(encoder.is_empty());
            let mut options = MetricOptions::default();
            options.translation = Translation::NoTranslation;
            let mut receiver = MetricReceiver::new(Sink::default(), options);
            let outcome = receiver.receive(&request, encoding).unwrap();
            assert_eq!(outcome.texts_replaced, 0);
            assert!(outcome.items <= read.unwrap().stored());
            assert!(outcome.is_complete(), "{}", outcome.message());
            Some(outcome)
        });
        assert_eq!(outcomes[0], outcomes[1]);
    }
}

/// What JSON is turned into has no faults of its own.
fn loki_push_json(data: &[u8]) {
    use wire::loki::push::{Encoding, decode_as};
    let result = decode_as(Encoding::Json, data, &mut Sink::default());
    assert!(!matches!(result, Err(Error::Protobuf { .. })), "{result:?}");
    check(result, data);
}

/// What is no block is an error; what is one is taken or refused for what is in it.
fn snappy(data: &[u8]) {
    let _ = prometheus::remote_write::decode(Version::V1, data, &mut Sink::default());
    let _ = wire::loki::push::decode(data, &mut Sink::default());
}

/// What is read of a request, of an answer of samples or of a frame of chunks is written and read
/// the same.
fn remote_read(data: &[u8]) {
    use prometheus::remote_read::{ReadRequest, ReadResponse, decode_chunks, encode_chunks};
    let Some((kind, data)) = data.split_first() else { return };
    let _ = decode_chunks(data);
    match kind % 3 {
        0 => {
            let Ok(request) = ReadRequest::decode(&block(data)) else { return };
            assert_eq!(ReadRequest::decode(&request.encode().unwrap()).unwrap(), request);
        }
        1 => {
            let Ok(response) = ReadResponse::decode(&block(data)) else { return };
            let body = response.encode().unwrap();
            // Not compared as values: a NaN is not itself.
            assert_eq!(ReadResponse::decode(&body).unwrap().encode().unwrap(), body);
        }
        _ => {
            let mut stream = Vec::new();
            encode_chunks(&Default::default(), &mut stream);
            assert_eq!(decode_chunks(&stream).unwrap().unwrap().1, b"");
            let framed = framed(data);
            let Ok(Some((frame, rest))) = decode_chunks(&framed) else { return };
            assert!(rest.is_empty());
            stream.clear();
            encode_chunks(&frame, &mut stream);
            assert_eq!(decode_chunks(&stream).unwrap().unwrap().0, frame);
        }
    }
}

/// `data` behind its length and its checksum.
fn framed(data: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    let mut len = data.len();
    while len >= 0x80 {
        frame.push((len & 0x7f) as u8 | 0x80);
        len >>= 7;
    }
    frame.push(len as u8);
    frame.extend_from_slice(&checksum(data).to_be_bytes());
    frame.extend_from_slice(data);
    frame
}

/// CRC-32C, bit by bit.
fn checksum(data: &[u8]) -> u32 {
    let bit = |sum: u32| if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 };
    let byte = |sum: u32, byte: &u8| (0..8).fold(sum ^ u32::from(*byte), |sum, _| bit(sum));
    !data.iter().fold(!0, byte)
}

/// Options, then requests, each behind a byte that is its length. What a receiver knows of earlier
/// requests changes nothing, unless it adds up deltas.
fn metric_receiver(data: &[u8]) {
    use wire::otlp::{DeltaOptions, MetricReceiver, Promotion};
    let Some((bits, mut rest)) = data.split_first() else { return };
    let mut options = MetricOptions::default();
    options.deltas = (bits & 1 != 0).then(DeltaOptions::default);
    options.histograms_as_custom_buckets = bits & 2 != 0;
    options.promote_scope_metadata = bits & 4 != 0;
    if bits & 8 != 0 {
        options.promotion = Promotion::AllExcept(vec!["x".to_owned()]);
    }
    let encoding = if bits & 16 != 0 { Encoding::Json } else { Encoding::Protobuf };
    let mut receiver = MetricReceiver::new(Sink::default(), options.clone());
    while let Some((len, behind)) = rest.split_first() {
        let (request, behind) = behind.split_at(usize::from(*len).min(behind.len()));
        rest = behind;
        for _ in 0..2 {
            let received = receiver.receive(request, encoding);
            if options.deltas.is_none() {
                let fresh = decode_metrics(request, encoding, &options, &mut Sink::default());
                match (&received, &fresh) {
                    (Ok(received), Ok(fresh)) => assert_eq!(received, fresh),
                    (received, fresh) => assert_eq!(received.is_ok(), fresh.is_ok()),
                }
            }
            check(received, request);
        }
    }
}

/// A profile that is read is whole, and reads the same when written again.
fn profile(data: &[u8]) {
    let Ok(profile) = pprof::decode_within(data, 1 << 20) else { return };
    assert_eq!(profile.validate(), Ok(()));
    let again = pprof::decode(&pprof::encode(&profile)).unwrap();
    assert_eq!(again.samples, profile.samples);
    assert_eq!(again.sample_types, profile.sample_types);
}

fn stacks(data: &[u8]) {
    let folded = folded::decode(data, ValueType::default());
    assert_eq!(folded.profile.validate(), Ok(()));
}
