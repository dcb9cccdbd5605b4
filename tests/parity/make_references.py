#!/usr/bin/env python3
"""Makes the small reference folders beside this script from the original classes.

    python3 -m venv venv && venv/bin/pip install torch==2.11.0 transformers==5.23.0 safetensors==0.8.0
    venv/bin/python make_references.py [NAME...]

The folders from Qwen3-Next on in MODELS and those of VIDEOS were made with torch 2.15.0, the others with 2.11.0: a
later one changes the numbers by rounding.

Each folder holds a tiny random checkpoint as the library saves it, inputs, and what the library gives for them. To
add a model, write a function that returns it and its inputs, and list it in MODELS.
"""
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
EXPECTED_VERSION = "5.23.0"
IMAGE, VIDEO = 50, 51  # the placeholders of a picture's and a video's tokens


def text_config(**more):
    settings = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, vocab_size=60,
                    max_position_embeddings=64, pad_token_id=0, bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-3)
    return {**settings, **more}


def padded_batch(vocabulary, length=9, padding=3):
    """Two rows of ids, the second padded on the left."""
    ids = torch.randint(3, vocabulary, (2, length))
    mask = torch.ones_like(ids)
    mask[1, :padding] = 0
    ids[1, :padding] = 0
    return ids, mask


def olmo2():
    model = transformers.Olmo2ForCausalLM(transformers.Olmo2Config(num_key_value_heads=2, **text_config()))
    ids, mask = padded_batch(60)
    return model, dict(input_ids=ids, attention_mask=mask)


def dense(name):
    """Qwen2, Qwen3, Mistral, Phi, Phi-3: bases of the others that have no routed layer."""
    def make():
        config = getattr(transformers, name + "Config")
        settings = text_config(num_key_value_heads=2, **({"head_dim": 8} if name == "Qwen3" else {}))
        if name == "Phi":
            settings.pop("rms_norm_eps")
            settings["layer_norm_eps"] = 1e-3
        model = getattr(transformers, name + "ForCausalLM")(config(**settings))
        ids, mask = padded_batch(60)
        return model, dict(input_ids=ids, attention_mask=mask)
    return make


def llava_15():
    vision = transformers.CLIPVisionConfig(hidden_size=12, intermediate_size=20, num_hidden_layers=3,
                                           num_attention_heads=2, image_size=8, patch_size=4, layer_norm_eps=1e-3)
    text = transformers.LlamaConfig(num_key_value_heads=4, **text_config())
    model = transformers.LlavaForConditionalGeneration(
        transformers.LlavaConfig(vision_config=vision, text_config=text, image_token_index=IMAGE))
    ids, mask = padded_batch(IMAGE, length=12)
    ids[0, 2:6] = IMAGE
    ids[1, 5:9] = IMAGE
    return model, dict(input_ids=ids, attention_mask=mask, pixel_values=torch.randn(2, 3, 8, 8))


def qwen25_vl():
    vision = dict(depth=3, hidden_size=16, intermediate_size=20, num_heads=2, patch_size=2, spatial_merge_size=2,
                  temporal_patch_size=2, window_size=8, fullatt_block_indexes=[1], out_hidden_size=16)
    rope = {"rope_type": "default", "mrope_section": [1, 0, 1], "rope_theta": 10000.0}
    config = transformers.Qwen2_5_VLConfig(
        text_config=dict(num_key_value_heads=2, rope_parameters=rope, **text_config()), vision_config=vision,
        image_token_id=IMAGE, video_token_id=51, vision_start_token_id=52, vision_end_token_id=53,
        tie_word_embeddings=False)
    model = transformers.Qwen2_5_VLForConditionalGeneration(config)
    return model, two_pictures(3 * 2 * 2 * 2)


def qwen2_vl():
    vision = dict(depth=2, embed_dim=16, hidden_size=16, num_heads=2, patch_size=2, spatial_merge_size=2, mlp_ratio=2,
                  temporal_patch_size=2)
    rope = {"rope_type": "default", "mrope_section": [1, 0, 1], "rope_theta": 10000.0}
    config = transformers.Qwen2VLConfig(
        text_config=dict(num_key_value_heads=2, rope_parameters=rope, **text_config()), vision_config=vision,
        image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=52, vision_end_token_id=53,
        tie_word_embeddings=False)
    return transformers.Qwen2VLForConditionalGeneration(config), two_pictures(3 * 2 * 2 * 2)


