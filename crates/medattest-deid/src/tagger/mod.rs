//! The tagger: a linear-chain conditional random field (Lafferty, McCallum, Pereira 2001) over hashed features
//! (Weinberger et al. 2009), trained on notes that the project generates itself. It decides what lists and patterns
//! cannot. Weights are bytes, so that a token costs a few hundred nanoseconds.

mod features;
mod train;

pub use train::{TrainOptions, train};

use crate::detection::{Detection, Grounds};
use crate::error::LoadError;
use crate::kind::Kind;
use crate::token::{DIGIT, NEWLINE, PUNCT, Token};

pub(crate) use features::{Cues, FEATURES, features, islands};

/// What the tagger tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Label {
    Outside,
    Name,
    Provider,
    Place,
    Street,
    Facility,
    Employer,
    Date,
    Number,
    Age,
}

/// How many labels there are.
pub(crate) const LABELS: usize = 10;

impl Label {
    const ALL: [Self; LABELS] = [
        Self::Outside,
        Self::Name,
        Self::Provider,
        Self::Place,
        Self::Street,
        Self::Facility,
        Self::Employer,
        Self::Date,
        Self::Number,
        Self::Age,
    ];

    /// The label for a kind of identifier.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Name | Kind::Unusual => Self::Name,
            Kind::ProviderName => Self::Provider,
            Kind::Employer => Self::Employer,
            Kind::StreetAddress => Self::Street,
            Kind::Place | Kind::Zip | Kind::Coordinates => Self::Place,
            Kind::Facility => Self::Facility,
            Kind::Date | Kind::Weekday | Kind::Holiday => Self::Date,
            Kind::AgeOver89 => Self::Age,
            Kind::TimeOfDay | Kind::RelativeDate => Self::Outside,
            _ => Self::Number,
        }
    }

    /// The kind that a span of this label is reported as.
    fn kind(self, digits: bool) -> Option<Kind> {
        Some(match self {
            Self::Outside => return None,
            Self::Name => Kind::Name,
            Self::Provider => Kind::ProviderName,
            Self::Place if digits => Kind::Zip,
            Self::Place => Kind::Place,
            Self::Street => Kind::StreetAddress,
            Self::Facility => Kind::Facility,
            Self::Employer => Kind::Employer,
            Self::Date => Kind::Date,
            Self::Number => Kind::OtherId,
            Self::Age => Kind::AgeOver89,
        })
    }
}

/// Labels, filled up to a multiple of four, so that they are multiplied at once.
const WIDE: usize = 12;
/// What the tagger holds of each label; beyond [`LABELS`] it is 0.
type Weights = [f32; WIDE];

/// A token whose best label is outside by so many nats is not looked at further.
const CERTAIN: f32 = 9.0;

/// A token is reported if it is identifying with at least this probability: to miss one is worse than to touch a word.
const SURE_ENOUGH: f32 = 0.3;

/// The weights of one feature, and the hash that it is known by in the last four bytes: a line of memory holds four.
type Row = [i8; ROW];
const ROW: usize = WIDE + 4;

/// The trained weights.
pub(crate) struct Tagger {
    /// Features by hash, open addressing; an empty row has the hash 0, which no feature has.
    rows: Vec<Row>,
    mask: usize,
    scale: f32,
    /// `exp` of the weight of passing from one label to the next.
    pass: [Weights; LABELS],
}

/// Working space.
#[derive(Default)]
pub(crate) struct TaggerScratch {
    cues: Vec<Cues>,
    islands: Vec<(u32, u32)>,
    node: Vec<Weights>,
    forward: Vec<Weights>,
    marginal: Vec<Weights>,
}

/// A file with more features is none of ours.
const MOST_FEATURES: usize = 1 << 20;

const MAGIC: &[u8; 8] = b"MEDTAG03";

