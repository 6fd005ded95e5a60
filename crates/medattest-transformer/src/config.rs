//! What is read of `config.json`, with the name of what is missing or odd.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::TransformerError;
use crate::model::Activation;

/// No model of these families is larger in any direction; what is, is damaged.
const LARGEST: usize = 1 << 20;

/// How the weights of a model are named and put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Bert,
    DistilBert,
    Electra,
    Roberta,
    DebertaV2,
    ModernBert,
}

/// Architectures that are understood, as `model_type` names them.
const KNOWN: [(&str, Family); 8] = [
    ("bert", Family::Bert),
    ("distilbert", Family::DistilBert),
    ("electra", Family::Electra),
    ("roberta", Family::Roberta),
    ("xlm-roberta", Family::Roberta),
    ("camembert", Family::Roberta),
    ("deberta-v2", Family::DebertaV2),
    ("modernbert", Family::ModernBert),
];

/// The configuration; what is null counts as missing.
pub(crate) struct Config {
    place: String,
    values: Map<String, Value>,
}

impl Config {
    pub(crate) fn parse(place: String, bytes: &[u8]) -> Result<Self, TransformerError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(values)) => Ok(Self { place, values }),
            Ok(_) => {
                Err(TransformerError::new(&place, "the file does not hold a JSON object", "save the model again"))
            }
            Err(error) => {
                let message = format!("the file is not JSON, at line {}, column {}", error.line(), error.column());
                Err(TransformerError::new(&place, message, "save the model again"))
            }
        }
    }

    /// An error about this file.
    pub(crate) fn refuse(&self, message: impl Into<String>, hint: impl Into<String>) -> TransformerError {
        TransformerError::new(&self.place, message, hint)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).filter(|value| !value.is_null())
    }

    fn typed<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, TransformerError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = || self.refuse(format!("`{name}` is not {kind}"), "save the model again");
        read(value).map(Some).ok_or_else(wrong)
    }

    /// A size of at least one, or nothing if it is not given.
    pub(crate) fn size_if_given(&self, name: &str) -> Result<Option<usize>, TransformerError> {
        self.typed(name, &format!("a whole number from 1 to {LARGEST}"), |value| {
            value.as_u64().and_then(|n| usize::try_from(n).ok()).filter(|n| (1..=LARGEST).contains(n))
        })
    }

    /// A size of at least one, under the first of the names that is given.
    pub(crate) fn size(&self, names: &[&str]) -> Result<usize, TransformerError> {
        for name in names {
            if let Some(size) = self.size_if_given(name)? {
                return Ok(size);
            }
        }
        Err(self.refuse(format!("`{}` is missing", names.join("` or `")), "save the model again"))
    }

    /// A whole number of any sign.
    pub(crate) fn whole(&self, name: &str, otherwise: i64) -> Result<i64, TransformerError> {
        Ok(self.typed(name, "a whole number", Value::as_i64)?.unwrap_or(otherwise))
    }

    pub(crate) fn number(&self, name: &str, otherwise: f64) -> Result<f64, TransformerError> {
        Ok(self.typed(name, "a number", Value::as_f64)?.unwrap_or(otherwise))
    }

    pub(crate) fn flag(&self, name: &str, otherwise: bool) -> Result<bool, TransformerError> {
        Ok(self.typed(name, "true or false", Value::as_bool)?.unwrap_or(otherwise))
    }

    /// The words of a text that bars separate, or of a list.
    pub(crate) fn words(&self, name: &str) -> Result<Vec<String>, TransformerError> {
        let words = self.typed(name, "a text or a list of texts", |value| match value {
            Value::String(text) => Some(text.split('|').map(|word| word.trim().to_ascii_lowercase()).collect()),
            Value::Array(list) => list.iter().map(|word| Some(word.as_str()?.to_ascii_lowercase())).collect(),
            _ => None,
        })?;
        Ok(words.unwrap_or_default())
    }

    /// An activation, under the first of the names that is given.
    pub(crate) fn activation(&self, names: &[&str], otherwise: Activation) -> Result<Activation, TransformerError> {
        for name in names {
            let Some(given) = self.typed(name, "a text", |value| value.as_str().map(str::to_owned))? else {
                continue;
            };
            return Activation::named(&given).ok_or_else(|| {
                let hint = format!("understood are {}", Activation::KNOWN.map(|(name, _)| name).join(", "));
                self.refuse(format!("the activation `{given}` in `{name}` is not understood"), hint)
            });
        }
        Ok(otherwise)
    }

    /// The family of the model, which must be one for token classification.
    pub(crate) fn family(&self) -> Result<Family, TransformerError> {
        let supported = || format!("supported are {}", KNOWN.map(|(name, _)| name).join(", "));
        let Some(kind) = self.get("model_type").and_then(Value::as_str) else {
            return Err(self.refuse("`model_type` is missing or not a text", supported()));
        };
        let Some((_, family)) = KNOWN.iter().find(|(known, _)| *known == kind) else {
            return Err(self.refuse(format!("the architecture `{kind}` is not supported"), supported()));
        };
        let heads = self.get("architectures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !heads.is_empty()
            && !heads.iter().any(|head| head.as_str().is_some_and(|head| head.contains("TokenClassification")))
        {
            let named = heads.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ");
            let hint = "use a model that was trained to tag tokens: ...ForTokenClassification";
            return Err(self.refuse(format!("the model is `{named}`, which tags no tokens"), hint));
        }
        Ok(*family)
    }

    /// The labels, by their number from 0 on.
    pub(crate) fn labels(&self) -> Result<Vec<String>, TransformerError> {
        let hint = "id2label names every label of the model, from \"0\" on";
        let given = self.get("id2label").and_then(Value::as_object);
        let labels: Option<BTreeMap<usize, &str>> = given
            .and_then(|given| given.iter().map(|(id, label)| Some((id.parse().ok()?, label.as_str()?))).collect());
        let Some(labels) = labels.filter(|labels| !labels.is_empty()) else {
            return Err(self.refuse("`id2label` is missing or does not give texts to numbers", hint));
        };
        if labels.keys().enumerate().any(|(at, id)| at != *id) {
            return Err(self.refuse("`id2label` has gaps", hint));
        }
        Ok(labels.into_values().map(str::to_owned).collect())
    }
}
