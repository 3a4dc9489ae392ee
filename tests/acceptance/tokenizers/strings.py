"""Strings on which tokenizers disagree where they are not the same: every kind has a function of a random.Random."""
import unicodedata

SCRIPTS = [  # ranges of letters, vowel signs and marks that stand together
    (0x61, 0x7A), (0x41, 0x5A), (0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x52F), (0x531, 0x587), (0x5D0, 0x5EA),
    (0x620, 0x6FF), (0x700, 0x74F), (0x780, 0x7B1), (0x900, 0x97F), (0x980, 0x9FE), (0xA01, 0xA76), (0xA80, 0xAFF),
    (0xB80, 0xBFA), (0xC00, 0xC7F), (0xD00, 0xD7F), (0xD80, 0xDF4), (0xE01, 0xE5B), (0xE80, 0xEDF), (0xF00, 0xFDA),
    (0x1000, 0x109F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x137C), (0x13A0, 0x13FD), (0x1401, 0x167F),
    (0x1780, 0x17F9), (0x1820, 0x18AA), (0x1E00, 0x1EFF), (0x1F00, 0x1FFE), (0x2C80, 0x2CFF), (0x3041, 0x309F),
    (0x30A0, 0x30FF), (0x3105, 0x312F), (0x4E00, 0x9FFF), (0xA000, 0xA48C), (0xAC00, 0xD7A3), (0xFB50, 0xFDFD),
    (0xFF01, 0xFFEE), (0x10330, 0x1034A), (0x10400, 0x1044F), (0x12000, 0x12399), (0x1D400, 0x1D7FF),
    (0x20000, 0x2A6DF), (0x1F100, 0x1F1AD)]
SPACES = [chr(c) for c in (0x20, 0x20, 0x20, 0x20, 9, 10, 10, 13, 11, 12, 0x85, 0xA0, 0x1680, 0x180E, 0x2000, 0x2003, 0x200A,
                           0x200B, 0x2028, 0x2029, 0x202F, 0x205F, 0x2060, 0x3000, 0xFEFF, 0x1C, 0x1F)] + ["\r\n"]
EMOJI = ["😀", "👍", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪", "🇨🇳🇫🇷", "❤️", "☺", "1️⃣", "#️⃣", "🧑🏿‍🚀", "✈️", "🫠", "⌚", "©", "™️"]
DIGITS = "0123456789" * 3 + "²³¹¼½Ⅷ①②٠١٢٣۴۵०१२๓๔０１２𝟘𝟙一二三"
CODE = ["for (int i = 0; i < n; ++i) {\n", "    return x;\n", "\t\tif a == b:\n", "def f(self, *args):\n\n", "#include <vector>\r\n",
        "std::vector<int>", "a->b", "!=", "===", "// TODO: x\n", "/* y */", "{}", "[]", "();", "0x1F", "1e-5", "\\n", "\"s\"",
        "'c'", "`", "<div class=\"a\">", "</p>\n", "&nbsp;", "$HOME", "@x", "#!/bin/sh\n", "x_y", "camelCase", "λ", "    ", "\t"]
TAILS = "'s 't 're 've 'm 'll 'd 'S 'T 'RE 'Ve 'M 'lL 'D 'ſ 'x ’s ’t 'st 'll've 'K".split() + ["''s", "' s", "'"]
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|extra_0|>", "<|extra_204|>", "<|extra_205|>", "<|extra_1", "<|im_end",
            "<|", "|>", "<|<|im_start|>|>", "<|IM_END|>", "<| im_end |>", "<|endoftext|><|endoftext|>", "<<|im_end|>", "[MASK]",
            "[mask]", "[MASK", " [MASK] ", "<pad>", "<|im_end|>\u0338", "\u0301<|im_end|>"]
MARKS = [chr(c) for c in (0x300, 0x301, 0x308, 0x323, 0x327, 0x338, 0x5B4, 0x64B, 0x653, 0x93C, 0x9BE, 0x3099, 0x309A, 0x1161, 0x11A8,
                          0x20DD, 0xFE0F, 0x200D, 0x302A, 0xFE20)]
