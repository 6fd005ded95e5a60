//! Training: stochastic gradient on the likelihood of the chain, with steps that shrink by feature (AdaGrad; Duchi,
//! Hazan, Singer 2011). One thread, a fixed seed, a fixed order: the same notes give the same weights.

use std::collections::HashMap;

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::features::{Cues, FEATURES, LOOKS_AT, features, weighed};
use super::{LABELS, Label, NUMBERS, ROW, Row, Tagger, follows};
use crate::gold::Note;
use crate::kind::Kind;
use crate::lexicon::{CLINICAL, COMMON, FIRST, FIRST_COMMON, FUNCTION, PLACE, SURNAME, SURNAME_COMMON};
use crate::scan::Scanner;
use crate::token::word_hash;

/// How to train.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Passes over the notes.
    pub passes: usize,
    /// First step.
    pub step: f32,
    /// Share of names and places that are hidden from the lists, so that the tagger learns to do without.
    pub forgotten: f64,
    /// Share of ordinary and clinical words that are hidden from the lists, so that a word that no list has is not a name
    /// for that alone.
    pub unknown: f64,
    /// Share of features of a token that a step does not see (Srivastava et al. 2014), so that none is relied on alone.
    pub dropped: f64,
    /// Share of neighbours of a token of which a step sees nothing.
    pub blind: f64,
    /// Seed of the order and of what is hidden.
    pub seed: u64,
    /// In how many templates a feature must occur, so that none stands for one sentence alone.
    pub templates: usize,
    /// Features of which no weight is larger than this, in units of the last place, are left out.
    pub smallest: i8,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self {
            passes: 3,
            step: 0.08,
            forgotten: 0.3,
            unknown: 0.01,
            dropped: 0.1,
            blind: 0.3,
            seed: 20_261_125,
            templates: 8,
            smallest: 3,
        }
    }
}

/// One stretch of tokens with its labels.
struct Chain {
    /// Which template it is of.
    template: u32,
    /// Hashes of the features of each token; later their numbers.
    hashes: Vec<[u32; FEATURES]>,
    labels: Vec<usize>,
    /// Which of [`NUMBERS`] each token is; one beyond for other numbers, none for what is no number.
    numbers: Vec<Option<usize>>,
}

/// Trains a tagger and returns its file. `progress` is told the mean loss of each pass.
pub fn train(scanner: &Scanner, notes: &[Note], options: &TrainOptions, progress: &dyn Fn(usize, f64)) -> Vec<u8> {
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut chains: Vec<Chain> = Vec::new();
    for note in notes {
        chains.extend(chains_of(scanner, note, options, &mut random));
    }
    let hashes = number_features(&mut chains, options.templates);
    let mut weights = vec![[0f32; LABELS]; hashes.len()];
    let mut squares = vec![[1e-2f32; LABELS]; hashes.len()];
    let mut numbers = vec![[0f32; NUMBERS.len()]; hashes.len()];
    let mut number_squares = vec![[1e-2f32; NUMBERS.len()]; hashes.len()];
    let mut pass = [[0f32; LABELS]; LABELS];
    let mut pass_squares = [[1e-1f32; LABELS]; LABELS];
    let mut order: Vec<usize> = (0..chains.len()).collect();
    for round in 0..options.passes {
        order.shuffle(&mut random);
        let mut loss = 0.0;
        let mut tokens = 0;
        for at in &order {
            let chain = &chains[*at];
            tokens += chain.labels.len();
            let seen = Seen::of(chain, options, &mut random);
            loss += step(chain, &seen, &mut weights, &mut squares, &mut pass, &mut pass_squares, options.step);
            step_of_numbers(chain, &seen, &mut numbers, &mut number_squares, options.step);
        }
        progress(round + 1, loss / tokens.max(1) as f64);
    }
    // Bytes reach from -127 to 127; the few weights beyond the 99.99th percentile are cut.
    let mut sizes: Vec<f32> = weights.iter().flatten().map(|w| w.abs()).filter(|w| *w > 0.0).collect();
    sizes.sort_unstable_by(f32::total_cmp);
    let largest = sizes.get(sizes.len().saturating_sub(1 + sizes.len() / 10_000)).copied().unwrap_or(1.0).max(1e-6);
    let scale = largest / 127.0;
    let byte = |weight: f32| (weight / scale).round().clamp(-127.0, 127.0) as i8;
    let rows: Vec<(u32, Row)> = hashes
        .iter()
        .zip(weights.iter().zip(&numbers))
        .skip(1)
        .map(|(hash, (labels, numbers))| {
            let mut row: Row = [0; ROW];
            for (own, weight) in row.iter_mut().zip(labels.iter().chain(numbers)) {
                *own = byte(*weight);
            }
            (*hash, row)
        })
        .filter(|(_, row)| row.iter().any(|w| w.abs() > options.smallest))
        .collect();
    Tagger::write(scale, &pass, &rows)
}

