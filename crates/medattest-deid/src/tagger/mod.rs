//! The tagger: a linear-chain conditional random field (Lafferty, McCallum, Pereira 2001) over hashed features
//! (Weinberger et al. 2009), trained on notes that the project generates itself. It decides what lists and patterns
//! cannot. Weights are bytes, so that a token costs a few hundred nanoseconds.

mod features;
mod fits;
mod initials;
mod passage;
mod train;

pub use train::{TrainOptions, train};

use crate::detection::{Detection, Grounds};
use crate::error::LoadError;
use crate::kind::Kind;
use crate::lexicon::Lexicon;
use crate::lists::is_particle;
use crate::token::{DIGIT, NEWLINE, OTHER, PUNCT, Token};

use fits::fits;

pub(crate) use features::{Cues, FEATURES, features, weighed};

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

/// What a number is, told apart once it is known to be one: by the six weights of a row that are left. A number that is none
/// of them is another one.
pub(crate) const NUMBERS: [Kind; 6] =
    [Kind::Phone, Kind::Mrn, Kind::HealthPlanId, Kind::Account, Kind::Licence, Kind::Device];

/// Labels, filled up to a multiple of four, so that they are multiplied at once.
const WIDE: usize = 12;
/// What the tagger holds of each label; beyond [`LABELS`] it is 0.
type Weights = [f32; WIDE];

/// A token whose best label is outside by so many nats is not looked at further.
const CERTAIN: f32 = 9.0;
/// A label that is so many nats below the best is none.
const FALL: f32 = 16.0;

/// A span begins at a token that is identifying with at least this probability: to miss one is worse than to touch a word.
const SURE_ENOUGH: f32 = 0.3;
/// It goes on over tokens of at least this probability: what stands beside a name is more likely part of it.
const GOES_ON: f32 = 0.1;

/// The weights of one feature: those of labels, then those of [`NUMBERS`]. A line of memory holds four rows.
pub(crate) type Row = [i8; ROW];
pub(crate) const ROW: usize = LABELS + NUMBERS.len();
/// A row of which each weight is more by [`BIAS`]: numbers without a sign are added sixteen at once on any machine.
type Biased = [u8; ROW];
const BIAS: u8 = 1 << 7;

/// The sums of the weights of so many rows.
#[inline]
fn sums<'a>(rows: impl Iterator<Item = &'a Biased>) -> [i16; ROW] {
    const { assert!(FEATURES * (u8::MAX as usize) < i16::MAX as usize) };
    let mut sums = [0u16; ROW];
    let mut bias = 0;
    for row in rows {
        for (sum, weight) in sums.iter_mut().zip(row) {
            *sum += u16::from(*weight);
        }
        bias += i16::from(BIAS);
    }
    sums.map(|sum| sum as i16 - bias)
}

/// A row in the file: its print and its weights.
const ROW_BYTES: usize = 2 + ROW;

/// The trained weights.
pub(crate) struct Tagger {
    /// Features, each in a row of its own that its hash and the shift of its bucket tell (Belazzougui, Botelho,
    /// Dietzfelbinger 2009): one look, no search. The first row is of none.
    rows: Vec<Biased>,
    shifts: Vec<u16>,
    /// What tells whether the feature of a row is the one that is looked for: of those that are not known, one in 65,536
    /// is taken for another. They are held apart, in memory that is near.
    prints: Vec<u16>,
    /// `exp` of minus each difference of sums, from 0 on; beyond the last it is 0.
    falls: Vec<f32>,
    /// From which difference on nothing else comes near.
    certain: i16,
    /// `exp` of the weight of passing from one label to the next.
    pass: [Weights; LABELS],
}

/// Working space.
#[derive(Default)]
pub(crate) struct TaggerScratch {
    cues: Vec<Cues>,
    /// Tokens that are weighed.
    words: Vec<u32>,
    /// The sums of the weights of each.
    sums: Vec<[i16; ROW]>,
    node: Vec<Weights>,
    forward: Vec<Weights>,
    marginal: Vec<Weights>,
}

/// A file with more rows is none of ours.
const MOST_ROWS: usize = 1 << 20;
/// So many rows share the shift of one bucket.
const ROWS_OF_BUCKET: usize = 4;

const MAGIC: &[u8; 8] = b"MEDTAG05";

/// Which bucket a feature is in.
#[inline]
fn bucket(hash: u32, buckets: usize) -> usize {
    // The lowest bit is always set.
    (hash >> 1) as usize & (buckets - 1)
}

