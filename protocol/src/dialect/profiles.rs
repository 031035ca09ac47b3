//! The fields as they are under each MTI: one profile where nothing depends on it, else one for each combination of
//! variants and mandatory lists that some MTI has.

use super::{
    DialectError, Profile, Version,
    spec::{self, Compiled, Defaults},
    tree::{self, Kind, Node, Origin, Reader},
};
use crate::{bitmap::FieldSet, field::Spec};
use std::collections::{BTreeMap, HashMap};

/// Fields by number, as written.
type Nodes = BTreeMap<u8, Node>;

/// Four places of a digit, or of `x` for any.
struct Pattern {
    digits: [Option<u16>; 4],
    origin: Origin,
}

impl Pattern {
    fn read(text: &str, origin: &Origin, version: Version) -> Result<Self, DialectError> {
        let own = version as u16;
        let wrong = || {
            let message =
                format!("\"{text}\" is no MTI of this version: four digits, x for any, as in \"0200\", \"08xx\"");
            origin.error(None, message)
        };
        let places: [char; 4] = text.chars().collect::<Vec<_>>().try_into().map_err(|_| wrong())?;
        let mut digits = [None; 4];
        for (digit, place) in digits.iter_mut().zip(places) {
            *digit = match place {
                'x' => None,
                place => Some(place.to_digit(10).ok_or_else(wrong)? as u16),
            };
        }
        if digits[0].is_some_and(|digit| digit != own) {
            return Err(wrong());
        }
        Ok(Self { digits, origin: origin.clone() })
    }

    /// Does it match the last three digits of an MTI, packed?
    fn matches(&self, packed: u16) -> bool {
        let digits = [packed >> 8, (packed >> 4) & 15, packed & 15];
        self.digits[1..].iter().zip(digits).all(|(wanted, digit)| wanted.is_none_or(|wanted| wanted == digit))
    }

    fn wildcards(&self) -> usize {
        self.digits.iter().filter(|digit| digit.is_none()).count()
    }
}

/// Reads `fields`, `variants` and `mandatory`; the table maps the last three digits of an MTI to its profile.
pub(super) fn read(
    top: &mut Reader,
    defaults: &Defaults,
    most: u8,
    version: Version,
) -> Result<(Vec<Profile>, Box<[u8]>), DialectError> {
    let Some(fields) = top.table("fields")? else { return Err(top.error("a dialect needs `fields`")) };
    let base = nodes(fields, most)?;
    let mut variants = Vec::new();
    if let Some(mut table) = top.table("variants")? {
        for (key, node) in table.rest() {
            let pattern = Pattern::read(&key, &node.origin, version)?;
            variants.push((pattern, nodes(Reader::new(node, None)?, most)?));
        }
    }
    // The more general first, so that the more particular has the last word.
    variants.sort_by_key(|(pattern, _)| std::cmp::Reverse(pattern.wildcards()));
    let mut mandatory = Vec::new();
    if let Some(mut table) = top.table("mandatory")? {
        for (key, node) in table.rest() {
            mandatory.push((Pattern::read(&key, &node.origin, version)?, field_list(node, most)?));
        }
    }
    let mut builder =
        Builder { defaults, base: &base, variants: &variants, mandatory: &mandatory, profiles: Vec::new() };
    let all = builder.profile(&[], FieldSet::new())?;
    builder.profiles.push(all);
    if variants.is_empty() && mandatory.is_empty() {
        return Ok((builder.profiles, Box::default()));
    }
    let by_mti = builder.by_mti(top)?;
    Ok((builder.profiles, by_mti))
}

fn nodes(mut fields: Reader, most: u8) -> Result<Nodes, DialectError> {
    let gone = |node: &Node| matches!(node.kind, Kind::Flag(false));
    let mut nodes = Nodes::new();
    for (key, node) in fields.rest() {
        if !(gone(&node) && key == "65") {
            nodes.insert(field_number(&key, &node.origin, most)?, node);
        }
    }
    Ok(nodes)
}

