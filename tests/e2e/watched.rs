//! What is seen of a process in service: it stays up, it ends with a code that says why, and its pages tell the truth.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use tempfile::TempDir;

use crate::harness::{Ended, Running, eventually, page, value, winback};

const DEADLINE: Duration = Duration::from_secs(90);
/// `http.listen = 127.0.0.1:0`: which port it became is said.
const CONFIG: &str = "[http]\nlisten = \"127.0.0.1:0\"\n";

/// The address that was announced last.
fn address(run: &Running) -> Option<String> {
    let (out, err) = run.so_far();
    let said = format!("{out}\n{err}");
    let (_, rest) = said.rsplit_once("at http://")?;
    Some(rest.split_once('/')?.0.to_owned())
}

fn ended_by(run: Running, signal: &str) -> Ended {
    run.signal(signal);
    run.ended()
}

#[test]
fn the_demo_stays_up_when_its_day_is_over_until_somebody_ends_it() {
    for signal in ["INT", "TERM"] {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("winback.toml"), CONFIG).unwrap();
        let args = ["demo", "--seconds", "5", "--accounts", "60", "--signals", "600"];
        let mut run = Running::spawn(&mut winback(folder.path(), &args));
        eventually("the day is over, and the pages are served again", DEADLINE, || {
            assert!(!run.has_ended(), "{:?}", run.so_far());
            let (out, _) = run.so_far();
            let (_, stays) = out.split_once("the day is over")?;
            stays.contains("at http://").then_some(())
        });
        let address = address(&run).unwrap();
        let ready = || page(&address, "/readyz").filter(|(status, _)| *status == 200);
        eventually("it is ready", DEADLINE, || {
            assert!(!run.has_ended(), "{:?}", run.so_far());
            ready()
        });
        let ask = |path: &str| page(&address, path).unwrap();
        assert_eq!(ask("/livez").0, 200);
        let (status, metrics) = ask("/metrics");
        assert_eq!((status, value(&metrics, "winback_ready")), (200, Some(1.0)), "{metrics}");
        assert_eq!(ask("/outbox/").0, 404, "drafts are files, and no page shows them");
        let drafts = std::fs::read_dir(folder.path().join("outbox")).unwrap().count();
        assert!(drafts > 0, "the day has drafts");
        assert!(!run.has_ended());
        let ended = ended_by(run, signal).expect(0);
        assert!(!ended.err.contains("in use") && !ended.err.contains("panicked"), "{}", ended.err);
    }
}

/// Answers every request with that status, for as long as the test runs.
fn receiver(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 16 << 10];
            // What it asked for does not matter, nor whether it waits for the answer.
            let _ = stream.read(&mut request);
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    format!("http://{address}/")
}

/// A deployment with a day of signals that nobody has read yet.
fn generated(config: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("winback.toml"), format!("{CONFIG}{config}")).unwrap();
    let args = ["generate", "--seed", "7", "--accounts", "300", "--signals", "3000"];
    Running::spawn(&mut winback(folder.path(), &args)).ended().expect(0);
    folder
}

#[test]
fn triggers_are_timed_and_an_endpoint_that_refuses_is_shown() {
    let url = receiver("401 Unauthorized");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let folder = generated(&format!(
        "[worker]\ndeliver = \"webhook\"\n[worker.webhook]\nurl = \"{url}\"\nsecret = \"{secret}\"\n"
    ));
    let mut run = Running::spawn(&mut winback(folder.path(), &["run"]));
    let metrics = eventually("triggers of both kinds, and a stopped endpoint", DEADLINE, || {
        assert!(!run.has_ended(), "{:?}", run.so_far());
        let metrics = page(&address(&run)?, "/metrics")?.1;
        let is_over = |series: &str| value(&metrics, series).is_some_and(|value| value > 0.0);
        let all = is_over("winback_endpoints_stopped")
            && is_over("winback_leading_trigger_seconds_count")
            && is_over("winback_trailing_trigger_seconds_count");
        all.then_some(metrics)
    });
    assert!(metrics.contains("winback_leading_trigger_seconds_bucket"), "{metrics}");
    let address = address(&run).unwrap();
    let (status, ready) = page(&address, "/readyz").unwrap();
    assert!(status == 503 && ready.contains("401"), "{ready}");
    assert_eq!(page(&address, "/livez").unwrap().0, 200);
    ended_by(run, "TERM").expect(0);
}

#[test]
fn a_run_until_idle_whose_endpoint_refuses_all_ends_with_a_code_and_a_line() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for (answer, code, fix) in [
        ("410 Gone", "410", "check worker.webhook.url"),
        ("302 Found", "302", "worker.webhook.url"),
        ("401 Unauthorized", "401", "worker.webhook"),
    ] {
        let url = receiver(answer);
        let folder = generated(&format!(
            "[worker]\ndeliver = \"webhook\"\n[worker.webhook]\nurl = \"{url}\"\nsecret = \"{secret}\"\n"
        ));
        let ended = Running::spawn(&mut winback(folder.path(), &["run", "--until-idle"])).ended();
        ended.expect(4).says(&["stopped reading", code, fix]);
    }
}

#[test]
fn a_run_until_idle_whose_receiver_is_not_there_ends_when_its_patience_is_over() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let folder = generated(&format!(
        "[lanes]\nunavailable_timeout = \"1s\"\n[worker]\ndeliver = \"webhook\"\n[worker.webhook]\n\
         url = \"http://127.0.0.1:{port}/\"\nsecret = \"{secret}\"\n"
    ));
    let ended = Running::spawn(&mut winback(folder.path(), &["run", "--until-idle"])).ended();
    ended.expect(4).says(&["stopped reading", "no message gets through since", "lanes.unavailable_timeout"]);
}