/// Which of so many rows a feature has, its bucket being shifted so far.
#[inline]
fn place(hash: u32, shift: u16, rows: usize) -> usize {
    let mixed = (hash ^ u32::from(shift).wrapping_mul(0x9e37_79b1)).wrapping_mul(0x85eb_ca6b);
    ((u64::from(mixed) * rows as u64) >> u32::BITS) as usize
}

/// How many buckets so many rows have.
fn buckets(rows: usize) -> usize {
    (rows / ROWS_OF_BUCKET).next_power_of_two()
}

/// The bits of a hash that do not tell its bucket.
#[inline]
fn print(hash: u32) -> u16 {
    (hash >> 16) as u16
}

/// A number where two are equal, else 0, without a branch that could be guessed wrong.
#[inline]
fn if_equal(a: u16, b: u16, number: usize) -> usize {
    let differs = u32::from(a ^ b);
    number & ((differs.wrapping_neg() >> (u32::BITS - 1)) as usize).wrapping_sub(1)
}

impl Tagger {
    /// Reads weights as [`train`] writes them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, LoadError> {
        let wrong = || LoadError::new("tagger.bin", "the file is not one of weights", "run `cargo xtask deid train`");
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or_else(wrong)?;
        let (count, rest) = rest.split_first_chunk().ok_or_else(wrong)?;
        let count = u32::from_le_bytes(*count) as usize;
        if !(1..=MOST_ROWS).contains(&count) {
            return Err(wrong());
        }
        let (buckets, floats) = (buckets(count), 1 + LABELS * LABELS);
        if rest.len() != floats * 4 + buckets * 2 + count * ROW_BYTES {
            return Err(wrong());
        }
        let (head, rest) = rest.split_at(floats * 4);
        let (shifts, body) = rest.split_at(buckets * 2);
        let mut numbers = head.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let scale = numbers.next().filter(|scale| *scale > 1e-4).ok_or_else(wrong)?;
        let mut pass = [[0.0; WIDE]; LABELS];
        for (cell, weight) in pass.iter_mut().flat_map(|row| &mut row[..LABELS]).zip(numbers) {
            *cell = weight.exp();
        }
        let shifts = shifts.chunks_exact(2).map(|two| u16::from_le_bytes([two[0], two[1]])).collect();
        let row = |feature: &[u8]| {
            let mut row: Biased = [0; ROW];
            for (lane, byte) in row.iter_mut().zip(&feature[2..]) {
                *lane = byte.wrapping_add(BIAS);
            }
            row
        };
        let rows = body.chunks_exact(ROW_BYTES).map(row).collect();
        let prints = body.chunks_exact(ROW_BYTES).map(|f| u16::from_le_bytes([f[0], f[1]])).collect();
        let falls = (0..(FALL / scale) as i16).map(|below| (-f32::from(below) * scale).exp()).collect();
        Ok(Self { rows, shifts, prints, falls, certain: (CERTAIN / scale) as i16, pass })
    }

    /// Writes weights: those of each feature in the row that is its own.
    pub(crate) fn write(scale: f32, pass: &[[f32; LABELS]; LABELS], rows: &[(u32, Row)]) -> Vec<u8> {
        // The fewer rows are empty, the less memory is looked at, but the longer it takes to find a place for each.
        let spare = rows.len() / 32 + 1;
        let mut count = rows.len() + spare;
        let (shifts, places) = loop {
            match arrange(rows, count) {
                Some(arranged) => break arranged,
                None => count += spare,
            }
        };
        let mut bytes = MAGIC.to_vec();
        bytes.extend((count as u32).to_le_bytes());
        bytes.extend(scale.to_le_bytes());
        bytes.extend(pass.iter().flatten().flat_map(|weight| weight.to_le_bytes()));
        bytes.extend(shifts.iter().flat_map(|shift| shift.to_le_bytes()));
        for place in places {
            let (hash, weights) = place.map_or((0, [0; ROW]), |at| rows[at]);
            bytes.extend(print(hash).to_le_bytes());
            bytes.extend(weights.iter().flat_map(|weight| weight.to_le_bytes()));
        }
        bytes
    }

    /// Adds what the tagger finds.
    pub(crate) fn tag(
        &self,
        text: &str,
        tokens: &[Token],
        lexicon: &Lexicon,
        scratch: &mut TaggerScratch,
        found: &mut Vec<Detection>,
    ) {
        let TaggerScratch { cues, words, sums, node, forward, marginal } = scratch;
        weighed(text, tokens, lexicon, cues, words);
        sums.clear();
        self.weigh(cues, words, sums);
        let mut rest = sums.as_slice();
        for chain in words.chunk_by(follows) {
            let own;
            (own, rest) = rest.split_at(chain.len());
            node.clear();
            node.extend(own.iter().map(|sums| self.potentials(sums)));
            if node.iter().all(is_outside) {
                continue;
            }
            self.marginals(node, forward, marginal);
            Self::spans(text, tokens, (chain, own), marginal, found);
        }
    }

    /// Adds the sums of the weights of the features of tokens. No step depends on what the one before found, and each is done
    /// for several tokens before the next, so that the memory works at many things at once.
    fn weigh(&self, cues: &[Cues], tokens: &[u32], weighed: &mut Vec<[i16; ROW]>) {
        const AT_ONCE: usize = 8;
        let mut hashes = [[0; FEATURES]; AT_ONCE];
        let mut places = [[0; FEATURES]; AT_ONCE];
        for tokens in tokens.chunks(AT_ONCE) {
            for (hashes, at) in hashes.iter_mut().zip(tokens) {
                features(cues, *at as usize, hashes);
            }
            let (hashes, places) = (&hashes[..tokens.len()], &mut places[..tokens.len()]);
            for (own, hash) in places.as_flattened_mut().iter_mut().zip(hashes.as_flattened()) {
                *own = place(*hash, self.shifts[bucket(*hash, self.shifts.len())], self.rows.len());
            }
            for (own, hash) in places.as_flattened_mut().iter_mut().zip(hashes.as_flattened()) {
                *own = if_equal(self.prints[*own], print(*hash), *own);
            }
            weighed.extend(places.iter().map(|rows| sums(rows.iter().map(|row| &self.rows[*row]))));
        }
    }

    /// What number tokens are whose weights have these sums.
    fn number(tokens: &[[i16; ROW]]) -> Kind {
        let mut sums = [0i32; NUMBERS.len()];
        for own in tokens {
            for (sum, weight) in sums.iter_mut().zip(&own[LABELS..]) {
                *sum += i32::from(*weight);
            }
        }
        let best = sums.iter().zip(NUMBERS).filter(|(sum, _)| **sum > 0).max_by_key(|(sum, _)| **sum);
        best.map_or(Kind::OtherId, |(_, kind)| kind)
    }

    /// `exp` of the scores of each label at a token, the highest being 1.
    fn potentials(&self, sums: &[i16; ROW]) -> Weights {
        let most = sums[..LABELS].iter().copied().max().unwrap_or_default();
        let mut potentials = [0.0; WIDE];
        // Where nothing else comes near, the token is outside for sure.
        let next = sums[1..LABELS].iter().copied().max().unwrap_or_default();
        if sums[0] - next > self.certain {
            potentials[0] = 1.0;
            return potentials;
        }
        for (potential, sum) in potentials.iter_mut().zip(&sums[..LABELS]) {
            *potential = self.falls.get(usize::from((most - sum).unsigned_abs())).copied().unwrap_or_default();
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

    /// Reads spans off the probabilities of a chain of tokens.
    fn spans(
        text: &str,
        tokens: &[Token],
        (chain, sums): (&[u32], &[[i16; ROW]]),
        marginal: &[Weights],
        found: &mut Vec<Detection>,
    ) {
        let sure = |at: usize| marginal.get(at).map_or(0.0, |m| 1.0 - m[0]);
        let best = |m: &Weights| -> Label {
            let at = (1..LABELS).max_by(|a, b| m[*a].total_cmp(&m[*b])).unwrap_or_default();
            Label::ALL[at]
        };
        let person = |label: Label| matches!(label, Label::Name | Label::Provider);
        // Of scripts that it was not trained on it knows neither numbers nor months.
        let can_be = |at: usize, label: Label| {
            !tokens[chain[at] as usize].is(OTHER) || !matches!(label, Label::Date | Label::Number | Label::Age)
        };
        let mut at = 0;
        while at < chain.len() {
            let label = (sure(at) >= SURE_ENOUGH).then(|| best(&marginal[at])).filter(|label| can_be(at, *label));
            let Some(label) = label else {
                at += 1;
                continue;
            };
            // A span goes on while what follows is of the same label, with no more than marks or joints between.
            let mut total = marginal[at];
            let mut last = at;
            while last + 1 < chain.len() && sure(last + 1) >= GOES_ON {
                let next = last + 1;
                let other = best(&marginal[next]);
                let between = &tokens[chain[last] as usize + 1..chain[next] as usize];
                if !(other == label || person(other) && person(label))
                    || !can_be(next, label)
                    || !between.iter().all(|t| is_joint(text, t, label))
                {
                    break;
                }
                for (sum, p) in total.iter_mut().zip(&marginal[next]) {
                    *sum += p;
                }
                last = next;
            }
            let (first, final_) = (chain[at] as usize, chain[last] as usize);
            let digits = tokens[first..=final_].iter().all(|t| t.is(DIGIT | PUNCT));
            let sum: f32 = total.iter().sum();
            let (start, end) = (tokens[first].start as usize, tokens[final_].end as usize);
            let label = best(&total);
            let score = (1.0 - total[0] / sum).clamp(0.0, 1.0);
            if let Some(kind) = label.kind(digits).filter(|_| fits(label, score, text, start, end)) {
                let kind = if label == Label::Number { Self::number(&sums[at..=last]) } else { kind };
                found.push(Detection { start, end, kind, score, by: Grounds::Tagger, also: 0, called: None });
            }
            at = last + 1;
        }
    }
}

/// Whether two tokens that are weighed belong to one chain.
pub(crate) fn follows(a: &u32, b: &u32) -> bool {
    /// Tokens from one to the next.
    const APART: u32 = 3;
    b - a <= APART
}

/// Finds a shift for each bucket such that every feature has a row of its own; none if there is none.
fn arrange(rows: &[(u32, Row)], count: usize) -> Option<(Vec<u16>, Vec<Option<usize>>)> {
    let mut buckets: Vec<Vec<usize>> = vec![Vec::new(); buckets(count)];
    for (at, (hash, _)) in rows.iter().enumerate() {
        let bucket = bucket(*hash, buckets.len());
        buckets[bucket].push(at);
    }
    // The fullest first, while there is most room.
    let mut order: Vec<usize> = (0..buckets.len()).collect();
    order.sort_by_key(|bucket| std::cmp::Reverse(buckets[*bucket].len()));
    let mut shifts = vec![0; buckets.len()];
    let mut places: Vec<Option<usize>> = vec![None; count];
    for bucket in order {
        let fits = |shift: &u16| {
            let mut taken: Vec<usize> = buckets[bucket].iter().map(|at| place(rows[*at].0, *shift, count)).collect();
            taken.sort_unstable();
            taken.windows(2).all(|two| two[0] != two[1])
                && taken.iter().all(|place| *place != 0 && places[*place].is_none())
        };
        shifts[bucket] = (0..=u16::MAX).find(fits)?;
        for at in &buckets[bucket] {
            places[place(rows[*at].0, shifts[bucket], count)] = Some(*at);
        }
    }
    Some((shifts, places))
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

/// Whether a token may stand within what is one name, place or number: marks, `van` in a name, `of` in that of a house.
fn is_joint(text: &str, token: &Token, label: Label) -> bool {
    let word = &text.as_bytes()[token.start as usize..token.end as usize];
    let house = matches!(label, Label::Place | Label::Facility | Label::Employer);
    token.is(PUNCT)
        || token.is(NEWLINE) && matches!(label, Label::Place | Label::Street)
        || is_particle(word)
        || house && ["of", "and", "the"].iter().any(|joint| word.eq_ignore_ascii_case(joint.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{LABELS, ROW, Row, Tagger, arrange, bucket, if_equal, place, print, sums};

    /// Features with weights of their own, more than fill one bucket.
    fn features() -> Vec<(u32, Row)> {
        (1..=500u32).map(|n| (n.wrapping_mul(0x9e37_79b1) | 1, [(n % 100) as i8 + 1; ROW])).collect()
    }

    #[test]
    fn every_feature_has_a_row_of_its_own_and_none_the_first() {
        let features = features();
        let count = features.len() + 20;
        let (shifts, places) = arrange(&features, count).unwrap_or_default();
        assert_eq!(places.iter().flatten().count(), features.len());
        assert_eq!(places[0], None);
        for (at, (hash, _)) in features.iter().enumerate() {
            assert_eq!(places[place(*hash, shifts[bucket(*hash, shifts.len())], count)], Some(at));
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let features = features();
        let bytes = Tagger::write(0.02, &[[0.0; LABELS]; LABELS], &features);
        let Ok(tagger) = Tagger::read(&bytes) else { unreachable!("the file is whole") };
        let row = |hash: u32| {
            let own = place(hash, tagger.shifts[bucket(hash, tagger.shifts.len())], tagger.rows.len());
            sums(std::iter::once(&tagger.rows[if_equal(tagger.prints[own], print(hash), own)]))
        };
        assert!(features.iter().all(|(hash, weights)| row(*hash) == weights.map(i16::from)));
        let unknown =
            (1..=500u32).map(|n| n.wrapping_mul(0x85eb_ca6b) | 1).filter(|n| features.iter().all(|f| f.0 != *n));
        assert!(unknown.filter(|hash| row(*hash)[0] != 0).count() < 3);
        assert!(Tagger::read(&bytes[..bytes.len() - 1]).is_err());
        assert!(Tagger::read(&[]).is_err());
    }
}
