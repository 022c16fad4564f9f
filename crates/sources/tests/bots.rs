//! The list of page bots against user agents that others publish: `make quality` fetches them, this counts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use std::path::{Path, PathBuf};

use common::{decoder, decoder_from, told};
use winback_sources::Decoder;

fn is_bot(decoder: &Decoder, agent: &str) -> bool {
    let view = serde_json::json!({ "path": "/pricing", "ts": 1_700_000_000, "user_agent": agent });
    told(decoder, &view.to_string()) == ["dropped bot"]
}

#[test]
fn a_list_in_a_file_takes_the_place_of_the_built_in_one() {
    let dir = std::env::temp_dir().join(format!("winback-bots-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("bots.txt");
    std::fs::write(&path, "# ours\nhouse robot\n!friendly\n").unwrap();
    let config = format!(
        "topic = \"t\"\nstart = \"latest\"\npreset = \"web\"\n[bots]\nfile = {:?}\nalso = [\"other robot\"]",
        path.display().to_string()
    );
    let decoder = decoder_from(&config);
    std::fs::remove_dir_all(&dir).unwrap();
    for (agent, bot) in [
        ("House Robot/1", true),
        ("friendly house robot", false),
        ("an other robot", true),
        ("curl/8", false),
    ] {
        assert_eq!(is_bot(&decoder, agent), bot, "{agent}");
    }
}

#[test]
fn programs_of_every_kind_are_dropped() {
    let decoder = decoder("web");
    for agent in [
        "Mozilla/5.0",
        "Mozilla/5.0 Acme",
        "Acme",
        "Acme/1.0",
        "Acme Platform Agent 2",
        "Mozilla/5.0 (Acme/1.0)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15",
        "Mozilla/5.0 (compatible; Acme/1.0)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko; compatible; Acme/1) Chrome/140 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36 (me@acme.com)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0; +https://openai.com/bot)",
        "Mozilla/5.0 (Windows NT 6.1; GomezAgent 3.0) Gecko/20100101 Firefox/38.0",
        "git/2.50.0",
        "",
    ] {
        assert_eq!(is_bot(&decoder, agent), !agent.is_empty(), "{agent}");
    }
}

#[test]
fn people_are_kept_in_every_browser_and_app() {
    let decoder = decoder("web");
    for agent in [
        "Mozilla/5.0 (Linux; Android 14; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Safari/537.36",
        "Mozilla/5.0 (Linux; Android 12; M bot 60) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_5; de_DE; de; scale=3.00; 1179x2556)",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/520.0.0;FBDV/iPhone15,2;FBCR/Vodafone.de;FBLC/de_DE]",
        "Mozilla/5.0 (Linux; Android 14; V2309A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130 Mobile Safari/537.36 XWEB/1300 MicroMessenger/8.0.50 WeChat/arm64 Process/tools NetType/WIFI",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Safari Line/15.5.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Snapchat/13.30.0 (like Safari/8620)",
        "Mozilla/5.0 (Mobile; Nokia_8110_4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5",
        "UCWEB/2.0 (Java; U; MIDP-2.0; en-US; generic) U2/1.0.0 UCBrowser/9.5.0.449 U2/1.0.0 Mobile",
        "Opera/9.80 (J2ME/MIDP; Opera Mini/9.80/170.57; U; en) Presto/2.12.423 Version/12.16",
        "Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/3.0.13",
        "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 HbbTV/1.6.1 (+DRM; LGE; BOTMAKER)",
    ] {
        assert!(!is_bot(&decoder, agent), "{agent}");
    }
}

#[test]
fn an_agent_that_acts_for_a_person_is_a_person_only_if_the_source_says_so() {
    let agent = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)";
    let source = "topic = \"t\"\nstart = \"latest\"\npreset = \"web\"\n";
    assert!(is_bot(&decoder_from(source), agent));
    assert!(!is_bot(&decoder_from(&format!("{source}[bots]\nnever = [\"Claude-User\"]")), agent));
}

/// The folder that `make quality` fills.
fn fetched(file: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/quality").join(file);
    assert!(path.is_file(), "{} is not there: run `make quality`", path.display());
    path
}

/// The user agents of a JSON document: its texts of some length, or the keys of an object.
fn agents(file: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(fetched(file)).unwrap()).unwrap();
    let mut agents = Vec::new();
    let mut rest = vec![&json];
    while let Some(one) = rest.pop() {
        match one {
            serde_json::Value::Array(list) => rest.extend(list),
            serde_json::Value::String(agent) => agents.push(agent.clone()),
            serde_json::Value::Object(object) => match object.get("userAgent").or(object.get("instances")) {
                Some(inner) => rest.push(inner),
                None => agents.extend(object.keys().cloned()),
            },
            _ => {}
        }
    }
    agents
}

/// The part of a list that is dropped, with what is judged otherwise than it should be.
fn dropped(decoder: &Decoder, file: &str, robots: bool) -> f64 {
    let agents = agents(file);
    let (bots, people): (Vec<_>, Vec<_>) = agents.iter().partition(|agent| is_bot(decoder, agent));
    let wrong = if robots { &people } else { &bots };
    println!("{file}: {} of {} dropped", bots.len(), agents.len());
    wrong
        .iter()
        .take(40)
        .for_each(|agent| println!("    {} {agent}", if robots { "missed" } else { "a person" }));
    assert!(!agents.is_empty(), "{file} holds no user agent");
    bots.len() as f64 / agents.len() as f64
}

#[test]
#[ignore = "needs lists that `make quality` fetches"]
fn quality_published_robots_are_dropped_and_current_browsers_are_not() {
    let decoder = decoder("web");
    let least = [
        // Its patterns are in the list: no proof of what it finds elsewhere.
        ("crawler-user-agents/crawler-user-agents.json", 0.995),
        // Kept out of the list.
        ("top-crawler-agents/index.json", 0.995),
        ("bot-detector/botlist.json", 0.90),
    ];
    let missed: Vec<_> =
        least.into_iter().filter(|(file, least)| dropped(&decoder, file, true) < *least).collect();
    // The first one keeps names out of the list, too; the second is kept out of all.
    let taken: Vec<_> = ["user-agents/dist/user-agents.json", "top-user-agents/src/index.json"]
        .into_iter()
        .filter(|file| dropped(&decoder, file, false) > 0.0)
        .collect();
    assert!(missed.is_empty() && taken.is_empty(), "too many missed: {missed:?}; people dropped: {taken:?}");
}
