//! Encoders of the BERT family (Devlin et al. 2019), with norms after each part, and DeBERTa v2 and v3 (He et al. 2021),
//! whose attention knows distances; a linear layer over the tokens.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::{Conv1d, Conv1dConfig, Embedding, LayerNorm, Linear, Module as _, VarBuilder, embedding};

use super::distance::{self, Distances, Projected};
use super::{Activation, Sizes, join_heads, linear, norm, split_heads};
use crate::TransformerError;
use crate::config::{Config, Family};

/// What `config.json` says of such an encoder.
pub(crate) struct Shape {
    family: Family,
    sizes: Sizes,
    embedded: usize,
    kinds: usize,
    absolute: bool,
    padding: u32,
    eps: f64,
    activation: Activation,
    distances: Option<distance::Shape>,
    convolution: Option<Kernel>,
}

#[derive(Clone, Copy)]
struct Kernel {
    size: usize,
    groups: usize,
    activation: Activation,
}

impl Shape {
    pub(super) fn read(config: &Config, family: Family, sizes: Sizes) -> std::result::Result<Self, TransformerError> {
        let deberta = family == Family::DebertaV2;
        let positions = config.get("position_embedding_type").and_then(|kind| kind.as_str()).unwrap_or("absolute");
        if positions != "absolute" {
            let message =
                format!("positions of the kind `{positions}` in `position_embedding_type` are not supported");
            return Err(config.refuse(message, "use a model with absolute positions"));
        }
        let narrow = matches!(family, Family::Electra | Family::DebertaV2);
        let embedded = config.size_if_given("embedding_size")?.filter(|_| narrow).unwrap_or(sizes.hidden);
        let kinds = if family == Family::DistilBert { 0 } else { config.whole("type_vocab_size", 0)? };
        let padding = config.whole("pad_token_id", if family == Family::Roberta { 1 } else { 0 })?;
        let (Ok(kinds), Ok(padding)) = (usize::try_from(kinds), u32::try_from(padding)) else {
            return Err(config.refuse("`type_vocab_size` or `pad_token_id` is negative", "save the model again"));
        };
        let shape = Self {
            family,
            sizes,
            embedded,
            kinds,
            absolute: !deberta || config.flag("position_biased_input", true)?,
            padding,
            eps: config.number("layer_norm_eps", if deberta { 1e-7 } else { 1e-12 })?,
            activation: config.activation(&["hidden_act", "activation"], Activation::Gelu)?,
            distances: if deberta { distance::Shape::read(config, sizes)? } else { None },
            convolution: if deberta { Kernel::read(config)? } else { None },
        };
        if shape.positions() == 0 {
            return Err(config.refuse("`max_position_embeddings` leaves no position", "save the model again"));
        }
        Ok(shape)
    }

    /// Position of the first token: RoBERTa counts from the padding on.
    fn first(&self) -> u32 {
        if self.family == Family::Roberta { self.padding.saturating_add(1) } else { 0 }
    }

    /// How many tokens have a position.
    pub(super) fn positions(&self) -> usize {
        self.sizes.positions.saturating_sub(self.first() as usize)
    }
}

impl Kernel {
    fn read(config: &Config) -> std::result::Result<Option<Self>, TransformerError> {
        let size = config.whole("conv_kernel_size", 0)?;
        if size <= 0 {
            return Ok(None);
        }
        let Some(size) = usize::try_from(size).ok().filter(|size| size % 2 == 1 && *size < 64) else {
            return Err(config.refuse("`conv_kernel_size` is not an odd number below 64", "save the model again"));
        };
        let groups = config.size_if_given("conv_groups")?.unwrap_or(1);
        Ok(Some(Self { size, groups, activation: config.activation(&["conv_act"], Activation::Tanh)? }))
    }
}

/// Where a family keeps its parts.
struct Names {
    root: &'static str,
    layers: &'static str,
    query: &'static str,
    key: &'static str,
    value: &'static str,
    attended: &'static str,
    attended_norm: &'static str,
    wide: &'static str,
    narrow: &'static str,
    narrow_norm: &'static str,
}

const BERT: Names = Names {
    root: "bert",
    layers: "encoder.layer",
    query: "attention.self.query",
    key: "attention.self.key",
    value: "attention.self.value",
    attended: "attention.output.dense",
    attended_norm: "attention.output.LayerNorm",
    wide: "intermediate.dense",
    narrow: "output.dense",
    narrow_norm: "output.LayerNorm",
};

