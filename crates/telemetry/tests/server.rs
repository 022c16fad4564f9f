//! The pages, over a real socket on loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as the tests do")]

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use winback_telemetry::server::{self, Limits, Pages, Room};
use winback_telemetry::{Health, Metrics};

/// After so long a test gives up.
const DEADLINE: Duration = Duration::from_secs(30);

struct Running {
    address: String,
    health: Health,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
}

async fn start() -> Running {
    start_with(Limits::default()).await
}

async fn start_with(limits: Limits) -> Running {
    let health = Health::new(Duration::from_secs(60));
    let names = vec!["winback.internal".to_owned()];
    let pages = Pages { metrics: Metrics::new(), health: health.clone(), names, may_send: Arc::default() };
    let listener = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let served = tokio::spawn(server::serve(listener, pages, limits, shutdown));
    Running { address, health, stop, served }
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// The whole answer to exactly these bytes; empty where the connection was closed without one.
fn ask(address: &str, request: &str) -> String {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    read_all(stream)
}

fn read_all(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(why) if why.kind() == ErrorKind::ConnectionReset => {}
        read => drop(read.unwrap()),
    }
    String::from_utf8(answer).unwrap()
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

impl Running {
    /// Status and the whole answer to a request for exactly this path: no client tidies it up first.
    async fn get(&self, path: &str, header: &str) -> (u16, String) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n"))
            .await
    }

    async fn send(&self, request: String) -> (u16, String) {
        let address = self.address.clone();
        let answer = tokio::task::spawn_blocking(move || ask(&address, &request)).await.unwrap();
        (status(&answer), answer)
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
    }
}

