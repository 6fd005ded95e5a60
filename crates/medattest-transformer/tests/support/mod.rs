//! Tiny models, made from a formula as in `tools/parity/transformer_cases.py`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use candle_core::{Device, Tensor};
use serde_json::Value;

/// A file of reference figures.
pub(crate) fn reference(case: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("parity").join(format!("{case}.json"));
    serde_json::from_slice(&fs::read(path).expect("reads")).expect("JSON")
}

fn weight(name: &str, shape: &[usize]) -> Tensor {
    let seed = name.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let norm = if name.ends_with(".weight") && shape.len() == 1 { 1.0 } else { 0.0 };
    let figure = |at: usize| {
        let mut x = seed ^ (at as u32).wrapping_mul(0x9E37_79B1);
        x = (x ^ (x >> 16)).wrapping_mul(0x85EB_CA6B);
        x = (x ^ (x >> 13)).wrapping_mul(0xC2B2_AE35);
        x ^= x >> 16;
        (0.25 * (f64::from(x >> 8) / f64::from(1 << 23) - 1.0) + norm) as f32
    };
    let flat: Vec<f32> = (0..shape.iter().product()).map(figure).collect();
    Tensor::from_vec(flat, shape, &Device::Cpu).expect("fits")
}

/// The weights that a reference names.
pub(crate) fn weights(reference: &Value) -> HashMap<String, Tensor> {
    let mut tensors = HashMap::new();
    for pair in reference["weights"].as_array().expect("a list") {
        let name = pair[0].as_str().expect("a name");
        let shape: Vec<usize> =
            pair[1].as_array().expect("a shape").iter().map(|n| n.as_u64().expect("a number") as usize).collect();
        tensors.insert(name.to_owned(), weight(name, &shape));
    }
    tensors
}

/// Writes one of the two JSON files.
pub(crate) fn write(folder: &Path, name: &str, value: &Value) {
    fs::write(folder.join(name), value.to_string()).expect("written");
}

/// Writes weights.
pub(crate) fn save(folder: &Path, tensors: &HashMap<String, Tensor>) {
    candle_core::safetensors::save(tensors, folder.join("model.safetensors")).expect("saved");
}

/// A folder with the model of a reference.
pub(crate) fn folder(reference: &Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "config.json", &reference["config"]);
    write(folder.path(), "tokenizer.json", &reference["tokenizer"]);
    save(folder.path(), &weights(reference));
    folder
}
