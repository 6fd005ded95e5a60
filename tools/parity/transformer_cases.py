"""Reference figures of the Python library `transformers` for tiny token-classification models.

By hand only: python tools/parity/transformer_cases.py, with tools/parity/transformer-requirements.txt installed. Nothing is
fetched from a hub. Writes crates/medattest-transformer/parity/<case>.json. Weights follow from the name and the place of
each figure by arithmetic on 32-bit integers, so the test makes the very same ones without a binary file:

    h = FNV-1a of the name's bytes;  x = h xor (i * 0x9E3779B1);  x = the finalizer of MurmurHash3 of x
    weight[i] = 0.25 * ((x >> 8) / 2^23 - 1)        and 1 more for the `weight` of norms, which has one dimension
"""

import json
import pathlib

import numpy as np
import tokenizers
import torch
import transformers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

NOTE = ("Patient Jane Roe was seen in Springfield on 03/14/2024. Zoë Müller, née Strauß, called 212-555-0147; "
        "naïve  spacing,\ttabs and\nlines. ")
TEXTS = [
    "Patient Jane Roe was seen in Springfield.",
    "Zoë Müller, née Strauß, left — 山田太郎 😷 naïve\u0301.",
    "a",
    "",
    "  call 212-555-0147 \n at 10:30  ",
    "Jane <pad> Roe [SEP] </s> seen <s>[PAD]",
    NOTE * 3 + "The end, Jane",
]
LABELS = ["O", "B-PATIENT", "I-PATIENT", "B-DATE", "I-DATE"]
HIDDEN, HEADS, WIDE, POSITIONS = 32, 4, 64, 64
STRIDE = 31  # what windows of 64 positions share
CORPUS = [NOTE, TEXTS[0], TEXTS[4], "the patient was seen and examined in clinic", "Roe Springfield Müller Strauß Jane"] * 4


def wordpiece(**how):
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(**how)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    made.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False))
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    return made


def bytelevel(modern):
    made = Tokenizer(models.BPE() if modern else models.BPE(unk_token="<unk>"))
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    if modern:
        made.normalizer = normalizers.NFC()
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=not modern)
    made.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=300, special_tokens=special, show_progress=False,
                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    made.post_processor = (
        processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]) if modern
        else processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=True))
    return made


def sentencepiece(words):
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    metaspace = pre_tokenizers.Metaspace()
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), metaspace]) if words else metaspace
    made.train_from_iterator(CORPUS, trainers.UnigramTrainer(vocab_size=120, special_tokens=special, unk_token="<unk>",
                                                             show_progress=False))
    made.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    return made


COMMON = dict(hidden_size=HIDDEN, num_hidden_layers=2, num_attention_heads=HEADS, intermediate_size=WIDE,
              max_position_embeddings=POSITIONS)
# Positions of these begin after that of the padding.
ROBERTA = {**COMMON, "max_position_embeddings": POSITIONS + 2, "type_vocab_size": 1, "pad_token_id": 1, "bos_token_id": 0,
           "eos_token_id": 2, "layer_norm_eps": 1e-5}
