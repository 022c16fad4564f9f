//! The pages, over a real socket on loopback.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as the tests do")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use winback_telemetry::server::{self, Pages};
use winback_telemetry::{Health, Metrics};

struct Running {
    address: String,
    health: Health,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn start(outbox: Option<PathBuf>) -> Running {
    let health = Health::new(Duration::from_secs(60));
    let pages = Pages { metrics: Metrics::new(), health: health.clone(), outbox };
    let listener = server::bind("127.0.0.1:0", false).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move {
        let _ = stopped.await;
    };
    let served = tokio::spawn(server::serve(listener, pages, shutdown));
    Running { address, health, stop, served }
}

impl Running {
    /// Status and the whole answer to a request for exactly this path: no client tidies it up first.
    async fn get(&self, path: &str, header: &str) -> (u16, String) {
        let address = self.address.clone();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n");
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        let answer = answer.await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        self.served.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn readiness_says_why_as_text_and_as_json_and_turns_when_all_are_ready() {
    let running = start(None).await;
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
    let running = start(None).await;
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
    let running = start(None).await;
    let (status, answer) = running.get("/metrics", "").await;
    assert!(status == 200 && answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    assert!(answer.contains("winback_ready 0\n"), "{answer}");
    let index = running.health.component("index");
    index.ready();
    assert!(running.get("/metrics", "").await.1.contains("winback_ready 1\n"));
    let (status, answer) = running.get("/", "").await;
    assert!(status == 200 && answer.contains("href=\"/readyz\"") && !answer.contains("outbox"), "{answer}");
    assert_eq!(running.get("/outbox/", "").await.0, 404);
    running.stop().await;
}

fn outbox(home: &Path) -> PathBuf {
    let outbox = home.join("outbox");
    std::fs::create_dir_all(outbox.join("2026-11-22")).unwrap();
    std::fs::write(outbox.join("2026-11-22/a <b> & c.eml"), "Subject: <script>hello</script>\n").unwrap();
    std::fs::write(outbox.join(".half-written"), "no").unwrap();
    std::fs::write(home.join("secret.txt"), "the secret").unwrap();
    outbox
}

#[tokio::test]
async fn the_outbox_lists_folders_and_shows_files_as_plain_text() {
    let home = tempfile::tempdir().unwrap();
    let running = start(Some(outbox(home.path()))).await;
    let (status, top) = running.get("/outbox/", "").await;
    assert!(status == 200 && top.contains("<a href=\"/outbox/2026-11-22/\">2026-11-22/</a>"), "{top}");
    assert!(!top.contains("half-written"), "{top}");
    let (status, day) = running.get("/outbox/2026-11-22/", "").await;
    let link = "/outbox/2026-11-22/a%20%3Cb%3E%20%26%20c.eml";
    assert!(
        status == 200 && day.contains(&format!("<a href=\"{link}\">a &lt;b&gt; &amp; c.eml</a>")),
        "{day}"
    );
    let (status, mail) = running.get(link, "").await;
    assert!(status == 200 && mail.ends_with("Subject: <script>hello</script>\n"), "{mail}");
    assert!(mail.contains("content-type: text/plain; charset=utf-8") && mail.contains("nosniff"), "{mail}");
    running.stop().await;
}

#[tokio::test]
async fn nothing_outside_of_the_outbox_can_be_read() {
    let home = tempfile::tempdir().unwrap();
    let outbox = outbox(home.path());
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(home.path().join("secret.txt"), outbox.join("link.eml")).unwrap();
        std::os::unix::fs::symlink(home.path(), outbox.join("up")).unwrap();
    }
    let absolute = format!("/outbox/{}/secret.txt", home.path().display());
    let running = start(Some(outbox)).await;
    let attempts = [
        "/outbox/../secret.txt",
        "/outbox/%2e%2e/secret.txt",
        "/outbox/..%2fsecret.txt",
        "/outbox/2026-11-22/../../secret.txt",
        "/outbox/2026-11-22/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/outbox/..%5csecret.txt",
        "/outbox/%2fsecret.txt",
        "/outbox/secret.txt%00.eml",
        "/outbox/.half-written",
        "/outbox/link.eml",
        "/outbox/up/secret.txt",
        absolute.as_str(),
    ];
    for attempt in attempts {
        let (status, answer) = running.get(attempt, "").await;
        assert!((400..500).contains(&status) && !answer.contains("the secret"), "{attempt}: {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn an_outbox_that_is_not_there_yet_is_empty() {
    let home = tempfile::tempdir().unwrap();
    let running = start(Some(home.path().join("later"))).await;
    let (status, answer) = running.get("/outbox/", "").await;
    assert!(status == 200 && answer.contains("nothing yet"), "{answer}");
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
