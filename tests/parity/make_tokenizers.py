#!/usr/bin/env python3
"""Makes the tokenizers of tests/text/data/published and the ids that the reference libraries give with them.

    python3 -m venv venv && venv/bin/pip install tokenizers==0.23.3 sentencepiece==0.2.3
    venv/bin/python make_tokenizers.py

They have the settings of published tokenizers (patterns, normal forms, fallback, templates, decoders) and small
vocabularies of their own, learned from lines.txt, which is made only where it is missing: from this project's own
text and code, names of places and languages in Chinese, emoji, every block of Unicode and broken UTF-8.
"""
import gettext
import hashlib
import json
import pathlib
import random
import re
import struct

import sentencepiece
import tokenizers
from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).parents[2]
HERE = ROOT / "tests/text/data/published"
LEARNED = 1413  # lines of words, before those of any characters
TOLD = 60  # lines whose ids stand in the file; of all others there is a checksum

GPT_ENDING = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
QWEN2 = GPT_ENDING + r"\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = GPT_ENDING + r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DEEPSEEK_V3 = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"
               r" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
MARK = "\u2581"


def compose_lines():
    draw = random.Random(4)
    lines = [b"", b" ", b"   ", b"\t", b"a", b" a", b"a ", "é".encode(), "e\u0301".encode(), "\u2581a\u2581 b".encode(),
             "İstanbul ß ŉ ǆ Σας".encode(), "ﬁ ﬃ ① ㌀ Ａ１！　ｶﾞ".encode(), b"<0x41> <s> </s> <unk>"]
    text = []
    for path in sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"]):
        text += path.read_text().splitlines()
    code = []
    for path in sorted(ROOT.glob("framework/*/*.cpp")):
        code += path.read_text().splitlines()
    fits = lambda line: 3 <= len(line) <= 76
    lines += [line.encode() for line in draw.sample([t for t in text if fits(t)], 520)]
    lines += [line.encode() for line in draw.sample([c for c in code if fits(c)], 420)]
    names = []
    for domain in ("iso_3166", "iso_639-3"):
        catalog = gettext.GNUTranslations(open(f"/usr/share/locale/zh_CN/LC_MESSAGES/{domain}.mo", "rb"))
        names += [v for k, v in catalog._catalog.items() if k and isinstance(v, str) and re.fullmatch("[\u4e00-\u9fff]+", v)]
    shapes = ["{a}在哪里？", "图片里有{n}个来自{a}的人，他们说{b}。", "我不知道{a}和{b}有什么不同……", "“{a}”（{b}）：第{n}页", "{a}、{b}，{n}％！"]
    for _ in range(340):
        shape = draw.choice(shapes)
        lines.append(shape.format(a=draw.choice(names), b=draw.choice(names), n=draw.randint(0, 2026)).encode())
    emoji = ["🙂", "👩‍👩‍👧‍👦", "🇩🇪🇨🇳", "👍🏽", "❤️", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🧑🏿‍🚀", "☺", "⛄︎"]
    for _ in range(120):
        lines.append("".join(draw.choice(emoji + [" ", "ok", "！"]) for _ in range(draw.randint(1, 9))).encode())
    blocks = [(0x20, 0x7f), (0xa0, 0x250), (0x250, 0x370), (0x370, 0x530), (0x530, 0x700), (0x900, 0xe00), (0xe00, 0x1200),
              (0x1100, 0x1200), (0x1e00, 0x2000), (0x2000, 0x2070), (0x2070, 0x2400), (0x2460, 0x2800), (0x3000, 0x3400),
              (0x4e00, 0x9fff), (0xac00, 0xd7a4), (0xf900, 0xfb50), (0xfe20, 0xfe70), (0xff00, 0xffef), (0x1d400, 0x1d800)]
    for _ in range(500):
        chosen = [draw.choice(blocks) for _ in range(draw.randint(1, 3))]
        chars = [chr(draw.randrange(*draw.choice(chosen))) for _ in range(draw.randint(1, 12))]
        for _ in range(draw.randint(0, 4)):
            chars.insert(draw.randint(0, len(chars)), draw.choice([" ", "  ", "\t", "\u00a0", "\u3000", "\u0085", "7", "x"]))
        lines.append("".join(chars).replace("\r", "").replace("\n", "").encode())
    whole = [line for line in lines if len(line) > 12]
    for _ in range(250):  # cut, changed and stray bytes
        line = bytearray(draw.choice(whole)[:60])
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(line))
            line[at:at + draw.randint(0, 1)] = bytes([draw.choice([0x80, 0xff, 0xc3, 0xe2, 0xed, 0xf0, 0xf5, 0xa0, 0x9f])])
        lines.append(bytes(line))
    for _ in range(160):  # added tokens among words
        parts = ["<|im_start|>", "<|user|>", "</s>", "<mask>", " <mask> ", "hello", " hello", "世界", "\t", "  ", "Word", "<pad>"]
        lines.append("".join(draw.choice(parts) for _ in range(draw.randint(2, 7))).encode())
    lines = [line.replace(b"\n", b" ").replace(b"\r", b"\\r") for line in lines]
    lines += [line.replace(b". ", b".\x1e") for line in lines if b". " in line][:60]  # 0x1e stands for a line's end
    return lines


