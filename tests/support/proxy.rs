//! A proxy between a client and a server, for trials of what happens when the way between them breaks.

#![allow(dead_code, reason = "each program uses its part")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// One side of a connection.
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub fn tcp(address: &str) -> Option<Self> {
        TcpStream::connect(address).ok().map(Self::Tcp)
    }

    pub fn unix(path: &Path) -> Option<Self> {
        UnixStream::connect(path).ok().map(Self::Unix)
    }

    pub fn again(&self) -> Self {
        match self {
            Self::Tcp(stream) => Self::Tcp(stream.try_clone().unwrap()),
            Self::Unix(stream) => Self::Unix(stream.try_clone().unwrap()),
        }
    }

    pub fn close(&self) {
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(bytes),
            Self::Unix(stream) => stream.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Accepts connections until it is dropped; each is served on a thread of its own.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    open: Mutex<Vec<Stream>>,
    is_cut: AtomicBool,
    is_over: AtomicBool,
    accepted: AtomicUsize,
}

impl Proxy {
    /// Serves each connection so.
    pub fn serving(serve: impl Fn(Stream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            open: Mutex::default(),
            is_cut: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            accepted: AtomicUsize::new(0),
        });
        let (serve, known) = (Arc::new(serve), Arc::clone(&shared));
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if known.is_over.load(Ordering::SeqCst) {
                    return;
                }
                client.set_nodelay(true).unwrap();
                let client = Stream::Tcp(client);
                let mut open = known.open.lock().unwrap();
                if known.is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                open.push(client.again());
                drop(open);
                known.accepted.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(client));
            }
        });
        Self { address, shared }
    }

    /// To whatever `choose` connects to.
    pub fn to(choose: impl Fn() -> Option<Stream> + Send + Sync + 'static) -> Self {
        Self::serving(move |client| match choose() {
            Some(server) => relay(client, server),
            None => client.close(),
        })
    }

    pub fn to_socket(path: PathBuf) -> Self {
        Self::to(move || Stream::unix(&path))
    }

    /// Breaks every connection, and takes no other until `mend`.
    pub fn cut(&self) {
        let mut open = self.shared.open.lock().unwrap();
        self.shared.is_cut.store(true, Ordering::SeqCst);
        open.drain(..).for_each(|stream| stream.close());
    }

    pub fn mend(&self) {
        self.shared.is_cut.store(false, Ordering::SeqCst);
    }

    /// How many connections there have been.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
    }
}

/// Hands on what comes, both ways, until either side is gone.
pub fn relay(client: Stream, server: Stream) {
    let (back_from, back_to) = (server.again(), client.again());
    std::thread::spawn(move || copy(back_from, back_to));
    copy(client, server);
}

fn copy(mut from: Stream, mut to: Stream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(many @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..many]).is_err() {
            break;
        }
    }
    from.close();
    to.close();
}
