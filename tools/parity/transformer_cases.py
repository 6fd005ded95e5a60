"""Reference figures of the Python library `transformers` for tiny token-classification models.

By hand only: python tools/parity/transformer_cases.py, with tools/parity/transformer-requirements.txt installed. Writes
crates/medattest-transformer/parity/<architecture>.json. Weights follow from the name and the place of each figure, so the
test makes the same ones without a binary file:

    weight[i] = 0.08 * sin(0.37 * i + 0.11 * (sum of the bytes of the name))      and 1 more for norms' `weight`
"""

import json
import math
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import transformers
from flax.traverse_util import flatten_dict, unflatten_dict
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = [
    "Patient Jane Roe was seen in Springfield.",
    "call 212-555-0147",
    "Zoë Müller, née Strauß, left.",
    "a",
    "",
    "one two three four five six seven eight nine ten eleven twelve",
]
LABELS = ["O", "B-PATIENT", "I-PATIENT", "B-DATE", "I-DATE"]
SIZES = dict(hidden=32, layers=2, heads=4, wide=64, positions=64)


def tokenizer(bpe):
    corpus = TEXTS * 4 + ["the patient was seen and examined in clinic", "Roe Springfield Müller Strauß"] * 3
    if bpe:
        made = Tokenizer(models.BPE(unk_token="<unk>"))
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        made.decoder = decoders.ByteLevel()
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        made.train_from_iterator(corpus, trainers.BpeTrainer(vocab_size=320, special_tokens=special, show_progress=False,
                                 initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
        made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True)
    else:
        made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        made.train_from_iterator(corpus, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False))
        made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made


def config(architecture, vocabulary):
    names = dict(id2label=dict(enumerate(LABELS)), label2id={l: i for i, l in enumerate(LABELS)}, vocab_size=vocabulary)
    if architecture == "distilbert":
        return transformers.DistilBertConfig(dim=SIZES["hidden"], n_layers=SIZES["layers"], n_heads=SIZES["heads"],
            hidden_dim=SIZES["wide"], max_position_embeddings=SIZES["positions"], **names)
    common = dict(hidden_size=SIZES["hidden"], num_hidden_layers=SIZES["layers"], num_attention_heads=SIZES["heads"],
                  intermediate_size=SIZES["wide"], max_position_embeddings=SIZES["positions"], **names)
    if architecture == "roberta":
        return transformers.RobertaConfig(type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
                                          layer_norm_eps=1e-5, **common)
    if architecture == "xlm-roberta":
        return transformers.XLMRobertaConfig(type_vocab_size=1, pad_token_id=1, bos_token_id=0, eos_token_id=2,
                                             layer_norm_eps=1e-5, hidden_act="gelu_new", **common)
    if architecture == "electra":
        return transformers.ElectraConfig(embedding_size=16, **common)
    return transformers.BertConfig(**common)


MODELS = {
    "bert": transformers.FlaxBertForTokenClassification,
    "distilbert": transformers.FlaxDistilBertForTokenClassification,
    "electra": transformers.FlaxElectraForTokenClassification,
    "roberta": transformers.FlaxRobertaForTokenClassification,
    "xlm-roberta": transformers.FlaxXLMRobertaForTokenClassification,
}


def weights(name, shape):
    count = math.prod(shape)
    shift = 0.11 * sum(name.encode())
    flat = np.array([0.08 * math.sin(0.37 * i + shift) for i in range(count)])
    if name.endswith("weight") and ("LayerNorm" in name or "layer_norm" in name):
        flat = flat + 1.0
    return flat.astype(np.float32).reshape(shape)


def run(architecture):
    bpe = architecture in ("roberta", "xlm-roberta")
    made = tokenizer(bpe)
    settings = config(architecture, made.get_vocab_size())
    model = MODELS[architecture](settings, dtype=jnp.float32)
    shapes, filled = [], {}
    for path, value in flatten_dict(model.params).items():
        *middle, last = path
        kind = {"kernel": "weight", "scale": "weight", "embedding": "weight"}.get(last, last)
        name = ".".join([*middle, kind])
        shape = tuple(reversed(value.shape)) if last == "kernel" else value.shape
        array = weights(name, shape)
        filled[path] = jnp.asarray(array.T if last == "kernel" else array)
        shapes.append([name, list(shape)])
    parameters = unflatten_dict(filled)
    cases = []
    for text in TEXTS:
        encoded = made.encode(text)
        ids = np.array([encoded.ids])
        with jax.default_matmul_precision("float32"):
            logits = model(ids, attention_mask=np.ones_like(ids), params=parameters).logits[0]
        place = [len(text[:i].encode()) for i in range(len(text) + 1)]
        cases.append(dict(text=text, ids=encoded.ids, offsets=[[place[a], place[b]] for a, b in encoded.offsets],
                          logits=[[round(float(x), 8) for x in row] for row in np.asarray(logits)]))
    written = settings.to_dict()
    keep = ["model_type", "vocab_size", "max_position_embeddings", "hidden_size", "num_hidden_layers",
            "num_attention_heads", "intermediate_size", "hidden_act", "layer_norm_eps", "type_vocab_size", "pad_token_id",
            "embedding_size", "position_embedding_type", "dim", "n_layers", "n_heads", "hidden_dim", "activation"]
    result = dict(made_by=f"transformers {transformers.__version__}, jax {jax.__version__}", config={
        **{k: written[k] for k in keep if k in written}, "id2label": {str(i): l for i, l in enumerate(LABELS)}},
        tokenizer=json.loads(made.to_str()), weights=shapes, cases=cases)
    path = pathlib.Path(__file__).parents[2] / "crates/medattest-transformer/parity" / f"{architecture}.json"
    path.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(architecture, path.stat().st_size)


for architecture in MODELS:
    run(architecture)
