"""Makes text_scores.json: pairs of texts and what sacrebleu, rouge-score and pycocoevalcap say of them."""
import json
import random

import sacrebleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from rouge_score import rouge_scorer

random.seed(1)
PARTS = ["Oval mass", "irregular mass,", "in the left breast", "in the right breast (10 o'clock)",
         "margins are circumscribed.", "12.5 mm x 8 mm", "BI-RADS 4a;", "no calcifications", "posterior shadowing",
         "follow-up in 6 months.", "“hypoechoic”", "size 3-5 cm, stable", "AT&amp;T; 50% <b>", "3.14,5", "-", "a a a"]
CHINESE = ["左侧乳腺", "低回声结节,", "边界清", "BI-RADS 3类。", "大小约12.5mm", "未见钙化"]


def text(parts, sep):
    return sep.join(random.choice(parts) for _ in range(random.randint(2, 7)))


def case(parts, sep, tokenize, count, references):
    hyps = [text(parts, sep) for _ in range(count)]
    refs = [[text(parts, sep) if random.random() < .7 else h for _ in range(references)] for h in hyps]
    out = {"tokenize": tokenize, "texts": hyps, "references": refs}
    streams = [[r[i] for r in refs] for i in range(references)]
    out["bleu"] = [sacrebleu.BLEU(max_ngram_order=n, smooth_method="none", tokenize=tokenize, effective_order=False)
                   .corpus_score(hyps, streams).score for n in range(1, 5)]
    tool = sacrebleu.BLEU(tokenize=tokenize)
    out["words"] = [tool.tokenizer(h) for h in hyps]
    scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    out["rouge"] = {k: [scorer.score_multi(r, h)[k].fmeasure for h, r in zip(hyps, refs)]
                    for k in ["rouge1", "rouge2", "rougeL"]}
    clean = lambda s: " ".join(s.split())
    gts = {i: [clean(x) for x in r] for i, r in enumerate(refs)}
    res = {i: [clean(h)] for i, h in enumerate(hyps)}
    out["cider_d"] = float(Cider().compute_score(gts, res)[0])
    out["rouge_l_coco"] = float(Rouge().compute_score(gts, res)[0])
    return out


with open("text_scores.json", "w") as f:
    json.dump([case(PARTS, " ", "13a", 12, 1), case(PARTS, " ", "13a", 9, 3), case(CHINESE, "", "zh", 8, 2)], f,
              ensure_ascii=False, indent=1)
    f.write("\n")
