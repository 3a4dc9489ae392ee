#!/usr/bin/env python3
"""Compares the ids of `omniq text` with those of the libraries tokenizers and tiktoken, string by string.

    compare.py TOKENIZER …       files or folders, as omniq text --tokenizer takes them
    compare.py --generate RANKS  a file of ranks (qwen.tiktoken), the snapshots of Hugging Face's that say the same,
                                 and small tokenizers
    --strings N                  how many for each tokenizer (120000); --seed S: others

Needs build/release/bin/omniq and Python 3.11, whose Unicode is that of PCRE2 10.42 (14; letters of later versions are cut
as what is no letter):
    python3 -m venv venv && venv/bin/pip install tokenizers tiktoken && venv/bin/python tests/acceptance/tokenizers/compare.py …
Exit 1 where anything differs.
"""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import strings
from reference import (QWEN, added, merges_of, read_ranks, reference, write_tiktoken, write_tokenizer_json,
                       write_vocab_and_merges, written)

OMNIQ = pathlib.Path(__file__).resolve().parents[3] / "build/release/bin/omniq"


def omniq(action, tokenizer, lines, *flags):
    done = subprocess.run([OMNIQ, "text", action, "--tokenizer", tokenizer, *flags], input=b"".join(line + b"\n" for line in lines),
                          capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{tokenizer}: {done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.split(b"\n")[:-1]]


def quoted(texts):
    return [json.dumps(text).encode() for text in texts]


def made_of_tokens(r, theirs, size):
    """Ids that no text has, and the text that they are, which has others."""
    ids = [r.randrange(size) for _ in range(r.randint(1, 20))]
    return ids, theirs.decode(ids)


def compare(tokenizer, count, seed):
    theirs = reference(tokenizer)
    r = random.Random(seed)
    size = max(theirs.encode("<|endoftext|>", specials=True)) + 1
    ids, decoded = zip(*(made_of_tokens(r, theirs, size) for _ in range(count // 10)))
    broken = [strings.broken(r) for _ in range(count // 10)]
    texts = [r.choice(strings.KINDS)(r) for _ in range(count - len(ids) - len(broken))] + list(decoded)
    rows = [("ids", texts, omniq("encode", tokenizer, quoted(texts), "--quoted"), [theirs.encode(t) for t in texts]),
            ("ids of texts alone", texts, omniq("encode", tokenizer, quoted(texts), "--quoted", "--specials-as-text"),
             [theirs.encode(t, specials=False) for t in texts]),
            ("ids of broken UTF-8", broken, omniq("encode", tokenizer, broken),
             [theirs.encode(b.decode(errors="replace")) for b in broken]),
            ("texts of ids", ids, omniq("decode", tokenizer, quoted(ids), "--quoted"), list(decoded))]
    bad = 0
    for what, asked, mine, yours in rows:
        assert len(mine) == len(yours)
        wrong = [i for i in range(len(mine)) if mine[i] != yours[i]]
        bad += len(wrong)
        print(f"{tokenizer}: {what}: {len(mine)} compared, {len(set(map(str, asked)))} of them different, {len(wrong)} differ", flush=True)
        for i in sorted(wrong, key=lambda i: len(asked[i]))[:5]:
            print(f"    {asked[i]!r}\n        omniq   {mine[i]}\n        library {yours[i]}")
    return bad


def generate(folder, ranks_file):
    """The tokenizers to compare, written into the folder."""
    ranks = read_ranks(ranks_file)
    tokens = sorted(ranks, key=ranks.get)
    vocab = {written(token): rank for token, rank in ranks.items()}
    merges = merges_of(ranks)
    specials = [added(name) for name in QWEN[:3]]
    write_tokenizer_json(folder / "qwen", vocab, merges, specials + [added("[MASK]")])
    write_vocab_and_merges(folder / "qwen-vocab", vocab, merges, specials)
    few = tokens[:1000]
    small = {written(token): i for i, token in enumerate(few)}
    pairs = merges_of({token: i for i, token in enumerate(few)})
    odd = [added("[MASK]", lstrip=True), added("<pad>", rstrip=True), added("café", special=False, normalized=True), added("  ", special=False)]
    write_tokenizer_json(folder / "small", small, pairs, specials + odd, pairs=True)
    write_tokenizer_json(folder / "small-raw", small, pairs, specials, nfc=False, ignore_merges=True)
    write_tiktoken(folder / "bytes.tiktoken", tokens[:256])
    write_tiktoken(folder / "small.tiktoken", few)
    return [ranks_file] + [folder / name for name in ("qwen", "qwen-vocab", "small", "small-raw", "bytes.tiktoken", "small.tiktoken")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizers", nargs="*", type=pathlib.Path)
    parser.add_argument("--generate", type=pathlib.Path, metavar="RANKS")
    parser.add_argument("--strings", type=int, default=120000)
    parser.add_argument("--seed", type=int, default=0)
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        chosen = o.tokenizers + (generate(pathlib.Path(made), o.generate) if o.generate else [])
        if not chosen:
            parser.error("name a tokenizer")
        bad = sum(compare(tokenizer, o.strings, o.seed) for tokenizer in chosen)
    print(f"{bad} differ")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
