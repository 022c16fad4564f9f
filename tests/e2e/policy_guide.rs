//! "Change a policy" of the README, each command typed as it stands there, beside a run that goes on all the while.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use winback_core::time::{Span, Time};
use winback_log::{Clock as _, SystemClock};

use crate::data;
use crate::harness::{Deployment, Ended, Place, Running, Shape, Source, eventually, utf8};
use crate::real_input::filled;

const DEADLINE: Duration = Duration::from_secs(60);
const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The commands of the README's section, in order, without their comments.
fn guide() -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let section = readme.split("## Change a policy\n").nth(1).expect("the section is there");
    let block = section.split("```\n").nth(1).expect("it has a block of commands");
    block.lines().map(|line| line.split('#').next().unwrap().trim().to_owned()).collect()
}

/// A deployment that read a page of comparisons, with the shipped policy as a file.
struct Guided {
    deployment: Deployment,
    now: Time,
}

impl Guided {
    fn new() -> Self {
        let web = Source { name: "web", preset: "web" };
        let guided =
            Self { deployment: Deployment::new(Place::File, &[web], Shape::ONE), now: SystemClock.now() };
        let policy = std::fs::read(Path::new(ROOT).join("config/policies/default.toml")).unwrap();
        guided.deployment.write("config/policies/default.toml", &policy);
        let account = |name: &&str| {
            json!({ "account_id": name, "name": name, "domain": format!("{name}.io"), "churned_at": "2025-06-01",
                    "reason": "product_gap", "arr_usd": 84_000 })
        };
        let accounts: Vec<Value> = ["past", "shadowed", "live"].iter().map(account).collect();
        guided.deployment.import(&accounts);
        guided.visit("past", Span::from_hours(6));
        guided.deployment.run();
        guided
    }

    /// A page that compares us with others, seen so long ago.
    fn visit(&self, who: &str, ago: Span) {
        let time = self.now - ago;
        let visit = json!({ "id": format!("{who}-visit"), "url": "https://us.com/docs/api", "email": format!("jo@{who}.io"), "time": time.to_string() });
        let file = self.deployment.write(&format!("{who}.jsonl"), visit.to_string().as_bytes());
        self.deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl", "--yes"]);
    }

    /// Types a line in the deployment's folder.
    fn types(&self, line: &str) -> Ended {
        let mut shell = Command::new("sh");
        let binary = Path::new(env!("CARGO_BIN_EXE_winback")).parent().unwrap();
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
        shell.args(["-c", line]).current_dir(self.deployment.path("")).env("PATH", path);
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WINBACK_"))
        {
            shell.env_remove(name);
        }
        Running::spawn(&mut shell).ended()
    }

