//! The same tiny models as in Python give the same ids, offsets and logits, window by window.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use medattest_transformer::TokenClassifier;
use serde_json::{Value, json};
use support::{folder, reference, weights};

/// Largest deviation of a logit: 32-bit arithmetic in another order. The logits are as large as 2.8.
const TOLERANCE: f64 = 1e-5;

fn deviation(case: &str, reference: &Value, model: &TokenClassifier) -> f64 {
    let (mut compared, mut windows, mut largest) = (0, 0, 0.0_f64);
    for text in reference["cases"].as_array().expect("a list") {
        let own = model.logits(text["text"].as_str().expect("text")).expect("runs");
        let expected = text["windows"].as_array().expect("windows");
        assert_eq!(own.len(), expected.len(), "{case}: windows");
        for (own, expected) in own.iter().zip(expected) {
            assert_eq!(json!(own.ids), expected["ids"], "{case}: ids");
            assert_eq!(json!(own.offsets), expected["offsets"], "{case}: offsets");
            let rows = expected["logits"].as_array().expect("rows");
            assert_eq!(own.rows.len(), rows.len(), "{case}: rows");
            for (row, expected) in own.rows.iter().zip(rows) {
                assert_eq!(row.len(), model.labels().len(), "{case}: a row");
                for (own, expected) in row.iter().zip(expected.as_array().expect("a row")) {
                    largest = largest.max((f64::from(*own) - expected.as_f64().expect("a number")).abs());
                    compared += 1;
                }
            }
            windows += 1;
        }
    }
    assert!(windows >= 8 && compared > 1000, "{case}: {windows} windows, {compared} figures");
    largest
}

fn compare(case: &str) {
    let reference = reference(case);
    let folder = folder(&reference);
    let model = TokenClassifier::open(folder.path()).expect("opens");
    assert_eq!(model.labels(), ["O", "B-PATIENT", "I-PATIENT", "B-DATE", "I-DATE"]);
    let largest = deviation(case, &reference, &model);
    assert!(largest < TOLERANCE, "{case}: {largest:e}");
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
fn camembert() {
    compare("camembert");
}

#[test]
fn deberta_v2() {
    compare("deberta-v2");
}

#[test]
fn deberta_v2_with_convolution() {
    compare("deberta-v2-conv");
}

#[test]
fn modernbert() {
    compare("modernbert");
}

#[test]
fn modernbert_as_version_4_writes_its_configuration() {
    let reference = reference("modernbert");
    let folder = folder(&reference);
    let mut config = reference["config"].clone();
    let values = config.as_object_mut().expect("an object");
    values.remove("layer_types");
    values.remove("rope_parameters");
    values.insert("global_attn_every_n_layers".to_owned(), json!(3));
    values.insert("global_rope_theta".to_owned(), json!(1600.0));
    values.insert("local_rope_theta".to_owned(), json!(100.0));
    values.insert("layer_norm_eps".to_owned(), json!(1e-5));
    support::write(folder.path(), "config.json", &config);
    let model = TokenClassifier::open(folder.path()).expect("opens");
    assert!(deviation("modernbert", &reference, &model) < TOLERANCE);
}

#[test]
fn norms_of_older_models_have_other_names() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let older = weights(&reference)
        .into_iter()
        .map(|(name, tensor)| {
            (name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"), tensor)
        })
        .collect();
    support::save(folder.path(), &older);
    let model = TokenClassifier::open(folder.path()).expect("opens");
    assert!(deviation("bert", &reference, &model) < TOLERANCE);
}
