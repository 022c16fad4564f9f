//! One client's connection and the broker's beside it, a thread for each direction.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::frame::Frame;
use super::rule::{Action, Strike};
use super::{Shared, lock};

/// The time the broker's connection is kept for the answer to a request whose sender has hung up.
const LINGER: Duration = Duration::from_secs(20);

/// The handling of the answer to a struck request.
#[derive(Clone, Debug)]
enum Fate {
    Deliver,
    Swallow,
    Cut,
    Again(Frame),
}

#[derive(Debug)]
struct Awaited {
    id: Option<i32>,
    strike: Strike,
    fate: Fate,
}

#[derive(Debug)]
pub(super) struct Connection {
    client: TcpStream,
    broker: TcpStream,
    /// Frames are written whole; two threads may have one to write.
    writing: Mutex<()>,
    awaited: Mutex<Vec<Awaited>>,
    shared: Arc<Shared>,
}

impl Connection {
    pub(super) fn begin(client: TcpStream, broker: TcpStream, shared: Arc<Shared>) -> io::Result<()> {
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        let (writing, awaited) = (Mutex::default(), Mutex::default());
        let there = Arc::new(Self { client, broker, writing, awaited, shared });
        let back = Arc::clone(&there);
        thread::Builder::new().name("proxy requests".to_owned()).spawn(move || there.requests())?;
        thread::Builder::new().name("proxy answers".to_owned()).spawn(move || back.answers())?;
        Ok(())
    }

    fn requests(&self) {
        while let Ok(Some(frame)) = Frame::read(&self.client) {
            if !self.pass(&frame) {
                break;
            }
        }
        let last = lock(&self.awaited).last().map(|awaited| awaited.strike.clone());
        last.and_then(|strike| strike.answer(LINGER));
        self.close();
    }

    /// False when the connection is over.
    fn pass(&self, frame: &Frame) -> bool {
        let Some(strike) = self.shared.rules.of(frame) else { return self.forward(frame) };
        match strike.action() {
            Action::Watch => self.forward_struck(frame, strike, Fate::Deliver),
            Action::Hold => {
                strike.wait_released();
                self.forward_struck(frame, strike, Fate::Deliver)
            }
            Action::Strand => {
                hang_up(&self.client);
                strike.wait_released();
                self.forward_struck(frame, strike, Fate::Deliver)
            }
            Action::Drop => true,
            Action::DropAnswer => self.forward_struck(frame, strike, Fate::Swallow),
            Action::Cut => false,
            Action::CutAnswer => self.forward_struck(frame, strike, Fate::Cut),
            Action::Repeat => self.forward_struck(frame, strike, Fate::Again(frame.clone())),
        }
    }

    fn forward_struck(&self, frame: &Frame, strike: Strike, fate: Fate) -> bool {
        lock(&self.awaited).push(Awaited { id: frame.asked(), strike, fate });
        self.forward(frame)
    }

    fn forward(&self, frame: &Frame) -> bool {
        let _whole = lock(&self.writing);
        frame.write(&self.broker).is_ok()
    }

    fn answers(&self) {
        while let Ok(Some(frame)) = Frame::read(&self.broker) {
            match self.fate_of(&frame) {
                // A client that has hung up wants no answers; those to struck requests are noted all the same.
                Fate::Deliver => drop(frame.write(&self.client)),
                Fate::Swallow => {}
                Fate::Cut => break,
                Fate::Again(request) => drop(self.forward(&request)),
            }
        }
        self.close();
    }

    fn fate_of(&self, frame: &Frame) -> Fate {
        let mut awaited = lock(&self.awaited);
        let Some(at) = awaited.iter().position(|awaited| awaited.id == frame.answers()) else {
            return Fate::Deliver;
        };
        let Awaited { id, strike, fate } = awaited.remove(at);
        if matches!(fate, Fate::Again(_)) {
            awaited.push(Awaited { id, strike, fate: Fate::Deliver });
        } else {
            strike.answered(frame);
        }
        fate
    }

    fn close(&self) {
        hang_up(&self.client);
        hang_up(&self.broker);
    }
}

fn hang_up(stream: &TcpStream) {
    // One that the other side has closed is closed.
    let _ = stream.shutdown(Shutdown::Both);
}