    /// next.toml: who compares us with others is acted on at once, too.
    fn edit(&self) {
        let path = self.deployment.path("next.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let edited =
            text.replace("classes.docs = { weight = 3 }", "classes.docs = { strength = 2, weight = 5 }");
        assert_ne!(edited, text, "the class stands there");
        std::fs::write(path, edited).unwrap();
    }

    fn listed(&self, args: &[&str]) -> Vec<Value> {
        self.deployment.ok(args).json()
    }

    fn fired(&self, args: &[&str], account: &str) -> Vec<Value> {
        let own = |trigger: &Value| trigger["account"]["id"] == account;
        self.listed(args).into_iter().filter(own).collect()
    }
}

#[test]
fn a_policy_is_tried_put_in_shadow_and_made_live_as_the_readme_says_while_a_run_goes_on() {
    let guide = guide();
    let expected = [
        "cp config/policies/default.toml next.toml",
        "winback policy test next.toml",
        "winback backtest --policy next.toml",
        "winback backtest --policy next.toml --html next.html",
        "winback policy apply --shadow next.toml",
        "winback triggers --shadow",
        "cp next.toml config/policies/default.toml",
        "winback policy diff",
        "winback policy apply",
    ];
    assert_eq!(guide, expected);
    let guided = Guided::new();
    let run = guided.deployment.start(&["run"]);
    guided.types(&guide[0]).expect(0);
    guided.types(&guide[2]).expect(0).says(&["nothing changes"]);
    guided.edit();
    guided.types(&guide[1]).expect(0).says(&["ok", "0 failed"]);
    guided.types(&guide[2]).expect(0).says(&["earlier", "past", "records decided twice"]);
    guided.types(&guide[3]).expect(0);
    let page = std::fs::read_to_string(guided.deployment.path("next.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("past"), "{page}");

    guided.types(&guide[4]).expect(0).says(&["default~shadow: version 1"]);
    guided.visit("shadowed", Span::ZERO);
    eventually("the shadow fires", DEADLINE, || {
        (!guided.fired(&["triggers", "--shadow", "--json"], "shadowed").is_empty()).then_some(())
    });
    guided.types(&guide[5]).expect(0).says(&["shadowed", "default~shadow"]);
    assert_eq!(guided.fired(&["triggers", "--json"], "shadowed"), [] as [Value; 0], "nobody acts on it");

    guided.types(&guide[6]).expect(0);
    guided
        .types(&guide[7])
        .expect(4)
        .says(&["default: changed", "kinds.web_visit.classes.docs.strength: nothing -> 2"]);
    guided.types(&guide[8]).expect(0).says(&["default: version 2 holds from here on"]);
    guided.types(&guide[7]).expect(0).says(&["default: the same"]);
    guided.visit("live", Span::ZERO);
    let trigger = eventually("the new version fires", DEADLINE, || {
        guided.fired(&["triggers", "--json"], "live").into_iter().next()
    });
    assert_eq!((&trigger["policyVersion"], &trigger["edge"]), (&json!(2), &json!("leading")));

    let decisions = guided.listed(&["decisions", "--json"]);
    assert!(decisions.iter().all(|made| made["policyVersion"].as_u64() >= Some(1)), "each names its version");
    let of = |account: &str| -> Vec<String> {
        let own = decisions.iter().filter(|made| made["accountId"] == account);
        own.map(|made| {
            format!(
                "{} {} {}",
                made["policy"].as_str().unwrap(),
                made["policyVersion"],
                made["outcome"].as_str().unwrap()
            )
        })
        .collect()
    };
    assert_eq!(of("shadowed"), ["default 1 joined", "default~shadow 1 led"]);
    assert_eq!(of("live"), ["default 2 led"], "the shadow ended at the record that made it live");
    run.signal("INT");
    run.ended().expect(0);
    guided.deployment.ok(&["verify"]).says(&["equal"]);
    assert_eq!(guided.deployment.run().imbalance, 0);
}

#[test]
fn a_backtest_of_the_policy_in_force_is_empty_on_real_input_and_of_another_adds_up() {
    for set in [data::web_access(), data::funding_us(), data::job_postings()] {
        let Some(set) = set else { return };
        let deployment = filled(&set, Place::File, Shape::ONE);
        deployment.run();
        // What is in force: the shipped policy, without a calendar.
        let policy = std::fs::read_to_string(deployment.path("config/policies/default.toml")).unwrap();
        deployment.write("same.toml", policy.as_bytes());
        let strict = policy.replace("min_score = 3", "min_score = 9").replace("max = 8", "max = 1");
        deployment.write("strict.toml", strict.as_bytes());
        let asked =
            |args: &[&str]| deployment.ok(&[&["backtest", "--json", "--policy"], args].concat()).json();
        let same = asked(&["same.toml"]);
        assert_eq!((same.len(), &same[0]["same"]), (1, &json!(true)), "{}: {same:?}", set.name);
        let fired = deployment.ok(&["triggers", "--json"]).json();
        let starting = |side: &Value| -> u64 {
            let edges = ["leading", "trailing", "escalation"];
            edges.iter().filter_map(|edge| side["triggers"][edge].as_u64()).sum()
        };
        let started = fired.iter().filter(|trigger| trigger["edge"] != "update").count() as u64;
        assert_eq!(starting(&same[0]["live"]), started, "{}: what it was is what fired", set.name);
        assert_eq!(asked(&["same.toml", "--raw"]).last().unwrap()["same"], true, "{}", set.name);
        let mut other = asked(&["strict.toml"]);
        let verdict = other.pop().unwrap();
        let on = |side: &str| other.iter().filter(|change| !change[side].is_null()).count() as u64;
        let (live, candidate) = (starting(&verdict["live"]), starting(&verdict["candidate"]));
        assert_eq!(live - on("live"), candidate - on("candidate"), "{}", set.name);
        assert!(!other.is_empty() && other.iter().all(|change| change["why"]["outcome"].is_string()));
        println!("{}: {live} became {candidate}: {}", set.name, verdict["changes"]);
    }
}

#[test]
fn a_wrong_policy_names_its_line_and_a_failing_test_what_came_instead() {
    let guided = Guided::new();
    let path = "config/policies/default.toml";
    let text = std::fs::read_to_string(guided.deployment.path(path)).unwrap();
    let line = 1 + text.lines().position(|line| line.starts_with("quiet =")).unwrap();
    guided.deployment.write(path, text.replace("quiet = \"30m\"", "quiet = \"30\"").as_bytes());
    let told = format!("default.toml:{line}: quiet = \"30\": ");
    guided.deployment.call(&["config", "check"]).expect(2).says(&[&told]);
    guided.deployment.call(&["policy", "apply"]).expect(2).says(&[&told]);
    guided.deployment.write(path, text.replace("quiet = \"30m\"", "quiet = \"45m\"").as_bytes());
    guided
        .deployment
        .call(&["config", "check"])
        .expect(2)
        .says(&["fails: expected nothing_new at 30m", "nothing_new at 45m"]);
    guided.deployment.call(&["policy", "test"]).expect(1).says(&[
        "failed",
        "what came is",
        "4 tests, 4 failed",
    ]);
    guided.deployment.write(path, text.as_bytes());
    guided.deployment.ok(&["config", "check"]);
    guided.deployment.ok(&["policy", "test"]).says(&["4 tests, 0 failed"]);
}
