"""Speed and honesty of goods that go together, beside mlxtend and openretailscience in one run.

    python benchmarks/pairs.py                       Complete Journey, and about 10 million lines (its baskets seven times over)
    python benchmarks/pairs.py --quick               Complete Journey alone
    python benchmarks/pairs.py --peers PYTHON        interpreter that has mlxtend and openretailscience (default: this one)
    python benchmarks/pairs.py --limit SECONDS       CPU a contender may take on one file before it is stopped (default: 240)

Every contender is a process of its own that reads the same file of bought lines (basket, category) and is charged for everything but its
imports: CPU seconds, peak memory. Then each says how many pairs it calls associated in the real baskets, and in the same baskets with the
goods dealt again at random, where there are none: lift above 1 for the peers, which have no test; "Fisher" is a test of each pair alone
(hypergeometric, Benjamini-Hochberg). mlxtend is let off pairs in fewer than one basket of a thousand. Exit code 1 if a bar fails.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.apart import peak

BARS = {"journey": 1.0, "ten million": 8.0}
COPIES = 7
LEAST_BASKETS, LEAST_BOTH = 20, 5
MLXTEND_SUPPORT = 0.001
"""Share of baskets with both; at the 5 baskets of the others it was stopped unfinished after three minutes of CPU."""
STOPPED = "stopped"


def make_lines(folder: Path, quick: bool) -> dict[str, Path]:
    """Write the files of lines and return them by name."""
    import numpy as np
    import polars as pl

    from benchmarks.receipts import journey_goods

    lines = journey_goods()
    baskets = int(lines["basket"].max()) + 1  # type: ignore[arg-type]
    files = {"journey": lines}
    rng = np.random.default_rng(1)
    files["dealt again"] = lines.with_columns(pl.Series("good", rng.permutation(lines["good"].to_numpy())))
    if not quick:
        files["ten million"] = pl.concat([lines.with_columns(pl.col("basket") + copy * baskets) for copy in range(COPIES)])
    paths = {}
    for name, frame in files.items():
        paths[name] = folder / f"{name.replace(' ', '-')}.parquet"
        frame.write_parquet(paths[name])
    return paths


def ours(path: Path) -> dict[str, Any]:
    import numpy as np
    import polars as pl
    from scipy.sparse import csr_array  # noqa: F401 - imported before the clock starts, as the peers' libraries are

    from toolkit.models.pairs import Baskets, associated_pairs

    begun = time.process_time()
    lines = pl.read_parquet(path)
    count = int(lines["good"].max()) + 1  # type: ignore[arg-type]
    keys = lines["basket"].to_numpy() * count + lines["good"].to_numpy()
    keys.sort()
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    pairs, tested = associated_pairs(Baskets(keys // count, keys % count, count), minimum_baskets=LEAST_BASKETS, minimum_both=LEAST_BOTH)
    return {"cpu": time.process_time() - begun, "lines": lines.height, "pairs": pairs.height, "tested": tested}


def fisher(path: Path) -> dict[str, Any]:
    """The usual test of one pair at a time, on the same sparse counts; its time is not compared."""
    import numpy as np
    import polars as pl
    from scipy.stats import hypergeom

    from toolkit.models.multiple_tests import benjamini_hochberg
    from toolkit.models.pairs import Baskets, associated_pairs

    lines = pl.read_parquet(path).unique().sort("basket", "good")
    count = int(lines["good"].max()) + 1  # type: ignore[arg-type]
    baskets = Baskets(lines["basket"].to_numpy(), lines["good"].to_numpy(), count)
    pairs, tested = associated_pairs(baskets, minimum_baskets=LEAST_BASKETS, minimum_both=1, failed=True)
    p_values = hypergeom.sf(pairs["both_count"] - 1, baskets.basket_count, pairs["first_count"], pairs["second_count"])
    return {
        "cpu": None,
        "lines": lines.height,
        "pairs": int(benjamini_hochberg(np.asarray(p_values), tested, 0.05).sum()),
        "tested": tested,
    }


def openretailscience(path: Path) -> dict[str, Any]:
    import pandas as pd
    from openretailscience.analysis.product_association import ProductAssociation

    begun = time.process_time()
    lines = pd.read_parquet(path)
    found = ProductAssociation(lines, value_col="good", group_col="basket", min_occurrences=LEAST_BASKETS, min_cooccurrences=LEAST_BOTH).df
    pairs = found[found["good_1"] < found["good_2"]]
    return {"cpu": time.process_time() - begun, "lines": len(lines), "pairs": int((pairs["uplift"] > 1).sum()), "tested": len(pairs)}


def mlxtend(path: Path) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    begun = time.process_time()
    lines = pd.read_parquet(path)
    codes, baskets = pd.factorize(lines["basket"])
    table = np.zeros((len(baskets), int(lines["good"].max()) + 1), dtype=bool)
    table[codes, lines["good"]] = True
    frequent = fpgrowth(pd.DataFrame(table), min_support=MLXTEND_SUPPORT, max_len=2)
    rules = association_rules(frequent, num_itemsets=len(baskets), metric="lift", min_threshold=0.0)
    pairs = rules[rules["antecedents"].map(min) < rules["consequents"].map(min)]
    return {"cpu": time.process_time() - begun, "lines": len(lines), "pairs": int((pairs["lift"] > 1).sum()), "tested": len(pairs)}


CONTENDERS = {"ours": ours, "Fisher": fisher, "openretailscience": openretailscience, "mlxtend fpgrowth": mlxtend}
PEERS = ("openretailscience", "mlxtend fpgrowth")


def measure(name: str, path: Path, python: str, repeats: int, limit: int = 240) -> dict[str, Any] | str | None:
    """Run one contender on one file in a process of its own; None where it is not installed, STOPPED beyond `limit` seconds of CPU."""
    best: dict[str, Any] | None = None
    for _ in range(repeats):
        call = [python, __file__, "--contender", name, "--file", str(path), "--limit", str(limit)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode == -signal.SIGXCPU:
            return STOPPED
        if done.returncode:
            if "ModuleNotFoundError" in done.stderr:
                return None
            raise SystemExit(f"{name} failed on {path.name}:\n{done.stderr}")
        found = json.loads(done.stdout.splitlines()[-1])
        if best is None or (found["cpu"] is not None and found["cpu"] < best["cpu"]):
            best = found
    return best


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Goods that go together: speed and honesty, beside peers.")
    parser.add_argument("--quick", action="store_true", help="the Complete Journey alone")
    parser.add_argument("--peers", default=sys.executable, help="interpreter that has mlxtend and openretailscience")
    parser.add_argument("--limit", type=int, default=240, help="CPU seconds of a contender on one file")
    parser.add_argument("--contender", choices=CONTENDERS, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.contender:
        resource.setrlimit(resource.RLIMIT_CPU, (chosen.limit, chosen.limit + 5))
        found = CONTENDERS[chosen.contender](chosen.file)
        found["megabytes"] = peak()
        print(json.dumps(found))
        return 0
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        files = make_lines(Path(folder), chosen.quick)
        print(
            f"{'contender':<20} {'baskets':<14} {'lines':>11} {'CPU s':>8} {'peak MB':>8} {'looked at':>10} {'called':>8} {'share':>7}  bar"
        )
        for contender in CONTENDERS:
            for name, path in files.items():
                if contender == "Fisher" and name == "ten million":
                    continue
                python = chosen.peers if contender in PEERS else sys.executable
                found = measure(contender, path, python, 3 if contender == "ours" else 1, chosen.limit)
                if found is None:
                    print(f"{contender:<20} {name:<14} not measured: it is not installed in {python} (see --peers)")
                    break
                if isinstance(found, str):
                    print(f"{contender:<20} {name:<14} stopped unfinished after {chosen.limit} s of CPU", flush=True)
                    failed |= contender == "ours"
                    continue
                bar = BARS.get(name) if contender == "ours" else None
                verdict = "" if bar is None else f"<= {bar:g} s CPU: {'PASS' if found['cpu'] <= bar else 'FAIL'}"
                if contender == "ours" and name == "dealt again":
                    verdict = f"<= 5 pairs: {'PASS' if found['pairs'] <= 5 else 'FAIL'}"
                failed |= "FAIL" in verdict
                cpu = "" if found["cpu"] is None else f"{found['cpu']:.2f}"
                share = found["pairs"] / max(found["tested"], 1)
                print(
                    f"{contender:<20} {name:<14} {found['lines']:>11,} {cpu:>8} {found['megabytes']:>8.0f} {found['tested']:>10,} "
                    f"{found['pairs']:>8,} {share:>7.1%}  {verdict}",
                    flush=True,
                )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
