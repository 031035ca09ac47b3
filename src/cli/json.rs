//! Messages as JSON: `{"mti":"0200","fields":{"2":"…","55":{"9F26":"…"}}}`.
//!
//! Binary is upper-case hex. Where an element occurs more than once inside a field, the field is a list of objects with
//! one member each, since the order of elements is part of the message. A header stands beside the MTI as `"header"`.

mod node;

pub(super) use node::Node;

use super::hex::hex;
use banklink_protocol::{
    DecodeError, Message,
    describe::{self, Element, Value},
    frame::Header,
};
use serde_json::{Map, Value as Json, json};

/// A message as JSON; masked unless `reveal`.
pub(super) fn message(header: &Header, message: &Message, reveal: bool) -> Map<String, Json> {
    let mut object = Map::new();
    if !header.is_empty() {
        object.insert("header".into(), hex(header).into());
    }
    object.insert("mti".into(), message.mti().to_string().into());
    let fields = describe::elements(message);
    object.insert("fields".into(), Json::Object(fields.into_iter().map(|field| member(field, reveal)).collect()));
    object
}

/// An error of decoding as JSON: field (0 the MTI, 1 the bitmap, null the message as a whole), offset, reason.
pub(super) fn error(error: &DecodeError) -> Json {
    json!({ "field": error.field, "offset": error.offset, "reason": error.reason.to_string() })
}

fn member(element: Element, reveal: bool) -> (String, Json) {
    let masked = element.masked();
    let value = match element.value {
        Value::Text(text) => masked.filter(|_| !reveal).unwrap_or(text).into(),
        Value::Elements(elements) => inside(elements, reveal),
    };
    (element.key, value)
}

fn inside(elements: Vec<Element>, reveal: bool) -> Json {
    let repeated = (1..elements.len()).any(|at| elements[..at].iter().any(|earlier| earlier.key == elements[at].key));
    let members = elements.into_iter().map(|element| member(element, reveal));
    if repeated {
        Json::Array(members.map(|member| Json::Object(Map::from_iter([member]))).collect())
    } else {
        Json::Object(members.collect())
    }
}

/// A message to be encoded, as it was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) header: Option<String>,
    pub(super) mti: String,
    pub(super) fields: Vec<Element>,
}

/// Reads the object of one message.
///
/// # Errors
/// A member that is missing, unknown or of another type, by name; never its value.
pub(super) fn written(node: Node) -> Result<Written, String> {
    let Node::Object(members) = node else { return Err("wanted an object with mti and fields".into()) };
    let (mut header, mut mti, mut fields) = (None, None, None);
    for (name, value) in members {
        match (name.as_str(), value) {
            ("header", Node::Text(text)) => header = Some(text),
            ("mti", Node::Text(text)) => mti = Some(text),
            ("fields", value @ Node::Object(_)) => fields = Some(elements(value, "fields")?),
            ("header" | "mti", _) => return Err(format!("{name}: wanted a text")),
            ("fields", _) => return Err("fields: wanted an object".into()),
            _ => return Err(format!("{name:?} is none of header, mti, fields")),
        }
    }
    Ok(Written { header, mti: mti.ok_or("mti is missing")?, fields: fields.unwrap_or_default() })
}

fn elements(node: Node, path: &str) -> Result<Vec<Element>, String> {
    let members = match node {
        Node::Object(members) => members,
        Node::List(objects) => {
            let members = objects.into_iter().map(|object| match object {
                Node::Object(members) if members.len() == 1 => Ok(members),
                _ => Err(format!("{path}: wanted objects with one member each in a list")),
            });
            members.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect()
        }
        Node::Text(_) => unreachable!("a text is a value and has no elements"),
    };
    let element = |(key, value): (String, Node)| {
        let value = match value {
            Node::Text(text) => Value::Text(text),
            inside => Value::Elements(elements(inside, &key)?),
        };
        Ok(Element::new(key, value))
    };
    members.into_iter().map(element).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Written, String> {
        written(serde_json::from_str(text).map_err(|error| error.to_string())?)
    }

    #[test]
    fn composites_keep_order_and_repeats() {
        let text = r#"{"mti":"0200","fields":{"3":"000000","55":[{"9F26":"01"},{"DF01":"02"},{"9F26":"03"}]}}"#;
        let parsed = parse(text).unwrap();
        let Value::Elements(inner) = &parsed.fields[1].value else { panic!("a composite") };
        assert_eq!(inner.iter().map(|element| element.key.as_str()).collect::<Vec<_>>(), ["9F26", "DF01", "9F26"]);
        let back = Json::Object(parsed.fields.into_iter().map(|field| member(field, true)).collect());
        assert_eq!(back, serde_json::from_str::<Json>(text).unwrap()["fields"]);
    }

    #[test]
    fn mistakes_are_named_without_their_values() {
        for (text, said) in [
            (r#"{"fields":{}}"#, "mti is missing"),
            (r#"{"mti":200}"#, "wanted a text, an object or a list"),
            (r#"{"mti":"0200","field":{}}"#, r#""field" is none of header, mti, fields"#),
            (r#"{"mti":"0200","fields":"4111"}"#, "fields: wanted an object"),
            (r#"{"mti":"0200","fields":{"55":["9F26"]}}"#, "55: wanted objects with one member each in a list"),
            (r#"{"mti":"0200","fields":{"2":"1","2":"2"}}"#, r#"member "2" occurs twice"#),
            ("[]", "wanted an object with mti and fields"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