def qwen3_vl_moe():
    vision = dict(depth=3, hidden_size=16, intermediate_size=20, num_heads=2, patch_size=2, spatial_merge_size=2,
                  temporal_patch_size=2, out_hidden_size=16, num_position_embeddings=16,
                  deepstack_visual_indexes=[0, 1])
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "mrope_interleaved": True, "rope_theta": 10000.0}
    text = text_config(num_key_value_heads=2, head_dim=8, num_experts=6, num_experts_per_tok=2, rope_parameters=rope,
                       moe_intermediate_size=12, router_aux_loss_coef=0.01)
    config = transformers.Qwen3VLMoeConfig(
        text_config=text, vision_config=vision, image_token_id=IMAGE, video_token_id=VIDEO, vision_start_token_id=52,
        vision_end_token_id=53, tie_word_embeddings=False)
    return transformers.Qwen3VLMoeForConditionalGeneration(config), two_pictures(3 * 2 * 2 * 2)


def record_video(model, frames_apart, more, inputs, wanted):
    """A picture and a video of two pairs of frames in one row. Some have every pair between tokens of its own."""
    channels = inputs["pixel_values"].shape[1]
    picture, video = torch.tensor([[1, 4, 4]]), torch.tensor([[2, 4, 6]])
    pair = [VIDEO] * 6
    shown = [8, 9, 52, *pair, 53, 10, 11, 52, *pair, 53] if frames_apart else [52, *pair, *pair, 53]
    ids = torch.tensor([[5, 6, 52, *[IMAGE] * 4, 53, 7, *shown, 12, 13, 14]])
    case = dict(input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=torch.randn(16, channels),
                image_grid_thw=picture, pixel_values_videos=torch.randn(48, channels), video_grid_thw=video)
    kinds = (ids == IMAGE).long() + 2 * (ids == VIDEO).long()
    # Sums are compared with those of a pass; positions by themselves, too.
    positions, deltas = model.model.get_rope_index(
        ids, kinds, image_grid_thw=picture, video_grid_thw=video, attention_mask=case["attention_mask"], **more)
    model.model.rope_deltas = None
    routers, read = watch_routers(model), watch_inputs([None, *model.model.language_model.layers])
    with torch.no_grad():
        got = model(**case, mm_token_type_ids=kinds, output_hidden_states=True, **more)
        model.model.rope_deltas = None
        made = model.generate(**case, mm_token_type_ids=kinds, **more, max_new_tokens=6, min_new_tokens=6,
                              do_sample=False)
    wanted.update({"video.logits": got.logits, "video.norm": got.hidden_states[-1], "gen_video.output_ids": made,
                   "video.position_ids": positions, "video.rope_deltas": deltas})
    wanted.update({f"video.hidden.{i}": layer for i, layer in read.items()})
    for layer, (scores, weights, experts) in routers.items():
        wanted.update({f"video.router.{layer}.logits": scores, f"video.router.{layer}.weights": weights,
                       f"video.router.{layer}.experts": experts})
    for prefix in ("video.", "gen_video."):
        inputs.update({prefix + k: v for k, v in {**case, **more}.items()})


def two_pictures(channels):
    """One in each row, of unlike sizes, and not a whole number of windows."""
    grids = torch.tensor([[1, 6, 8], [1, 4, 4]])
    ids, mask = padded_batch(IMAGE, length=20)
    for row, (start, count) in enumerate([(2, 12), (6, 4)]):
        ids[row, start - 1], ids[row, start + count] = 52, 53
        ids[row, start:start + count] = IMAGE
    return dict(input_ids=ids, attention_mask=mask, image_grid_thw=grids,
                pixel_values=torch.randn(int(grids.prod(1).sum()), channels), mm_token_type_ids=(ids == IMAGE).long())


def qwen35_vl():
    vision = dict(depth=2, hidden_size=16, intermediate_size=20, num_heads=2, patch_size=2, spatial_merge_size=2,
                  temporal_patch_size=2, out_hidden_size=32, num_position_embeddings=16)
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "mrope_interleaved": True, "rope_theta": 10000.0,
            "partial_rotary_factor": 0.25}
    text = dict(SMALL_DELTA_NET, num_hidden_layers=2, layer_types=["linear_attention", "full_attention"],
                head_dim=32, rope_parameters=rope, vocab_size=60)
    model = transformers.Qwen3_5MoeForConditionalGeneration(transformers.Qwen3_5MoeConfig(
        text_config=text, vision_config=vision, image_token_id=IMAGE, video_token_id=51, vision_start_token_id=52,
        vision_end_token_id=53, tie_word_embeddings=False))
    return model, two_pictures(3 * 2 * 2 * 2)


