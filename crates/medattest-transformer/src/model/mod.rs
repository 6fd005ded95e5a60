//! The networks: from ids of tokens to logits.

mod distance;
mod modern;
mod postnorm;

use std::collections::HashMap;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{LayerNorm, Linear, VarBuilder};

use crate::config::{Config, Family};
use crate::{TransformerError, files};

/// A window has no more tokens than this, whatever the model would take: attention looks at each pair of tokens.
const LONGEST_WINDOW: usize = 1024;

/// What lies between two linear layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Activation {
    Gelu,
    /// Approximated by tanh.
    GeluTanh,
    Relu,
    Silu,
    Tanh,
}

impl Activation {
    /// The names of the activations that are understood.
    pub(crate) const KNOWN: [(&'static str, Self); 8] = [
        ("gelu", Self::Gelu),
        ("gelu_python", Self::Gelu),
        ("gelu_new", Self::GeluTanh),
        ("gelu_pytorch_tanh", Self::GeluTanh),
        ("relu", Self::Relu),
        ("silu", Self::Silu),
        ("swish", Self::Silu),
        ("tanh", Self::Tanh),
    ];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::KNOWN.iter().find(|(known, _)| *known == name).map(|(_, activation)| *activation)
    }

    fn of(self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Gelu => x.gelu_erf(),
            Self::GeluTanh => x.gelu(),
            Self::Relu => x.relu(),
            Self::Silu => x.silu(),
            Self::Tanh => x.tanh(),
        }
    }
}

/// The sizes that every family has.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    vocabulary: usize,
    hidden: usize,
    layers: usize,
    heads: usize,
    wide: usize,
    positions: usize,
    labels: usize,
}

impl Sizes {
    fn read(config: &Config, labels: usize) -> std::result::Result<Self, TransformerError> {
        let sizes = Self {
            vocabulary: config.size(&["vocab_size"])?,
            // DistilBERT has names of its own.
            hidden: config.size(&["hidden_size", "dim"])?,
            layers: config.size(&["num_hidden_layers", "n_layers"])?,
            heads: config.size(&["num_attention_heads", "n_heads"])?,
            wide: config.size(&["intermediate_size", "hidden_dim"])?,
            positions: config.size(&["max_position_embeddings"])?,
            labels,
        };
        if !sizes.hidden.is_multiple_of(sizes.heads) {
            let message = format!("a width of {} cannot be shared by {} heads", sizes.hidden, sizes.heads);
            return Err(config.refuse(message, "save the model again"));
        }
        Ok(sizes)
    }
}

enum Network {
    PostNorm(Box<postnorm::Encoder>),
    Modern(Box<modern::Encoder>),
}

/// A network with its weights.
pub(crate) struct Model {
    network: Network,
    vocabulary: usize,
    positions: usize,
}

impl Model {
    /// Puts configuration and weights together; `place` is how messages name the weights.
    pub(crate) fn load(
        config: &Config,
        weights: Vec<u8>,
        place: &str,
        labels: usize,
    ) -> std::result::Result<Self, TransformerError> {
        let family = config.family()?;
        let sizes = Sizes::read(config, labels)?;
        let misfit = |error: candle_core::Error| {
            let message = error.to_string();
            // What follows the first line is a trace for programmers.
            let message = message.lines().next().unwrap_or("the weights are damaged").to_owned();
            let hint = format!("the weights do not fit {}; save both again, from one model", files::CONFIG);
            TransformerError::new(place, message, hint)
        };
        let tensors: HashMap<String, Tensor> = candle_core::safetensors::load_buffer(&weights, &Device::Cpu)
            .map_err(|_| {
                let message = "the file is truncated, damaged, or not one of safetensors";
                TransformerError::new(place, message, "compare its size with the original and copy it again")
            })?;
        drop(weights);
        let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
        let (network, positions) = if family == Family::ModernBert {
            let shape = modern::Shape::read(config, sizes)?;
            let encoder = modern::Encoder::load(&shape, &weights).map_err(misfit)?;
            (Network::Modern(Box::new(encoder)), sizes.positions)
        } else {
            let shape = postnorm::Shape::read(config, family, sizes)?;
            let positions = shape.positions();
            let encoder = postnorm::Encoder::load(&shape, &weights).map_err(misfit)?;
            (Network::PostNorm(Box::new(encoder)), positions)
        };
        Ok(Self { network, vocabulary: sizes.vocabulary, positions: positions.min(LONGEST_WINDOW) })
    }

    /// How many tokens have a vector.
    pub(crate) fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// How many tokens fit at once, special ones included.
    pub(crate) fn positions(&self) -> usize {
        self.positions
    }

    /// A row of logits for each token.
    pub(crate) fn logits(&self, ids: &[u32]) -> Result<Vec<Vec<f32>>> {
        let logits = match &self.network {
            Network::PostNorm(encoder) => encoder.forward(ids)?,
            Network::Modern(encoder) => encoder.forward(ids)?,
        };
        logits.squeeze(0)?.to_vec2()
    }
}

/// A norm, whose weights older models call `gamma` and `beta`.
fn norm(size: usize, eps: f64, weights: &VarBuilder<'_>) -> Result<LayerNorm> {
    let (weight, bias) = if weights.contains_tensor("gamma") { ("gamma", "beta") } else { ("weight", "bias") };
    Ok(LayerNorm::new(weights.get(size, weight)?, weights.get(size, bias)?, eps))
}

/// A norm that may lack what is added.
fn norm_b(size: usize, eps: f64, bias: bool, weights: &VarBuilder<'_>) -> Result<LayerNorm> {
    if bias { norm(size, eps, weights) } else { Ok(LayerNorm::new_no_bias(weights.get(size, "weight")?, eps)) }
}

/// Shape (batch, tokens, heads x size) to (batch, heads, tokens, size).
fn split_heads(x: &Tensor, heads: usize) -> Result<Tensor> {
    let (batch, tokens, hidden) = x.dims3()?;
    x.reshape((batch, tokens, heads, hidden / heads))?.transpose(1, 2)?.contiguous()
}

/// Back from heads.
fn join_heads(x: &Tensor) -> Result<Tensor> {
    let (batch, heads, tokens, size) = x.dims4()?;
    x.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, heads * size))
}

/// A linear layer of weights of this name, with or without what is added.
fn linear(from: usize, to: usize, bias: bool, weights: VarBuilder<'_>) -> Result<Linear> {
    candle_nn::linear_b(from, to, bias, weights)
}
