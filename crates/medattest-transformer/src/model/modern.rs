//! ModernBERT (Warner et al. 2024): norms before each part, rotated positions, most layers see only near tokens; a head
//! and a linear layer over the tokens.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::rotary_emb::rope;
use candle_nn::{Embedding, LayerNorm, Linear, Module as _, VarBuilder, embedding};

use super::{Activation, Sizes, join_heads, linear, norm_b, split_heads};
use crate::TransformerError;
use crate::config::Config;

/// What `config.json` says of such an encoder.
pub(crate) struct Shape {
    sizes: Sizes,
    eps: f64,
    norm_bias: bool,
    attention_bias: bool,
    mlp_bias: bool,
    head_bias: bool,
    activation: Activation,
    head_activation: Activation,
    /// For each layer whether it sees only near tokens.
    local: Vec<bool>,
    near: usize,
    far_base: f64,
    near_base: f64,
}

impl Shape {
    pub(super) fn read(config: &Config, sizes: Sizes) -> std::result::Result<Self, TransformerError> {
        if !(sizes.hidden / sizes.heads).is_multiple_of(2) {
            return Err(config.refuse("the width of a head is odd", "save the model again"));
        }
        let far_base = base(config, "full_attention", "global_rope_theta", 160_000.0)?;
        let near_base = base(config, "sliding_attention", "local_rope_theta", 10_000.0)?;
        let near = config.whole("local_attention", 128)?.max(0) / 2;
        Ok(Self {
            sizes,
            eps: config.number("norm_eps", 1e-5)?,
            norm_bias: config.flag("norm_bias", false)?,
            attention_bias: config.flag("attention_bias", false)?,
            mlp_bias: config.flag("mlp_bias", false)?,
            head_bias: config.flag("classifier_bias", false)?,
            activation: config.activation(&["hidden_activation"], Activation::Gelu)?,
            head_activation: config.activation(&["classifier_activation"], Activation::Gelu)?,
            local: local(config, sizes.layers)?,
            near: usize::try_from(near).unwrap_or(usize::MAX),
            far_base,
            near_base,
        })
    }
}

/// Which layers see only near tokens: by a list, or all but each n-th.
fn local(config: &Config, layers: usize) -> std::result::Result<Vec<bool>, TransformerError> {
    if config.get("layer_types").is_none() {
        let every = config.size_if_given("global_attn_every_n_layers")?.unwrap_or(3);
        return Ok((0..layers).map(|number| !number.is_multiple_of(every)).collect());
    }
    let kinds = config.words("layer_types")?;
    let local: Option<Vec<bool>> = kinds
        .iter()
        .map(|kind| match kind.as_str() {
            "sliding_attention" => Some(true),
            "full_attention" => Some(false),
            _ => None,
        })
        .collect();
    local.filter(|local| local.len() == layers).ok_or_else(|| {
        let hint = "it names full_attention or sliding_attention for each layer";
        config.refuse("`layer_types` does not fit the layers", hint)
    })
}

/// The base of the rotations; since version 5 of transformers it stands in a table.
fn base(config: &Config, kind: &str, older: &str, otherwise: f64) -> std::result::Result<f64, TransformerError> {
    let table = config.get("rope_parameters").and_then(|all| all.get(kind));
    let given = table.and_then(|table| table.get("rope_type")).and_then(|given| given.as_str());
    if given.is_some_and(|given| given != "default") || config.get("rope_scaling").is_some() {
        return Err(config.refuse("scaled rotations are not supported", "use a model whose `rope_type` is default"));
    }
    let base = match table.and_then(|table| table.get("rope_theta")).and_then(serde_json::Value::as_f64) {
        Some(base) => base,
        None => config.number(older, otherwise)?,
    };
    if base.is_finite() && base > 1.0 {
        Ok(base)
    } else {
        Err(config.refuse("the base of the rotations is not above 1", "save the model again"))
    }
}

struct Layer {
    /// The first layer has none.
    attention_norm: Option<LayerNorm>,
    all: Linear,
    attended: Linear,
    mlp_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    local: bool,
}

/// Cosines and sines by position, shape (tokens, half the width of a head).
struct Rotations {
    cos: Tensor,
    sin: Tensor,
}

impl Rotations {
    fn new(tokens: usize, size: usize, base: f64) -> Result<Self> {
        let rates: Vec<f32> =
            (0..size).step_by(2).map(|at| 1.0 / (base as f32).powf(at as f32 / size as f32)).collect();
        let angles: Vec<f32> =
            (0..tokens).flat_map(|position| rates.iter().map(move |rate| position as f32 * rate)).collect();
        let angles = Tensor::from_vec(angles, (tokens, rates.len()), &Device::Cpu)?;
        Ok(Self { cos: angles.cos()?, sin: angles.sin()? })
    }
}