def qwen3_omni():
    """The whole of it, as it is published: thinker, talker and the parts that make sound, which are not recorded."""
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "mrope_interleaved": True, "rope_theta": 10000.0}
    heads = dict(num_attention_heads=4, num_key_value_heads=2, head_dim=8, rms_norm_eps=1e-3, max_position_embeddings=64)
    routed = dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=12, norm_topk_prob=True,
                  router_aux_loss_coef=0.01, rope_parameters=rope, hidden_size=16, intermediate_size=24, **heads)
    text = dict(num_hidden_layers=3, vocab_size=60, decoder_sparse_step=1, mlp_only_layers=[1], pad_token_id=0,
                bos_token_id=1, eos_token_id=2, **routed)
    vision = dict(depth=3, hidden_size=16, intermediate_size=20, num_heads=2, patch_size=2, spatial_merge_size=2,
                  temporal_patch_size=2, out_hidden_size=16, num_position_embeddings=16,
                  deepstack_visual_indexes=[0, 1])
    audio = dict(num_mel_bins=8, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=8, d_model=8,
                 output_dim=16, downsample_hidden_size=4, n_window=4, n_window_infer=8, max_source_positions=20)
    places = dict(image_token_id=IMAGE, video_token_id=51, vision_start_token_id=52, audio_token_id=54,
                  audio_start_token_id=55)
    talker = dict(text_config=dict(num_hidden_layers=2, vocab_size=40, shared_expert_intermediate_size=20, **routed),
                  code_predictor_config=dict(hidden_size=16, intermediate_size=20, num_hidden_layers=2, vocab_size=24,
                                             num_code_groups=4, **heads),
                  num_code_groups=4, thinker_hidden_size=16, accept_hidden_layer=1, spatial_merge_size=2, **places)
    sound = dict(codebook_size=24, hidden_size=8, num_attention_heads=2, num_key_value_heads=2, intermediate_size=8,
                 num_hidden_layers=1, num_quantizers=4, upsample_rates=[2, 2], upsampling_ratios=[2], decoder_dim=8)
    thinker = dict(text_config=text, vision_config=vision, audio_config=audio, **places)
    model = transformers.Qwen3OmniMoeForConditionalGeneration(transformers.Qwen3OmniMoeConfig(
        thinker_config=thinker, talker_config=talker, code2wav_config=sound))
    inputs = two_pictures(3 * 2 * 2 * 2)
    inputs.pop("mm_token_type_ids")
    return model, inputs


