//! The process's own HTTP pages: `/livez`, `/readyz`, `/metrics`, and the outbox where there is one.
//!
//! Read only and without a login, so it listens on loopback unless the configuration says that the network around it
//! is trusted.

mod outbox;

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::GaugePart;
use crate::{Health, Metrics};

const UPKEEP: Duration = Duration::from_secs(5);
const TEXT: &str = "text/plain; charset=utf-8";

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is not one.
    #[error("http.listen (WINBACK_HTTP) is `{0}`: write an address and a port, such as 127.0.0.1:9464")]
    Address(String),
    /// The address can be reached from elsewhere, and nobody said that it may.
    #[error(
        "http.listen (WINBACK_HTTP) is {0}, which other machines can reach, and the pages have no login: \
         use 127.0.0.1:{port}, or set http.allow_remote = true",
        port = .0.port()
    )]
    Remote(SocketAddr),
    /// Somebody else listens there.
    #[error(
        "http.listen (WINBACK_HTTP) {0}: the port is in use: stop what listens there, or choose another port, or 0 for any"
    )]
    InUse(SocketAddr),
    /// The system refuses.
    #[error("http.listen (WINBACK_HTTP) {address}: {why}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        why: std::io::Error,
    },
}

/// What the pages show.
#[derive(Clone)]
pub struct Pages {
    /// Rendered at `/metrics`.
    pub metrics: Metrics,
    /// Behind `/livez` and `/readyz`.
    pub health: Health,
    /// Shown at `/outbox/` when given. It holds mails: give it on loopback only.
    pub outbox: Option<PathBuf>,
}

struct Shared {
    pages: Pages,
    ready: GaugePart,
}

/// Listens at `address`.
///
/// # Errors
/// When it is no address, is not loopback though `allow_remote` is false, or cannot be had.
pub async fn bind(address: &str, allow_remote: bool) -> Result<TcpListener, BindError> {
    let spelled = address.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let parsed = spelled.as_deref().unwrap_or(address).parse::<SocketAddr>();
    let socket = parsed.map_err(|_| BindError::Address(address.to_owned()))?;
    if !allow_remote && !is_loopback(socket.ip()) {
        return Err(BindError::Remote(socket));
    }
    TcpListener::bind(socket).await.map_err(|why| match why.kind() {
        std::io::ErrorKind::AddrInUse => BindError::InUse(socket),
        _ => BindError::Other { address: socket, why },
    })
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// Answers until `shutdown` is done, and keeps the metrics' buffers small meanwhile.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(
    listener: TcpListener,
    pages: Pages,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let metrics = pages.metrics.clone();
    let server = axum::serve(listener, router(pages)).with_graceful_shutdown(shutdown);
    tokio::select! {
        ended = IntoFuture::into_future(server) => ended,
        () = upkeep(metrics) => Ok(()),
    }
}

async fn upkeep(metrics: Metrics) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.upkeep();
    }
}

fn router(pages: Pages) -> Router {
    let shared = Arc::new(Shared { ready: pages.metrics.gauge(&crate::metrics::list::READY, []), pages });
    let router = Router::new()
        .route("/", get(index))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics));
    let router = if shared.pages.outbox.is_some() {
        router.route("/outbox/", get(outbox::top)).route("/outbox/{*path}", get(outbox::page))
    } else {
        router
    };
    router.with_state(shared)
}

async fn index(State(shared): State<Arc<Shared>>) -> Html<String> {
    let outbox = match shared.pages.outbox {
        Some(_) => "<li><a href=\"/outbox/\">outbox</a>: what was written to former customers</li>",
        None => "",
    };
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>winback</title><h1>winback {}</h1><ul>\
         <li><a href=\"/readyz\">readyz</a>: ready, or why not</li><li><a href=\"/livez\">livez</a>: alive</li>\
         <li><a href=\"/metrics\">metrics</a>: for Prometheus</li>{outbox}</ul></html>",
        env!("CARGO_PKG_VERSION")
    ))
}

async fn livez(State(shared): State<Arc<Shared>>) -> Response {
    let report = shared.pages.health.report(Instant::now());
    if report.alive {
        plain(StatusCode::OK, "alive\n")
    } else {
        plain(StatusCode::SERVICE_UNAVAILABLE, report.text())
    }
}

async fn readyz(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    let report = shared.pages.health.report(Instant::now());
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let asked = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if !asked.contains("application/json") {
        return plain(status, report.text());
    }
    match serde_json::to_string(&report) {
        Ok(json) => {
            (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], json).into_response()
        }
        Err(why) => plain(StatusCode::INTERNAL_SERVER_ERROR, why.to_string()),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let ready = shared.pages.health.report(Instant::now()).ready;
    shared.ready.set(if ready { 1.0 } else { 0.0 });
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind)], shared.pages.metrics.render()).into_response()
}

fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    (status, [(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-store")], text.into()).into_response()
}