#[test]
fn a_receiver_that_is_not_there_is_shown_with_since_when_and_restarts_nothing() {
    // A port that was free a moment ago: nothing listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let folder = generated(&format!(
        "[worker]\ndeliver = \"webhook\"\n[worker.webhook]\nurl = \"http://127.0.0.1:{port}/\"\nsecret = \"{secret}\"\n"
    ));
    let mut run = Running::spawn(&mut winback(folder.path(), &["run"]));
    let (status, ready) = eventually("a receiver that is not reached", DEADLINE, || {
        assert!(!run.has_ended(), "{:?}", run.so_far());
        let address = address(&run)?;
        let metrics = page(&address, "/metrics")?.1;
        value(&metrics, "winback_endpoints_unreached").filter(|value| *value > 0.0)?;
        page(&address, "/readyz").filter(|(_, ready)| ready.contains("no message gets through since"))
    });
    assert_eq!(status, 503, "{ready}");
    assert_eq!(page(&address(&run).unwrap(), "/livez").unwrap().0, 200);
    ended_by(run, "TERM").expect(0);
}

#[test]
fn whoever_sends_asks_whether_a_message_may_still_go_out() {
    let folder = generated("");
    let mut run = Running::spawn(&mut winback(folder.path(), &["run"]));
    let (id, row) = eventually("a trigger", DEADLINE, || {
        assert!(!run.has_ended(), "{:?}", run.so_far());
        address(&run)?;
        let listed = winback(folder.path(), &["triggers", "--json", "--limit", "1"]).output().unwrap();
        let trigger: serde_json::Value = serde_json::from_slice(&listed.stdout).ok()?;
        let account = trigger.get("account")?;
        let row = serde_json::json!({
            "account_id": account["id"],
            "churned_at": account["churnedAt"],
            "reason": account["reason"],
            "do_not_contact": true,
        });
        Some((trigger.get("id")?.as_str()?.to_owned(), row))
    });
    let ask = |run: &Running, id: &str| {
        let (status, text) = page(&address(run)?, &format!("/v1/may-send/{id}"))?;
        Some((status, serde_json::from_str::<serde_json::Value>(&text).ok()?))
    };
    let answered = |what: &str, is: &dyn Fn(&(u16, serde_json::Value)) -> bool| {
        eventually(what, DEADLINE, || ask(&run, &id).filter(|answer| is(answer)))
    };
    answered("it may go out", &|(status, answer)| *status == 200 && answer["maySend"] == true);
    assert_eq!(ask(&run, "nobody").unwrap().0, 404);
    std::fs::write(folder.path().join("no.jsonl"), format!("{row}\n")).unwrap();
    let changed = winback(folder.path(), &["accounts", "import", "no.jsonl"]).output().unwrap();
    assert!(changed.status.success(), "{changed:?}");
    answered("it may not", &|(_, answer)| answer["why"] == "do_not_contact");
    ended_by(run, "TERM").expect(0);
}

/// A run in which that happens to a lane.
fn failing(order: &str) -> (TempDir, Running) {
    let folder = generated("[lanes]\nstalled_after = \"1s\"\n");
    let mut command = winback(folder.path(), &["run"]);
    command.env("WINBACK_FAIL_AT", order);
    let run = Running::spawn(&mut command);
    (folder, run)
}

#[test]
fn a_lane_that_hangs_is_not_alive_and_stays_so() {
    let (_folder, mut run) = failing("step@detector=hang");
    let stalled = |run: &Running| {
        let (status, text) = page(&address(run)?, "/livez")?;
        (status == 503).then_some(text)
    };
    let text = eventually("a stall", DEADLINE, || {
        assert!(!run.has_ended(), "{:?}", run.so_far());
        stalled(&run)
    });
    assert!(text.contains("stalled: detector.0: the lane has not turned for"), "{text}");
    for _ in 0..20 {
        assert!(stalled(&run).is_some(), "a lane that hangs is not alive again by itself");
    }
    let metrics = page(&address(&run).unwrap(), "/metrics").unwrap().1;
    assert_eq!(value(&metrics, "winback_lanes_stalled{role=\"detector\"}"), Some(1.0), "{metrics}");
}

#[test]
fn a_panic_outside_of_a_step_ends_the_process_with_a_code_and_a_line() {
    let (_folder, run) = failing("before_begin@registrar=panic");
    let ended = run.ended();
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let line = ended.err.lines().last().unwrap();
    for part in ["winback: registrar.0: ", "it panicked outside of a step", "start it again", "report"] {
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn a_record_on_which_a_role_panics_is_a_letter_and_the_others_are_judged() {
    let folder = generated("");
    let run = |order: Option<&str>| {
        let mut command = winback(folder.path(), &["run", "--until-idle", "--json"]);
        if let Some(order) = order {
            command.env("WINBACK_FAIL_AT", order);
        }
        Running::spawn(&mut command).ended()
    };
    // The detector's hundredth step and all that follow, until the breaker stops it within its limit.
    let ended = run(Some("step@detector:100+=panic"));
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let letters =
        Running::spawn(&mut winback(folder.path(), &["dead-letters", "list", "--json"])).ended().expect(0);
    let letters: Vec<_> = letters.json().into_iter().filter(|letter| letter["role"] == "detector").collect();
    assert!(!letters.is_empty() && letters.len() <= 200, "{}", letters.len());
    assert!(letters.iter().all(|letter| letter["reason"] == "panicked"), "{letters:?}");
    run(None).expect(0);
    Running::spawn(&mut winback(folder.path(), &["verify"])).ended().expect(0);
}