def record_talker(model, inputs, wanted):
    """A pass of the talker over what the thinker saw, its balance loss, the rest of each frame, and a generation."""
    talker, config = model.talker, model.config.talker_config
    ids, mask = inputs["input_ids"], inputs["attention_mask"]
    given = dict(attention_mask=mask, image_grid_thw=inputs["image_grid_thw"], talker_input_ids=ids)
    seen = {k: v for k, v in inputs.items() if k in ("pixel_values", "image_grid_thw", "input_ids", "attention_mask")}
    with torch.no_grad():
        thought = model.thinker(**seen, output_hidden_states=True).hidden_states
        embeds, hidden = thought[0], thought[config.accept_hidden_layer]
        x = torch.where((ids == IMAGE)[:, :, None], talker.hidden_projection(hidden), talker.text_projection(embeds))
        routers = watch_routers(talker)
        got = talker(inputs_embeds=x, output_router_logits=True, **given)
        layers = talker.model(inputs_embeds=x, attention_mask=mask, output_hidden_states=True, position_ids=
                              talker.get_rope_index(ids, inputs["image_grid_thw"], None, mask)[0]).hidden_states
    labels = torch.randint(0, 40, ids.shape).masked_fill(mask == 0, -100)
    labels[:, 0] = -100
    loss = torch.nn.functional.cross_entropy(got.logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
    inputs.update({"talker.thinker_ids": ids, "talker.attention_mask": mask, "talker.labels": labels,
                   "talker.image_grid_thw": inputs["image_grid_thw"], "talker.thinker_embeds": embeds,
                   "talker.thinker_hidden": hidden})
    wanted.update({"talker.logits": got.logits, "talker.norm": layers[-1], "talker.aux_loss": got.aux_loss.reshape(1),
                   "talker.loss": (loss + talker.router_aux_loss_coef * got.aux_loss).reshape(1)})
    wanted.update({f"talker.hidden.{i}": layer for i, layer in enumerate(layers[:-1])})
    for layer, (scores, weights, experts) in routers.items():
        wanted.update({f"talker.router.{layer}.logits": scores, f"talker.router.{layer}.weights": weights,
                       f"talker.router.{layer}.experts": experts})

    predictor, codes = talker.code_predictor, torch.randint(0, 24, (5, config.num_code_groups))
    states = torch.randn(5, 16)
    books = [talker.model.codec_embedding, *predictor.model.codec_embedding]
    read = torch.stack([states, *[book(codes[:, g]) for g, book in enumerate(books)]], 1)
    with torch.no_grad():
        frames = [predictor(inputs_embeds=read[:, :g + 2]).logits[:, -1] for g in range(config.num_code_groups - 1)]
        row = {k: v[:1] for k, v in given.items()}
        trailing, pad = torch.randn(1, 3, 16), torch.randn(1, 1, 16)
        made = talker.generate(inputs_embeds=x[:1], trailing_text_hidden=talker.text_projection(trailing),
                               tts_pad_embed=talker.text_projection(pad), do_sample=False, max_new_tokens=7,
                               output_hidden_states=True, return_dict_in_generate=True, **row)
    inputs.update({"talker.predictor.states": states, "talker.predictor.codes": codes,
                   "talker.gen.trailing": trailing, "talker.gen.pad": pad})
    wanted["talker.predictor.logits"] = torch.stack(frames, 1)
    wanted["talker.gen.codes"] = torch.stack([step[-1] for step in made.hidden_states if step[-1] is not None], 1)


SMALL_DELTA_NET = dict(
    hidden_size=32, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128, pad_token_id=0,
    bos_token_id=1, eos_token_id=None, rms_norm_eps=1e-3, linear_num_key_heads=2, linear_num_value_heads=4,
    linear_key_head_dim=8, linear_value_head_dim=8, num_experts=6, num_experts_per_tok=2, moe_intermediate_size=12,
    shared_expert_intermediate_size=20, router_aux_loss_coef=0.01)


def delta_net(name, **more):
    """Three gated delta nets, then a layer that attends to all. Longer than one chunk of 64 tokens."""
    def make():
        config = getattr(transformers, name + "Config" if name == "Qwen3Next" else name + "TextConfig")
        model = getattr(transformers, name + "ForCausalLM")(config(
            num_hidden_layers=4, head_dim=16, vocab_size=120, **SMALL_DELTA_NET, **more))
        ids, mask = padded_batch(120, length=70, padding=5)
        return model, dict(input_ids=ids, attention_mask=mask)
    return make


def ernie_vl():
    """Routers and experts of words and of pictures; the tokens around a picture count as its own."""
    vision = dict(depth=2, hidden_size=16, intermediate_size=20, num_heads=2, patch_size=2, spatial_merge_size=2,
                  temporal_merge_size=2, rms_norm_eps=1e-3)
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 500000.0}
    text = dict(hidden_size=32, intermediate_size=24, num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2, vocab_size=60, max_position_embeddings=64, rms_norm_eps=1e-3,
                rope_parameters=rope, moe_num_experts=6, moe_k=2, moe_num_shared_experts=2,
                moe_intermediate_size=[12, 8], pad_token_id=0, bos_token_id=1, eos_token_id=None)
    model = transformers.Ernie4_5_VLMoeForConditionalGeneration(transformers.Ernie4_5_VLMoeConfig(
        text_config=text, vision_config=vision, image_token_id=IMAGE, video_token_id=51, image_start_token_id=52,
        image_end_token_id=53, video_start_token_id=54, video_end_token_id=55))
    inputs = two_pictures(3 * 2 * 2)
    inputs["moe_mm_token_type_ids"] = ((inputs["input_ids"] >= IMAGE) & (inputs["input_ids"] < 56)).long()
    return model, inputs


