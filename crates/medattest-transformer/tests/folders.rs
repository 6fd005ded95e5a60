//! What is tagged, and what is told of folders that cannot be used.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::fs;

use candle_core::{DType, Tensor};
use medattest_transformer::{TokenClassifier, TransformerError};
use serde_json::{Value, json};
use support::{folder, reference, save, weights, write};

const CASES: [&str; 4] = ["bert", "roberta", "deberta-v2", "modernbert"];

#[test]
fn long_texts_are_tagged_in_windows() {
    for case in CASES {
        let folder = folder(&reference(case));
        let model = TokenClassifier::open(folder.path()).expect("opens");
        let text = "Patient Zoë Roe 😷 was seen in Springfield. ".repeat(40);
        let windows = model.logits(&text).expect("runs");
        assert!(windows.len() > 5, "{case}");
        // Every byte of a word is looked at by some window.
        let mut seen = vec![false; text.len()];
        for window in &windows {
            assert!(window.ids.len() <= 64, "{case}");
            for (start, end) in &window.offsets {
                seen[*start..*end].fill(true);
            }
        }
        assert!(text.bytes().zip(&seen).all(|(byte, seen)| *seen || byte == b' '), "{case}");
        let spans = model.tag(&text).expect("tags");
        assert!(!spans.is_empty(), "{case}");
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "{case}");
        for span in &spans {
            let value = text.get(span.start..span.end).expect("whole characters");
            assert!(!value.is_empty() && value.trim() == value, "{case}");
            assert!((0.2..=1.0).contains(&span.score), "{case}: {}", span.score);
            assert!(span.label == "PATIENT" || span.label == "DATE", "{case}: {}", span.label);
        }
    }
}

#[test]
fn a_token_is_told_by_the_window_in_which_it_stands_farthest_from_the_edge() {
    let folder = folder(&reference("bert"));
    let model = TokenClassifier::open(folder.path()).expect("opens");
    let text = "Patient Jane Roe was seen in Springfield. Zoë left at 10:30; ".repeat(9);
    // By place in the text, since each token of this tokenizer has bytes of its own.
    let mut told: BTreeMap<(usize, usize), (usize, String)> = BTreeMap::new();
    let mut differ = 0;
    for window in model.logits(&text).expect("runs") {
        let count = window.ids.len();
        for (at, (offsets, row)) in window.offsets.iter().zip(&window.rows).enumerate() {
            let largest = row.iter().copied().fold(f32::MIN, f32::max);
            let label = &model.labels()[row.iter().position(|figure| *figure == largest).expect("one")];
            let plain = label.trim_start_matches("B-").trim_start_matches("I-").to_owned();
            let inner = at.min(count - 1 - at);
            if offsets.0 == offsets.1 {
                continue;
            }
            let known = told.entry(*offsets).or_insert((inner, plain.clone()));
            differ += usize::from(known.1 != plain);
            if inner > known.0 {
                *known = (inner, plain);
            }
        }
    }
    assert!(differ > 0, "no window disagrees with another, so nothing is tested");
    let spans = model.tag(&text).expect("tags");
    for ((start, end), (_, label)) in told {
        let covering = spans.iter().find(|span| span.start <= start && end <= span.end);
        // A joint between two words of a span is covered, whatever is said of it.
        let joint = matches!(&text[start..end], "." | "-" | "," | "'");
        if label != "O" || !joint {
            assert_eq!(covering.map_or("O", |span| &span.label), label, "{start}");
        }
    }
}

#[test]
fn nothing_in_a_text_makes_a_model_fail() {
    for case in CASES {
        let folder = folder(&reference(case));
        let model = TokenClassifier::open(folder.path()).expect("opens");
        for text in ["", " ", "\n\t", "\u{0}", "\u{feff}é\u{301}", "[CLS] <s> <pad> [SEP] </s> [MASK]", "😷", "<s>"]
        {
            model.tag(text).expect("tags");
        }
        model.tag(&"<pad>".repeat(300)).expect("tags");
        model.tag(&"x".repeat(1500)).expect("tags");
    }
}

