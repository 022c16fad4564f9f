//! The process's own HTTP pages: `/livez`, `/readyz` and `/metrics`.
//!
//! Read only and without a login. So it listens on loopback unless the configuration says that the network around it
//! is trusted, pages answer only the server's own names ([`host`]), and a connection answers one request within
//! [`Limits`] and ends.

mod crowd;
mod host;
mod pages;

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
pub use axum::http::StatusCode;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use crate::{Health, Metrics};

pub use crowd::Room;
pub use host::is_name;

const UPKEEP: Duration = Duration::from_secs(5);
/// The rest after the system would not give a connection, such as for want of file descriptors.
const ACCEPT_REST: Duration = Duration::from_millis(100);
/// The time that open answers have once the server ends.
const DRAIN: Duration = Duration::from_secs(1);
const MAX_HEAD_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;

/// The reason why the server cannot listen.
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
    #[error("http.listen (WINBACK_HTTP) {address} cannot be used: {why}: choose an address of this machine")]
    Other {
        /// Where.
        address: SocketAddr,
        /// The system's message.
        why: std::io::Error,
    },
}

/// The content of the pages.
#[derive(Clone)]
pub struct Pages {
    /// Rendered at `/metrics`.
    pub metrics: Metrics,
    /// Behind `/livez` and `/readyz`.
    pub health: Health,
    /// Names that pages answer beside `localhost` and loopback addresses.
    pub names: Vec<String>,
    /// Answers `/v1/may-send/TRIGGER`; not set where nobody sends.
    pub may_send: Arc<OnceLock<MaySend>>,
}

/// The answer about a trigger's message: a status and JSON.
pub type MaySend = Box<dyn Fn(&str) -> (StatusCode, serde_json::Value) + Send + Sync>;

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
struct From(IpAddr);

/// The time and the connections that clients may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the head of a request.
    pub head: Duration,
    /// For a connection in all: the head, the answer, and the client that reads it.
    pub whole: Duration,
    /// For all connections.
    pub room: Room,
}

impl Default for Limits {
    fn default() -> Self {
        let room = Room { all: 128, of_one_peer: 64 };
        Self { head: Duration::from_secs(5), whole: Duration::from_secs(10), room }
    }
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
pub async fn serve(
    listener: TcpListener,
    pages: Pages,
    limits: Limits,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let metrics = pages.metrics.clone();
    tokio::select! {
        () = accept(listener, pages::router(pages), limits, shutdown) => {}
        () = upkeep(metrics) => {}
    }
}

async fn upkeep(metrics: Metrics) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        metrics.upkeep();
    }
}

type Crowd = Arc<Mutex<crowd::Crowd<AbortHandle>>>;

async fn accept(listener: TcpListener, router: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let crowd: Crowd = Arc::new(Mutex::new(crowd::Crowd::new(limits.room)));
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => admit(&crowd, &mut tasks, stream, from.ip(), (router.clone(), limits)),
                Err(_) => tokio::time::sleep(ACCEPT_REST).await,
            },
        }
    }
    drop(listener);
    let ended = async { while tasks.join_next().await.is_some() {} };
    // Who has not read its answer by then does not get it.
    let _ = tokio::time::timeout(DRAIN.min(limits.head), ended).await;
}

fn admit(
    crowd: &Crowd,
    tasks: &mut JoinSet<()>,
    stream: TcpStream,
    from: IpAddr,
    (router, limits): (Router, Limits),
) {
    let mut inside = crowd.lock();
    let number = inside.number();
    let place = Place { crowd: Arc::clone(crowd), number };
    let task = tasks.spawn(async move {
        let answering = answer(stream, router, From(from), &place, limits);
        let _ = tokio::time::timeout(limits.whole, answering).await;
    });
    let leaves = inside.enter(number, crowd::Peer::of(from), task);
    drop(inside);
    if let Some(leaves) = leaves {
        leaves.abort();
    }
}

/// A connection's place in the crowd; it is free when this is dropped.
struct Place {
    crowd: Crowd,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().left(self.number);
    }
}

/// One request, one answer, and the connection ends.
async fn answer(stream: TcpStream, router: Router, from: From, place: &Place, limits: Limits) {
    let pages = TowerToHyperService::new(router);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(from);
        place.crowd.lock().asked(place.number);
        let answer = pages.call(request);
        async move { Ok::<Response<Body>, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .keep_alive(false)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off or never asks is nobody's error here.
    let _ = connection.await;
}
