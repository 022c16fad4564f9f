//! The proxy before a broker that answers every request with its number.

use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::frame::Frame;
use super::{Action, ApiKey, Proxy};

const LONG: Duration = Duration::from_secs(20);
/// Nothing comes for this long where nothing may come.
const SHORT: Duration = Duration::from_millis(50);

/// A broker that says which requests reached it, and answers each with its correlation id and `ok`.
fn broker() -> (Proxy, Receiver<i32>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::listen().unwrap();
    proxy.lead_to(listener.local_addr().unwrap());
    let (seen, reached) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, seen) = (stream.unwrap(), seen.clone());
            thread::spawn(move || {
                while let Ok(Some(request)) = Frame::read(&stream) {
                    let id = request.asked().unwrap();
                    if seen.send(id).is_err() {
                        return;
                    }
                    let answer = Frame([&id.to_be_bytes()[..], b"ok"].concat());
                    answer.write(&stream).unwrap_or_default();
                }
            });
        }
    });
    (proxy, reached)
}

struct Client(TcpStream);

impl Client {
    fn of(proxy: &Proxy) -> Self {
        Self(TcpStream::connect((Ipv4Addr::LOCALHOST, proxy.port())).unwrap())
    }

    fn ask(&mut self, api: ApiKey, id: i32) {
        let mut bytes = api.number().to_be_bytes().to_vec();
        bytes.extend_from_slice(&[0, 1]);
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.push(u8::from(!matches!(api, ApiKey::Abort)));
        Frame(bytes).write(&self.0).unwrap();
        self.0.flush().unwrap();
    }

    /// The next answer's number, `None` when the connection ended.
    fn heard(&self) -> Option<i32> {
        self.0.set_read_timeout(Some(LONG)).unwrap();
        Frame::read(&self.0).ok().flatten().and_then(|frame| frame.answers())
    }

    fn hears_nothing(&self) -> bool {
        self.0.set_read_timeout(Some(SHORT)).unwrap();
        Frame::read(&self.0).is_err()
    }
}

#[test]
fn what_no_rule_strikes_or_is_only_watched_passes_both_ways() {
    let (proxy, reached) = broker();
    let rule = proxy.on(ApiKey::EndTxn, 1, Action::Drop);
    let watched = proxy.on(ApiKey::Produce, 8, Action::Watch);
    let mut client = Client::of(&proxy);
    for id in 0..100 {
        client.ask(ApiKey::Produce, id);
        assert_eq!(client.heard(), Some(id));
        assert_eq!(reached.recv_timeout(LONG), Ok(id));
    }
    assert!(!rule.has_struck());
    assert_eq!(watched.answer(LONG).unwrap()[3], 7);
}

#[test]
fn a_held_request_goes_on_at_the_command_even_when_its_sender_has_gone() {
    let (proxy, reached) = broker();
    let rule = proxy.on(ApiKey::EndTxn, 1, Action::Hold);
    let mut client = Client::of(&proxy);
    client.ask(ApiKey::EndTxn, 1);
    client.ask(ApiKey::Produce, 2);
    assert_eq!(rule.request(LONG).unwrap()[4..8], [0, 0, 0, 1]);
    assert!(client.hears_nothing() && reached.try_recv().is_err());
    drop(client);
    let mut other = Client::of(&proxy);
    other.ask(ApiKey::EndTxn, 3);
    assert_eq!((other.heard(), reached.recv_timeout(LONG)), (Some(3), Ok(3)));
    assert_eq!(rule.answer(SHORT), None);
    rule.release();
    assert_eq!(rule.answer(LONG).unwrap(), [0, 0, 0, 1, b'o', b'k']);
    assert_eq!(reached.recv_timeout(LONG), Ok(1));
}

#[test]
fn a_stranded_request_ends_its_connection_at_once_and_goes_on_at_the_command() {
    let (proxy, reached) = broker();
    let rule = proxy.on(ApiKey::EndTxn, 1, Action::Strand);
    let mut client = Client::of(&proxy);
    client.ask(ApiKey::EndTxn, 1);
    assert_eq!(client.heard(), None);
    assert!(rule.has_struck() && reached.try_recv().is_err());
    rule.release();
    assert_eq!(reached.recv_timeout(LONG), Ok(1));
    assert!(rule.answer(LONG).is_some());
}

