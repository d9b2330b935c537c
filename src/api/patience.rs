//! `patience`: how long a client may take to read an answer. Headers and bodies that come slowly are cut by actix and by
//! `gate`; for who reads slowly there are two limits, since neither sees all of it:
//!
//! - who takes nothing at all: the system gives the connection up (`TCP_USER_TIMEOUT`; Linux only);
//! - who takes a little now and then: a large body is handed on in pieces as they are taken, and the connection ends if
//!   the last of them has not been handed on in time.

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::Extensions;
use actix_web::rt;
use actix_web::web::Bytes;
use socket2::{SockRef, Socket};
use std::any::Any;
use std::convert::Infallible;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What is handed on at a time: what actix has at most in its own buffer.
const PIECE: usize = 32 * 1024;

/// The connection that an answer goes out on, so that it can be ended while actix waits for it to take more.
#[derive(Clone, Debug)]
pub struct Line(Arc<Socket>);

/// Tells the system how long what was sent on this connection may stay untaken, and notes the connection.
pub fn begin(connection: &dyn Any, noted: &mut Extensions, longest: Duration) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    #[cfg(target_os = "linux")]
    if let Err(fault) = socket.set_tcp_user_timeout(Some(longest)) {
        tracing::debug!(%fault, "a connection without a limit for reading");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = longest;
    match socket.try_clone() {
        Ok(socket) => drop(noted.insert(Line(Arc::new(socket)))),
        Err(fault) => tracing::debug!(%fault, "a connection that cannot be ended early"),
    }
}

impl Line {
    /// Ends the connection after this time, unless that is called off before.
    fn end(&self, after: Duration) -> JoinHandle<()> {
        // Weakly: a connection that is over is over.
        let socket = Arc::downgrade(&self.0);
        rt::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(socket) = socket.upgrade() {
                tracing::debug!("an answer was read too slowly");
                // What was not taken is thrown away; else the system would go on offering it.
                let ended = socket.set_linger(Some(Duration::ZERO)).and_then(|()| socket.shutdown(Shutdown::Both));
                if let Err(fault) = ended {
                    tracing::debug!(%fault, "a connection had ended by itself");
                }
            }
        })
    }
}

/// The body, in pieces if it is large. A body that is made while it is sent keeps its own pace.
#[must_use]
pub fn in_pieces(body: BoxBody, line: Option<&Line>, longest: Duration) -> BoxBody {
    match (body.try_into_bytes(), line) {
        (Ok(bytes), Some(line)) if bytes.len() > PIECE => BoxBody::new(Pieces { left: bytes, end: line.end(longest) }),
        (Ok(bytes), _) => BoxBody::new(bytes),
        (Err(body), _) => body,
    }
}

/// A body that must have been handed on before its connection ends.
struct Pieces {
    left: Bytes,
    end: JoinHandle<()>,
}

impl Drop for Pieces {
    fn drop(&mut self) {
        self.end.abort();
    }
}

impl MessageBody for Pieces {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.left.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let left = &mut self.get_mut().left;
        Poll::Ready((!left.is_empty()).then(|| Ok(left.split_to(PIECE.min(left.len())))))
    }
}
