//! An encoder of the BERT family (Devlin et al. 2019) with a linear layer over its tokens.

use std::collections::HashMap;

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module as _, VarBuilder, embedding, layer_norm, linear};
use serde::Deserialize;

use crate::TransformerError;

/// What is read of `config.json`. DistilBERT has names of its own.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Settings {
    model_type: String,
    vocab_size: usize,
    max_position_embeddings: usize,
    #[serde(alias = "dim")]
    hidden_size: usize,
    #[serde(alias = "n_layers")]
    num_hidden_layers: usize,
    #[serde(alias = "n_heads")]
    num_attention_heads: usize,
    #[serde(alias = "hidden_dim")]
    intermediate_size: usize,
    #[serde(alias = "activation", default = "gelu")]
    hidden_act: String,
    #[serde(default = "narrow")]
    layer_norm_eps: f64,
    #[serde(default)]
    type_vocab_size: usize,
    #[serde(default)]
    pad_token_id: Option<usize>,
    #[serde(default)]
    embedding_size: Option<usize>,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn narrow() -> f64 {
    1e-12
}

fn absolute() -> String {
    "absolute".to_owned()
}

/// Architectures that are understood.
const KNOWN: [&str; 6] = ["bert", "distilbert", "electra", "roberta", "xlm-roberta", "camembert"];
/// No model of this family is larger in any direction; what is, is damaged.
const LARGEST: usize = 1 << 20;

impl Settings {
    /// Whether the model is one that is understood.
    pub(crate) fn check(&self, place: &str) -> std::result::Result<(), TransformerError> {
        let refused = |message: String, hint: &str| Err(TransformerError::new(place, message, hint));
        if !KNOWN.contains(&self.model_type.as_str()) {
            let hint = format!("understood are {}", KNOWN.join(", "));
            return refused(format!("the architecture `{}` is not understood", self.model_type), &hint);
        }
        if self.position_embedding_type != "absolute" {
            let message = format!("positions of the kind `{}` are not understood", self.position_embedding_type);
            return refused(message, "use a model with absolute positions");
        }
        if !["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"].contains(&self.hidden_act.as_str()) {
            return refused(format!("the activation `{}` is not understood", self.hidden_act), "use gelu or relu");
        }
        let sizes = [
            self.vocab_size,
            self.max_position_embeddings,
            self.hidden_size,
            self.num_hidden_layers,
            self.num_attention_heads,
            self.intermediate_size,
        ];
        let fits = sizes.iter().all(|size| (1..=LARGEST).contains(size));
        if !fits || !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            return refused("the sizes do not fit together".to_owned(), "save the model again");
        }
        Ok(())
    }

    fn is_roberta(&self) -> bool {
        matches!(self.model_type.as_str(), "roberta" | "xlm-roberta" | "camembert")
    }

    /// Position of the first token.
    fn first_position(&self) -> usize {
        if self.is_roberta() { self.pad_token_id.unwrap_or(1) + 1 } else { 0 }
    }
}

/// Where an architecture keeps the parts of a layer.
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

fn names(settings: &Settings) -> Names {
    if settings.model_type == "distilbert" {
        return Names {
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
        };
    }
    Names {
        root: match settings.model_type.as_str() {
            "electra" => "electra",
            _ if settings.is_roberta() => "roberta",
            _ => "bert",
        },
        layers: "encoder.layer",
        query: "attention.self.query",
        key: "attention.self.key",
        value: "attention.self.value",
        attended: "attention.output.dense",
        attended_norm: "attention.output.LayerNorm",
        wide: "intermediate.dense",
        narrow: "output.dense",
        narrow_norm: "output.LayerNorm",
    }
}

struct Layer {
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    narrow_norm: LayerNorm,
}

/// The encoder with its classifier.
pub(crate) struct Encoder {
    words: Embedding,
    places: Embedding,
    kinds: Option<Embedding>,
    norm: LayerNorm,
    project: Option<Linear>,
    layers: Vec<Layer>,
    classifier: Linear,
    heads: usize,
    activation: String,
    first_position: usize,
    positions: usize,
}