#[tokio::test]
async fn readiness_says_why_as_text_and_as_json_and_turns_when_all_are_ready() {
    let running = start().await;
    let index = running.health.component("index");
    let detector = running.health.component("detector-0");
    index.waiting("bootstrapping 3 of 8");
    detector.waiting("restoring 2 of 4");
    let (status, answer) = running.get("/readyz", "").await;
    assert_eq!(status, 503);
    assert!(
        answer.ends_with("not ready\ndetector-0: restoring 2 of 4\nindex: bootstrapping 3 of 8\n"),
        "{answer}"
    );

    let (status, answer) = running.get("/readyz", "Accept: application/json\r\n").await;
    assert_eq!(status, 503);
    let body: serde_json::Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["ready"], false);
    assert_eq!(body["components"][1]["name"], "index");
    assert_eq!(body["components"][1]["state"], "waiting");
    assert_eq!(body["components"][1]["why"], "bootstrapping 3 of 8");

    index.ready();
    detector.ready();
    let (status, answer) = running.get("/readyz", "").await;
    assert!(status == 200 && answer.ends_with("\r\n\r\nready\n"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn liveness_follows_the_lanes_progress_and_not_readiness() {
    let running = start().await;
    let lane = running.health.component("detector-0");
    lane.failed("endpoint stopped: 401 from crm");
    assert_eq!(running.get("/livez", "").await.0, 200);
    lane.ready();
    let Some(long_ago) = Instant::now().checked_sub(Duration::from_secs(90)) else {
        eprintln!("SKIPPED: this machine started less than 90 s ago");
        return;
    };
    lane.beat(long_ago);
    let (status, answer) = running.get("/livez", "").await;
    assert!(status == 503 && answer.contains("stalled: detector-0: no progress for 9"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn metrics_are_rendered_and_tell_readiness_as_it_is_when_asked() {
    let running = start().await;
    let (status, answer) = running.get("/metrics", "").await;
    assert!(status == 200 && answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("winback_ready 0\n"), "{answer}");
    let index = running.health.component("index");
    index.ready();
    assert!(running.get("/metrics", "").await.1.contains("winback_ready 1\n"));
    let (status, answer) = running.get("/", "").await;
    assert!(status == 200 && answer.contains("href=\"/readyz\""), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn a_web_page_that_the_operator_visits_reads_nothing_under_a_name_of_its_own() {
    let running = start().await;
    let rebound = |host: &str| format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for host in ["localhost", "127.0.0.1:9464", "[::1]:9464", "Winback.INTERNAL.:80"] {
        let (status, answer) = running.send(rebound(host)).await;
        assert!(status == 200 && answer.contains("<h1>winback"), "{host}: {answer}");
    }
    for host in ["evil.example", "evil.example:9464", "127.0.0.1.evil.example", "10.0.0.7:9464"] {
        let (status, answer) = running.send(rebound(host)).await;
        assert!(status == 421 && !answer.contains("<h1>"), "{host}: {answer}");
    }
    let malformed = [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost@evil.example\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ];
    for request in malformed {
        let (status, answer) = running.send(request.to_owned()).await;
        assert!(status == 400 && !answer.contains("<h1>"), "{request}: {answer}");
    }
    let absolute = "GET http://localhost:9464/ HTTP/1.1\r\nHost: localhost:9464\r\n\r\n".to_owned();
    assert_eq!(running.send(absolute).await.0, 200);
    for header in ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: same-site\r\n"] {
        assert_eq!(running.get("/", header).await.0, 403, "{header}");
    }
    running.stop().await;
}

#[tokio::test]
async fn probes_and_scrapers_are_answered_under_any_name_and_read_nothing_private() {
    let running = start().await;
    let lane = running.health.component("worker-0");
    lane.failed("https://me:pa55@crm.example refused jane@acme.example\r\nSet-Cookie: a=b");
    for (path, wanted) in [("/livez", 200), ("/readyz", 503), ("/metrics", 200)] {
        for host in ["Host: 10.1.2.3:9464\r\n", "Host: evil.example\r\n", "Host: ?\r\n", ""] {
            let (status, answer) = running.send(format!("GET {path} HTTP/1.1\r\n{host}\r\n")).await;
            assert_eq!(status, wanted, "{path} {host}: {answer}");
            for private in ["pa55", "me:", "jane", "acme", "\nSet-Cookie"] {
                assert!(!answer.contains(private), "{path} tells {private}: {answer}");
            }
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn drafts_are_not_served_and_every_answer_has_the_headers_of_a_private_page() {
    let running = start().await;
    let asked =
        [("/", 200), ("/livez", 200), ("/readyz", 503), ("/metrics", 200), ("/outbox/", 404), ("/x", 404)];
    for (path, wanted) in asked {
        let (status, answer) = running.get(path, "").await;
        let head = answer.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        assert_eq!(status, wanted, "{path}");
        for header in [
            "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
            "cross-origin-opener-policy: same-origin",
            "connection: close",
        ] {
            assert!(head.contains(&format!("\r\n{header}")), "{path} has no {header}: {head}");
        }
        assert!(!head.contains("access-control-"), "{path}: {head}");
    }
    for (method, wanted) in [("POST", 405), ("PUT", 405), ("OPTIONS", 405), ("HEAD", 200)] {
        let (status, answer) = running.send(format!("{method} /livez HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert_eq!(status, wanted, "{method}");
        assert!(answer.to_ascii_lowercase().contains("x-frame-options: deny"), "{method}: {answer}");
    }
    let refused = running.send("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned()).await.1;
    assert!(refused.to_ascii_lowercase().contains("x-frame-options: deny"), "{refused}");
    running.stop().await;
}

#[tokio::test]
async fn health_is_told_while_hundreds_of_half_requests_are_open() {
    let running = start().await;
    let address = running.address.clone();
    let attack = move || {
        let halves = ["", "G", "GET /livez HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Y: "];
        let mut open = Vec::new();
        for at in 0..400 {
            let mut half = connect(&address);
            // One that was closed for a newer one may say so here.
            let _ = half.write_all(halves[at % halves.len()].as_bytes());
            open.push(half);
            if at % 20 == 19 {
                let answer = ask(&address, "GET /livez HTTP/1.0\r\n\r\n");
                assert_eq!(status(&answer), 200, "with {at} half requests: {answer:?}");
            }
        }
        let newest = open.pop().unwrap();
        // Those that had to go are closed; far fewer than were opened are held.
        let closed = open.drain(..300).map(|half| {
            half.set_read_timeout(Some(DEADLINE)).unwrap();
            read_all(half)
        });
        assert!(closed.into_iter().all(|answer| answer.is_empty()));
        drop(newest);
    };
    tokio::task::spawn_blocking(attack).await.unwrap();
    running.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_come_and_an_answer_that_nobody_reads_end() {
    assert_eq!(Limits::default().head, Duration::from_secs(5));
    assert!(Limits::default().whole <= Duration::from_secs(10));
    let room = Room { all: 8, of_one_peer: 8 };
    let limits = Limits { head: Duration::from_millis(50), whole: Duration::from_millis(200), room };
    let running = start_with(limits).await;
    for half in ["", "GET /livez HTTP/1.1\r\nHost: localhost\r\n"] {
        let (_, answer) = running.send(half.to_owned()).await;
        assert!(!answer.contains(" 200 "), "{half:?}: {answer}");
    }
    // A body that never comes, and a head that is larger than any of ours.
    let (status, _) =
        running.send("POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\nx".to_owned()).await;
    assert_eq!(status, 405);
    let large = format!("GET /livez HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(17 << 10));
    assert_ne!(running.send(large).await.0, 200);
    assert_eq!(running.get("/livez", "").await.0, 200);
    running.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_request_harm_nobody() {
    let running = start().await;
    let mut bytes = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        bytes ^= bytes << 13;
        bytes ^= bytes >> 7;
        bytes ^= bytes << 17;
        bytes
    };
    let seeds =
        ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET /metrics HTTP/1.0\r\nHost: \u{1b}\r\n\r\n"];
    for round in 0..300 {
        let mut request = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=random() % 6 {
            let at = usize::try_from(random() % request.len() as u64).unwrap();
            request[at] = u8::try_from(random() % 256).unwrap();
        }
        request.extend_from_slice(b"\r\n\r\n");
        let address = running.address.clone();
        let sent = move || {
            let mut stream = connect(&address);
            stream.write_all(&request).unwrap();
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            (request, answer)
        };
        let (request, answer) = tokio::task::spawn_blocking(sent).await.unwrap();
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1."),
            "{:?}",
            request.escape_ascii().to_string()
        );
    }
    assert_eq!(running.get("/livez", "").await.0, 200);
    running.stop().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_had_is_refused_with_the_key_and_the_fix() {
    let refused =
        |address: &'static str| async move { server::bind(address, false).await.unwrap_err().to_string() };
    assert_eq!(
        refused("0.0.0.0:9464").await,
        "http.listen (WINBACK_HTTP) is 0.0.0.0:9464, which other machines can reach, and the pages have no login: \
         use 127.0.0.1:9464, or set http.allow_remote = true"
    );
    assert!(refused("[::]:9464").await.contains("http.allow_remote"));
    assert_eq!(
        refused("9464").await,
        "http.listen (WINBACK_HTTP) is `9464`: write an address and a port, such as 127.0.0.1:9464"
    );
    assert!(server::bind("0.0.0.0:0", true).await.is_ok());
    assert!(server::bind("localhost:0", false).await.is_ok());
    let taken = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let error = server::bind(&address, false).await.unwrap_err().to_string();
    assert_eq!(
        error,
        format!(
            "http.listen (WINBACK_HTTP) {address}: the port is in use: stop what listens there, or choose another port, \
             or 0 for any"
        )
    );
}