impl Tagger {
    /// Reads weights as [`train`] writes them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let wrong = || LoadError::new("tagger.bin", "the file is not one of weights", "run `cargo xtask deid train`");
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or_else(wrong)?;
        let (count, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let count = u32::from_le_bytes(*count) as usize;
        let floats = 1 + LABELS * LABELS;
        if count > MOST_FEATURES || rest.len() != floats * 4 + count * (4 + LABELS) {
            return Err(wrong());
        }
        let (head, body) = rest.split_at(floats * 4);
        let mut numbers = head.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let scale = numbers.next().ok_or_else(wrong)?;
        let mut pass = [[0.0; WIDE]; LABELS];
        for (cell, weight) in pass.iter_mut().flat_map(|row| &mut row[..LABELS]).zip(numbers) {
            *cell = weight.exp();
        }
        // At least one row stays empty, where a search ends.
        let slots = (count + count / 4 + 1).next_power_of_two();
        let mut tagger = Self { rows: vec![[0; ROW]; slots], mask: slots - 1, scale, pass };
        for feature in body.chunks_exact(4 + LABELS) {
            let (hash, weights) = feature.split_first_chunk().ok_or_else(wrong)?;
            let mut row: Row = [0; ROW];
            for (lane, byte) in row.iter_mut().zip(weights) {
                *lane = i8::from_le_bytes([*byte]);
            }
            row[WIDE..].copy_from_slice(&hash.map(|byte| i8::from_le_bytes([byte])));
            let at = tagger.slot(u32::from_le_bytes(*hash));
            tagger.rows[at] = row;
        }
        Ok(tagger)
    }

    /// Where the row of a feature is, or would be.
    #[inline]
    fn slot(&self, hash: u32) -> usize {
        let mut at = hash as usize & self.mask;
        loop {
            let known = hash_of(&self.rows[at]);
            if known == hash || known == 0 {
                return at;
            }
            at = (at + 1) & self.mask;
        }
    }

    /// Writes weights: those of each feature by its hash.
    pub(crate) fn write(scale: f32, pass: &[[f32; LABELS]; LABELS], rows: &[(u32, [i8; LABELS])]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((rows.len() as u32).to_le_bytes());
        bytes.extend(scale.to_le_bytes());
        bytes.extend(pass.iter().flatten().flat_map(|weight| weight.to_le_bytes()));
        for (hash, weights) in rows {
            bytes.extend(hash.to_le_bytes());
            bytes.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        }
        bytes
    }

    /// Adds what the tagger finds.
    pub(crate) fn tag(&self, text: &str, tokens: &[Token], scratch: &mut TaggerScratch, found: &mut Vec<Detection>) {
        islands(text, tokens, &mut scratch.cues, &mut scratch.islands);
        let TaggerScratch { cues, islands, node, forward, marginal } = scratch;
        for (first, last) in islands.iter() {
            let island = *first as usize..*last as usize + 1;
            node.clear();
            for at in island.clone() {
                node.push(self.potentials(cues, at));
            }
            self.marginals(node, forward, marginal);
            spans(text, &tokens[island], marginal, found);
        }
    }

    /// `exp` of the scores of each label at a token, the highest being 1.
    fn potentials(&self, cues: &[Cues], at: usize) -> Weights {
        let mut hashes = [0; FEATURES];
        features(cues, at, &mut hashes);
        let mut sums = [0i16; ROW];
        for hash in hashes {
            let row = &self.rows[self.slot(hash)];
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum += i16::from(*weight);
            }
        }
        let most = sums[..LABELS].iter().copied().max().unwrap_or_default();
        let mut potentials = [0.0; WIDE];
        // Where nothing else comes near, the token is outside for sure.
        let next = sums[1..LABELS].iter().copied().max().unwrap_or_default();
        if f32::from(sums[0] - next) * self.scale > CERTAIN {
            potentials[0] = 1.0;
            return potentials;
        }
        for (potential, sum) in potentials.iter_mut().zip(&sums[..LABELS]) {
            let below = f32::from(sum - most) * self.scale;
            if below > -16.0 {
                *potential = below.exp();
            }
        }
        potentials
    }

    /// Forward and backward (Rabiner 1989) with scaling: probabilities of each label at each token.
    fn marginals(&self, node: &[Weights], forward: &mut Vec<Weights>, marginal: &mut Vec<Weights>) {
        forward.clear();
        let mut before: Option<Weights> = None;
        for potentials in node {
            let mut here = *potentials;
            if let Some(before) = before {
                if is_outside(potentials) {
                    // Whatever came before, this one is outside.
                } else if is_outside(&before) {
                    multiply(&mut here, &self.pass[0]);
                } else {
                    let mut reach = [0.0; WIDE];
                    for (weight, row) in before.iter().zip(&self.pass) {
                        for (reach, pass) in reach.iter_mut().zip(row) {
                            *reach += weight * pass;
                        }
                    }
                    multiply(&mut here, &reach);
                }
            }
            normalise(&mut here);
            forward.push(here);
            before = Some(here);
        }
        marginal.clear();
        marginal.resize(node.len(), [0.0; WIDE]);
        let mut backward = [1.0; WIDE];
        for at in (0..node.len()).rev() {
            let mut here = forward[at];
            if !is_outside(&here) {
                multiply(&mut here, &backward);
                normalise(&mut here);
            }
            marginal[at] = here;
            let mut weighted = node[at];
            if is_outside(&weighted) {
                for (cell, row) in backward.iter_mut().zip(&self.pass) {
                    *cell = row[0];
                }
            } else {
                multiply(&mut weighted, &backward);
                for (cell, row) in backward.iter_mut().zip(&self.pass) {
                    *cell = row.iter().zip(&weighted).map(|(pass, weight)| pass * weight).sum();
                }
            }
            backward[LABELS..].fill(0.0);
            normalise(&mut backward);
        }
    }
}