fn field_number(key: &str, origin: &Origin, most: u8) -> Result<u8, DialectError> {
    match key.parse::<u8>() {
        Ok(65) if most > 128 => Err(origin
            .error(Some(key), "announces the third bitmap here: take it out with `65 = false`, or have two bitmaps")),
        Ok(field) if (2..=most).contains(&field) && !key.starts_with('0') => Ok(field),
        _ => Err(origin.error(Some(key), format!("a data element is a number from 2 to {most} under this bitmap"))),
    }
}

fn field_list(node: Node, most: u8) -> Result<FieldSet, DialectError> {
    let wrong = |origin: &Origin| origin.error(None, "a mandatory list is a list of data elements, as in [3, 4, 11]");
    let Kind::Array(items) = node.kind else { return Err(wrong(&node.origin)) };
    let number = |item: Node| match item.kind {
        Kind::Integer(number) => field_number(&number.to_string(), &item.origin, most),
        _ => Err(wrong(&item.origin)),
    };
    items.into_iter().map(number).collect()
}

struct Builder<'a> {
    defaults: &'a Defaults,
    base: &'a Nodes,
    variants: &'a [(Pattern, Nodes)],
    mandatory: &'a [(Pattern, FieldSet)],
    profiles: Vec<Profile>,
}

impl Builder<'_> {
    fn by_mti(&mut self, top: &Reader) -> Result<Box<[u8]>, DialectError> {
        let mut known = HashMap::from([((Vec::new(), FieldSet::new()), 0u8)]);
        let mut table = vec![0; 0x99A].into_boxed_slice();
        for packed in (0..0x99Au16).filter(|packed| packed & 15 < 10 && (packed >> 4) & 15 < 10) {
            let applying = |(at, (pattern, _)): (usize, &(Pattern, Nodes))| pattern.matches(packed).then_some(at);
            let applied: Vec<usize> = self.variants.iter().enumerate().filter_map(applying).collect();
            let lists = self.mandatory.iter().filter(|(pattern, _)| pattern.matches(packed));
            let needed = lists.fold(FieldSet::new(), |all, (_, list)| all.union(list));
            let key = (applied, needed);
            if !known.contains_key(&key) {
                let index = u8::try_from(self.profiles.len()).map_err(|_| top.error("more than 256 kinds of MTI"))?;
                let profile = self.profile(&key.0, needed)?;
                self.profiles.push(profile);
                known.insert(key.clone(), index);
            }
            table[packed as usize] = known[&key];
        }
        Ok(table)
    }

    fn profile(&self, applied: &[usize], mandatory: FieldSet) -> Result<Profile, DialectError> {
        let mut nodes = self.base.clone();
        for at in applied {
            for (field, node) in &self.variants[*at].1 {
                let merged = match nodes.remove(field) {
                    Some(old) => tree::overlay(old, node.clone()),
                    None => node.clone(),
                };
                nodes.insert(*field, merged);
            }
        }
        let mut profile = Profile {
            specs: Box::new([Spec::UNDEFINED; 256]),
            labels: vec![None; 193],
            insides: vec![None; 193],
            defined: FieldSet::new(),
            mandatory,
        };
        for (field, node) in nodes {
            if matches!(node.kind, Kind::Flag(false)) {
                continue;
            }
            let Compiled { spec, label, inside } =
                spec::field(Reader::new(node, Some(field.to_string()))?, self.defaults)?;
            profile.specs[field as usize] = spec;
            profile.labels[field as usize] = Some(label);
            profile.insides[field as usize] = inside;
            profile.defined.insert(field);
        }
        self.defined(&profile)?;
        Ok(profile)
    }

    /// What is mandatory must be defined.
    fn defined(&self, profile: &Profile) -> Result<(), DialectError> {
        let Some(field) = profile.mandatory.without(&profile.defined).first() else { return Ok(()) };
        let list = self.mandatory.iter().find(|(_, list)| list.contains(field));
        let Some((pattern, _)) = list else { return Ok(()) };
        Err(pattern.origin.error(Some(&field.to_string()), "is mandatory, but not defined for this MTI"))
    }
}