/// The same weights, less precise.
fn halved(tensors: &HashMap<String, Tensor>, kind: DType) -> HashMap<String, Tensor> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.to_dtype(kind).expect("converts"))).collect()
}

#[test]
fn weights_of_half_precision_are_read() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let whole = TokenClassifier::open(folder.path()).expect("opens").logits("Jane Roe").expect("runs").remove(0);
    for kind in [DType::F16, DType::BF16] {
        save(folder.path(), &halved(&weights(&reference), kind));
        let half = TokenClassifier::open(folder.path()).expect("opens").logits("Jane Roe").expect("runs").remove(0);
        let pairs = whole.rows.iter().flatten().zip(half.rows.iter().flatten());
        let largest = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest > 0.0 && largest < 0.1, "{kind:?}: {largest}");
    }
}

#[test]
fn threads_share_a_model() {
    fn shared<T: Send + Sync>() {}
    shared::<TokenClassifier>();
}

#[test]
fn nothing_shows_the_text() {
    let folder = folder(&reference("bert"));
    let model = TokenClassifier::open(folder.path()).expect("opens");
    let logits = model.logits("Jane Roe").expect("runs").remove(0);
    assert_eq!(format!("{logits:?}"), format!("Logits of {} tokens", logits.ids.len()));
    assert_eq!(format!("{model:?}"), "TokenClassifier of 5 labels");
}

fn refused(folder: &tempfile::TempDir, file: &str) -> TransformerError {
    let error = TokenClassifier::open(folder.path()).expect_err("refused");
    assert!(error.place.ends_with(file), "{error}");
    assert!(!error.message.contains('\n') && !error.hint.is_empty(), "{error}");
    error
}

#[test]
fn a_configuration_that_cannot_be_used_is_told() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let told = |change: &dyn Fn(&mut Value)| {
        let mut config = reference["config"].clone();
        change(&mut config);
        write(folder.path(), "config.json", &config);
        refused(&folder, "config.json")
    };
    let error = told(&|config| config["model_type"] = json!("mamba"));
    assert!(error.message.contains("mamba"), "{error}");
    for name in ["bert", "distilbert", "electra", "roberta", "xlm-roberta", "camembert", "deberta-v2", "modernbert"] {
        assert!(error.hint.contains(name), "{error}");
    }
    let error = told(&|config| config["architectures"] = json!(["BertForMaskedLM"]));
    assert!(error.message.contains("BertForMaskedLM"), "{error}");
    let expect = |change: &dyn Fn(&mut Value), word: &str| {
        let error = told(change);
        assert!(error.message.contains(word), "{error}");
    };
    expect(&|config| config["model_type"] = json!(null), "model_type");
    expect(&|config| config["id2label"] = json!({"0": "O", "2": "B-DATE"}), "id2label");
    expect(&|config| config["id2label"] = json!({}), "id2label");
    expect(&|config| config["id2label"] = json!({"x": "O"}), "id2label");
    expect(&|config| config["hidden_act"] = json!("mish"), "mish");
    expect(&|config| config["position_embedding_type"] = json!("relative_key"), "relative_key");
    expect(&|config| config["hidden_size"] = json!(30), "heads");
    expect(&|config| config["vocab_size"] = json!(null), "vocab_size");
    expect(&|config| config["num_hidden_layers"] = json!(-2), "num_hidden_layers");
    expect(&|config| config["max_position_embeddings"] = json!(9_000_000_000_u64), "max_position_embeddings");
    expect(&|config| *config = json!([1, 2]), "object");
    fs::write(folder.path().join("config.json"), "{\n\"a\":").expect("written");
    assert!(refused(&folder, "config.json").message.contains("line 2"));
    fs::write(folder.path().join("config.json"), " ".repeat((1 << 20) + 1)).expect("written");
    assert!(refused(&folder, "config.json").message.contains("too large"));
}

