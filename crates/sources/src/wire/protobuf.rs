//! Protobuf by a schema that is a `.proto` file.

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, MessageDescriptor, SerializeOptions};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

use super::Schema;

/// The name that the schema itself has among its imports.
const MAIN: &str = "winback-schema.proto";
/// The deepest that the message is looked for in others.
const MAX_INDEXES: usize = 16;

/// A schema, ready to read with.
#[derive(Debug)]
pub(super) struct Reader {
    messages: Vec<MessageDescriptor>,
}

struct Files(HashMap<String, String>);

impl FileResolver for Files {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = self.0.get(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}

impl Reader {
    pub(super) fn new(schema: &Schema) -> Result<Self, String> {
        let parts = schema.parts.iter().map(|part| (part.name.clone(), part.text.clone()));
        let files = Files(parts.chain([(MAIN.to_owned(), schema.text.clone())]).collect());
        let mut resolver = ChainFileResolver::new();
        resolver.add(files);
        resolver.add(GoogleFileResolver::new());
        let mut compiler = protox::Compiler::with_file_resolver(resolver);
        compiler.include_imports(true).open_file(MAIN).map_err(|error| error.to_string())?;
        let pool = compiler.descriptor_pool();
        let file = pool.get_file_by_name(MAIN).ok_or("it is not there after it was read")?;
        Ok(Self { messages: file.messages().collect() })
    }

    /// The message as JSON, its fields by the names in the file.
    pub(super) fn json(&self, bytes: &[u8]) -> Result<String, String> {
        let mut rest = bytes;
        let descriptor = self.message(&mut rest)?;
        let message = DynamicMessage::decode(descriptor, rest).map_err(|error| error.to_string())?;
        let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
        let mut json = Vec::with_capacity(bytes.len() * 3);
        let mut serializer = serde_json::Serializer::new(&mut json);
        message.serialize_with_options(&mut serializer, &options).map_err(|error| error.to_string())?;
        String::from_utf8(json).map_err(|error| error.to_string())
    }

    /// The message of the file: a count and as many places, one within the other; no count is the first.
    fn message(&self, rest: &mut &[u8]) -> Result<MessageDescriptor, String> {
        let count = super::avro::long(rest)?;
        let count = usize::try_from(count).ok().filter(|count| *count <= MAX_INDEXES);
        let count = count.ok_or("the place of its message is none")?;
        let mut places = vec![0; usize::from(count == 0)];
        for _ in 0..count {
            places.push(super::avro::long(rest)?);
        }
        let mut found: Option<MessageDescriptor> = None;
        for place in places {
            let at = usize::try_from(place).map_err(|_| "the place of its message is none".to_owned())?;
            let next = match &found {
                None => self.messages.get(at).cloned(),
                Some(message) => message.child_messages().nth(at),
            };
            found = Some(next.ok_or_else(|| format!("there is no message {at} in its schema"))?);
        }
        found.ok_or_else(|| "its schema has no message".to_owned())
    }
}