class MoeFfn(torch.nn.Module):
    """DeepSeekMoE's routed layer after arXiv 2401.06066, section 3: no class of the library has it."""
    def __init__(self, config, expert):
        super().__init__()
        self.k = config.num_experts_per_tok
        self.gate = DeepseekTopKRouter(config)
        self.experts = torch.nn.ModuleList([expert(config.moe_intermediate_size)
                                            for _ in range(config.n_routed_experts)])
        self.shared_experts = expert(config.moe_intermediate_size * config.n_shared_experts)

    def forward(self, x):
        _, weights, experts = self.gate(x.flatten(0, 1))
        tokens = []
        for token, weight, chosen in zip(x.flatten(0, 1), weights, experts):
            tokens.append(sum(w * self.experts[e](token) for w, e in zip(weight, chosen.tolist())))
        return torch.stack(tokens).view_as(x) + self.shared_experts(x)


class DeepseekTopKRouter(torch.nn.Linear):
    def __init__(self, config):
        super().__init__(config.hidden_size, config.n_routed_experts, bias=False)
        self.k = config.num_experts_per_tok

    def forward(self, x):
        logits = super().forward(x)
        weights, experts = logits.softmax(-1).topk(self.k)
        return logits, weights, experts


def deepseek_moe():
    """The library's Llama with routed layers behind the first."""
    config = transformers.LlamaConfig(num_key_value_heads=4, **text_config(num_hidden_layers=3, eos_token_id=None))
    for key, value in dict(n_routed_experts=8, num_experts_per_tok=3, n_shared_experts=2, moe_intermediate_size=12,
                           first_k_dense_replace=1, moe_layer_freq=1, norm_topk_prob=False,
                           scoring_func="softmax").items():
        setattr(config, key, value)
    model = transformers.LlamaForCausalLM(config)

    def expert(hidden):
        return type(model.model.layers[0].mlp)(transformers.LlamaConfig(**text_config(intermediate_size=hidden)))
    for layer in model.model.layers[1:]:
        layer.mlp = MoeFfn(config, expert)
    ids, mask = padded_batch(60)
    return model, dict(input_ids=ids, attention_mask=mask)


MODELS = {"olmo2": olmo2, "llava-1.5": llava_15, "qwen2.5-vl": qwen25_vl, "qwen2": dense("Qwen2"), "qwen3": dense("Qwen3"),
          "mistral": dense("Mistral"), "phi": dense("Phi"), "phi3": dense("Phi3"),
          "qwen3-next": delta_net("Qwen3Next", intermediate_size=24, mlp_only_layers=[1]),
          "qwen3.5-moe": delta_net("Qwen3_5Moe"), "qwen3.5-vl": qwen35_vl,
          "ernie-4.5-vl": ernie_vl, "deepseek-moe": deepseek_moe, "qwen3-omni": qwen3_omni,
          "qwen2-vl": qwen2_vl, "qwen3-vl-moe": qwen3_vl_moe}


# Whose videos are recorded: whether each pair of frames stands between tokens of its own, and what is given beside.
VIDEOS = {"qwen2-vl": (False, {}), "qwen2.5-vl": (False, {"second_per_grid_ts": torch.tensor([0.7])}),
          "qwen3-vl-moe": (True, {}), "qwen3.5-vl": (True, {})}


# The auxiliary loss of these counts experts of words and of pictures in the same columns: it is not recorded.
APART = {"ernie-4.5-vl"}


# What a model that is put together here would be called.
PUBLISHED_AS = {"deepseek-moe": (["DeepseekForCausalLM"], "deepseek")}


def watch_routers(model):
    """What each router gives is kept by the number of its layer."""
    seen = {}
    for name, module in model.named_modules():
        if not type(module).__name__.endswith("TopKRouter"):
            continue
        layer = name.split(".layers.")[1].split(".")[0]
        if "_moe." in name:  # a router for words and one for pictures
            layer += ".lan" if ".text_moe." in name else ".vis"

        def keep(_, __, out, layer=layer):
            seen.setdefault(layer, out)
        module.register_forward_hook(keep)
    return seen


def watch_inputs(layers):
    """What each layer but the first reads: with DeepStack more than the one before it gave."""
    seen = {}
    for i, layer in enumerate(layers[1:]):
        def keep(_, given, i=i):
            seen.setdefault(i, given[0])
        layer.register_forward_pre_hook(keep)
    return seen