#[test]
fn what_only_some_families_have_is_checked_too() {
    let expect = |case: &str, name: &str, value: Value| {
        let reference = reference(case);
        let folder = folder(&reference);
        let mut config = reference["config"].clone();
        config[name] = value;
        write(folder.path(), "config.json", &config);
        let error = refused(&folder, "config.json");
        assert!(error.message.contains(name) || error.message.contains("rotations"), "{error}");
    };
    expect("roberta", "pad_token_id", json!(-1));
    expect("roberta", "max_position_embeddings", json!(2));
    expect("deberta-v2", "pos_att_type", json!(["c2p", "p2p"]));
    expect("deberta-v2", "position_buckets", json!(1000));
    expect("deberta-v2", "attention_head_size", json!(5));
    expect("deberta-v2", "relative_attention", json!(false));
    expect("deberta-v2-conv", "conv_kernel_size", json!(4));
    expect("modernbert", "layer_types", json!(["full_attention"]));
    expect("modernbert", "rope_parameters", json!({"full_attention": {"rope_type": "yarn"}}));
    expect("modernbert", "rope_parameters", json!({"full_attention": {"rope_theta": 0.0}}));
}

#[test]
fn weights_that_do_not_fit_are_told() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let place = folder.path().join("model.safetensors");
    let whole = fs::read(&place).expect("reads");

    let mut config = reference["config"].clone();
    config["model_type"] = json!("roberta");
    write(folder.path(), "config.json", &config);
    assert!(refused(&folder, "model.safetensors").message.contains("roberta."));
    config["model_type"] = json!("bert");
    config["id2label"] = json!({"0": "O", "1": "B-DATE"});
    write(folder.path(), "config.json", &config);
    assert!(refused(&folder, "model.safetensors").message.contains("classifier.weight"));
    write(folder.path(), "config.json", &reference["config"]);

    fs::write(&place, &whole[..whole.len() / 2]).expect("written");
    assert!(refused(&folder, "model.safetensors").message.contains("truncated"));
    fs::write(&place, b"").expect("written");
    assert!(refused(&folder, "model.safetensors").message.contains("truncated"));
    fs::remove_file(&place).expect("removed");
    assert!(refused(&folder, "model.safetensors").message.contains("no such file"));
    fs::write(folder.path().join("pytorch_model.bin"), b"").expect("written");
    assert!(refused(&folder, "model.safetensors").hint.contains("pytorch_model.bin"));
    fs::write(folder.path().join("model.safetensors.index.json"), b"{}").expect("written");
    assert!(refused(&folder, "model.safetensors").hint.contains("several files"));
    fs::create_dir(&place).expect("made");
    assert!(refused(&folder, "model.safetensors").message.contains("not a file"));
}

#[test]
fn weights_that_are_no_numbers_are_not_taken_for_nothing_found() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let mut tensors = weights(&reference);
    let bias = Tensor::new(&[f32::NAN, 0.0, 0.0, 0.0, 0.0], &candle_core::Device::Cpu).expect("a tensor");
    tensors.insert("classifier.bias".to_owned(), bias);
    save(folder.path(), &tensors);
    let model = TokenClassifier::open(folder.path()).expect("opens");
    let error = model.tag("Jane Roe").expect_err("refused");
    assert_eq!(error.place, "text");
    assert!(error.message.contains("not a number") && !error.to_string().contains("Jane"), "{error}");
}

#[test]
fn a_tokenizer_that_does_not_fit_is_told() {
    let reference = reference("bert");
    let folder = folder(&reference);
    let mut tokenizer = reference["tokenizer"].clone();
    tokenizer["model"]["vocab"]["zzz"] = json!(5000);
    write(folder.path(), "tokenizer.json", &tokenizer);
    assert!(refused(&folder, "tokenizer.json").message.contains("5000"));
    write(folder.path(), "tokenizer.json", &json!({"version": "1.0"}));
    assert!(refused(&folder, "tokenizer.json").message.contains("not a tokenizer"));
    fs::remove_file(folder.path().join("tokenizer.json")).expect("removed");
    assert!(refused(&folder, "tokenizer.json").hint.contains("AutoTokenizer"));
    let error = TokenClassifier::open(&folder.path().join("nowhere")).expect_err("refused");
    assert!(error.message.contains("no such folder"), "{error}");
}
