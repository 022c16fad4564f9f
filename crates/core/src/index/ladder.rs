//! The match ladder: the first rung that hits decides.
//!
//! A rung that several claim decides nothing by itself: the climb goes on, and only its claimants count from there. So
//! a later rung can tell them apart, but never bring in somebody else. 97 of 100 events match nothing, so a rung
//! without keys costs nothing, and a mail address is hashed only where there are contacts to compare it with.

use super::entry::{Lookup, Match, MatchedKey};
use super::record::{self, Kind, MAX_NAME_BYTES, Record, contact_key};
use super::{Index, Method};
use crate::account::Status;
use crate::identity::{
    CompanyName, FORM, Host, Mail, RefusedDomain, domain_in_name, refuse, refuse_address, refuse_written,
};
use crate::signal::Identity;

/// A key that more accounts claim than this tells nobody apart; as a first hit it is ambiguous at any number.
pub(super) const MAX_CLAIMANTS: usize = 256;
/// The most keys that one event can bring to one rung.
const MAX_KEYS: usize = 3;

impl Index {
    /// Finds the owner of an event. The identity is taken as the event has it; its normal forms are made here.
    pub fn lookup(&self, who: &Identity<'_>) -> Lookup<'_> {
        if let Some(row) = who.account_id.as_deref().and_then(|id| self.row_of(id.trim())) {
            return self.named(row);
        }
        let mail = who.email.as_deref().and_then(Mail::parse);
        let mut climb = Climb { index: self, claims: Vec::new() };
        let found = climb
            .contacts(who, mail.as_ref())
            .or_else(|| climb.domains(who, mail.as_ref()))
            .or_else(|| climb.ranges(who))
            .or_else(|| climb.names(who));
        match (found, climb.claims.first()) {
            (Some(found), _) => Lookup::Match(found),
            (None, Some(claim)) => Lookup::Ambiguous(claim.method),
            (None, None) => Lookup::None,
        }
    }

    /// An event that names an active account belongs to that one, and so to nobody on the list.
    fn named(&self, row: usize) -> Lookup<'_> {
        let account = self.entry(row);
        let key = self.records(row).next().and_then(|record| MatchedKey::of(&record));
        match key.filter(|_| account.status == Status::Churned) {
            Some(key) => Lookup::Match(Match { account, method: Method::AccountId, key, narrowed_by: None }),
            None => Lookup::None,
        }
    }

    fn hits(&self, kind: Kind, key: &[u8]) -> &[u32] {
        self.table(kind).find(&self.arena, key)
    }
}

/// A rung that several claimed: what they claimed there.
struct Claim<'i> {
    method: Method,
    keys: Vec<Record<'i>>,
}

impl<'i> Claim<'i> {
    /// This row's own record of one of the keys, if it is among the claimants.
    fn of_row(&self, index: &'i Index, row: usize) -> Option<Record<'i>> {
        let claimed =
            |own: &Record<'_>| self.keys.iter().any(|key| key.kind == own.kind && key.bytes == own.bytes);
        index.records(row).find(claimed)
    }
}

/// The records that one rung's keys hit.
type Hits<'i> = [&'i [u32]; MAX_KEYS];

/// The number of different accounts among hits.
enum Tally<'i> {
    Nobody,
    One(Record<'i>),
    Several,
}

struct Climb<'i> {
    index: &'i Index,
    claims: Vec<Claim<'i>>,
}

