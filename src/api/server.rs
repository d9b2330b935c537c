//! Listening and stopping. A stop is told first (`/readyz` fails), then the listener closes, then what is under way may
//! finish; a second signal ends it at once.

use super::{App, app, measures, patience};
use crate::settings::{Http, Switch};
use actix_web::dev::Server;
use actix_web::{HttpResponse, HttpServer, web};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Longest time for the headers of a request, and for a client to close its side; less where a whole request has less.
const HEADERS: Duration = Duration::from_secs(5);
/// How long a connection without a request is kept: longer than load balancers do (60 s), so that they close first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How often the metrics are tidied while nobody reads them.
const TIDY: Duration = Duration::from_secs(10);

/// How a server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Gracefully,
    /// A second signal came before the work under way was done.
    AtOnce,
}

/// A server that listens, and where: with port 0 the system chose one.
///
/// # Errors
/// The address cannot be had.
pub fn listen(state: web::Data<App>) -> io::Result<(Server, Vec<SocketAddr>)> {
    measures::begin();
    let settings = state.settings.clone();
    let deadline = Duration::from_secs(settings.request_deadline_seconds);
    let mut server = HttpServer::new(move || app(state.clone()))
        .on_connect(move |connection, noted| patience::begin(connection, noted, deadline))
        .max_connections(settings.connections)
        .client_request_timeout(HEADERS.min(deadline))
        .client_disconnect_timeout(HEADERS.min(deadline))
        .keep_alive(KEEP_ALIVE)
        // An answer is written whole, or in pieces that must not wait for the ones before them to be acknowledged.
        .tcp_nodelay(true)
        // `run` ends it first, and says so; this is for who only listens.
        .shutdown_timeout(settings.stop_deadline_seconds.saturating_add(1))
        .disable_signals();
    if settings.workers > 0 {
        server = server.workers(settings.workers);
    }
    let told = |fault: io::Error| io::Error::new(fault.kind(), format!("listening on {}: {fault}", settings.listen));
    let server = server.bind(settings.listen).map_err(told)?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

/// Serves until a signal says otherwise. `listening` is done once the addresses are had, before anybody is answered.
///
/// # Errors
/// An address cannot be had, the system fails, or what is to be done does.
pub async fn run(state: web::Data<App>, listening: impl Future<Output = Result<(), String>>) -> io::Result<Ended> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (server, addresses) = listen(state.clone())?;
    let handle = server.handle();
    let patience = Duration::from_secs(state.settings.stop_deadline_seconds);
    let measuring = measure(&state.settings)?;
    listening.await.map_err(io::Error::other)?;
    for address in addresses {
        tracing::info!("listening on http://{address}; documentation at http://{address}/docs/");
    }
    let serving = tokio::spawn(server);
    let mut told = false;
    let delay = tokio::select! {
        _ = terminate.recv() => Duration::from_secs(state.settings.drain_delay_seconds),
        // Somebody at the keyboard: no load balancer needs time to notice.
        _ = interrupt.recv() => Duration::ZERO,
        ended = serving => {
            ended.map_err(io::Error::other)??;
            return Ok(Ended::Gracefully);
        }
    };
    state.readiness.drain();
    tracing::info!(delay_seconds = delay.as_secs(), "stopping: not ready from now on");
    tokio::select! {
        () = tokio::time::sleep(delay) => {}
        () = again(&mut terminate, &mut interrupt) => told = true,
    }
    if !told {
        tracing::info!("stopping: letting what is under way finish");
        tokio::select! {
            () = handle.stop(true) => {}
            () = tokio::time::sleep(patience) => told = true,
            () = again(&mut terminate, &mut interrupt) => told = true,
        }
    }
    if let Some(measuring) = measuring {
        measuring.stop(false).await;
    }
    Ok(if told { Ended::AtOnce } else { Ended::Gracefully })
}

async fn again(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// The metrics, on a listener of their own.
fn measure(settings: &Http) -> io::Result<Option<actix_web::dev::ServerHandle>> {
    tokio::spawn(async {
        loop {
            tokio::time::sleep(TIDY).await;
            measures::tidy();
        }
    });
    let Switch::On(address) = settings.metrics_listen else { return Ok(None) };
    let page =
        || async { HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(measures::text()) };
    let server = HttpServer::new(move || actix_web::App::new().route("/metrics", web::get().to(page)))
        .workers(1)
        .disable_signals()
        .bind(address)
        .map_err(|fault| io::Error::new(fault.kind(), format!("the metrics listener on {address}: {fault}")))?;
    for address in server.addrs() {
        tracing::info!("metrics on http://{address}/metrics");
    }
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Some(handle))
}
