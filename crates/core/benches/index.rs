//! The account index beside dashmap: what a lookup costs, what an account weighs, what a writer does to readers.
//!
//! `cargo bench -p winback-core --bench index`. The figures that are no timings (bytes an account, checked against a
//! counting allocator) are printed first. Accounts and keys are numbered, so every run asks the same.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark reports by printing and fails by panic"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use dashmap::DashMap;
use winback_core::account::{Account, Contact, Reason};
use winback_core::identity::{Host, parse_range};
use winback_core::index::{Index, IndexChange, Lookup, SharedIndex};
use winback_core::signal::Identity;
use winback_core::time::Time;

const ACCOUNTS: u32 = 1_000_000;
/// The keys asked in turn, too many for the cache to hold all that they touch.
const ASKED: u32 = 1 << 16;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "an allocator that counts can only be written so")]
// SAFETY: every call goes to the system's allocator unchanged; only its size is added up.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LIVE.fetch_add(size, Ordering::Relaxed);
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn account(n: u32, name: bool) -> Account {
    let mut email_sha256 = [0; 32];
    for (part, salt) in email_sha256.chunks_exact_mut(8).zip(1u64..) {
        part.copy_from_slice(
            &(u64::from(n) + 1)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(17)
                .wrapping_mul(salt | 1)
                .to_le_bytes(),
        );
    }
    let title = if name { format!("Company {n:06}") } else { String::new() };
    let mut account = Account::new(&format!("acct-{n:07}"), &title, Time::from_millis(0), Reason::ProductGap);
    account.domains.push(domain(n));
    account.contacts.push(Contact {
        email_sha256,
        role: String::new(),
        opted_out: false,
        ..Contact::default()
    });
    account.arr_usd = u64::from(n % 100_000);
    account
}

/// Eighteen bytes.
fn domain(n: u32) -> String {
    format!("company{n:07}.com")
}

fn visit(host: &str, n: u32) -> Identity<'_> {
    let address = IpAddr::V4(Ipv4Addr::from(n.wrapping_mul(2_654_435_761)));
    Identity { domain: Some(host.into()), address: Some(address), ..Identity::default() }
}

fn build(accounts: &[Account]) -> Index {
    let mut index = Index::new();
    for account in accounts {
        index.upsert(account);
    }
    index
}

fn report(what: &str, accounts: &[Account]) -> Index {
    let (before, start) = (LIVE.load(Ordering::Relaxed), Instant::now());
    let index = build(accounts);
    let (took, counted) = (start.elapsed(), LIVE.load(Ordering::Relaxed) - before);
    let n = accounts.len();
    println!(
        "{what}: {n} accounts in {took:.2?}; {} bytes each by bytes(), {} by the allocator",
        index.bytes().div_ceil(n),
        counted.div_ceil(n)
    );
    index
}

/// The alternative: one map of owned keys to shared rows for each rung.
struct Dash {
    domains: DashMap<String, u32>,
    contacts: DashMap<[u8; 16], u32>,
    ids: DashMap<String, u32>,
    rows: DashMap<u32, (String, Time, Reason, u64)>,
}

fn dash(accounts: &[Account]) -> Dash {
    let (before, start) = (LIVE.load(Ordering::Relaxed), Instant::now());
    let dash =
        Dash { domains: DashMap::new(), contacts: DashMap::new(), ids: DashMap::new(), rows: DashMap::new() };
    for (account, row) in accounts.iter().zip(0..) {
        dash.put(account, row);
    }
    let (took, counted) = (start.elapsed(), LIVE.load(Ordering::Relaxed) - before);
    println!("dashmap: {} accounts in {took:.2?}; {} bytes each", accounts.len(), counted / accounts.len());
    dash
}

impl Dash {
    fn put(&self, account: &Account, row: u32) {
        for domain in &account.domains {
            self.domains.insert(domain.clone(), row);
        }
        for contact in &account.contacts {
            self.contacts.insert(*contact.email_sha256.first_chunk().unwrap(), row);
        }
        self.ids.insert(account.id.to_string(), row);
        self.rows.insert(row, (account.id.to_string(), account.churned_at, account.reason, account.version));
    }

    fn finds(&self, who: &Identity<'_>) -> bool {
        let Some(host) = who.domain.as_deref().and_then(|domain| Host::parse(domain).ok()) else {
            return false;
        };
        let row = host.registrable().ok().and_then(|domain| self.domains.get(domain).map(|row| *row));
        row.is_some_and(|row| self.rows.get(&row).is_some())
    }
}

fn finds(index: &Index, who: &Identity<'_>) -> bool {
    matches!(index.lookup(who), Lookup::Match(_))
}

