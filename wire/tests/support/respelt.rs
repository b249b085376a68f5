//! The same protobuf message in another spelling: fields in another order, lengths and tags with
//! leading zeros, fields that nobody knows, and values that later ones replace.

/// A message, as far as its spelling may be changed.
pub(crate) struct Schema {
    /// Fields that are messages themselves.
    pub(crate) messages: &'static [(u32, &'static Schema)],
    /// Fields that occur once and are no messages: an earlier value of them is replaced.
    pub(crate) replaced: &'static [u32],
    /// Whether the fields exclude each other: the last one counts.
    pub(crate) is_oneof: bool,
}

const fn plain(messages: &'static [(u32, &'static Schema)], replaced: &'static [u32]) -> Schema {
    Schema { messages, replaced, is_oneof: false }
}

static VALUE: Schema =
    Schema { messages: &[(5, &ARRAY), (6, &LIST)], replaced: &[1, 2, 3, 4, 7], is_oneof: true };
static ARRAY: Schema = plain(&[(1, &VALUE)], &[]);
static LIST: Schema = plain(&[(1, &ATTRIBUTE)], &[]);
static ATTRIBUTE: Schema = plain(&[(2, &VALUE)], &[1]);
static RESOURCE: Schema = plain(&[(1, &ATTRIBUTE)], &[2]);
static SCOPE: Schema = plain(&[(3, &ATTRIBUTE)], &[1, 2, 4]);

pub(crate) static TRACES: Schema = plain(&[(1, &RESOURCE_SPANS)], &[]);
static RESOURCE_SPANS: Schema = plain(&[(1, &RESOURCE), (2, &SCOPE_SPANS)], &[3]);
static SCOPE_SPANS: Schema = plain(&[(1, &SCOPE), (2, &SPAN)], &[3]);
static SPAN: Schema = plain(
    &[(9, &ATTRIBUTE), (11, &EVENT), (13, &LINK), (15, &STATUS)],
    &[1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16],
);
static EVENT: Schema = plain(&[(3, &ATTRIBUTE)], &[1, 2, 4]);
static LINK: Schema = plain(&[(4, &ATTRIBUTE)], &[1, 2, 3, 5, 6]);
static STATUS: Schema = plain(&[], &[2, 3]);

pub(crate) static LOGS: Schema = plain(&[(1, &RESOURCE_LOGS)], &[]);
static RESOURCE_LOGS: Schema = plain(&[(1, &RESOURCE), (2, &SCOPE_LOGS)], &[3]);
static SCOPE_LOGS: Schema = plain(&[(1, &SCOPE), (2, &RECORD)], &[3]);
static RECORD: Schema = plain(&[(5, &VALUE), (6, &ATTRIBUTE)], &[1, 2, 3, 7, 8, 9, 10, 11, 12]);

/// Numbers that follow from a seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

struct Field {
    number: u32,
    wire: u64,
    /// Without a length.
    value: Vec<u8>,
}

/// `message` in another spelling.
pub(crate) fn respelt(mut message: &[u8], schema: &Schema, dice: &mut Dice) -> Vec<u8> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let field = read_field(&mut message, schema, dice);
        if schema.replaced.contains(&field.number) && dice.below(3) == 0 {
            fields.push(decoy(field.number, field.wire, dice));
        }
        if schema.is_oneof && dice.below(3) == 0 {
            let (number, wire) = [(1, 2), (2, 0), (3, 0), (4, 1)][dice.below(4) as usize];
            fields.insert(0, decoy(number, wire, dice));
        }
        fields.push(field);
    }
    if dice.below(4) == 0 {
        let wire = [0, 1, 2, 5][dice.below(4) as usize];
        fields.push(decoy(1_000 + dice.below(9) as u32, wire, dice));
    }
    if !schema.is_oneof && dice.below(2) == 0 {
        // Fields of one number stay in their order.
        let rank: Vec<u64> = (0..1_024).map(|_| dice.below(1_000)).collect();
        fields.sort_by_key(|field| rank[field.number as usize % 1_024]);
    }
    let mut out = Vec::new();
    for field in &fields {
        varint(u64::from(field.number) << 3 | field.wire, 5, dice, &mut out);
        if field.wire == 2 {
            varint(field.value.len() as u64, 10, dice, &mut out);
        }
        out.extend_from_slice(&field.value);
    }
    out
}

fn read_field(message: &mut &[u8], schema: &Schema, dice: &mut Dice) -> Field {
    let tag = read_varint(message);
    let (number, wire) = ((tag >> 3) as u32, tag & 7);
    let mut value = Vec::new();
    let len = match wire {
        0 => {
            varint(read_varint(message), 10, dice, &mut value);
            0
        }
        1 => 8,
        2 => read_varint(message) as usize,
        5 => 4,
        other => panic!("wire type {other}"),
    };
    let (bytes, rest) = message.split_at(len);
    *message = rest;
    match schema.messages.iter().find(|(known, _)| *known == number) {
        Some((_, schema)) => value = respelt(bytes, schema, dice),
        None => value.extend_from_slice(bytes),
    }
    Field { number, wire, value }
}

/// A value that does not count.
fn decoy(number: u32, wire: u64, dice: &mut Dice) -> Field {
    let len = match wire {
        0 => 1,
        1 => 8,
        5 => 4,
        _ => dice.below(20),
    };
    let value = (0..len).map(|_| b'a' + dice.below(26) as u8).collect();
    Field { number, wire, value }
}

fn read_varint(message: &mut &[u8]) -> u64 {
    let (mut value, mut shift) = (0, 0);
    loop {
        let (byte, rest) = message.split_first().unwrap();
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if *byte < 0x80 {
            return value;
        }
    }
}

/// Appends a number in at most `bytes_max` bytes, now and then in more than it needs.
fn varint(mut value: u64, bytes_max: usize, dice: &mut Dice, out: &mut Vec<u8>) {
    let mut spare = if dice.below(4) == 0 { dice.below(bytes_max as u64) as usize } else { 0 };
    let start = out.len();
    loop {
        let is_last = value < 0x80 && (spare == 0 || out.len() - start + 1 == bytes_max);
        out.push((value & 0x7f) as u8 | if is_last { 0 } else { 0x80 });
        if is_last {
            return;
        }
        spare -= usize::from(value < 0x80);
        value >>= 7;
    }
}