WORDS = ("a the of video yo punch cricket Playing Guitar apply eye makeup HandstandWalking naïve café Straße ΣΊΣΥΦΟΣ İstanbul ﬁ don't it's "
         "we'll they'RE fjord Zürich Łódź Nguyễn data-driven e.g. U.S.A. http://example.org/a?b=c&d user@host C++ foo_bar 3.14 1,000").split()


def assigned(c):
    return unicodedata.category(chr(c)) not in ("Cn", "Cs")


ASSIGNED = [c for c in range(0x110000) if assigned(c) and not 0xE000 <= c <= 0xF8FF and c < 0xF0000]
LETTERS = [[chr(c) for c in range(low, high + 1) if assigned(c)] for low, high in SCRIPTS]


def times(r, low, high):
    return range(r.randint(low, high))


def word(r):
    return "".join(r.choice(letters) for letters in [r.choice(LETTERS)] for _ in times(r, 1, 12))


def scripts(r):
    return r.choice(["", " "]) + r.choice([" ", "", ", ", "-", "."]).join(word(r) for _ in times(r, 1, 8))


def english(r):
    return " ".join(r.choice(WORDS) + r.choice(["", "", "", ",", ".", "!", "?", ":"]) for _ in times(r, 1, 20))


def spaces(r):
    return "".join(r.choice(SPACES) * r.choice([1, 1, 2, 3, 7, 20]) if r.random() < .7 else r.choice(WORDS) for _ in times(r, 1, 12))


def emoji(r):
    return "".join(r.choice(EMOJI) + r.choice(["", "", " ", "a", "1"]) for _ in times(r, 1, 10))


def digits(r):
    return "".join(r.choice(DIGITS) if r.random() < .8 else r.choice(" .,-+x\n") for _ in times(r, 1, 30))


def code(r):
    return "".join(r.choice(CODE) for _ in times(r, 1, 15))


def contractions(r):
    return "".join(r.choice(["", " "]) + r.choice(WORDS + ["", "I", "é", "中"]) + r.choice(TAILS) for _ in times(r, 1, 8))


def specials(r):
    return "".join(r.choice(SPECIALS) if r.random() < .6 else r.choice([" ", "\n", "user", "x", "é", "  "]) for _ in times(r, 1, 8))


def marks(r):
    base = unicodedata.normalize(r.choice(["NFD", "NFKD", "NFC"]), scripts(r))
    return "".join(c + "".join(r.choice(MARKS) for _ in times(r, 0, 2)) for c in base)


def anything(r):
    return "".join(chr(r.choice(ASSIGNED)) for _ in times(r, 1, 20))


def runs(r):
    piece = r.choice(["a", "ab", "é", "中", " ", "\n", "\t ", "=", "-", "😀", "A", "0", "x\n", "' ", "aaaab", "\u0301", "\u0301\u0327", "\u0f73\u0344", "한"])
    return piece * r.choice([2, 3, 5, 17, 64, 300, 1000]) + r.choice(["", "b", " ", "\n"])


def mixed(r):
    return "".join(r.choice([scripts, english, spaces, emoji, digits, code, contractions, specials, marks, anything])(r) for _ in times(r, 2, 4))


def broken(r):
    """Bytes that are not all UTF-8, without line breaks."""
    data = bytearray(r.choice([scripts, emoji, english, marks, anything])(r).encode())
    for _ in times(r, 1, 6):
        at = r.randrange(len(data) + 1)
        what = r.random()
        if what < .4:
            data[at:at] = bytes([r.choice([0x80, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xF8, 0xFF, r.randrange(256)])])
        elif what < .7:
            del data[at:at + r.randint(1, 3)]
        else:
            data[at:at] = r.choice([b"\xed\xa0\x80", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xfe"])
    return bytes(data).replace(b"\n", b"")


KINDS = [scripts, english, spaces, emoji, digits, code, contractions, specials, marks, anything, runs, mixed]
