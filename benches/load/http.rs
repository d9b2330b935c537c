//! One keep-alive connection of a caller: writes a request, reads the answer. No more of HTTP than that, so that the
//! callers take as little as can be of the processors that they share with what is measured.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

/// An answer; its body stays in the connection until the next call.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Connection {
    pub async fn open(address: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(64 * 1024) })
    }

    /// Sends a request as it is on the wire.
    pub async fn call(&mut self, request: &[u8]) -> std::io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.read.clear();
        let (head, body) = loop {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                break (head, head + 4);
            }
        };
        let text = String::from_utf8_lossy(&self.read[..head]).to_ascii_lowercase();
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        let length = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let end = body + length.unwrap_or(0_usize);
        while self.read.len() < end {
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Answer { status, body: &self.read[body..end] })
    }
}

/// A request on the wire.
pub fn request(method: &str, path: &str, token: &str, key: Option<&str>, body: &str) -> Vec<u8> {
    typed(method, path, token, key, ("application/json", body))
}

/// The same with a body of another media type.
pub fn typed(method: &str, path: &str, token: &str, key: Option<&str>, (media, body): (&str, &str)) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: load\r\nauthorization: Bearer {token}\r\n");
    if let Some(key) = key {
        text.push_str(&format!("idempotency-key: {key}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("content-type: {media}\r\ncontent-length: {}\r\n", body.len()));
    }
    (text + "\r\n" + body).into_bytes()
}
