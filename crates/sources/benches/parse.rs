//! The cost of decoding a record: `cargo bench -p winback-sources`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use winback_sources::{Decoder, SourceConfig, Start};

const AGENTS: [&str; 3] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
];
const PATHS: [&str; 4] =
    ["/pricing", "/docs/getting-started", "/blog/2026/01/a-long-title-of-an-article", "/"];
const RECORDS: usize = 1_000;

fn records(make: impl Fn(usize, &str, &str) -> String) -> Vec<Vec<u8>> {
    (0..RECORDS).map(|n| make(n, AGENTS[n % AGENTS.len()], PATHS[n % PATHS.len()]).into_bytes()).collect()
}

fn segment(n: usize, agent: &str, path: &str) -> String {
    format!(
        r#"{{"type":"page","messageId":"ajs-next-{n:032x}","anonymousId":"{n:036x}","userId":null,"timestamp":"2026-03-01T10:{:02}:{:02}.123Z","sentAt":"2026-03-01T10:00:00.200Z","receivedAt":"2026-03-01T10:00:00.300Z","context":{{"ip":"192.0.2.{}","userAgent":"{agent}","locale":"en-US","library":{{"name":"analytics.js","version":"next-1.62.1"}},"page":{{"path":"{path}","referrer":"","search":"","title":"A page","url":"https://www.example.com{path}"}}}},"properties":{{"path":"{path}","title":"A page","url":"https://www.example.com{path}"}}}}"#,
        n / 60 % 60,
        n % 60,
        n % 250,
    )
}

fn web(n: usize, agent: &str, path: &str) -> String {
    format!(
        r#"{{"id":"v-{n:020}","time":{},"url":"https://www.example.com{path}?utm_source=mail&utm_campaign=spring-{n}","ip":"192.0.2.{}","email":null,"user_agent":"{agent}","session":"{n:064x}","screen":"1920x1080","language":"en-US","referrer":"https://www.example.org/search?q=a+few+words","extra":{{"a":"{}","b":[1,2,3],"c":true}}}}"#,
        1_772_000_000_000_u64 + n as u64,
        n % 250,
        "x".repeat(120),
    )
}

fn combined_log(n: usize, agent: &str, path: &str) -> String {
    let query = "q".repeat(250);
    format!(
        r#"192.0.2.{} - - [01/Mar/2026:10:{:02}:{:02} +0000] "GET {path}?session={n}{query} HTTP/1.1" 200 20321 "https://www.example.com/{}" "{agent}""#,
        n % 250,
        n / 60 % 60,
        n % 60,
        "r".repeat(100),
    )
}

fn snowplow_tsv(n: usize, agent: &str, path: &str) -> String {
    let mut columns = vec![String::new(); 131];
    let filled = [
        (0, "site".to_owned()),
        (1, "web".to_owned()),
        (3, format!("2026-03-01 10:{:02}:{:02}.123", n / 60 % 60, n % 60)),
        (5, "page_view".to_owned()),
        (6, format!("c6ef3124-b53a-4b13-a233-{n:012x}")),
        (13, format!("192.0.2.{}", n % 250)),
        (29, format!("https://www.example.com{path}")),
        (
            52,
            format!(
                r#"{{"data":[{{"schema":"iglu:org.schema/WebPage/jsonschema/1-0-0","data":{{"keywords":"{}"}}}}]}}"#,
                "k".repeat(150)
            ),
        ),
        (77, agent.to_owned()),
        (
            122,
            format!(
                r#"{{"data":[{{"data":{{"deviceClass":"Desktop","agentName":"{}"}}}}]}}"#,
                "n".repeat(150)
            ),
        ),
        (124, format!("2026-03-01 10:{:02}:{:02}.100", n / 60 % 60, n % 60)),
    ];
    for (place, value) in filled {
        columns[place] = value;
    }
    columns.join("\t")
}

fn posthog(n: usize, agent: &str, path: &str) -> String {
    format!(
        r#"{{"event":"$pageview","uuid":"0190-{n:020}","distinct_id":"{n:036x}","timestamp":"2026-03-01T10:{:02}:{:02}.123Z","properties":{{"$current_url":"https://www.example.com{path}","$host":"www.example.com","$pathname":"{path}","$ip":"192.0.2.{}","$raw_user_agent":"{agent}","$lib":"web","$lib_version":"1.96.1","$screen_height":1080,"$screen_width":1920,"$session_id":"{n:036x}"}}}}"#,
        n / 60 % 60,
        n % 60,
        n % 250,
    )
}

fn sendgrid(n: usize, agent: &str, path: &str) -> String {
    let event = |kind: &str, at: usize| {
        format!(
            r#"{{"event":"{kind}","email":"person{at}@example.com","timestamp":{},"sg_event_id":"ev-{at:020}","sg_message_id":"wrfRRvF7Q0GgwUo2CvDmEA.filter0425p1mdw1","useragent":"{agent}","url":"https://www.example.com{path}"}}"#,
            1_772_000_000 + at
        )
    };
    format!("[{},{}]", event("open", 2 * n), event("click", 2 * n + 1))
}

fn hiring(n: usize, _: &str, path: &str) -> String {
    format!(
        r#"{{"id":"p-{n:020}","company":"Company {n} Ltd","domain":"company{n}.example","title":"Senior Data Engineer {n}","location":"Oslo, Norway","locations":["Oslo","Bergen"],"posted_at":"2026-03-01T10:00:00Z","status":"open","url":"https://jobs.example.com{path}","description":"{}"}}"#,
        "We look for people. ".repeat(17)
    )
}

fn decode(criterion: &mut Criterion) {
    let sets = [
        ("segment", records(segment)),
        ("web", records(web)),
        ("combined_log", records(combined_log)),
        ("snowplow_tsv", records(snowplow_tsv)),
        ("posthog", records(posthog)),
        ("sendgrid", records(sendgrid)),
        ("hiring", records(hiring)),
    ];
    let mut group = criterion.benchmark_group("decode");
    for (preset, records) in sets {
        let config = SourceConfig::of_preset("topic", preset, Start::Earliest);
        let Ok(decoder) = Decoder::new("bench", &config) else { continue };
        let bytes: usize = records.iter().map(Vec::len).sum();
        group.throughput(Throughput::Elements(RECORDS as u64));
        group.bench_with_input(BenchmarkId::new(preset, bytes / RECORDS), &records, |bencher, records| {
            bencher.iter(|| {
                for record in records {
                    decoder.decode(record, &mut |element| {
                        black_box(&element);
                    });
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