CASES = {
    "bert": (lambda: wordpiece(lowercase=False, strip_accents=False), transformers.BertConfig, COMMON),
    "distilbert": (lambda: wordpiece(lowercase=True), transformers.DistilBertConfig,
                   dict(dim=HIDDEN, n_layers=2, n_heads=HEADS, hidden_dim=WIDE, max_position_embeddings=POSITIONS)),
    "electra": (lambda: wordpiece(lowercase=True), transformers.ElectraConfig, {**COMMON, "embedding_size": 16}),
    "roberta": (lambda: bytelevel(False), transformers.RobertaConfig, ROBERTA),
    "xlm-roberta": (lambda: sentencepiece(True), transformers.XLMRobertaConfig, {**ROBERTA, "hidden_act": "gelu_new"}),
    "camembert": (lambda: sentencepiece(False), transformers.CamembertConfig, {**ROBERTA, "hidden_act": "relu"}),
    # As DeBERTa v3: keys shared, norm over the table of distances, no absolute positions.
    "deberta-v2": (lambda: sentencepiece(False), transformers.DebertaV2Config,
                   {**COMMON, "relative_attention": True, "position_buckets": 16, "max_relative_positions": -1,
                    "norm_rel_ebd": "layer_norm", "share_att_key": True, "pos_att_type": ["p2c", "c2p"],
                    "position_biased_input": False, "type_vocab_size": 0}),
    # As DeBERTa v2 xlarge and beyond: a convolution, projections of its own, narrow embeddings, no buckets.
    "deberta-v2-conv": (lambda: sentencepiece(True), transformers.DebertaV2Config,
                        {**COMMON, "relative_attention": True, "max_relative_positions": 24, "pos_att_type": "c2p|p2c",
                         "position_biased_input": True, "type_vocab_size": 2, "embedding_size": 16,
                         "conv_kernel_size": 3, "conv_act": "gelu"}),
    "modernbert": (lambda: bytelevel(True), transformers.ModernBertConfig,
                   {**COMMON, "num_hidden_layers": 4, "local_attention": 16, "global_attn_every_n_layers": 3,
                    "global_rope_theta": 1600.0, "local_rope_theta": 100.0, "pad_token_id": 1, "bos_token_id": 0,
                    "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}),
}


def weights(name, shape):
    with np.errstate(over="ignore"):
        seed = np.uint32(2166136261)
        for byte in name.encode():
            seed = (seed ^ np.uint32(byte)) * np.uint32(16777619)
        x = seed ^ (np.arange(np.prod(shape), dtype=np.uint32) * np.uint32(0x9E3779B1))
        x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85EBCA6B)
        x = (x ^ (x >> np.uint32(13))) * np.uint32(0xC2B2AE35)
        x = x ^ (x >> np.uint32(16))
    flat = 0.25 * ((x >> np.uint32(8)).astype(np.float64) / 2**23 - 1.0)
    if name.endswith(".weight") and len(shape) == 1:
        flat = flat + 1.0
    return flat.astype(np.float32).reshape(shape)


def run(case):
    make, kind, settings = CASES[case]
    path = pathlib.Path(__file__).parents[2] / "crates/medattest-transformer/parity" / f"{case}.json"
    # Vocabularies come out in another order each time, so one that is there is kept.
    written = json.loads(path.read_text())["tokenizer"] if path.exists() else json.loads(make().to_str())
    made = Tokenizer.from_str(json.dumps(written))
    names = dict(id2label=dict(enumerate(LABELS)), label2id={label: at for at, label in enumerate(LABELS)})
    config = kind(vocab_size=made.get_vocab_size(), **settings, **names)
    model = transformers.AutoModelForTokenClassification.from_config(config, attn_implementation="eager").eval().float()
    config.architectures = [type(model).__name__]
    shapes = [[name, list(tensor.shape)] for name, tensor in model.state_dict().items()]
    model.load_state_dict({name: torch.from_numpy(weights(name, shape)) for name, shape in shapes})
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(written)))
    cases = []
    for text in TEXTS:
        place = [len(text[:at].encode()) for at in range(len(text) + 1)]
        encoded = fast(text, truncation=True, max_length=POSITIONS, stride=STRIDE, return_overflowing_tokens=True)
        # Offsets are those of the whole text. In windows after the first, RobertaProcessing leaves the space before the
        # first token, as if it were the one that add_prefix_space put before the text.
        whole = fast(text, return_offsets_mapping=True)
        windows = []
        for number, ids in enumerate(encoded["input_ids"]):
            body = slice(1 + number * (POSITIONS - 2 - STRIDE), -1)
            assert ids[1:-1] == whole["input_ids"][body][:POSITIONS - 2]
            offsets = [(0, 0), *whole["offset_mapping"][body][:POSITIONS - 2], (0, 0)]
            with torch.no_grad():
                logits = model(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long)).logits[0]
            windows.append(dict(ids=ids, offsets=[[place[a], place[b]] for a, b in offsets],
                                logits=[[round(float(x), 7) for x in row] for row in logits]))
        cases.append(dict(text=text, windows=windows))
    by = f"transformers {transformers.__version__}, torch {torch.__version__}, tokenizers {tokenizers.__version__}"
    result = dict(made_by=by, config=json.loads(config.to_json_string()), tokenizer=written,
                  weights=shapes, cases=cases)
    path.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n")
    largest = max(abs(x) for c in cases for w in c["windows"] for row in w["logits"] for x in row)
    print(case, path.stat().st_size, [len(c["windows"]) for c in cases], "largest logit", round(largest, 3))


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for case in CASES:
        run(case)