fn names(family: Family) -> Names {
    match family {
        Family::DistilBert => Names {
            root: "distilbert",
            layers: "transformer.layer",
            query: "attention.q_lin",
            key: "attention.k_lin",
            value: "attention.v_lin",
            attended: "attention.out_lin",
            attended_norm: "sa_layer_norm",
            wide: "ffn.lin1",
            narrow: "ffn.lin2",
            narrow_norm: "output_layer_norm",
        },
        Family::DebertaV2 => Names {
            root: "deberta",
            query: "attention.self.query_proj",
            key: "attention.self.key_proj",
            value: "attention.self.value_proj",
            ..BERT
        },
        Family::Electra => Names { root: "electra", ..BERT },
        Family::Roberta => Names { root: "roberta", ..BERT },
        Family::Bert | Family::ModernBert => BERT,
    }
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    projected: Projected,
    attended: Linear,
    attended_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: LayerNorm,
}

/// A convolution over neighbouring tokens, added to what the first layer says.
struct Convolution {
    convolution: Conv1d,
    norm: LayerNorm,
    activation: Activation,
}

impl Convolution {
    fn load(kernel: Kernel, shape: &Shape, weights: &VarBuilder<'_>) -> Result<Self> {
        let hidden = shape.sizes.hidden;
        let how = Conv1dConfig { padding: (kernel.size - 1) / 2, groups: kernel.groups, ..Conv1dConfig::default() };
        Ok(Self {
            convolution: candle_nn::conv1d(hidden, hidden, kernel.size, how, weights.pp("conv"))?,
            norm: norm(hidden, shape.eps, &weights.pp("LayerNorm"))?,
            activation: kernel.activation,
        })
    }

    fn forward(&self, before: &Tensor, after: &Tensor) -> Result<Tensor> {
        let near = self.convolution.forward(&before.transpose(1, 2)?.contiguous()?)?;
        let near = self.activation.of(&near.transpose(1, 2)?.contiguous()?)?;
        self.norm.forward(&(after + near)?)
    }
}

/// The encoder with its classifier.
pub(crate) struct Encoder {
    words: Embedding,
    places: Option<Embedding>,
    kinds: Option<Embedding>,
    norm: LayerNorm,
    /// From narrow embeddings to the width of the layers; before the norm or after it.
    project: Option<Linear>,
    project_first: bool,
    layers: Vec<Layer>,
    distances: Option<Distances>,
    convolution: Option<Convolution>,
    classifier: Linear,
    heads: usize,
    activation: Activation,
    /// Position of the first token, and the token that does not move on.
    first: u32,
    padding: Option<u32>,
}

impl Encoder {
    /// Puts the weights together; errs with the name of what is missing or misshapen.
    pub(super) fn load(shape: &Shape, weights: &VarBuilder<'_>) -> Result<Self> {
        let names = names(shape.family);
        let Sizes { hidden, wide, heads, .. } = shape.sizes;
        let (eps, embedded) = (shape.eps, shape.embedded);
        let body = weights.pp(names.root);
        let table = body.pp("embeddings");
        let deberta = shape.family == Family::DebertaV2;
        let kinds = (shape.kinds > 0)
            .then(|| embedding(shape.kinds, embedded, table.pp("token_type_embeddings")))
            .transpose()?;
        let places = shape
            .absolute
            .then(|| embedding(shape.sizes.positions, embedded, table.pp("position_embeddings")))
            .transpose()?;
        let project = match (embedded == hidden, deberta) {
            (true, _) => None,
            (false, true) => Some(linear(embedded, hidden, false, table.pp("embed_proj"))?),
            (false, false) => Some(linear(embedded, hidden, true, body.pp("embeddings_project"))?),
        };
        let encoder = body.pp("encoder");
        let distances = shape
            .distances
            .as_ref()
            .map(|distances| Distances::load(distances, shape.sizes, eps, &encoder))
            .transpose()?;
        let mut layers = Vec::new();
        for number in 0..shape.sizes.layers {
            let layer = body.pp(names.layers).pp(number);
            let query = linear(hidden, hidden, true, layer.pp(names.query))?;
            let key = linear(hidden, hidden, true, layer.pp(names.key))?;
            let projected = match &distances {
                Some(distances) => distances.project(&query, &key, heads, &layer.pp("attention.self"))?,
                None => Projected::default(),
            };
            layers.push(Layer {
                query,
                key,
                value: linear(hidden, hidden, true, layer.pp(names.value))?,
                projected,
                attended: linear(hidden, hidden, true, layer.pp(names.attended))?,
                attended_norm: norm(hidden, eps, &layer.pp(names.attended_norm))?,
                wide: linear(hidden, wide, true, layer.pp(names.wide))?,
                narrow: linear(wide, hidden, true, layer.pp(names.narrow))?,
                narrow_norm: norm(hidden, eps, &layer.pp(names.narrow_norm))?,
            });
        }
        let convolution =
            shape.convolution.map(|kernel| Convolution::load(kernel, shape, &encoder.pp("conv"))).transpose()?;
        Ok(Self {
            words: embedding(shape.sizes.vocabulary, embedded, table.pp("word_embeddings"))?,
            places,
            kinds,
            norm: norm(if deberta { hidden } else { embedded }, eps, &table.pp("LayerNorm"))?,
            project,
            project_first: deberta,
            layers,
            distances,
            convolution,
            classifier: linear(hidden, shape.sizes.labels, true, weights.pp("classifier"))?,
            heads,
            activation: shape.activation,
            first: shape.first(),
            padding: (shape.family == Family::Roberta).then_some(shape.padding),
        })
    }

