//! T12: the worker dies between the receiver's 200 and its own commit. The receiver gets the message again, under the
//! same id; one that keeps the ids it has seen acts once, and the log reports one action.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use winback_log::{Clock as _, SystemClock};
use winback_proto::v1;

use crate::compare::settled;
use crate::feed::{Record, Sink, To, account, view};
use crate::field::{SETTINGS, deployment, shared_broker};
use crate::harness::{Deployment, Running, values};

const SIGABRT: i32 = 6;
const DEADLINE: Duration = Duration::from_secs(60);
const TURNS: usize = 3;

/// The bodies that a receiver got, under each id.
type Got = Arc<Mutex<BTreeMap<String, Vec<Vec<u8>>>>>;

/// Answers 200 to everything, until the test ends.
fn receiver() -> (String, Got) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let got = Got::default();
    let kept = got.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let kept = kept.clone();
            std::thread::spawn(move || stream.ok().and_then(|stream| serve(&stream, &kept)));
        }
    });
    (url, got)
}

/// One request; `None` when the sender went away in the middle of it.
fn serve(stream: &TcpStream, got: &Got) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("webhook-id: ") {
            value.clone_into(&mut id);
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    got.lock().unwrap().entry(id).or_default().push(body);
    let mut stream = stream;
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").ok()
}

/// Views of a price list, each of an account of its own: each fires at once.
fn strong_views(turn: usize) -> Vec<Record> {
    let now = SystemClock.now();
    let one = |at: usize| {
        let key = format!("w-{turn}-{at}");
        let value = view(&key, &account(turn * 8 + at), "/pricing", now);
        Record { topic: To::Source(at % 2), key, value }
    };
    (0..8).map(one).collect()
}

fn check(url: Option<String>) {
    let (hook, got) = receiver();
    let deployment = deployment(url, &SETTINGS);
    deployment.also(&format!(
        "[worker]\ndeliver = \"webhook\"\n[worker.webhook]\nurl = \"{hook}\"\n\
         secret = \"whsec_c2VjcmV0LW9mLXRoZS10ZXN0LW9ubHkh\""
    ));
    let mut sink = Sink::new(&deployment);
    for turn in 0..TURNS {
        assert!(sink.put(&strong_views(turn)));
        dies_before_its_commit(&deployment, turn);
    }
    let compared = settled(&deployment, 12);
    let got = got.lock().unwrap();
    let twice: Vec<_> = got.values().filter(|bodies| bodies.len() > 1).collect();
    let calls: usize = got.values().map(Vec::len).sum();
    assert!(calls >= got.len() + TURNS, "each death comes after a 200: {calls} calls for {} ids", got.len());
    assert!(twice.iter().all(|bodies| bodies.windows(2).all(|pair| pair[0] == pair[1])), "the same message");
    let delivered = delivered(&deployment);
    let ids: Vec<_> = got.keys().cloned().collect();
    assert_eq!(ids, delivered, "an id is an action that was reported delivered, once");
    println!("T12 on {}: {calls} calls, {} effects; {}", deployment.url, got.len(), compared.line());
}

/// The worker's append of an action follows the 200 and precedes its commit.
fn dies_before_its_commit(deployment: &Deployment, turn: usize) {
    let order = format!("append@worker:{}", turn + 1);
    let mut command = deployment.member("m0", &["run"]);
    command.env("WINBACK_FAIL_AT", &order);
    let ended = Running::spawn(&mut command).ended_within(DEADLINE);
    let ended = ended.unwrap_or_else(|| panic!("no process dies at {order}"));
    assert_eq!(ended.signal, Some(SIGABRT), "{order}: {:?}: {}", ended.code, ended.err);
}

fn delivered(deployment: &Deployment) -> Vec<String> {
    let actions: Vec<v1::Action> = values(deployment, "actions");
    let delivered = actions.into_iter().filter(|action| action.outcome == "delivered");
    let mut ids: Vec<_> = delivered.map(|action| action.trigger_id).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_worker_that_dies_after_the_200_sends_the_same_id_again_on_the_file() {
    check(None);
}

#[test]
fn a_worker_that_dies_after_the_200_sends_the_same_id_again_on_kafka() {
    let Some(broker) = shared_broker("a worker that dies after the 200") else { return };
    check(Some(broker.url()));
}
