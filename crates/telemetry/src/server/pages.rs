//! The pages themselves, and the headers that each of them has.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Extension, Path, Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use parking_lot::Mutex;

use super::Pages;
use super::host::{Door, Names};
use super::{From, is_loopback};
use crate::Component;
use crate::metrics::GaugePart;

const TEXT: &str = "text/plain; charset=utf-8";

/// Headers of every answer, refusals included: nothing is run, framed, kept, sniffed or passed on.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

struct Shared {
    pages: Pages,
    ready: GaugePart,
    names: Names,
    /// Holds readiness back once a page has panicked.
    broken: Mutex<Option<Component>>,
}

pub(super) fn router(pages: Pages) -> Router {
    let ready = pages.metrics.gauge(&crate::metrics::list::READY, []);
    let names = Names::new(&pages.names);
    let shared = Arc::new(Shared { pages, ready, names, broken: Mutex::default() });
    let router = Router::new()
        .route("/", get(index))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/may-send/{trigger}", get(may_send))
        .fallback(nothing);
    guarded(router, shared)
}

fn guarded(router: Router<Arc<Shared>>, shared: Arc<Shared>) -> Router {
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), answered))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
}

/// Answers also if a page panics: the server goes on, and readiness reports the defect.
async fn answered(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    match tokio::spawn(next.run(request)).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::error!(path, %error, "a page could not be answered");
            let component = shared.pages.health.component("http");
            component
                .failed("a page panicked: this is a defect of winback, report it with the log lines before");
            *shared.broken.lock() = Some(component);
            plain(StatusCode::INTERNAL_SERVER_ERROR, "this page has a defect: see the log\n")
        }
    }
}

/// Refuses who asks from elsewhere, and puts the headers on every answer.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut answer = match shared.names.decide(request.uri(), request.headers()) {
        Door::Open => next.run(request).await,
        Door::Malformed => plain(StatusCode::BAD_REQUEST, "state one Host, a name or an address\n"),
        Door::Misdirected => plain(
            StatusCode::MISDIRECTED_REQUEST,
            "this server has no such name: ask for localhost, or add the name to http.names\n",
        ),
        Door::Foreign => plain(StatusCode::FORBIDDEN, "pages of other origins are not answered\n"),
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn index() -> Html<String> {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>winback</title><h1>winback {}</h1><ul>\
         <li><a href=\"/readyz\">readyz</a>: ready, or why not</li><li><a href=\"/livez\">livez</a>: alive</li>\
         <li><a href=\"/metrics\">metrics</a>: for Prometheus</li><li>/v1/may-send/TRIGGER: whether a message may still go \
         out</li></ul></html>",
        env!("CARGO_PKG_VERSION")
    ))
}

async fn nothing() -> Response {
    plain(
        StatusCode::NOT_FOUND,
        "no such page: there are /livez, /readyz, /metrics and /v1/may-send/TRIGGER\n",
    )
}

/// Says what became of an account, so only this machine is answered; a `Host` header is the client's choice.
async fn may_send(
    State(shared): State<Arc<Shared>>,
    Extension(From(from)): Extension<From>,
    Path(trigger): Path<String>,
) -> Response {
    if !is_loopback(from) {
        return plain(StatusCode::FORBIDDEN, "ask from the machine that winback runs on\n");
    }
    let Some(answer) = shared.pages.may_send.get() else {
        return plain(
            StatusCode::NOT_FOUND,
            "this process has no worker: ask one that runs the role worker\n",
        );
    };
    let (status, json) = answer(&trigger);
    (status, [(CONTENT_TYPE, "application/json")], format!("{json}\n")).into_response()
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
        Ok(json) => (status, [(CONTENT_TYPE, "application/json")], json).into_response(),
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
    (status, [(CONTENT_TYPE, TEXT)], text.into()).into_response()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::super::bind;
    use super::*;
    use crate::{Health, Metrics};

    async fn broken() -> &'static str {
        panic!("on purpose")
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_page_that_panics_is_answered_and_turns_readiness_red() {
        let health = Health::new(Duration::from_secs(60));
        let pages = Pages { metrics: Metrics::new(), health, names: Vec::new(), may_send: Arc::default() };
        let lane = pages.health.component("detector-0");
        lane.ready();
        let ready = pages.metrics.gauge(&crate::metrics::list::READY, []);
        let names = Names::new(&pages.names);
        let shared = Arc::new(Shared { ready, pages, names, broken: Mutex::default() });
        let router = Router::new().route("/broken", get(broken)).route("/readyz", get(readyz));
        let listener = bind("127.0.0.1:0", false).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, guarded(router, shared)).into_future());
        let ask = move |path: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let answers = tokio::task::spawn_blocking(move || [ask("/readyz"), ask("/broken"), ask("/readyz")]);
        let [before, broken, after] = answers.await.unwrap();
        assert!(
            before.starts_with("HTTP/1.1 200 ") && broken.starts_with("HTTP/1.1 500 "),
            "{before} {broken}"
        );
        assert!(after.starts_with("HTTP/1.1 503 ") && after.contains("http: a page panicked"), "{after}");
    }
}
