//! `loudou health`: asks a server whether it is ready, for whoever starts it and has no other client (a container).

use super::say;
use clap::Args;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

/// How long each step of the question may take: `/readyz` itself waits no longer for the database.
const PATIENCE: Duration = Duration::from_secs(3);

/// Most of an answer that is read, in bytes: `/readyz` says a few words.
const LONGEST_ANSWER: u64 = 65_536;

/// Ask a server whether it is ready.
#[derive(Args, Debug)]
pub struct Health {
    /// Where the server listens, as it was told itself; every address of this host is asked at the loopback one.
    #[arg(long, env = "LOUDOU_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
}

impl Health {
    /// 0 if the server is ready; what it says goes to standard output.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        match ask(reachable(self.listen)) {
            Ok((status, body)) => {
                say::line(&format!("{status} {body}"));
                if status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
            }
            Err(fault) => {
                eprintln!("{}: {fault}", self.listen);
                ExitCode::FAILURE
            }
        }
    }
}

/// Who listens everywhere listens at the loopback address too.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Status and body of `/readyz`.
fn ask(address: SocketAddr) -> Result<(u16, String), std::io::Error> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| std::io::Error::other("what answers there does not speak HTTP"))?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok((status, body.trim().to_owned()))
}