/// Turns the hashes of features into numbers and returns the hash of each number. The number 0 is that of all features
/// that occur in too few templates.
fn number_features(chains: &mut [Chain], templates: usize) -> Vec<u32> {
    let mut seen: HashMap<u32, (u32, u32)> = HashMap::new();
    for chain in chains.iter() {
        for hash in chain.hashes.iter().flatten() {
            let (last, count) = seen.entry(*hash).or_insert((u32::MAX, 0));
            if *last != chain.template {
                (*last, *count) = (chain.template, *count + 1);
            }
        }
    }
    let mut hashes = vec![0];
    hashes.extend(seen.iter().filter(|(_, (_, count))| *count as usize >= templates).map(|(hash, _)| *hash));
    hashes[1..].sort_unstable();
    for hash in chains.iter_mut().flat_map(|chain| &mut chain.hashes).flatten() {
        *hash = hashes[1..].binary_search(hash).map_or(0, |at| at as u32 + 1);
    }
    hashes
}

/// The stretches of a note that the tagger would look at, with what they should be told as.
fn chains_of(scanner: &Scanner, note: &Note, options: &TrainOptions, random: &mut ChaCha8Rng) -> Vec<Chain> {
    let (text, mut tokens, folded) = scanner.tokens_of(&note.text);
    let kind = |start: u32, end: u32| {
        let (start, end) = folded.back(start as usize, end as usize);
        note.spans.iter().find(|s| s.start < end && start < s.end).map(|s| s.kind)
    };
    let label = |start: u32, end: u32| kind(start, end).map_or(Label::Outside, Label::of);
    for token in &mut tokens {
        if token.lexical & (FIRST | SURNAME | PLACE) != 0 && random.random_bool(options.forgotten) {
            token.lexical &= !(FIRST | FIRST_COMMON | SURNAME | SURNAME_COMMON | PLACE);
        }
        if token.lexical & (COMMON | CLINICAL) != 0
            && token.lexical & FUNCTION == 0
            && label(token.start, token.end) == Label::Outside
            && random.random_bool(options.unknown)
        {
            token.lexical = 0;
        }
    }
    let (mut cues, mut words): (Vec<Cues>, Vec<u32>) = (Vec::new(), Vec::new());
    weighed(&text, &tokens, &scanner.lexicon, &mut cues, &mut words);
    let hashes_of = |at: &u32| {
        let mut hashes = [0; FEATURES];
        features(&cues, *at as usize, &mut hashes);
        hashes
    };
    let label_of = |at: &u32| {
        let token = &tokens[*at as usize];
        label(token.start, token.end) as usize
    };
    let number_of = |at: &u32| {
        let token = &tokens[*at as usize];
        let kind = kind(token.start, token.end).filter(|kind| Label::of(*kind) == Label::Number)?;
        // A fax is dialled like a telephone, a provider's number is a licence.
        let like = match kind {
            Kind::Fax => Kind::Phone,
            Kind::Npi => Kind::Licence,
            kind => kind,
        };
        Some(NUMBERS.iter().position(|number| *number == like).unwrap_or(NUMBERS.len()))
    };
    let template = (word_hash(&note.id) >> 16) as u32;
    words
        .chunk_by(follows)
        .map(|chain| Chain {
            template,
            hashes: chain.iter().map(hashes_of).collect(),
            labels: chain.iter().map(label_of).collect(),
            numbers: chain.iter().map(number_of).collect(),
        })
        .collect()
}

/// Which features of each token a step sees, one bit each.
struct Seen {
    masks: Vec<u32>,
    /// What the weights of those seen are multiplied by, so that the sum stays what it is.
    scale: f32,
}

impl Seen {
    fn of(chain: &Chain, options: &TrainOptions, random: &mut ChaCha8Rng) -> Self {
        let mask = |_: &usize| {
            let hidden = (0..8).fold(0, |hidden, at| hidden | u8::from(random.random_bool(options.blind)) << at);
            (0..FEATURES)
                .filter(|at| !random.random_bool(options.dropped) && LOOKS_AT[*at] & hidden == 0)
                .fold(0, |mask, at| mask | 1 << at)
        };
        Self { masks: chain.labels.iter().map(mask).collect(), scale: 1.0 / (1.0 - options.dropped) as f32 }
    }
}

/// The rows of the features of a token that a step sees: those that are learnt at all, and not hidden by the mask.
fn rows(numbers: &[u32; FEATURES], mask: u32) -> impl Iterator<Item = usize> {
    numbers
        .iter()
        .enumerate()
        .filter(move |(at, number)| **number != 0 && mask >> at & 1 == 1)
        .map(|(_, number)| *number as usize)
}