def read_lines():
    if not (HERE / "lines.txt").exists():
        (HERE / "lines.txt").write_bytes(b"\n".join(compose_lines()))
    lines = (HERE / "lines.txt").read_bytes().split(b"\n")
    return [line.replace(b"\x1e", b"\n").decode("utf-8", errors="replace") for line in lines]


def added(content, **flags):
    return tokenizers.AddedToken(content, **{"normalized": False, "special": True, **flags})


COMMON = [added("<|im_start|>"), added("<|user|>", rstrip=True), added("<mask>", lstrip=True),
          added("Word", special=False, single_word=True, normalized=True)]


def byte_level(lines, normalizer, steps, template=None, ignore_merges=False):
    tokenizer = tokenizers.Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        steps + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "</s>"]
    tokenizer.train_from_iterator(lines[:LEARNED], trainers.BpeTrainer(vocab_size=1500, special_tokens=special, show_progress=False,
                                                             initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_tokens(COMMON)
    if template:
        tokenizer.post_processor = processors.Sequence([
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(single=template, special_tokens=[("<s>", 0), ("</s>", 1)])])
    return tokenizer


def split(pattern, behavior="isolated"):
    return pre_tokenizers.Split(Regex(pattern), behavior)


def qwen2(lines):
    return byte_level(lines, normalizers.NFC(), [split(QWEN2)])


def llama3(lines):
    return byte_level(lines, None, [split(LLAMA3)], "<s> $A", ignore_merges=True)


def deepseek_v2(lines):
    return byte_level(lines, None, [
        split(r"[\r\n]"), split(r"\s?\p{L}+"), split(r"\s?[!-/:-~！-／：-～‘-‟　-。]+"), split(r"\s+$"),
        split(r"[一-龥ࠀ-一가-퟿]+"), pre_tokenizers.Digits(individual_digits=True)], "<s> $A")


def deepseek_v3(lines):
    return byte_level(lines, None, [split(r"\p{N}{1,3}"), split(r"[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK_V3)], "<s> $A")


def spm_file(lines, name, **settings):
    """A SentencePiece model, learned in a folder of its own."""
    text = HERE / "text.tmp"
    text.write_text("\n".join(lines[:LEARNED]))
    rules = HERE / "rules.tmp.tsv"
    sentencepiece.SentencePieceTrainer.train(
        input=str(text), model_prefix=str(HERE / name), hard_vocab_limit=False, character_coverage=0.98,
        minloglevel=2, **({"normalization_rule_tsv": str(rules)} if settings.pop("rules", False) else
                          {"normalization_rule_name": "identity"}), **settings)
    text.unlink()
    (HERE / f"{name}.vocab").unlink()
    return sentencepiece.SentencePieceProcessor(model_file=str(HERE / f"{name}.model"))


def write_rules():
    """A small table of rewritten characters; the published one (nmt_nfkc) takes 240 kB."""
    import unicodedata
    rules = {}
    for code in [*range(0xff01, 0xff5f), *range(0xfb00, 0xfb07), *range(0x2460, 0x2474), *range(0xa0, 0x100),
                 *range(0xff66, 0xff9e), 0x3000, 0x2026]:
        normal = unicodedata.normalize("NFKC", chr(code))
        if normal != chr(code):
            rules[chr(code)] = normal
    rules.update({"e\u0301": "é", "a\u0308": "ä", "\u200b": " ", "\u00ad": "", "ｶﾞ": "ガ", "\t": " ", "\u0085": " "})
    as_hex = lambda s: " ".join(f"{ord(c):X}" for c in s)
    (HERE / "rules.tmp.tsv").write_text("".join(f"{as_hex(k)}\t{as_hex(v)}\n" for k, v in sorted(rules.items())))


def pieces_of(model):
    return [(model.id_to_piece(i), model.get_score(i)) for i in range(model.vocab_size())]


def merges_of(model):
    """The merges of a BPE that SentencePiece learned, in the order in which published files have them."""
    ids = {piece: i for i, (piece, _) in enumerate(pieces_of(model))}
    normal = [i for i in range(model.vocab_size()) if not (model.is_control(i) or model.is_unknown(i) or model.is_byte(i))]
    merges = []
    for i in normal:
        piece = model.id_to_piece(i)
        local = [(piece[:n], piece[n:]) for n in range(1, len(piece)) if piece[:n] in ids and piece[n:] in ids]
        local.sort(key=lambda pair: (ids[pair[0]], ids[pair[1]]))
        merges += [(pair, model.get_score(i)) for pair in local]
    return [pair for pair, _ in sorted(merges, key=lambda m: m[1], reverse=True)]


def charsmap(name):
    """The table inside a .model file: field 2 of field 3."""
    def fields(data):
        at = 0
        def varint():
            nonlocal at
            value = shift = 0
            while True:
                byte = data[at]
                at += 1
                value |= (byte & 0x7f) << shift
                shift += 7
                if byte < 0x80:
                    return value
        while at < len(data):
            key = varint()
            if key & 7 == 0:
                yield key >> 3, varint()
            else:
                size = varint() if key & 7 == 2 else {1: 8, 5: 4}[key & 7]
                yield key >> 3, data[at:at + size]
                at += size
    for number, value in fields((HERE / f"{name}.model").read_bytes()):
        if number == 3:
            return dict(fields(value)).get(2, b"")


def llama2(lines):
    """As Llama 2, Vicuna and Phi-3 were converted; Phi-3's added tokens take the space behind them."""
    model = spm_file(lines, "llama2", model_type="bpe", vocab_size=1400, byte_fallback=True, split_digits=True,
                     remove_extra_whitespaces=False)
    vocab = {piece: i for i, (piece, _) in enumerate(pieces_of(model))}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab, merges_of(model), unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(MARK), normalizers.Replace(" ", MARK)])
    tokenizer.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([added("<unk>"), added("<s>"), added("</s>")])
    tokenizer.add_tokens(COMMON)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def nllb(lines):
    """As NLLB was converted: BPE without bytes to fall back to, and a language's token behind the text."""
    model = spm_file(lines, "nllb", model_type="bpe", vocab_size=1300, rules=True)
    vocab = {piece: i for i, (piece, _) in enumerate(pieces_of(model))}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocab, merges_of(model), unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap("nllb")),
                                                 normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement=MARK, prepend_scheme="always", split=True)
    tokenizer.add_special_tokens([added("<s>"), added("</s>"), added("<unk>"), added("eng_Latn")])
    tokenizer.add_tokens(COMMON)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="eng_Latn $A </s>", special_tokens=[(t, tokenizer.token_to_id(t)) for t in ("eng_Latn", "</s>")])
    return tokenizer