impl Encoder {
    /// Puts the weights together; errs with the name of what is missing or misshapen.
    pub(crate) fn load(
        settings: &Settings,
        weights: HashMap<String, Tensor>,
        labels: usize,
    ) -> std::result::Result<Self, String> {
        let weights = VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu);
        Self::assemble(settings, &weights, labels).map_err(|error| error.to_string())
    }

    fn assemble(settings: &Settings, weights: &VarBuilder<'_>, labels: usize) -> Result<Self> {
        let names = names(settings);
        let (hidden, eps) = (settings.hidden_size, settings.layer_norm_eps);
        let body = weights.pp(names.root);
        let embedded = settings.embedding_size.filter(|_| settings.model_type == "electra").unwrap_or(hidden);
        let table = body.pp("embeddings");
        let kinds = (settings.type_vocab_size > 0 && settings.model_type != "distilbert")
            .then(|| embedding(settings.type_vocab_size, embedded, table.pp("token_type_embeddings")))
            .transpose()?;
        let project =
            (embedded != hidden).then(|| linear(embedded, hidden, body.pp("embeddings_project"))).transpose()?;
        let mut layers = Vec::with_capacity(settings.num_hidden_layers);
        for number in 0..settings.num_hidden_layers {
            let layer = body.pp(names.layers).pp(number);
            layers.push(Layer {
                query: linear(hidden, hidden, layer.pp(names.query))?,
                key: linear(hidden, hidden, layer.pp(names.key))?,
                value: linear(hidden, hidden, layer.pp(names.value))?,
                attended: linear(hidden, hidden, layer.pp(names.attended))?,
                attended_norm: layer_norm(hidden, eps, layer.pp(names.attended_norm))?,
                wide: linear(hidden, settings.intermediate_size, layer.pp(names.wide))?,
                narrow: linear(settings.intermediate_size, hidden, layer.pp(names.narrow))?,
                narrow_norm: layer_norm(hidden, eps, layer.pp(names.narrow_norm))?,
            });
        }
        let first_position = settings.first_position();
        Ok(Self {
            words: embedding(settings.vocab_size, embedded, table.pp("word_embeddings"))?,
            places: embedding(settings.max_position_embeddings, embedded, table.pp("position_embeddings"))?,
            kinds,
            norm: layer_norm(embedded, eps, table.pp("LayerNorm"))?,
            project,
            layers,
            classifier: linear(hidden, labels, weights.pp("classifier"))?,
            heads: settings.num_attention_heads,
            activation: settings.hidden_act.clone(),
            first_position,
            positions: settings.max_position_embeddings.saturating_sub(first_position),
        })
    }

    /// How many tokens fit at once.
    pub(crate) fn positions(&self) -> usize {
        self.positions
    }

    /// Logits, shape (1, tokens, labels), of ids, shape (1, tokens).
    pub(crate) fn forward(&self, ids: &Tensor) -> Result<Tensor> {
        let tokens = ids.dim(1)?;
        let first = self.first_position as u32;
        let places = Tensor::arange(first, first + tokens as u32, ids.device())?;
        let mut x = self.words.forward(ids)?.broadcast_add(&self.places.forward(&places)?)?;
        if let Some(kinds) = &self.kinds {
            x = (x + kinds.forward(&ids.zeros_like()?)?)?;
        }
        x = self.norm.forward(&x)?;
        if let Some(project) = &self.project {
            x = project.forward(&x)?;
        }
        for layer in &self.layers {
            let attended = layer.attended.forward(&self.attend(layer, &x)?)?;
            x = layer.attended_norm.forward(&(x + attended)?)?;
            let wide = self.activate(&layer.wide.forward(&x)?)?;
            x = layer.narrow_norm.forward(&(&x + layer.narrow.forward(&wide)?)?)?;
        }
        self.classifier.forward(&x)
    }

    /// Attention over all tokens (Vaswani et al. 2017).
    fn attend(&self, layer: &Layer, x: &Tensor) -> Result<Tensor> {
        let (batch, tokens, hidden) = x.dims3()?;
        let size = hidden / self.heads;
        let split = |linear: &Linear| -> Result<Tensor> {
            linear.forward(x)?.reshape((batch, tokens, self.heads, size))?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (split(&layer.query)?, split(&layer.key)?, split(&layer.value)?);
        let scores = (query.matmul(&key.t()?.contiguous()?)? / (size as f64).sqrt())?;
        let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
        weights.matmul(&value)?.transpose(1, 2)?.contiguous()?.reshape((batch, tokens, hidden))
    }

    fn activate(&self, x: &Tensor) -> Result<Tensor> {
        match self.activation.as_str() {
            "relu" => x.relu(),
            "gelu" => x.gelu_erf(),
            // The approximation by tanh.
            _ => x.gelu(),
        }
    }
}