def published_name(parameter, whole):
    """What a parameter of the thinker is called where it is saved as a part."""
    if not whole:
        return parameter
    return "thinker." + parameter.replace("model.language_model.", "model.").replace("model.visual.", "visual.")


def make(name):
    torch.manual_seed(sum(map(ord, name)))
    model, inputs = MODELS[name]()
    model = model.float().eval()
    for parameter_name, parameter in model.named_parameters():  # norms of ones and biases of zeros would hide mistakes
        torch.nn.init.normal_(parameter, std=0.2)
        if parameter.dim() == 1:
            parameter.data += 1
        if parameter_name.endswith("A_log"):  # fast decays add up to sums whose float32 is too coarse to compare
            parameter.data -= 3
    for module in model.modules():
        if type(module).__name__ in ("Qwen3NextRMSNorm", "Qwen3_5MoeRMSNorm"):
            module.weight.data -= 1  # stored around zero
    folder = HERE / name
    model.save_pretrained(folder)
    whole, model = model, getattr(model, "thinker", model)
    # Nothing is asked of padding, and nothing is answered by it: what it sees differs between kernels.
    mask = inputs["attention_mask"]
    asked = (mask == 1) & (torch.cat([mask[:, :1], mask[:, :-1]], 1) == 1)
    if "pixel_values" in inputs:
        asked &= inputs["input_ids"] != IMAGE
    labels = inputs["input_ids"].masked_fill(~asked, -100)
    inputs["labels"] = labels
    routers = watch_routers(model)
    read = watch_inputs(model.model.language_model.layers) if hasattr(model.config, "vision_config") else {}
    text = model.config.get_text_config()
    routed = {"output_router_logits": True} if hasattr(text, "output_router_logits") and name not in APART else {}
    got = model(**inputs, output_hidden_states=True, **routed)
    got.loss.backward()
    wanted = {"logits": got.logits, "loss": got.loss.reshape(1)}
    for layer, (scores, weights, experts) in routers.items():
        if name in APART:
            wanted.update({f"router.{layer}.logits": scores, f"router.{layer}.weights": weights,
                           f"router.{layer}.experts": experts})
            continue
        wanted.update({f"router_logits.{layer}": scores, f"combine_weights.{layer}": weights,
                       f"expert_ids.{layer}": experts})
    if routed:
        wanted["aux_loss"] = got.aux_loss.reshape(1)
    if routers and name not in APART:
        # Of the small parameters alone: the folder stays small.
        wanted.update({f"grad.{published_name(n, whole is not model)}": p.grad for n, p in model.named_parameters()
                       if p.numel() <= 256 and p.grad is not None})
    layers = [read.get(i, hidden) for i, hidden in enumerate(got.hidden_states[1:-1])]  # the last is after the norm
    wanted.update({f"hidden.{i}": hidden for i, hidden in enumerate(layers)})
    wanted["final_norm"] = got.hidden_states[-1]
    prompt = {k: v[:1] for k, v in inputs.items() if k != "labels"}
    if "image_grid_thw" in prompt:
        prompt["pixel_values"] = inputs["pixel_values"][:int(prompt["image_grid_thw"].prod())]
    start = prompt["input_ids"].shape[1]
    with torch.no_grad():
        generated = model.generate(**prompt, max_new_tokens=6, min_new_tokens=6, do_sample=False)
    inputs["gen.input_ids"], wanted["generated"] = prompt["input_ids"], generated[:, start:]
    for pixels in {"pixel_values", "image_grid_thw"} & prompt.keys():
        inputs["gen." + pixels] = prompt[pixels]
    if whole is not model:
        record_talker(whole, inputs, wanted)
    if name in VIDEOS:
        record_video(model, *VIDEOS[name], inputs, wanted)
    save_file({k: v.contiguous().clone() for k, v in inputs.items()}, folder / "inputs.safetensors")
    save_file({k: v.detach().contiguous().clone() for k, v in wanted.items()}, folder / "expected.safetensors")
    (folder / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((folder / "config.json").read_text())
    if name in PUBLISHED_AS:
        config["architectures"], config["model_type"] = PUBLISHED_AS[name]
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


if __name__ == "__main__":
    if transformers.__version__ != EXPECTED_VERSION:
        sys.exit(f"needs transformers {EXPECTED_VERSION}, found {transformers.__version__}")
    for wanted_name in sys.argv[1:] or MODELS:
        make(wanted_name)