def t5(lines):
    model = spm_file(lines, "t5", model_type="unigram", vocab_size=1300, rules=True)
    tokenizer = tokenizers.Tokenizer(models.Unigram(pieces_of(model), unk_id=0))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Precompiled(charsmap("t5")), normalizers.Strip(left=False, right=True),
                                                 normalizers.Replace(Regex(" {2,}"), MARK)])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="always")])
    tokenizer.decoder = decoders.Metaspace(replacement=MARK, prepend_scheme="always")
    tokenizer.add_special_tokens([added("<s>"), added("</s>"), added("<unk>")])
    tokenizer.add_tokens(COMMON)
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 2)])
    return tokenizer


def first_scheme(lines):
    """Metaspace before the first word alone, as files without legacy behaviour have it; unigram with bytes; NFKC and
    small letters."""
    model = spm_file(lines, "bytes", model_type="unigram", vocab_size=1300, byte_fallback=True)
    tokenizer = tokenizers.Tokenizer(models.Unigram(pieces_of(model), unk_id=0, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=MARK, prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Sequence([decoders.Replace(MARK, " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([added("<s>"), added("</s>"), added("<unk>")])
    tokenizer.add_tokens(COMMON)
    return tokenizer


def checksum(ids):
    return hashlib.sha256(struct.pack(f"<{len(ids)}I", *ids)).hexdigest()[:4]


def record(lines, encode, decode):
    all_ids = [encode(line) for line in lines]
    every = max(1, len(lines) // TOLD)
    return {"told": [{"line": i, "ids": all_ids[i], "text": decode(all_ids[i])}
                     for i in range(0, len(lines), every)],
            "ids": "".join(checksum(ids) for ids in all_ids),
            "texts": "".join(hashlib.sha256(decode(ids).encode()).hexdigest()[:4] for ids in all_ids)}


def save(name, expected):
    (HERE / f"{name}.expected.json").write_text(json.dumps(expected, ensure_ascii=False) + "\n")


def main():
    lines = read_lines()
    write_rules()
    for make in (qwen2, llama3, deepseek_v2, deepseek_v3, llama2, nllb, t5, first_scheme):
        tokenizer = make(lines)
        name = make.__name__
        (HERE / f"{name}.json").write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")))
        save(name, record(lines, lambda line: tokenizer.encode(line).ids, tokenizer.decode))
    for name in ("llama2", "nllb", "t5", "bytes"):
        model = sentencepiece.SentencePieceProcessor(model_file=str(HERE / f"{name}.model"))
        save(f"{name}.model", record(lines, model.encode, model.decode))
    (HERE / "rules.tmp.tsv").unlink()


main()
