//! `patience`: how long a client may take to read an answer. Headers and bodies that come slowly are cut by actix and by
//! `gate`; for who reads slowly there are two limits, since neither sees all of it:
//!
//! - who takes nothing at all: the system gives the connection up (`TCP_USER_TIMEOUT`; Linux only);
//! - who takes a little now and then: a large body is handed on in pieces, and none after the deadline.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use std::any::Any;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What is handed on at a time: what actix has at most in its own buffer.
const PIECE: usize = 32 * 1024;

/// Tells the system how long what was sent on this connection may stay untaken.
pub fn limit(connection: &dyn Any, longest: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>()
        && let Err(fault) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(longest))
    {
        tracing::debug!(%fault, "a connection without a limit for reading");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, longest);
}

/// The body, in pieces if it is large. A body that is made while it is sent keeps its own pace.
#[must_use]
pub fn in_pieces(body: BoxBody, longest: Duration) -> BoxBody {
    match body.try_into_bytes() {
        Ok(bytes) if bytes.len() > PIECE => BoxBody::new(Pieces { left: bytes, until: Instant::now() + longest }),
        Ok(bytes) => BoxBody::new(bytes),
        Err(body) => body,
    }
}

/// A body of which nothing is handed on after an instant.
struct Pieces {
    left: Bytes,
    until: Instant,
}

impl MessageBody for Pieces {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.left.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, io::Error>>> {
        let pieces = self.get_mut();
        Poll::Ready(if pieces.left.is_empty() {
            None
        } else if Instant::now() > pieces.until {
            Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the answer was read too slowly")))
        } else {
            Some(Ok(pieces.left.split_to(PIECE.min(pieces.left.len()))))
        })
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        Ok(self.left)
    }
}