    /// Logits, shape (1, tokens, labels).
    pub(super) fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        let mut x = self.embed(ids)?;
        let index = self.distances.as_ref().map(|distances| distances.index(ids.len(), self.heads)).transpose()?;
        for (number, layer) in self.layers.iter().enumerate() {
            let bias = index.as_ref().map(|index| (&layer.projected, index));
            let attended = layer.attended.forward(&self.attend(layer, &x, bias)?)?;
            let inner = layer.attended_norm.forward(&(&x + attended)?)?;
            let wide = self.activation.of(&layer.wide.forward(&inner)?)?;
            let mut after = layer.narrow_norm.forward(&(&inner + layer.narrow.forward(&wide)?)?)?;
            if let (0, Some(convolution)) = (number, &self.convolution) {
                after = convolution.forward(&x, &after)?;
            }
            x = after;
        }
        self.classifier.forward(&x)
    }

    fn embed(&self, ids: &[u32]) -> Result<Tensor> {
        let tokens = Tensor::new(ids, &Device::Cpu)?.unsqueeze(0)?;
        let mut x = self.words.forward(&tokens)?;
        if let Some(places) = &self.places {
            let places = places.forward(&Tensor::new(self.positions(ids), &Device::Cpu)?)?;
            x = x.broadcast_add(&places)?;
        }
        if let Some(kinds) = &self.kinds {
            x = (x + kinds.forward(&tokens.zeros_like()?)?)?;
        }
        match &self.project {
            Some(project) if self.project_first => self.norm.forward(&project.forward(&x)?),
            Some(project) => project.forward(&self.norm.forward(&x)?),
            None => self.norm.forward(&x),
        }
    }

    /// A position for each token. For RoBERTa, what stands for padding in the text has that of the padding.
    fn positions(&self, ids: &[u32]) -> Vec<u32> {
        let mut next = self.first;
        let mut position = |id: &u32| {
            if self.padding == Some(*id) {
                return *id;
            }
            next += 1;
            next - 1
        };
        ids.iter().map(&mut position).collect()
    }

    /// Attention over all tokens (Vaswani et al. 2017), with what distances add.
    fn attend(&self, layer: &Layer, x: &Tensor, bias: Option<(&Projected, &distance::Index)>) -> Result<Tensor> {
        let query = split_heads(&layer.query.forward(x)?, self.heads)?;
        let key = split_heads(&layer.key.forward(x)?, self.heads)?;
        let value = split_heads(&layer.value.forward(x)?, self.heads)?;
        let parts = self.distances.as_ref().map_or(1, Distances::parts);
        let scale = ((query.dim(D::Minus1)? * parts) as f64).sqrt();
        let mut scores = query.matmul(&key.t()?.contiguous()?)?;
        if let Some((projected, index)) = bias {
            scores = projected.add(scores, &query, &key, index)?;
        }
        let weights = candle_nn::ops::softmax(&(scores / scale)?, D::Minus1)?;
        join_heads(&weights.matmul(&value)?)
    }
}
