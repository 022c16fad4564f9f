//! A loopback proxy in front of a real broker that holds, repeats, loses or cuts off a chosen request.
//!
//! It reads of a request its API key and its correlation id, and of the end of a transaction whether it commits; the
//! bytes it hands on as they are. Which
//! request is struck is counted from the moment when the rule was made, over all connections; when a late request goes on
//! is the test's command. So a schedule is the same in every run, whatever the machine's speed.

mod connection;
mod frame;
mod rule;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use self::connection::Connection;
use self::rule::Rules;
pub use self::rule::{Action, ApiKey, Strike};

/// A proxy; its connections end with it.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    to: Mutex<Option<SocketAddr>>,
    rules: Rules,
    clients: Mutex<Vec<TcpStream>>,
    closed: AtomicBool,
}

impl Proxy {
    /// Listens on a loopback port of its own. Until [`Proxy::lead_to`] whoever connects is sent away.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn listen() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        thread::Builder::new().name("proxy".to_owned()).spawn(move || accept(&listener, &accepting))?;
        Ok(Self { port, shared })
    }

    /// The port that it listens on.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Leads later connections to that broker.
    pub fn lead_to(&self, broker: SocketAddr) {
        *lock(&self.shared.to) = Some(broker);
    }

    /// The `nth` request of this kind from now on, counted from 1, is struck.
    pub fn on(&self, api: ApiKey, nth: usize, action: Action) -> Strike {
        self.shared.rules.add(api, nth, action, None)
    }

    /// The same, counted from the moment when `first` struck.
    pub fn after(&self, first: &Strike, api: ApiKey, nth: usize, action: Action) -> Strike {
        self.shared.rules.add(api, nth, action, Some(first.clone()))
    }

    /// Cuts every connection that there is; new ones are welcome.
    pub fn cut_all(&self) {
        for client in lock(&self.shared.clients).drain(..) {
            // One that was closed before is what is wanted.
            let _ = client.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.cut_all();
        self.shared.rules.release_all();
        // Wakes the thread that accepts, which then sees that it is over.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        let Some(to) = *lock(&shared.to) else { continue };
        let Ok(broker) = TcpStream::connect(to) else { continue };
        if let Ok(known) = client.try_clone() {
            lock(&shared.clients).push(known);
        }
        // Without its threads the connection is dropped, and the client hears that.
        let _ = Connection::begin(client, broker, Arc::clone(shared));
    }
}

/// Locks a mutex whose content is whole at every moment: a panic elsewhere does not make it wrong.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
