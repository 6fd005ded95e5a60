//! The same tiny models as in Python, made from a formula, give the same ids, offsets and logits.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use medattest_transformer::TokenClassifier;
use serde_json::Value;

/// Largest deviation of a logit: 32-bit arithmetic in another order.
const TOLERANCE: f64 = 2e-5;

fn reference(architecture: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("parity").join(format!("{architecture}.json"));
    serde_json::from_slice(&fs::read(path).expect("reads")).expect("JSON")
}

/// Weights as `tools/parity/transformer_cases.py` makes them.
fn weights(name: &str, shape: &[usize]) -> Tensor {
    let shift = 0.11 * name.bytes().map(f64::from).sum::<f64>();
    let norm = name.ends_with("weight") && (name.contains("LayerNorm") || name.contains("layer_norm"));
    let count: usize = shape.iter().product();
    let flat: Vec<f32> =
        (0..count).map(|i| (0.08 * (0.37 * i as f64 + shift).sin() + if norm { 1.0 } else { 0.0 }) as f32).collect();
    Tensor::from_vec(flat, shape, &Device::Cpu).expect("fits")
}

fn folder(reference: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, value: &Value| fs::write(folder.path().join(name), value.to_string()).expect("written");
    write("config.json", &reference["config"]);
    write("tokenizer.json", &reference["tokenizer"]);
    let mut tensors = HashMap::new();
    for pair in reference["weights"].as_array().expect("a list") {
        let name = pair[0].as_str().expect("a name");
        let shape: Vec<usize> =
            pair[1].as_array().expect("a shape").iter().map(|n| n.as_u64().expect("a number") as usize).collect();
        tensors.insert(name.to_owned(), weights(name, &shape));
    }
    candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors")).expect("saved");
    folder
}

fn compare(architecture: &str) {
    let reference = reference(architecture);
    let folder = folder(&reference);
    let model = TokenClassifier::open(folder.path()).expect("opens");
    let mut compared = 0;
    for case in reference["cases"].as_array().expect("a list") {
        let text = case["text"].as_str().expect("text");
        let windows = model.logits(text).expect("runs");
        assert_eq!(windows.len(), 1, "{architecture}");
        let ids: Vec<u64> = windows[0].ids.iter().map(|id| u64::from(*id)).collect();
        assert_eq!(serde_json::json!(ids), case["ids"], "{architecture}: ids");
        assert_eq!(serde_json::json!(windows[0].offsets), case["offsets"], "{architecture}: offsets");
        for (row, expected) in windows[0].rows.iter().zip(case["logits"].as_array().expect("rows")) {
            for (own, expected) in row.iter().zip(expected.as_array().expect("a row")) {
                let expected = expected.as_f64().expect("a number");
                assert!((f64::from(*own) - expected).abs() < TOLERANCE, "{architecture}: {own} for {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 200, "{architecture}: {compared}");
}

#[test]
fn bert() {
    compare("bert");
}

#[test]
fn distilbert() {
    compare("distilbert");
}

#[test]
fn electra() {
    compare("electra");
}

#[test]
fn roberta() {
    compare("roberta");
}

#[test]
fn xlm_roberta() {
    compare("xlm-roberta");
}

#[test]
fn long_texts_are_tagged_in_windows_that_agree() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let model = TokenClassifier::open(folder.path()).expect("opens");
    let text = "Patient Jane Roe was seen in Springfield. ".repeat(40);
    let windows = model.logits(&text).expect("runs");
    assert!(windows.len() > 5);
    // Every byte of a word is looked at by some window.
    let mut seen = vec![false; text.len()];
    for window in &windows {
        assert!(window.ids.len() <= 64);
        for (start, end) in &window.offsets {
            seen[*start..*end].fill(true);
        }
    }
    assert!(text.bytes().zip(&seen).all(|(byte, seen)| *seen || byte == b' '));
    let spans = model.tag(&text).expect("tags");
    assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start));
    assert!(spans.iter().all(|span| text.get(span.start..span.end).is_some() && (0.0..=1.0).contains(&span.score)));
}

#[test]
fn what_is_wrong_with_a_folder_is_told() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let mut config = reference["config"].clone();
    config["model_type"] = "mamba".into();
    fs::write(folder.path().join("config.json"), config.to_string()).expect("written");
    let error = TokenClassifier::open(folder.path()).err().expect("refused");
    assert!(error.message.contains("mamba") && error.hint.contains("distilbert"), "{error}");
    config["model_type"] = "roberta".into();
    fs::write(folder.path().join("config.json"), config.to_string()).expect("written");
    let error = TokenClassifier::open(folder.path()).err().expect("refused");
    assert!(error.place.ends_with("model.safetensors"), "{error}");
    fs::remove_file(folder.path().join("tokenizer.json")).expect("removed");
    let error = TokenClassifier::open(folder.path()).err().expect("refused");
    assert!(error.place.ends_with("tokenizer.json"), "{error}");
}