impl<'i> Climb<'i> {
    fn contacts(&mut self, who: &Identity<'_>, mail: Option<&Mail>) -> Option<Match<'i>> {
        let index = self.index;
        if index.table(Kind::Contact).len() == 0 || (mail.is_none() && who.email_sha256.is_none()) {
            return None;
        }
        let hashes = [who.email_sha256, mail.map(Mail::sha256), mail.and_then(Mail::plain_sha256)];
        self.weigh(
            hashes.map(|hash| hash.map_or(&[][..], |hash| index.hits(Kind::Contact, &contact_key(&hash)))),
        )
    }

    fn domains(&mut self, who: &Identity<'_>, mail: Option<&Mail>) -> Option<Match<'i>> {
        let index = self.index;
        if index.table(Kind::Domain).len() == 0 {
            return None;
        }
        let hits = |host: Option<Host<'_>>, refused: &dyn Fn(&Host<'_>) -> Option<RefusedDomain>| {
            host.map_or(&[][..], |host| index.domain_hits(&host, refused))
        };
        let given = who.domain.as_deref().and_then(|domain| Host::parse(domain).ok());
        let mail = mail.and_then(|mail| Host::parse(mail.domain()).ok());
        let name = who.name.as_deref().filter(|name| name.len() <= MAX_NAME_BYTES);
        self.weigh([
            hits(given, &|host| refuse(host.as_str())),
            hits(mail, &|host| refuse_address(host.as_str())),
            hits(name.and_then(domain_in_name), &|host| refuse_written(name.unwrap_or_default(), host)),
        ])
    }

    fn ranges(&mut self, who: &Identity<'_>) -> Option<Match<'i>> {
        for net in self.index.lengths.around(who.address?) {
            let ambiguous = self.claims.len();
            let hits = self.index.hits(Kind::Range, record::range_key(&net).as_ref());
            let found = self.weigh([hits, &[], &[]]);
            if found.is_some() || self.claims.len() > ambiguous {
                return found;
            }
        }
        None
    }

    fn names(&mut self, who: &Identity<'_>) -> Option<Match<'i>> {
        let name = who.name.as_deref().filter(|name| name.len() <= MAX_NAME_BYTES)?;
        if self.index.table(Kind::Name).len() == 0 {
            return None;
        }
        let (index, name) = (self.index, CompanyName::parse(name));
        let ambiguous = self.claims.len();
        let exact = self.weigh(Self::name_hits(index, name.with_forms()));
        if exact.is_some() || self.claims.len() > ambiguous {
            return exact;
        }
        let hits = Self::name_hits(index, name.spellings());
        let other_form = |row| name.has_form() && name.spellings().any(|stem| index.has_form(row, stem));
        let mut rows =
            hits.iter().flat_map(|hits| hits.iter()).map(|at| record::read(&index.arena, *at as usize).row);
        // All say their legal form, and none of them the event's: other companies of that name.
        if rows.all(|row| other_form(row as usize)) { None } else { self.weigh(hits) }
    }

    /// The hits of the first names; a company's name has three keys at most.
    fn name_hits<N: AsRef<str>>(index: &'i Index, names: impl Iterator<Item = N>) -> Hits<'i> {
        let mut hits: Hits<'i> = [&[]; MAX_KEYS];
        for (place, name) in hits.iter_mut().zip(names) {
            *place = index.hits(Kind::Name, name.as_ref().as_bytes());
        }
        hits
    }

    /// The one account that the hits leave; where they leave several, these are the claimants from now on.
    fn weigh(&mut self, hits: Hits<'i>) -> Option<Match<'i>> {
        if hits.iter().all(|hits| hits.is_empty()) {
            return None;
        }
        match self.tally(&hits) {
            Tally::Nobody => None,
            Tally::One(record) => self.matched(&record),
            Tally::Several => {
                self.claim(&hits);
                None
            }
        }
    }

    fn tally(&self, hits: &Hits<'i>) -> Tally<'i> {
        let mut counted = self.counted(hits);
        let Some(found) = counted.next() else { return Tally::Nobody };
        if counted.any(|other| other.row != found.row) { Tally::Several } else { Tally::One(found) }
    }

    /// The hits that count: all on the first rung, later those of claimants.
    fn counted(&self, hits: &Hits<'i>) -> impl Iterator<Item = Record<'i>> {
        let narrowing = !self.claims.is_empty();
        let useful = hits.iter().filter(move |hits| !narrowing || hits.len() <= MAX_CLAIMANTS);
        useful.flat_map(|hits| hits.iter()).map(|at| record::read(&self.index.arena, *at as usize)).filter(
            |record| self.claims.iter().all(|claim| claim.of_row(self.index, record.row as usize).is_some()),
        )
    }

    fn claim(&mut self, hits: &Hits<'i>) {
        let first = hits.iter().filter_map(|hits| hits.first());
        let keys: Vec<_> = first.map(|at| record::read(&self.index.arena, *at as usize)).collect();
        if let Some(method) = keys.first().and_then(|key| key.kind.method()) {
            self.claims.push(Claim { method, keys });
        }
    }

    fn matched(&self, record: &Record<'i>) -> Option<Match<'i>> {
        let row = record.row as usize;
        let key = MatchedKey::of(record)?;
        let claimed = self.claims.first().and_then(|claim| claim.of_row(self.index, row));
        let first = claimed.and_then(|record| MatchedKey::of(&record));
        Some(Match {
            account: self.index.entry(row),
            method: first.unwrap_or(key).method(),
            key: first.unwrap_or(key),
            narrowed_by: first.is_some().then_some(key),
        })
    }
}

impl Index {
    /// True if the account of that row goes by that name and says its legal form.
    fn has_form(&self, row: usize, stem: &str) -> bool {
        let form = |key: &[u8]| {
            key.strip_prefix(stem.as_bytes()).is_some_and(|rest| rest.starts_with(FORM.as_bytes()))
        };
        self.records(row).any(|record| record.kind == Kind::Name && form(record.bytes))
    }

    /// The hits of a host's registrable domain; none if strangers share the host (`sites.google.com`).
    fn domain_hits(&self, host: &Host<'_>, refused: &dyn Fn(&Host<'_>) -> Option<RefusedDomain>) -> &[u32] {
        let hits = host.registrable().map_or(&[][..], |domain| self.hits(Kind::Domain, domain.as_bytes()));
        if hits.is_empty() || refused(host).is_some() { &[] } else { hits }
    }
}