/// The encoder with its head and classifier.
pub(crate) struct Encoder {
    words: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
    final_norm: LayerNorm,
    head: Linear,
    head_norm: LayerNorm,
    classifier: Linear,
    heads: usize,
    size: usize,
    activation: Activation,
    head_activation: Activation,
    near: usize,
    far_base: f64,
    near_base: f64,
}

impl Encoder {
    /// Puts the weights together; errs with the name of what is missing or misshapen.
    pub(super) fn load(shape: &Shape, weights: &VarBuilder<'_>) -> Result<Self> {
        let Sizes { hidden, wide, heads, .. } = shape.sizes;
        let norm = |weights: VarBuilder<'_>| norm_b(hidden, shape.eps, shape.norm_bias, &weights);
        let body = weights.pp("model");
        let mut layers = Vec::new();
        for (number, local) in shape.local.iter().enumerate() {
            let layer = body.pp("layers").pp(number);
            layers.push(Layer {
                attention_norm: (number > 0).then(|| norm(layer.pp("attn_norm"))).transpose()?,
                all: linear(hidden, 3 * hidden, shape.attention_bias, layer.pp("attn.Wqkv"))?,
                attended: linear(hidden, hidden, shape.attention_bias, layer.pp("attn.Wo"))?,
                mlp_norm: norm(layer.pp("mlp_norm"))?,
                wide: linear(hidden, 2 * wide, shape.mlp_bias, layer.pp("mlp.Wi"))?,
                narrow: linear(wide, hidden, shape.mlp_bias, layer.pp("mlp.Wo"))?,
                local: *local,
            });
        }
        Ok(Self {
            words: embedding(shape.sizes.vocabulary, hidden, body.pp("embeddings.tok_embeddings"))?,
            norm: norm(body.pp("embeddings.norm"))?,
            layers,
            final_norm: norm(body.pp("final_norm"))?,
            head: linear(hidden, hidden, shape.head_bias, weights.pp("head.dense"))?,
            head_norm: norm(weights.pp("head.norm"))?,
            classifier: linear(hidden, shape.sizes.labels, true, weights.pp("classifier"))?,
            heads,
            size: hidden / heads,
            activation: shape.activation,
            head_activation: shape.head_activation,
            near: shape.near,
            far_base: shape.far_base,
            near_base: shape.near_base,
        })
    }

    /// Logits, shape (1, tokens, labels).
    pub(super) fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        let tokens = ids.len();
        let far = Rotations::new(tokens, self.size, self.far_base)?;
        let near = Rotations::new(tokens, self.size, self.near_base)?;
        let hidden_far = self.hidden_far(tokens)?;
        let mut x = self.norm.forward(&self.words.forward(&Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?)?)?;
        for layer in &self.layers {
            let normed = layer.attention_norm.as_ref().map(|norm| norm.forward(&x)).transpose()?;
            let (rotations, mask) = if layer.local { (&near, Some(&hidden_far)) } else { (&far, None) };
            x = (&x + self.attend(layer, normed.as_ref().unwrap_or(&x), rotations, mask)?)?;
            let wide = layer.wide.forward(&layer.mlp_norm.forward(&x)?)?.chunk(2, D::Minus1)?;
            let [value, gate] = wide.as_slice() else { candle_core::bail!("the layer has an odd width") };
            let gated = (self.activation.of(&value.contiguous()?)? * gate)?;
            x = (&x + layer.narrow.forward(&gated)?)?;
        }
        let x = self.head_activation.of(&self.head.forward(&self.final_norm.forward(&x)?)?)?;
        self.classifier.forward(&self.head_norm.forward(&x)?)
    }

    /// What hides the tokens that are not near, to be added to scores.
    fn hidden_far(&self, tokens: usize) -> Result<Tensor> {
        let of = |own: usize, other: usize| if own.abs_diff(other) > self.near { f32::NEG_INFINITY } else { 0.0 };
        let mask: Vec<f32> = (0..tokens).flat_map(|own| (0..tokens).map(move |other| of(own, other))).collect();
        Tensor::from_vec(mask, (tokens, tokens), &Device::Cpu)
    }

    fn attend(&self, layer: &Layer, x: &Tensor, rotations: &Rotations, mask: Option<&Tensor>) -> Result<Tensor> {
        let all = layer.all.forward(x)?.chunk(3, D::Minus1)?;
        let [query, key, value] = all.as_slice() else { candle_core::bail!("the layer has an odd width") };
        let turned = |x: &Tensor| rope(&split_heads(x, self.heads)?, &rotations.cos, &rotations.sin);
        let (query, key, value) = (turned(query)?, turned(key)?, split_heads(value, self.heads)?);
        let mut scores = (query.matmul(&key.t()?.contiguous()?)? / (self.size as f64).sqrt())?;
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        layer.attended.forward(&join_heads(&candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&value)?)?)
    }
}
