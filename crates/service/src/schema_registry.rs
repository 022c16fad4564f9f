//! `[schema_registry]`: schemas over HTTP, from any registry that speaks Confluent's API.
//!
//! A lane waits here for the network, once for each schema: at most [`RegistryConfig::timeout`]. What the registry does
//! not have is not asked for again for a minute.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Deserialize;
use winback_deployment::config::{Config, RegistryConfig};
use winback_sources::{Decoder, RowReader, Schema, SchemaError, SchemaFormat, SchemaPart, Schemas, WireKind};

/// The time that an answer "not here" holds.
const MISSING_FOR: Duration = Duration::from_secs(60);
/// The most schemas that one may be written with.
const MAX_PARTS: usize = 256;
/// The largest answer.
const MAX_BYTES: usize = 8 << 20;

/// The decoder, with the registry that the config names where it needs one.
pub fn ready(decoder: Decoder, config: &Config) -> anyhow::Result<Decoder> {
    Ok(match &config.schema_registry {
        Some(registry) => decoder.with_schemas(Arc::new(Registry::new(registry)?)),
        None => decoder,
    })
}

/// A reader of rows of accounts as the config says that they are written.
pub fn rows(config: &Config) -> anyhow::Result<RowReader> {
    let needed = config.schema_registry.as_ref().filter(|_| config.accounts.wire == WireKind::Confluent);
    let schemas = needed.map(Registry::new).transpose()?;
    let schemas = schemas.map(|registry| -> Arc<dyn Schemas> { Arc::new(registry) });
    Ok(RowReader::new(config.accounts.format(), schemas))
}

/// A registry.
pub struct Registry {
    config: RegistryConfig,
    client: reqwest::Client,
    asking: Mutex<Asking>,
}

struct Asking {
    runtime: tokio::runtime::Runtime,
    missing: HashMap<u32, (Instant, String)>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.config.shown())
    }
}

/// The registry's answer.
#[derive(Deserialize)]
struct Answer {
    schema: String,
    #[serde(default, rename = "schemaType")]
    schema_type: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    name: String,
    subject: String,
    version: i64,
}

impl Registry {
    /// A client of that registry; nothing is asked yet.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(config: &RegistryConfig) -> anyhow::Result<Self> {
        let timeout = Duration::from_millis(config.timeout.millis().unsigned_abs());
        let client = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("winback/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let asking = Mutex::new(Asking { runtime, missing: HashMap::new() });
        Ok(Self { config: config.clone(), client, asking })
    }

    async fn whole(&self, id: u32) -> Result<Schema, SchemaError> {
        let answer = self.ask(&["schemas", "ids", &id.to_string()]).await?;
        let format = match answer.schema_type.as_deref() {
            None | Some("AVRO") => SchemaFormat::Avro,
            Some("PROTOBUF") => SchemaFormat::Protobuf,
            Some("JSON") => SchemaFormat::Json,
            Some(other) => {
                return Err(SchemaError::Unknown(format!("schema {id} is {other}, which is not read here")));
            }
        };
        let mut parts = Vec::new();
        self.parts(answer.references, &mut parts).await?;
        Ok(Schema { format, text: answer.schema, parts })
    }

    /// The schemas that a schema refers to, each once and before the one that refers to it.
    async fn parts(&self, first: Vec<Reference>, parts: &mut Vec<SchemaPart>) -> Result<(), SchemaError> {
        let mut seen = std::collections::HashSet::new();
        let mut open = first;
        let mut found = Vec::new();
        while let Some(reference) = open.pop() {
            if !seen.insert(reference.name.clone()) {
                continue;
            }
            if seen.len() > MAX_PARTS {
                return Err(SchemaError::Unknown(format!("a schema refers to more than {MAX_PARTS} others")));
            }
            let version = reference.version.to_string();
            let answer = self.ask(&["subjects", &reference.subject, "versions", &version]).await?;
            found.push(SchemaPart { name: reference.name, text: answer.schema });
            open.extend(answer.references);
        }
        parts.extend(found.into_iter().rev());
        Ok(())
    }

    async fn ask(&self, path: &[&str]) -> Result<Answer, SchemaError> {
        let shown = format!("{}/{}", self.config.shown().trim_end_matches('/'), path.join("/"));
        let away = |why: &dyn fmt::Display| SchemaError::Away(format!("{shown}: {why}"));
        let mut url = reqwest::Url::parse(&self.config.url).map_err(|error| away(&error))?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let mut request = self.client.get(url).header("accept", "application/vnd.schemaregistry.v1+json");
        if !self.config.user.is_empty() {
            request = request.basic_auth(&self.config.user, Some(&self.config.password));
        }
        let mut response = request.send().await.map_err(|error| away(&error.without_url()))?;
        match response.status().as_u16() {
            200 => {}
            404 => return Err(SchemaError::Unknown(format!("{shown}: the registry has no such schema"))),
            code @ (401 | 403) => {
                let why = "it refuses the login: correct schema_registry.user and schema_registry.password";
                return Err(away(&format!("it answers {code}: {why}")));
            }
            code => return Err(away(&format!("it answers {code}"))),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| away(&error.without_url()))? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(SchemaError::Unknown(format!(
                    "{shown}: the answer is larger than {MAX_BYTES} bytes"
                )));
            }
        }
        serde_json::from_slice(&body).map_err(|error| away(&format!("no answer of a registry: {error}")))
    }
}

impl Schemas for Registry {
    fn schema(&self, id: u32) -> Result<Schema, SchemaError> {
        let mut asking = self.asking.lock();
        if let Some((_, text)) = asking.missing.get(&id).filter(|(at, _)| at.elapsed() < MISSING_FOR) {
            return Err(SchemaError::Unknown(text.clone()));
        }
        let answer = asking.runtime.block_on(self.whole(id));
        if let Err(SchemaError::Unknown(text)) = &answer {
            asking.missing.insert(id, (Instant::now(), text.clone()));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use winback_core::time::Span;

    use super::*;

    /// The meaning of that HTTP status from a registry.
    fn answered(status: &str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            assert!(stream.read(&mut request).unwrap() > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let config =
            RegistryConfig { url, user: String::new(), password: String::new(), timeout: Span::from_secs(5) };
        let error = Registry::new(&config).unwrap().schema(7).unwrap_err().to_string();
        server.join().unwrap();
        error
    }

    #[test]
    fn a_login_that_is_refused_names_its_keys() {
        for status in ["401 Unauthorized", "403 Forbidden"] {
            let error = answered(status);
            for part in [&status[..3], "schema_registry.user", "schema_registry.password"] {
                assert!(error.contains(part), "{error}");
            }
        }
        let error = answered("503 Service Unavailable");
        assert!(error.contains("503") && !error.contains("password"), "{error}");
    }
}
