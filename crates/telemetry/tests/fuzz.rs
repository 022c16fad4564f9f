//! The HTTP server, given bytes that are no request: it answers or closes, and goes on answering others.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as the tests do")]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use winback_telemetry::server::{self, Limits, Pages};
use winback_telemetry::{Health, Metrics};

/// No answer takes longer; a server that hangs fails the test instead of standing still.
const LONGEST: Duration = Duration::from_secs(30);

fn start() -> (tokio::runtime::Runtime, SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(server::bind("127.0.0.1:0", false)).unwrap();
    let address = listener.local_addr().unwrap();
    let pages = Pages {
        metrics: Metrics::new(),
        health: Health::new(LONGEST),
        names: Vec::new(),
        may_send: Arc::default(),
    };
    runtime.spawn(server::serve(listener, pages, Limits::default(), std::future::pending()));
    (runtime, address)
}

/// Sends those bytes and nothing more; what comes back before the server closes.
fn sent(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    stream.set_write_timeout(Some(LONGEST)).unwrap();
    let mut answer = Vec::new();
    // A server that has heard enough closes while more is sent, and resets.
    if stream.write_all(bytes).is_ok() && stream.shutdown(Shutdown::Write).is_ok() {
        let read = stream.read_to_end(&mut answer);
        let is_late = |error: std::io::Error| {
            matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
        };
        assert!(!read.is_err_and(is_late), "the server neither answered nor closed");
    }
    answer
}

/// The answer to a whole request. The sender's side stays open: a server may drop who hangs up before the answer.
fn answered(address: SocketAddr, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

fn any_request() -> impl Strategy<Value = Vec<u8>> {
    let begins = prop::sample::select(vec![
        &b""[..],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        b"GET /outbox/..%2f..%2f HTTP/1.1\r\nHost: localhost\r\n",
        b"GET http://localhost/metrics HTTP/1.1\r\nHost: ",
        b"POST /readyz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: ",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT ",
        b"GET /readyz HTTP/9.9\r\n",
    ]);
    let rest = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        "[ -~\r\n:;%/]{0,200}".prop_map(String::into_bytes),
        (1_usize..40).prop_map(|times| b"X: y\r\n".repeat(times * 50)),
    ];
    let end = prop::sample::select(vec![&b""[..], b"\r\n", b"\r\n\r\n", b"\0"]);
    (begins, rest, end).prop_map(|(begin, rest, end)| [begin, &rest, end].concat())
}

/// Runs for `FUZZ_SECONDS`, two without it.
#[test]
fn fuzz_whatever_comes_to_the_socket_the_server_lives() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let until = Instant::now() + Duration::from_secs(seconds);
    let (_runtime, address) = start();
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new(config);
    while Instant::now() < until {
        let tried = runner.run(&any_request(), |bytes| {
            sent(address, &bytes);
            Ok(())
        });
        tried.unwrap();
        let request = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let alive = answered(address, request);
        assert!(alive.starts_with(b"HTTP/1.1 200"), "{}", alive.escape_ascii());
    }
}