#[test]
fn a_request_or_its_answer_is_lost_and_the_connection_stays() {
    let (proxy, reached) = broker();
    proxy.on(ApiKey::EndTxn, 1, Action::Drop);
    let answer = proxy.on(ApiKey::EndTxn, 2, Action::DropAnswer);
    let mut client = Client::of(&proxy);
    (1..=3).for_each(|id| client.ask(ApiKey::EndTxn, id));
    assert_eq!(client.heard(), Some(3));
    assert_eq!(reached.iter().take(2).collect::<Vec<_>>(), [2, 3]);
    assert!(answer.answer(LONG).is_some());
}

#[test]
fn a_cut_comes_before_the_request_or_instead_of_its_answer() {
    for (action, reaches) in [(Action::Cut, false), (Action::CutAnswer, true)] {
        let (proxy, reached) = broker();
        let rule = proxy.on(ApiKey::EndTxn, 1, action);
        let mut client = Client::of(&proxy);
        client.ask(ApiKey::EndTxn, 1);
        assert_eq!(client.heard(), None, "{action:?}");
        assert_eq!(reached.try_recv().is_ok(), reaches, "{action:?}");
        assert_eq!(rule.answer(SHORT).is_some(), reaches, "{action:?}");
    }
}

#[test]
fn a_repeated_request_arrives_twice_and_is_answered_once() {
    let (proxy, reached) = broker();
    proxy.on(ApiKey::EndTxn, 1, Action::Repeat);
    let mut client = Client::of(&proxy);
    client.ask(ApiKey::EndTxn, 1);
    assert_eq!(client.heard(), Some(1));
    client.ask(ApiKey::EndTxn, 2);
    assert_eq!(client.heard(), Some(2));
    assert_eq!(reached.iter().take(3).collect::<Vec<_>>(), [1, 1, 2]);
}

#[test]
fn requests_are_counted_over_all_connections_and_from_where_a_rule_says() {
    let (proxy, reached) = broker();
    let first = proxy.on(ApiKey::EndTxn, 2, Action::DropAnswer);
    let second = proxy.after(&first, ApiKey::Produce, 2, Action::DropAnswer);
    for (api, id) in [
        (ApiKey::Produce, 0),
        (ApiKey::EndTxn, 1),
        (ApiKey::Produce, 2),
        (ApiKey::EndTxn, 3),
        (ApiKey::Produce, 4),
        (ApiKey::Produce, 5),
    ] {
        Client::of(&proxy).ask(api, id);
        assert_eq!(reached.recv_timeout(LONG), Ok(id));
    }
    assert_eq!(first.request(LONG).unwrap()[7], 3);
    assert_eq!(second.request(LONG).unwrap()[7], 5);
}

#[test]
fn an_end_that_commits_is_told_from_one_that_aborts() {
    let (proxy, reached) = broker();
    let commit = proxy.on(ApiKey::Commit, 1, Action::DropAnswer);
    let abort = proxy.on(ApiKey::Abort, 1, Action::DropAnswer);
    for (api, id) in [(ApiKey::Abort, 1), (ApiKey::Commit, 2)] {
        Client::of(&proxy).ask(api, id);
        assert_eq!(reached.recv_timeout(LONG), Ok(id));
    }
    assert_eq!(abort.request(LONG).unwrap()[7], 1);
    assert_eq!(commit.request(LONG).unwrap()[7], 2);
}

#[test]
fn all_connections_are_cut_and_new_ones_are_welcome() {
    let (proxy, _reached) = broker();
    let mut old = Client::of(&proxy);
    old.ask(ApiKey::Produce, 1);
    assert_eq!(old.heard(), Some(1));
    proxy.cut_all();
    assert_eq!(old.heard(), None);
    let mut new = Client::of(&proxy);
    new.ask(ApiKey::Produce, 2);
    assert_eq!(new.heard(), Some(2));
}
