//! The JSON that a message can be written in: texts, objects and lists; nothing is lost and nothing is guessed.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// One value. Numbers are refused: a field's leading zeros matter. A member that occurs twice is refused as well, where a
/// map would keep one of them silently.
#[derive(Debug)]
pub(in crate::cli) enum Node {
    Text(String),
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, an object or a list")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    // The default would repeat the value, which may be a card number written without quotes.
    fn visit_u64<E: Error>(self, _: u64) -> Result<Node, E> {
        Err(E::custom("wanted a text, an object or a list, had a number (values stand in quotes)"))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node, E> {
        self.visit_u64(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        self.visit_u64(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(node) = sequence.next_element()? {
            list.push(node);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members: Vec<(String, Node)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Node>()? {
            if members.iter().any(|(earlier, _)| *earlier == name) {
                return Err(A::Error::custom(format_args!("member {name:?} occurs twice (a list keeps repeats)")));
            }
            members.push((name, value));
        }
        Ok(Node::Object(members))
    }
}