/// The hash of the feature whose row this is.
#[inline]
fn hash_of(row: &Row) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| row[WIDE + byte] as u8))
}

/// Whether a token is outside for sure.
fn is_outside(weights: &Weights) -> bool {
    weights[0] == 1.0 && weights[1..].iter().all(|weight| *weight == 0.0)
}

fn multiply(weights: &mut Weights, by: &Weights) {
    for (weight, by) in weights.iter_mut().zip(by) {
        *weight *= by;
    }
}

fn normalise(weights: &mut Weights) {
    let sum: f32 = weights.iter().sum();
    if sum > 0.0 {
        let scale = 1.0 / sum;
        for weight in weights {
            *weight *= scale;
        }
    } else {
        *weights = [0.0; WIDE];
        weights[..LABELS].fill(1.0 / LABELS as f32);
    }
}

/// Whether a value can be what it is taken for: a year alone is no date, two digits are no number of a record, and not
/// every number is an age that identifies.
fn fits(label: Label, text: &str, start: usize, end: usize) -> bool {
    match label {
        Label::Age => is_old(text, start, end),
        Label::Date => {
            let value = text.get(start..end).unwrap_or_default().as_bytes();
            !(matches!(value.len(), 2 | 4) && value.iter().all(u8::is_ascii_digit))
        }
        // Two digits are an age or a count.
        Label::Number => end - start > 2,
        _ => true,
    }
}

/// Whether a span can be an age of two or three digits that identifies; the recognizers know the law's number.
fn is_old(text: &str, start: usize, end: usize) -> bool {
    let value = text.get(start..end).unwrap_or_default().as_bytes();
    value.iter().all(u8::is_ascii_digit) && matches!((value.len(), value.first()), (2, Some(b'9')) | (3, Some(b'1')))
}

/// Reads spans off the probabilities.
fn spans(text: &str, tokens: &[Token], marginal: &[Weights], found: &mut Vec<Detection>) {
    let sure = |at: usize| marginal.get(at).map_or(0.0, |m| 1.0 - m[0]);
    let best = |m: &Weights| -> Label {
        let at = (1..LABELS).max_by(|a, b| m[*a].total_cmp(&m[*b])).unwrap_or_default();
        Label::ALL[at]
    };
    let mut at = 0;
    while at < tokens.len() {
        if sure(at) < SURE_ENOUGH || tokens[at].is(NEWLINE | PUNCT) {
            at += 1;
            continue;
        }
        // A span goes on over marks while what follows is of the same label.
        let person = |label: Label| matches!(label, Label::Name | Label::Provider);
        let label = best(&marginal[at]);
        let mut total = marginal[at];
        let mut last = at;
        let mut next = at + 1;
        while next < tokens.len() && next - last <= 2 && sure(next) >= SURE_ENOUGH / 2.0 {
            if tokens[next].is(NEWLINE | PUNCT) {
                next += 1;
                continue;
            }
            let other = best(&marginal[next]);
            if sure(next) < SURE_ENOUGH || !(other == label || person(other) && person(label)) {
                break;
            }
            for (sum, p) in total.iter_mut().zip(&marginal[next]) {
                *sum += p;
            }
            last = next;
            next += 1;
        }
        let digits = tokens[at..=last].iter().all(|t| t.is(DIGIT | PUNCT));
        let sum: f32 = total.iter().sum();
        let (start, end) = (tokens[at].start as usize, tokens[last].end as usize);
        let label = best(&total);
        if let Some(kind) = label.kind(digits).filter(|_| fits(label, text, start, end)) {
            found.push(Detection {
                start,
                end,
                kind,
                score: (1.0 - total[0] / sum).clamp(0.0, 1.0),
                by: Grounds::Tagger,
                also: 0,
            });
        }
        at = last + 1;
    }
}
