"""The libraries' own tokenizers for the files that `omniq text` reads, and files made from a list of ranks."""
import base64
import json
import pathlib
import unicodedata

PATTERN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"] + [f"<|extra_{i}|>" for i in range(205)]


def letters():
    """Byte → the letter that Hugging Face's files write it with."""
    itself = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in itself]
    return {b: chr(b) for b in itself} | {b: chr(256 + i) for i, b in enumerate(others)}


LETTERS = letters()


def written(token):
    return "".join(LETTERS[b] for b in token)


def read_ranks(path):
    lines = pathlib.Path(path).read_bytes().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}


class Tiktoken:
    def __init__(self, path):
        import tiktoken
        ranks = read_ranks(path)
        self.encoding = tiktoken.Encoding("qwen", pat_str=PATTERN, mergeable_ranks=ranks,
                                          special_tokens={name: len(ranks) + i for i, name in enumerate(QWEN)})

    def encode(self, text, specials=True):
        text = unicodedata.normalize("NFC", text)  # as Qwen's tokenization_qwen.py does
        return self.encoding.encode(text, allowed_special="all") if specials else self.encoding.encode_ordinary(text)

    def decode(self, ids):
        return self.encoding.decode(ids)


class HuggingFace:
    def __init__(self, path):
        from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
        path = pathlib.Path(path)
        if path.is_dir() and (path / "tokenizer.json").exists():
            path = path / "tokenizer.json"
        if path.is_file():
            self.tokenizer = Tokenizer.from_file(str(path))
            return
        self.tokenizer = Tokenizer(models.BPE.from_file(str(path / "vocab.json"), str(path / "merges.txt")))
        self.tokenizer.normalizer = normalizers.NFC()
        self.tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        self.tokenizer.decoder = decoders.ByteLevel()
        config = json.loads((path / "tokenizer_config.json").read_text())
        for _, entry in sorted(config["added_tokens_decoder"].items(), key=lambda item: int(item[0])):
            entry = dict(entry)
            special = entry.pop("special")
            token = AddedToken(entry.pop("content"), special=special, **entry)
            (self.tokenizer.add_special_tokens if special else self.tokenizer.add_tokens)([token])

    def encode(self, text, specials=True):
        self.tokenizer.encode_special_tokens = not specials
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids):
        return self.tokenizer.decode(ids, skip_special_tokens=False)


def reference(path):
    return Tiktoken(path) if str(path).endswith(".tiktoken") else HuggingFace(path)


def merges_of(ranks):
    """The two tokens that each one is merged from, in order of rank; tokens that no merge reaches have none."""
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        parts = [bytes([b]) for b in token]
        while len(parts) > 2:
            best = min((ranks.get(a + b, rank) if ranks.get(a + b, rank) < rank else rank, i)
                       for i, (a, b) in enumerate(zip(parts, parts[1:])))
            if best[0] >= rank:
                break
            parts[best[1]:best[1] + 2] = [parts[best[1]] + parts[best[1] + 1]]
        if len(token) > 1 and len(parts) == 2:
            merges.append((written(parts[0]), written(parts[1])))
    return merges


def added(content, special=True, **flags):
    return {"content": content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": special} | flags


def write_tokenizer_json(folder, vocab, merges, extra, *, pairs=False, nfc=True, ignore_merges=False, mask=None):
    """`extra`: added tokens, whose ids follow the vocabulary's."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = [{"id": len(vocab) + i} | token for i, token in enumerate(extra)]
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    model = {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "",
             "fuse_unk": False, "byte_fallback": False, "ignore_merges": ignore_merges, "vocab": vocab,
             "merges": [list(m) if pairs else " ".join(m) for m in merges]}
    whole = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": entries,
             "normalizer": {"type": "NFC"} if nfc else None,
             "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
             "post_processor": byte_level, "decoder": byte_level, "model": model}
    (folder / "tokenizer.json").write_text(json.dumps(whole, ensure_ascii=False))
    if mask:
        (folder / "tokenizer_config.json").write_text(json.dumps({"mask_token": mask}))


def write_vocab_and_merges(folder, vocab, merges, extra):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    decoder = {str(len(vocab) + i): token for i, token in enumerate(extra)}
    (folder / "tokenizer_config.json").write_text(json.dumps({"added_tokens_decoder": decoder, "mask_token": None}))


def write_tiktoken(path, tokens):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % i for i, token in enumerate(tokens)))
