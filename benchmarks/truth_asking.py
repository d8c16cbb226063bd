"""How well plain words are understood: prints what README and the docs say of it.

    python -m benchmarks.truth_asking            the half that is worked with, and the half held apart
    python -m benchmarks.truth_asking --open     the first half alone, with every sentence that went wrong

The truth is in tests/conversation: sentences.tsv (by hand, both languages, with what is right), dialogues.tsv, names by rule; over a shop
whose names make reading hard. plain_questions.tsv is over the demo workspace (demo/workspace, or ASKING_WORKSPACE), if it is there: the
question alone counts, and NONE is right where nothing is answered. The halves are told apart by a hash of the sentence; the second is not looked at while words are added.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.conversation.names import name_cases
from tests.conversation.shop import conversation_shop
from tests.conversation.truth import FOLDER, Case, cases, dialogues, is_right, is_silently_wrong, shown, turns
from toolkit.conversation import interpret
from toolkit.workspace import Workspace


def main() -> None:
    """Print every figure with its bar."""
    told = "--open" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        shop = conversation_shop(Path(folder) / "ws")
        interpret(shop, "sales")  # words and grammars are read once
        halves = {"worked with": [case for case in cases() if not case.is_apart]}
        if not told:
            halves["held apart"] = [case for case in cases() if case.is_apart]
        for name, half in halves.items():
            _half(shop, name, half, told=told)
        right = [all(good for _, _, good in turns(shop, dialogue)) for dialogue in dialogues()]
        print(f"three-turn dialogues right: {sum(right)} of {len(right)} (bar 27 of 30)")
        _names(shop)
        _speed(Path(folder))
    _plain()


def _half(shop: Workspace, name: str, half: list[Case], *, told: bool) -> None:
    found = [(case, interpret(shop, case.text)) for case in half]
    print(f"-- the half {name}: {len(half)} sentences")
    for language, bar in (("en", 90), ("zh", 85)):
        mine = [is_right(understood, case.expected) for case, understood in found if case.language == language]
        print(f"question and parameters right, {language}: {100 * sum(mine) / len(mine):.1f}% of {len(mine)} (bar {bar}%)")
    wrong = sum(is_silently_wrong(understood, case.expected) for case, understood in found)
    print(f"silently wrong: {100 * wrong / len(found):.1f}% of {len(found)} (bar 2%)")
    refused = [is_right(understood, case.expected) for case, understood in found if case.is_refusal]
    print(f"refusals right: {100 * sum(refused) / len(refused):.1f}% of {len(refused)} (bar 95%)")
    for case, understood in found if told else ():
        if not is_right(understood, case.expected):
            print(f"   {case.text} => {shown(understood)} | {case.expected[0]}")


def _names(shop: Workspace) -> None:
    asked = name_cases()
    right = stores = 0
    for text, name, value in asked:
        understood = interpret(shop, text)
        told = {call.parameters.get(name) for call in understood.calls} if understood.kind == "answer" else set()
        right += told == {value}
        stores += name == "store_id" and bool(told - {value})
    print(f"names of the shop recognised: {100 * right / len(asked):.1f}% of {len(asked)} (bar 98%); a wrong store: {stores} (bar 0)")


def _plain() -> None:
    folder = Path(os.environ.get("ASKING_WORKSPACE", "demo/workspace"))
    if not (folder / "manifest.json").exists():
        print("the plain questions: no demo workspace here")
        return
    demo = Workspace(folder)
    rows = [line.split("\t") for line in (FOLDER / "plain_questions.tsv").read_text("utf-8").splitlines()]
    right = wrong = 0
    for text, acceptable in rows:
        found = interpret(demo, text)
        asked = found.kind in ("answer", "clarify")
        good = all(call.name in acceptable.split() for call in found.calls) if asked else "NONE" in acceptable.split()
        right += good
        wrong += found.kind == "answer" and not good
    print(f"plain questions over the demo: the question right for {right} of {len(rows)}, another one answered for {wrong}")


def _speed(folder: Path) -> None:
    shop = conversation_shop(folder / "large", products=100_000)
    start = time.process_time()
    interpret(shop, "sales")
    made = time.process_time() - start
    texts = [case.text for case in cases()]
    spent = []
    for text in texts:
        start = time.process_time()
        interpret(shop, text)
        spent.append(1000 * (time.process_time() - start))
    spent.sort()
    print(
        f"CPU of a reading with 100,000 products: median {spent[len(spent) // 2]:.0f} ms, 99th in a hundred {spent[int(0.99 * len(spent))]:.0f} ms "
        f"(bar 50 ms); the names once for a state of the workspace: {made:.1f} s"
    )


if __name__ == "__main__":
    main()
