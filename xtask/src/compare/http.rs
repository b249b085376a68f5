//! As much of HTTP/1.1 as two known servers on loopback need: one connection, kept alive as long as
//! the server wants (VictoriaMetrics ends each after two minutes).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use super::Result;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    address: String,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Whether the server ends the connection behind it.
    closes: bool,
}

impl Connection {
    pub(super) fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream: BufReader::new(stream), address: address.to_owned() })
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Response> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    /// Sends a body of remote write.
    pub(super) fn remote_write(&mut self, path: &str, body: &[u8]) -> Result<Response> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-protobuf\r\n\
             Content-Encoding: snappy\r\nX-Prometheus-Remote-Write-Version: 0.1.0\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        self.answer()
    }

    /// Reads an answer, and connects anew if it is the last of its connection.
    fn answer(&mut self) -> Result<Response> {
        let response = read(&mut self.stream)?;
        if response.closes {
            *self = Connection::open(&self.address)?;
        }
        Ok(response)
    }
}

fn read(stream: &mut impl BufRead) -> Result<Response> {
    let first = line(stream)?;
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| format!("no status in {first:?}"))?;
    let (mut length, mut is_chunked, mut closes) = (0, false, false);
    loop {
        let header = line(stream)?;
        let Some((name, value)) = header.split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse()?,
            "transfer-encoding" => is_chunked = value.trim() == "chunked",
            "connection" => closes = value.trim().eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    if is_chunked {
        loop {
            let length = u64::from_str_radix(line(stream)?.trim(), 16)?;
            stream.by_ref().take(length).read_to_end(&mut body)?;
            line(stream)?;
            if length == 0 {
                break;
            }
        }
    } else {
        stream.by_ref().take(length).read_to_end(&mut body)?;
    }
    Ok(Response { status, body, closes })
}

/// A line without its end.
fn line(stream: &mut impl BufRead) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err("the server closed the connection".into());
    }
    Ok(line.trim_end().to_owned())
}

/// `text` as it stands in a query string.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_both_kinds_follow_each_other() {
        let mut stream: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            4\r\nab\r\n\r\n1\r\nc\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n\
            HTTP/1.1 400 Bad Request\r\nConnection: close\r\ncontent-length: 2\r\n\r\nno";
        let answers: Vec<_> = std::iter::from_fn(|| read(&mut stream).ok()).collect();
        let answers =
            answers.iter().map(|answer| (answer.status, answer.body.as_slice(), answer.closes));
        let expected = [(200, &b"ab\r\nc"[..], false), (204, b"", false), (400, b"no", true)];
        assert!(answers.eq(expected));
    }

    #[test]
    fn a_query_is_escaped_byte_by_byte() {
        assert_eq!(escaped("a{b=\"ü\"}[5m]"), "a%7Bb%3D%22%C3%BC%22%7D%5B5m%5D");
    }
}
