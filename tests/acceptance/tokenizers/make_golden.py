#!/usr/bin/env python3
"""Writes tests/core/text/golden: small tokenizers of every format, and strings with the ids that the libraries give.

    make_golden.py RANKS      qwen.tiktoken, whose ids are in the file too

Needs Python 3.11 with tokenizers and tiktoken, as compare.py says.
"""
import json
import pathlib
import random
import sys
import tempfile

import strings
from reference import (LETTERS, QWEN, added, reference, write_tiktoken, write_tokenizer_json, write_vocab_and_merges)

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/core/text/golden"
EXTRA = [added(name) for name in QWEN[:3]] + [added("[MASK]", lstrip=True), added("<pad>", rstrip=True),
                                              added("café", special=False, normalized=True), added("  ", special=False)]


def trained():
    """Vocabulary and merges learnt from the project's own texts."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    from reference import PATTERN
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(PATTERN), "isolated"),
                                                       pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    trainer = trainers.BpeTrainer(vocab_size=600, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train([str(ROOT / "README.md"), str(ROOT / "docs/development.md")], trainer)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.model.save(folder)
        vocab = json.loads((pathlib.Path(folder) / "vocab.json").read_text())
        lines = (pathlib.Path(folder) / "merges.txt").read_text().splitlines()[1:]
    return vocab, [tuple(line.split(" ")) for line in lines]


def main(ranks):
    vocab, merges = trained()
    write_tokenizer_json(GOLDEN / "snapshot", vocab, merges, EXTRA, pairs=True, mask="[MASK]")
    write_vocab_and_merges(GOLDEN / "vocab", vocab, merges, EXTRA)
    byte = {letter: b for b, letter in LETTERS.items()}
    write_tiktoken(GOLDEN / "ranks/small.tiktoken", [bytes(byte[letter] for letter in token) for token in sorted(vocab, key=vocab.get)])
    libraries = {"snapshot": reference(GOLDEN / "snapshot"), "ranks": reference(GOLDEN / "ranks/small.tiktoken"), "qwen": reference(ranks)}
    r = random.Random(1)
    texts = ["", " ", "a video of apply eye makeup", "<|im_start|>user\nWhat is it?<|im_end|>\n"]
    while len(texts) < 280:
        text = strings.KINDS[len(texts) % len(strings.KINDS)](r)
        if len(text) <= 48:
            texts.append(text)
    broken = [b for b in (strings.broken(r) for _ in range(100)) if len(b) <= 60][:30]
    with open(GOLDEN / "strings.jsonl", "w") as out:
        for text in texts + broken:
            row = {"text": text} if isinstance(text, str) else {"hex": text.hex()}
            said = text if isinstance(text, str) else text.decode(errors="replace")
            for name, library in libraries.items():
                row[name] = library.encode(said)
                alone = library.encode(said, specials=False)
                if alone != row[name]:
                    row[name + "_alone"] = alone
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
