//! A receiver on loopback that answers by script and keeps what it got.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Channel, Sender, channel};
use std::thread;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

/// The reaction of a receiver to a request.
#[derive(Clone, Copy)]
pub enum Answer {
    /// Answers with a status, more header lines and a body.
    Status(u16, &'static str, &'static str),
    /// Says nothing until the sender gives up.
    Silence,
    /// Closes the connection.
    Hangup,
}

/// A request as it came.
pub struct Request {
    pub line: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

pub struct Receiver {
    pub url: String,
    pub requests: Channel<Request>,
}

impl Receiver {
    /// Answers one request a connection, in the order of the script, then no more.
    pub fn of(script: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks/t0ken", listener.local_addr().unwrap());
        let (tell, requests) = channel();
        thread::spawn(move || {
            for answer in script {
                let Ok((stream, _)) = listener.accept() else { return };
                serve(stream, answer, &tell);
            }
        });
        Self { url, requests }
    }
}

fn serve(mut stream: TcpStream, answer: Answer, tell: &Sender<Request>) {
    let Some(request) = read(&stream) else { return };
    let _ = tell.send(request);
    match answer {
        Answer::Status(status, headers, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
            );
            let _ = stream.write_all(format!("{head}{body}").as_bytes());
        }
        // Ends when the sender closes its side.
        Answer::Silence => drop(stream.read(&mut [0; 1])),
        Answer::Hangup => {}
    }
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut headers = HeaderMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        headers.insert(HeaderName::try_from(name).ok()?, HeaderValue::from_str(value).ok()?);
    }
    let length = headers.get("content-length")?.to_str().ok()?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { line: line.trim_end().to_owned(), headers, body })
}