/// One step on one chain; returns its loss (negative log likelihood).
fn step(
    chain: &Chain,
    seen: &Seen,
    weights: &mut [[f32; LABELS]],
    squares: &mut [[f32; LABELS]],
    pass: &mut [[f32; LABELS]; LABELS],
    pass_squares: &mut [[f32; LABELS]; LABELS],
    rate: f32,
) -> f64 {
    let n = chain.labels.len();
    let mut node = vec![[0f32; LABELS]; n];
    for ((potentials, hashes), mask) in node.iter_mut().zip(&chain.hashes).zip(&seen.masks) {
        for row in rows(hashes, *mask) {
            for (potential, weight) in potentials.iter_mut().zip(&weights[row]) {
                *potential += weight * seen.scale;
            }
        }
    }
    let mut loss = 0.0;
    for (at, label) in chain.labels.iter().enumerate() {
        loss -= f64::from(node[at][*label]);
        if at > 0 {
            loss -= f64::from(pass[chain.labels[at - 1]][*label]);
        }
    }
    // Potentials relative to their largest, to stay within range.
    for potentials in &mut node {
        let most = potentials.iter().copied().fold(f32::MIN, f32::max);
        loss += f64::from(most);
        for potential in potentials.iter_mut() {
            *potential = (*potential - most).exp();
        }
    }
    let lift = pass.map(|row| row.map(f32::exp));
    let mut forward = vec![[0f32; LABELS]; n];
    let mut scales = vec![1f32; n];
    for at in 0..n {
        let mut here = node[at];
        if at > 0 {
            for (to, cell) in here.iter_mut().enumerate() {
                let reach: f32 = (0..LABELS).map(|from| forward[at - 1][from] * lift[from][to]).sum();
                *cell *= reach;
            }
        }
        let sum: f32 = here.iter().sum::<f32>().max(f32::MIN_POSITIVE);
        loss += f64::from(sum.ln());
        scales[at] = sum;
        forward[at] = here.map(|cell| cell / sum);
    }
    let mut backward = [1f32; LABELS];
    let mut pass_gradient = [[0f32; LABELS]; LABELS];
    for at in (0..n).rev() {
        let mut marginal = [0f32; LABELS];
        let mut sum = 0.0;
        for label in 0..LABELS {
            marginal[label] = forward[at][label] * backward[label];
            sum += marginal[label];
        }
        for (label, p) in marginal.iter_mut().enumerate() {
            *p = *p / sum.max(f32::MIN_POSITIVE) - f32::from(u8::from(label == chain.labels[at]));
        }
        for row in rows(&chain.hashes[at], seen.masks[at]) {
            for label in 0..LABELS {
                let gradient = marginal[label] * seen.scale;
                if gradient.abs() > 1e-5 {
                    squares[row][label] += gradient * gradient;
                    weights[row][label] -= rate * gradient / squares[row][label].sqrt();
                }
            }
        }
        if at > 0 {
            let mut next = [0f32; LABELS];
            let mut total = 0.0;
            let mut joint = [[0f32; LABELS]; LABELS];
            for from in 0..LABELS {
                for to in 0..LABELS {
                    let flow = lift[from][to] * node[at][to] * backward[to];
                    next[from] += flow;
                    joint[from][to] = forward[at - 1][from] * flow;
                    total += joint[from][to];
                }
            }
            for from in 0..LABELS {
                for to in 0..LABELS {
                    let gold = chain.labels[at - 1] == from && chain.labels[at] == to;
                    pass_gradient[from][to] +=
                        joint[from][to] / total.max(f32::MIN_POSITIVE) - f32::from(u8::from(gold));
                }
            }
            let sum: f32 = next.iter().sum::<f32>().max(f32::MIN_POSITIVE);
            backward = next.map(|cell| cell / sum);
        }
    }
    for ((row, gradients), sums) in pass.iter_mut().zip(&pass_gradient).zip(pass_squares.iter_mut()) {
        for ((weight, gradient), square) in row.iter_mut().zip(gradients).zip(sums) {
            *square += gradient * gradient;
            *weight -= rate * gradient / square.sqrt();
        }
    }
    loss
}

/// One step on the numbers of a chain: which of [`NUMBERS`] each token of one is, by logistic regression on the features
/// that the step sees, another number having no weights.
fn step_of_numbers(
    chain: &Chain,
    seen: &Seen,
    weights: &mut [[f32; NUMBERS.len()]],
    squares: &mut [[f32; NUMBERS.len()]],
    rate: f32,
) {
    for ((hashes, mask), number) in chain.hashes.iter().zip(&seen.masks).zip(&chain.numbers) {
        let Some(number) = number else { continue };
        let mut scores = [0f32; NUMBERS.len()];
        for row in rows(hashes, *mask) {
            for (score, weight) in scores.iter_mut().zip(&weights[row]) {
                *score += weight * seen.scale;
            }
        }
        let most = scores.iter().copied().fold(0.0, f32::max);
        let lifted = scores.map(|score| (score - most).exp());
        let sum = lifted.iter().sum::<f32>() + (-most).exp();
        for row in rows(hashes, *mask) {
            for (kind, lifted) in lifted.iter().enumerate() {
                let gradient = (lifted / sum - f32::from(u8::from(kind == *number))) * seen.scale;
                if gradient.abs() > 1e-5 {
                    squares[row][kind] += gradient * gradient;
                    weights[row][kind] -= rate * gradient / squares[row][kind].sqrt();
                }
            }
        }
    }
}