fn hosts(of: impl Fn(u32) -> String) -> Vec<String> {
    (0..ASKED).map(|n| of(n.wrapping_mul(7_919) % ACCOUNTS)).collect()
}

fn lookups(c: &mut Criterion) {
    let accounts: Vec<Account> = (0..ACCOUNTS).map(|n| account(n, false)).collect();
    let index = report("index", &accounts);
    drop(report("index, with names", &(0..ACCOUNTS).map(|n| account(n, true)).collect::<Vec<_>>()));
    let dash = dash(&accounts);
    let mut moved = build(&accounts);
    let start = Instant::now();
    moved.compact();
    println!("compaction of all: {:.2?}", start.elapsed());
    drop(moved);

    let (hit, miss) = (hosts(|n| format!("www.{}", domain(n))), hosts(|n| format!("www.visitor{n:07}.com")));
    let mut group = c.benchmark_group("one thread");
    group.measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(300)).sample_size(20);
    for (what, hosts) in [("miss", &miss), ("hit", &hit)] {
        let mut n = 0;
        let mut next = || {
            n = (n + 1) % ASKED;
            visit(&hosts[n as usize], n)
        };
        group.bench_function(format!("index {what}"), |b| b.iter(|| finds(&index, &next())));
        group.bench_function(format!("dashmap {what}"), |b| b.iter(|| dash.finds(&next())));
    }
    let mut ranged = build(&accounts[..1_000]);
    let ranges =
        ["198.51.0.0/16", "198.51.100.0/20", "198.51.100.0/22", "198.51.100.0/24", "198.51.100.7/32"];
    ranged.upsert(&Account {
        ranges: ranges.map(|text| parse_range(text).unwrap()).to_vec(),
        ..account(ACCOUNTS, false)
    });
    let mut n = 0;
    group.bench_function("index miss, five prefix lengths", |b| {
        b.iter(|| {
            n = (n + 1) % ASKED;
            finds(&ranged, &visit(&miss[n as usize], n))
        });
    });
    group.bench_function("index miss, with a mail address", |b| {
        b.iter(|| {
            finds(&index, &Identity { email: Some("jane.doe@visitor.org".into()), ..Identity::default() })
        });
    });
    group.bench_function("registrable domain alone", |b| {
        b.iter(|| {
            Host::parse(black_box("www.visitor0000001.com")).is_ok_and(|host| host.registrable().is_ok())
        });
    });
    group.finish();
    drop(index);
    together(&accounts, &dash, &miss);
}

/// Two readers and a writer: misses a second of each reader, the writer's changes a second.
fn together(accounts: &[Account], dash: &Dash, hosts: &[String]) {
    let shared = SharedIndex::new();
    shared.apply(accounts.iter().map(IndexChange::Put));
    let start = Instant::now();
    let worst = AtomicUsize::new(0);
    race(
        "index",
        hosts,
        |batch| {
            let waiting = Instant::now();
            let index = shared.pin();
            worst.fetch_max(usize::try_from(waiting.elapsed().as_micros()).unwrap_or(0), Ordering::Relaxed);
            batch.iter().filter(|(host, n)| finds(&index, &visit(host, *n))).count()
        },
        |changes| {
            shared.apply(changes.iter().map(IndexChange::Put));
        },
        accounts,
    );
    println!("  longest wait for a pin {} µs, in {:.1?}", worst.load(Ordering::Relaxed), start.elapsed());
    race(
        "dashmap",
        hosts,
        |batch| batch.iter().filter(|(host, n)| dash.finds(&visit(host, *n))).count(),
        |changes| {
            for (account, row) in changes.iter().zip(0..) {
                dash.put(account, row);
            }
        },
        accounts,
    );
}

fn race(
    what: &str,
    hosts: &[String],
    read: impl Fn(&[(&str, u32)]) -> usize + Sync,
    write: impl Fn(&[Account]) + Sync,
    accounts: &[Account],
) {
    const BATCH: usize = 4_096;
    const FOR: Duration = Duration::from_secs(3);
    let asked: Vec<(&str, u32)> = hosts.iter().map(String::as_str).zip(0..).collect();
    let (stop, looked, written) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for batch in asked.chunks(BATCH).cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
                    black_box(read(batch));
                    looked.fetch_add(batch.len(), Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            for changes in accounts.chunks(100).cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
                write(changes);
                written.fetch_add(changes.len(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        std::thread::sleep(FOR);
        stop.store(true, Ordering::Relaxed);
    });
    let per =
        |count: &AtomicUsize| count.load(Ordering::Relaxed) / usize::try_from(FOR.as_secs()).unwrap_or(1);
    println!("{what}, two readers and a writer: {} lookups/s, {} changes/s", per(&looked), per(&written));
}

criterion_group!(benches, lookups);
criterion_main!(benches);
