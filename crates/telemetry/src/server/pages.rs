//! The pages themselves, and the headers that each of them has.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::Pages;
use super::host::{Door, Names};
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
}

pub(super) fn router(pages: Pages) -> Router {
    let ready = pages.metrics.gauge(&crate::metrics::list::READY, []);
    let names = Names::new(&pages.names);
    let shared = Arc::new(Shared { pages, ready, names });
    Router::new()
        .route("/", get(index))
        .route("/livez", get(livez))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .fallback(nothing)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard))
        .with_state(shared)
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
         <li><a href=\"/metrics\">metrics</a>: for Prometheus</li></ul></html>",
        env!("CARGO_PKG_VERSION")
    ))
}

async fn nothing() -> Response {
    plain(StatusCode::NOT_FOUND, "no such page: there are /livez, /readyz and /metrics\n")
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
