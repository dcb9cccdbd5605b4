#!/usr/bin/env python3
"""Renders tests/text/data/chat/templates with Jinja as transformers sets it up, into expected.json beside them.

    python3 -m venv venv && venv/bin/pip install jinja2==3.1.6
    venv/bin/python make_chat_templates.py

The templates are this project's own. Each builds the turns of one published family with the constructs that its
template uses; `constructs` is what else of the language is known, a line for each.
"""
import datetime
import json
import pathlib

import jinja2
import jinja2.ext
import jinja2.sandbox

HERE = pathlib.Path(__file__).parents[2] / "tests/text/data/chat"
NOW = datetime.datetime(2026, 3, 9, 8, 5)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.Scope(body, lineno=line)


def environment():
    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = NOW.strftime
    return env


def conversations():
    user = lambda text: {"role": "user", "content": text}
    said = lambda text, **more: {"role": "assistant", "content": text, **more}
    picture = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is <this>?"}]}
    weather = {"type": "function", "function": {
        "name": "weather", "description": "Says the weather of a \"place\" — 天气",
        "parameters": {"type": "object", "properties": {"place": {"type": "string", "enum": ["Bern", "上海"]},
                                                        "days": {"type": "integer"}}, "required": ["place"]}}}
    call = {"type": "function", "id": "abcdefghi", "function": {"name": "weather", "arguments": {"place": "上海", "days": 2}}}
    base = {"bos_token": "<s>", "eos_token": "</s>", "add_generation_prompt": True}
    yield "one question", dict(base, messages=[user("What is red?")])
    yield "no prompt", dict(base, messages=[user(" spaces \n"), said(" and an answer \n\n")], add_generation_prompt=False)
    yield "system", dict(base, messages=[{"role": "system", "content": "Be brief.\n"}, user("你好"), said("你好！🙂"), user("It's {{ odd }} {% text %}")])
    yield "thinking", dict(base, messages=[user("2+2?"), said("<think>\nadd\n</think>\n\n4"), user("sure?")], enable_thinking=False)
    yield "tools", dict(base, tools=[weather], messages=[
        {"role": "system", "content": "Help."}, user("Weather?"), said("", tool_calls=[call]),
        {"role": "tool", "name": "weather", "tool_call_id": "abcdefghi", "content": "sunny"},
        {"role": "tool", "name": "weather", "tool_call_id": "abcdefghi", "content": "rain, 4.0 mm"}, said("Mixed.")])
    yield "picture", dict(base, messages=[picture, said("A box."), {"role": "user", "content": [{"type": "video"}, {"type": "image"}, {"type": "text", "text": "And?"}]}])
    yield "two users", dict(base, messages=[user("a"), user("b")])
    yield "odd role", dict(base, messages=[{"role": "narrator", "content": "x"}])
    yield "nothing", dict(base, messages=[])


def main():
    env = environment()
    expected = []
    for path in sorted((HERE / "templates").glob("*.jinja")):
        template = env.from_string(path.read_text())
        for name, variables in conversations():
            case = {"template": path.stem, "conversation": name, "variables": variables}
            try:
                case["text"] = template.render(**variables)
            except (jinja2.exceptions.TemplateError, TypeError) as error:
                case["error"] = str(error)
            expected.append(case)
    lines = (HERE / "constructs.txt").read_text().split("\n====\n")
    constants = dict(n=7, x=2.5, s="The Red box's", l=[3, 1, 2], d={"b": 1, "a": None, "c": [True, "q"]}, e=[], t="a,b,,c", z="Straße ÉÀ 箱")
    for source in lines:
        case = {"source": source, "variables": constants}
        try:
            case["text"] = env.from_string(source).render(**constants)
        except Exception as error:
            case["error"] = str(error)
        expected.append(case)
    text = ",\n".join(json.dumps(case, ensure_ascii=False) for case in expected)
    (HERE / "expected.json").write_text("[\n" + text + "\n]\n")
    print(len(expected), sum("error" in case for case in expected))
    for case in expected:
        if "error" in case and "source" in case:
            print(case["source"][:60], "->", case["error"])


main()
