"""A language model on this machine in front of the reading of sentences: llama.cpp, Ollama, vLLM, any with the usual chat interface.

from local_model import LocalModel
from toolkit.conversation import interpret_with

understood = interpret_with(tk.open("demo/workspace"), "who keeps us alive?", LocalModel("http://127.0.0.1:8080/v1", "my-model"))
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.request import Request, urlopen

from toolkit.conversation import Call, Clarify
from toolkit.conversation.interpreter import Context

TASK = """You turn a sentence about a shop's members into one call of one of the questions below. Answer with JSON:
{"name": "...", "parameters": {...}}, or {"clarify": [call, call]} where two may be meant.
Use no question or parameter that is not listed."""


@dataclass(frozen=True)
class LocalModel:
    """A model behind `url` (ending in /v1); `seconds` is how long it may take."""

    url: str
    model: str
    seconds: float = 30.0

    def interpret(self, text: str, context: Context) -> Call | Clarify:
        """Return the call that the model proposes; whatever is wrong with it is found by who asked."""
        known = json.dumps({"questions": context.questions, "scope": context.scope, "last_call": context.last_call}, ensure_ascii=False)
        asked = {
            "model": self.model,
            "temperature": 0,
            "messages": [{"role": "system", "content": f"{TASK}\n{known}"}, {"role": "user", "content": text}],
        }
        request = Request(f"{self.url}/chat/completions", json.dumps(asked).encode(), {"Content-Type": "application/json"})
        with urlopen(request, timeout=self.seconds) as reply:
            said = json.loads(json.load(reply)["choices"][0]["message"]["content"])
        if "clarify" in said:
            return Clarify(text=text, calls=tuple(Call.of(one["name"], one.get("parameters", {})) for one in said["clarify"]))
        return Call.of(said["name"], said.get("parameters", {}))
