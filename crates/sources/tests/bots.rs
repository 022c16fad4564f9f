//! The list of page bots against user agents that others publish: `make bots` fetches them, this counts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

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

/// The texts of a JSON list, or of the `instances` of the objects in one.
fn agents(variable: &str) -> Vec<String> {
    let path =
        std::env::var(variable).unwrap_or_else(|_| panic!("{variable} names no file: use `make bots`"));
    let list: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let texts = list.iter().flat_map(|one| match one["instances"].as_array() {
        Some(instances) => instances.clone(),
        None => vec![one.clone()],
    });
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

#[test]
#[ignore = "needs lists that `make bots` fetches"]
fn published_robots_are_known_and_the_most_common_browsers_are_people() {
    let decoder = decoder("web");
    let robots = agents("BOTS_ROBOTS");
    let missed: Vec<_> = robots.iter().filter(|agent| !is_bot(&decoder, agent)).collect();
    missed.iter().for_each(|agent| println!("not known: {agent}"));
    let people = agents("BOTS_PEOPLE");
    let taken: Vec<_> = people.iter().filter(|agent| is_bot(&decoder, agent)).collect();
    println!("{} of {} robots are known", robots.len() - missed.len(), robots.len());
    println!("{} of {} people are taken for robots: {taken:?}", taken.len(), people.len());
    assert!(taken.is_empty() && missed.len() * 10 < robots.len());
}
