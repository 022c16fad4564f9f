//! The words that companies, people and posts are made of. None is taken from a real company.

/// The first three letters of an invented name; always three, so that no two combinations read the same.
pub(super) const BEGIN: [&str; 32] = [
    "Nor", "Bel", "Cor", "Hal", "Mer", "Tal", "Ven", "Bra", "Cal", "Dor", "Fen", "Gal", "Hol", "Jun", "Kel",
    "Lar", "Mar", "Nim", "Oak", "Pel", "Qui", "Ros", "Sil", "Tor", "Ulm", "Val", "Wes", "Yar", "Zen", "Ald",
    "Ber", "Cas",
];

/// Two more letters; always two.
pub(super) const MIDDLE: [&str; 32] = [
    "wi", "da", "lo", "ma", "ne", "ri", "sa", "ta", "vo", "ba", "ce", "di", "fo", "ga", "hi", "jo", "ka",
    "li", "mo", "na", "pe", "ra", "si", "to", "va", "we", "ya", "zo", "be", "co", "du", "fi",
];

/// The ends of company names.
pub(super) const END: [&str; 32] = [
    "n", "nd", "ra", "lex", "st", "x", "ndo", "ric", "rn", "ll", "net", "mar", "via", "ton", "les", "ro",
    "tis", "que", "dan", "sen", "vik", "lin", "mont", "gard", "by", "ster", "wood", "ford", "field", "burg",
    "son", "th",
];

/// The trades in company names.
pub(super) const TRADE: [&str; 64] = [
    "Tools",
    "Labs",
    "Systems",
    "Logistics",
    "Foods",
    "Health",
    "Energy",
    "Analytics",
    "Robotics",
    "Freight",
    "Media",
    "Studios",
    "Works",
    "Partners",
    "Finance",
    "Insurance",
    "Textiles",
    "Printing",
    "Mobility",
    "Travel",
    "Security",
    "Networks",
    "Instruments",
    "Motors",
    "Optics",
    "Ceramics",
    "Paper",
    "Plastics",
    "Steel",
    "Timber",
    "Marine",
    "Aviation",
    "Rail",
    "Retail",
    "Fashion",
    "Games",
    "Learning",
    "Schools",
    "Clinics",
    "Pharma",
    "Biotech",
    "Dental",
    "Vision",
    "Legal",
    "Accounting",
    "Payroll",
    "Staffing",
    "Consulting",
    "Design",
    "Interiors",
    "Gardens",
    "Farms",
    "Dairy",
    "Bakery",
    "Brewing",
    "Coffee",
    "Hotels",
    "Events",
    "Sports",
    "Outdoors",
    "Telecom",
    "Cloud",
    "Data",
    "Software",
];

/// Legal forms; most names are written without.
pub(super) const LEGAL: [&str; 8] = ["", "", "", "", " Inc.", " Ltd", " GmbH", " LLC"];

/// First names.
pub(super) const FIRST: [&str; 32] = [
    "ada", "ben", "carla", "dmitri", "elena", "farid", "grace", "hugo", "ines", "jonas", "kavya", "liam",
    "mira", "noah", "olga", "pavel", "quinn", "rosa", "sven", "tara", "uma", "victor", "wen", "xenia",
    "yusuf", "zoe", "amir", "bea", "chidi", "dora", "emil", "fay",
];

/// Last names.
pub(super) const LAST: [&str; 32] = [
    "abbott",
    "bauer",
    "castro",
    "dahl",
    "eriksen",
    "fofana",
    "gupta",
    "haas",
    "ivanov",
    "jansen",
    "keller",
    "lopez",
    "meyer",
    "novak",
    "okafor",
    "patel",
    "quist",
    "rossi",
    "sato",
    "tanaka",
    "ueda",
    "vargas",
    "weber",
    "xu",
    "yilmaz",
    "zhang",
    "andersson",
    "brandt",
    "costa",
    "diaz",
    "endo",
    "fischer",
];

/// The roles of people.
pub(super) const ROLE: [&str; 8] =
    ["cto", "head of operations", "admin", "developer", "cfo", "product manager", "analyst", "founder"];

/// The mail providers of strangers.
pub(super) const FREE_MAIL: [&str; 6] =
    ["gmail.com", "outlook.com", "yahoo.com", "hotmail.com", "icloud.com", "gmx.de"];

/// The missing features.
pub(super) const FEATURE: [&str; 10] = [
    "sso",
    "audit log",
    "api access",
    "offline mode",
    "custom roles",
    "webhooks",
    "data residency",
    "bulk edit",
    "reporting",
    "dark mode",
];

/// The feature that ships in the time, with its announcement.
pub(super) const SHIPPED: (&str, &str) = (FEATURE[1], "The audit log: who changed what, and when");

/// The competitors.
pub(super) const RIVAL: [&str; 5] = ["Brightloom", "Stackharbor", "Quillworks", "Pipewren", "Tidemark One"];

/// The competitor that raises prices in the time, with the news about it.
pub(super) const RAISED: (&str, &str) = (RIVAL[0], "Brightloom raises its prices by a third");

/// The promises at exit.
pub(super) const CONCESSION: [&str; 4] =
    ["free migration", "old price kept", "two months free", "a named contact"];

/// The time zones of companies.
pub(super) const ZONE: [&str; 10] = [
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Sao_Paulo",
    "Europe/Stockholm",
];

/// The cities of jobs.
pub(super) const CITY: [&str; 8] =
    ["Berlin", "London", "New York", "Austin", "Pune", "Tokyo", "Oslo", "Remote"];

/// The job titles.
pub(super) const JOB: [&str; 10] = [
    "Data Engineer",
    "Account Executive",
    "Backend Developer",
    "Operations Manager",
    "Product Designer",
    "Support Lead",
    "Security Engineer",
    "Head of Finance",
    "Recruiter",
    "QA Analyst",
];

/// Rounds.
pub(super) const ROUND: [&str; 5] = ["Seed", "Series A", "Series B", "Series C", "Growth"];

/// Pages that strangers read.
pub(super) const PAGE: [&str; 14] = [
    "/",
    "/",
    "/blog/five-habits",
    "/blog/release-day",
    "/product",
    "/features/reports",
    "/docs/start",
    "/docs/api",
    "/careers",
    "/about",
    "/pricing",
    "/customers",
    "/changelog",
    "/contact",
];

/// Files that a page loads.
pub(super) const ASSET: [&str; 5] =
    ["/assets/app.js", "/assets/site.css", "/images/hero.png", "/favicon.ico", "/fonts/text.woff2"];

/// Browsers.
pub(super) const BROWSER: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
];

/// Programs that read pages.
pub(super) const BOT: [&str; 4] = [
    "Mozilla/5.0 (compatible; SiteCrawler/2.1)",
    "curl/8.5.0",
    "python-requests/2.32.3",
    "UptimeMonitor/4.0",
];

/// Machines that open mails.
pub(super) const MACHINE: [&str; 3] = [
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "Barracuda Sentinel (EE)",
];

/// Campaigns whose links are clicked.
pub(super) const LINK: [&str; 4] = ["/pricing", "/changelog", "/blog/release-day", "/docs/sso"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn parts_of_names_cannot_be_mixed_up() {
        assert!(BEGIN.iter().all(|part| part.len() == 3));
        assert!(MIDDLE.iter().all(|part| part.len() == 2));
        for (list, count) in [(&BEGIN[..], 32), (&MIDDLE[..], 32), (&END[..], 32), (&TRADE[..], 64)] {
            assert_eq!(list.iter().collect::<BTreeSet<_>>().len(), count);
        }
    }
}
