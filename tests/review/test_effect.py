"""Effects: the planted truth lies in the interval, figures agree with independent ones, and what the checks forbid is claimed nowhere."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.portrait.pictures import spec_of
from tests.review.fair import ENDS, FIRST, IDS, MEMBERS, STARTS, Fair, fair, lines_of
from toolkit import rendering
from toolkit.answer import Answer
from toolkit.errors import BadValue, DataError
from toolkit.review import checks, effect, money, verdict
from toolkit.workspace import Workspace


@pytest.fixture(scope="module")
def lifted() -> Fair:
    return fair(lift=1.2)


@pytest.fixture(scope="module")
def ws(lifted: Fair, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return lifted.write(tmp_path_factory.mktemp("lifted"))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Nothing was planted."""
    return fair().write(tmp_path_factory.mktemp("still"))


def verdict_of(answer: Answer, check: str) -> tuple[str, str, bool]:
    row = answer.table.row(by_predicate=pl.col("check") == check, named=True)
    return row["verdict"], row["finding"], row["forbids_a_claim"]


def test_the_truth_lies_in_the_interval_and_agrees_with_statsmodels(lifted: Fair, ws: Workspace) -> None:
    import statsmodels.api as sm

    from toolkit.review.measures.study import study
    from toolkit.scope.view import open_view

    answer = effect(ws)
    row = answer.table.row(0, named=True)
    assert row["effect_low_amount"] <= lifted.extra <= row["effect_high_amount"]
    assert "brought" in answer.headline
    assert "n = 200 treated, 200 held out at random" in answer.headline
    found = study(open_view(ws), "F")
    treated = found.case.members["treated"].to_numpy().astype(float)
    past = np.delete(found.case.past.values, found.effect.left_out, axis=1)
    # The arms are fitted apart, each with columns that none of its members carries alone: of the treated only the mean is left to judge.
    centred, spent = (past - past[treated == 1].mean(axis=0)) / past.std(axis=0), found.frame["amount"].to_numpy()
    design = np.column_stack([np.ones(treated.size), centred])[treated == 0]
    fitted = sm.OLS(spent[treated == 0], design).fit(cov_type="HC3")
    assert row["effect_amount"] == pytest.approx(spent[treated == 1].mean() - fitted.params[0], rel=1e-6)
    assert found.effect.base_standard_error == pytest.approx(fitted.bse[0], rel=1e-6)
    of_treated = np.sqrt(found.effect.standard_error**2 - found.effect.base_standard_error**2)
    assert of_treated < 1.05 * spent[treated == 1].std() / np.sqrt(treated.sum())
    assert spec_of(answer)


def test_usual_methods_stand_beside_under_their_names(lifted: Fair, ws: Workspace) -> None:
    table = effect(ws).table
    inside = lifted.lines.filter(pl.col("ordered_at").dt.date().is_between(STARTS, ENDS)).group_by("member_id").agg(pl.col("amount").sum())
    spend = pl.DataFrame({"member_id": IDS}).join(inside, on="member_id", how="left").fill_null(0)["amount"].to_numpy()
    naive = table.row(by_predicate=pl.col("estimator").str.starts_with("Arms as they are"), named=True)
    assert naive["effect_amount"] == pytest.approx(spend[lifted.treated].mean() - spend[~lifted.treated].mean())
    assert table["estimator"].to_list()[0] == "Lin's regression, as assigned"
    assert table.height == 5


@pytest.mark.parametrize("outcome", ["amount", "margin", "orders", "order_value", "units", "units_per_order", "active"])
def test_every_outcome(ws: Workspace, outcome: str) -> None:
    answer = effect(ws, outcome=outcome)
    row = answer.table.row(0, named=True)
    values = [value for name, value in row.items() if name.startswith("effect")]
    assert values[1] <= values[0] <= values[2]
    assert ("shows no effect" in answer.headline) == (values[1] <= 0 <= values[2])
    assert spec_of(answer)


def test_a_ratio_is_total_over_total(lifted: Fair, ws: Workspace) -> None:
    """Without a past to adjust for the estimate is the plain difference of the arms' ratios, its error that of resampling."""
    from toolkit.review.measures.case import open_case
    from toolkit.review.measures.estimate import measured_effect
    from toolkit.review.measures.outcome import outcomes
    from toolkit.review.measures.past import Past
    from toolkit.scope.view import open_view

    case = open_case(open_view(ws), "F")
    case.__dict__["past"] = Past((), np.empty((400, 0)))
    frame = outcomes(case, case.seen).frame
    one = measured_effect(case, frame, "order_value")
    amount, orders, treated = frame["amount"].to_numpy(), frame["orders"].to_numpy(), lifted.treated
    expected = amount[treated].sum() / orders[treated].sum() - amount[~treated].sum() / orders[~treated].sum()
    assert one.estimate == pytest.approx(expected)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(400):
        pick = [np.flatnonzero(arm)[rng.integers(0, arm.sum(), arm.sum())] for arm in (treated, ~treated)]
        drawn.append(amount[pick[0]].sum() / orders[pick[0]].sum() - amount[pick[1]].sum() / orders[pick[1]].sum())
    assert one.standard_error == pytest.approx(np.std(drawn), rel=0.15)


@pytest.mark.parametrize("by", ["outcome", "segment", "method", "touchpoint", "store", "category", "offer"])
def test_parts(ws: Workspace, by: str) -> None:
    answer = effect(ws, by=by)
    assert answer.table.columns[0] == by
    if by == "offer":
        assert any("does not say which member belongs to which offer" in str(note) for note in answer.notes)
        return
    assert answer.table.height
    if by == "store":
        alone = effect(ws, store_id="s1").table.row(0, named=True)
        assert answer.table.row(by_predicate=pl.col("store") == "s1", named=True)["effect_amount"] == pytest.approx(alone["effect_amount"])
    if by == "category":
        whole = effect(ws).table["effect_amount"][0]
        assert answer.table["effect_amount"].sum() == pytest.approx(whole)  # one regression, split by goods: the parts add up


def test_nothing_planted_nothing_claimed(still: Workspace) -> None:
    answer = effect(still)
    assert "shows no effect on sales" in answer.headline
    assert "zero included" in answer.headline
    assert "brought" not in verdict(still).headline


def test_the_default_is_the_campaign_that_started_last(ws: Workspace, tmp_path: Path) -> None:
    assert effect(ws).headline == effect(ws, campaign_id="F").headline
    bare = fair()
    none = Fair(bare.lines, bare.treated, 0.0, {"products": bare.tables["products"]}).write(tmp_path)
    with pytest.raises(DataError, match="knows no campaign that started by"):
        effect(none)
    with pytest.raises(BadValue, match="outcome is 'sales'"):
        effect(ws, outcome="sales")


def broken(kind: str) -> Fair:
    """A fair with a large effect whose campaign has one thing wrong with it."""
    made = fair(lift=3.0)
    tables, treated = dict(made.tables), made.treated
    contacts, campaigns = tables["contacts"], tables["campaigns"]
    if kind == "not random":
        tables["campaigns"] = campaigns.with_columns(pl.lit(False).alias("randomised"))
        contacts = contacts.filter((pl.col("arm") == "treated") | (pl.int_range(pl.len()) % 2 == 0))
    if kind in ("no control", "everyone redeemed"):
        contacts = contacts.filter(pl.col("arm") == "treated")
    if kind == "control of three":
        contacts = pl.concat([contacts.filter(pl.col("arm") == "treated"), contacts.filter(pl.col("arm") == "control").head(3)])
    if kind == "everyone redeemed":
        names = contacts["member_id"]
        tables["redemptions"] = pl.DataFrame(
            {"campaign_id": ["F"] * len(names), "member_id": names, "redeemed_at": contacts["contacted_at"], "value": [100] * len(names)}
        )
    if kind == "drawn by hand":  # said to be random, but the best customers were treated
        best = made.lines.filter(pl.col("ordered_at").dt.date() < STARTS).group_by("member_id").agg(pl.col("amount").sum()).sort("amount")
        chosen = best.tail(200)["member_id"].implode()
        contacts = contacts.with_columns(
            pl.when(pl.col("member_id").is_in(chosen)).then(pl.lit("treated")).otherwise(pl.lit("control")).alias("arm")
        )
    if kind == "before the receipts":
        early = (
            pl.lit(FIRST).dt.offset_by("-7d").alias("starts_on"),
            pl.lit(FIRST).dt.offset_by("20d").alias("ends_on"),
            pl.lit(None, pl.Boolean).alias("randomised"),
        )
        tables["campaigns"] = campaigns.with_columns(*early)
    lines = made.lines
    if kind == "no sales in one arm":
        control = [name for name, one in zip(IDS, treated, strict=True) if not one]
        lines = lines.filter(~(pl.col("member_id").is_in(control) & (pl.col("ordered_at").dt.date() >= STARTS)))
    return Fair(lines, treated, made.extra, {**tables, "contacts": contacts})


def everybody_treated(kind: str) -> Fair:
    """A fair whose campaign went to everybody who fits a rule, and brought nothing: nobody was held out."""
    made = fair()
    before = made.lines.filter(pl.col("ordered_at").dt.date() < STARTS)
    if kind == "best members":
        spend = before.group_by("member_id").agg(pl.col("amount").sum()).sort("amount", "member_id")
        chosen = spend.tail(100)["member_id"]
    elif kind == "hot last month":
        month = before.filter(pl.col("ordered_at").dt.date() >= STARTS - timedelta(days=28))
        chosen = month.group_by("member_id").agg(pl.col("amount").sum()).sort("amount", "member_id").tail(100)["member_id"]
    else:
        last = before.group_by("member_id").agg(pl.col("ordered_at").max()).sort("ordered_at", "member_id")
        chosen = last.head(60)["member_id"]
    contacts = made.tables["contacts"].filter(pl.col("member_id").is_in(chosen.implode()))
    campaigns = made.tables["campaigns"].drop("randomised")
    contacts = contacts.with_columns(pl.lit("treated").alias("arm"))
    return Fair(made.lines, made.treated, 0.0, {**made.tables, "contacts": contacts, "campaigns": campaigns})


@pytest.mark.parametrize("kind", ["best members", "hot last month", "win-back"])
def test_where_everybody_who_fits_was_treated_nothing_is_told(kind: str, tmp_path: Path) -> None:
    ws = everybody_treated(kind).write(tmp_path)
    for one in (effect(ws), money(ws), verdict(ws), effect(ws, outcome="order_value")):
        assert one.headline.startswith("NOT RANDOMISED: ")
        assert "cannot be told" in one.headline
        assert not any(word in one.headline for word in CLAIMS), one.headline
        assert not {"effect", "lift_share", "net_amount", "extra_sales"} & one.figures.keys()
    table = effect(ws).table
    assert table["reading"][0].startswith("description, extrapolated: "), "the figure may be looked at; nothing is claimed of it"
    assert money(ws).table.filter(pl.col("item").is_in(["Extra sales", "Net"]))["amount"].null_count() == 2
    word, finding, forbids = verdict_of(checks(ws), "Overlap")
    assert (word, forbids) == ("FAIL", True)
    assert "cannot be told" in finding


def test_a_hidden_reason_as_strong_as_the_measured_ones_is_weighed(tmp_path: Path) -> None:
    ws = broken("not random").write(tmp_path)
    word, finding, forbids = verdict_of(checks(ws), "Hidden reasons")
    assert (word, forbids) == ("REVIEW", False)
    assert "The strongest reason that is measured, spend of the last 91 days, tells" in finding
    assert "times as strong: it must tell" in finding
    answer = effect(ws)
    assert "NOT RANDOMISED: across the chain, campaign F 'Fair' probably brought" in answer.headline
    graded = answer.table.row(0, named=True)
    assert graded["grade"] == "likely"
    assert 1 < graded["hidden_times"] < 2
    meaning = next(note.text for note in answer.notes if note.text.startswith("Likely: a hidden reason would have to be"))
    assert f"{graded['hidden_times']:.1f} times as strong as the strongest that is measured, spend of the last 91 days" in meaning
    strict = {"review": {"likely_times": graded["hidden_times"] + 0.1, "very_likely_times": 20}}
    for one in (effect(ws, settings=strict), checks(ws, settings=strict)):
        assert "is possible, no more" in one.headline
        assert "probably" not in one.headline
        assert "effect" not in one.figures
    assert effect(ws, settings=strict).table["grade"][0] == "possible"
    mild = effect(ws, settings={"review": {"very_likely_times": 1}})
    assert "very probably brought" in mild.headline
    assert mild.table["grade"][0] == "very likely"
    far = effect(ws, settings={"review": {"very_likely_times": 1, "overlap_fail": 0.01, "overlap_limit": 0.01}})
    assert far.table["grade"][0] == "likely", "extrapolated: not very likely"
    chance = fair(lift=3.0).write(tmp_path / "chance")
    assert "Hidden reasons" not in checks(chance).table["check"].to_list()


CLAIMS = ("brought", "earned €", "lost €", "worked", "paid:", "lost money", "did harm", "proven")


@pytest.mark.parametrize(
    ("kind", "check", "said"),
    [
        ("control of three", "Size", "the control arm has fewer than 10 members, fewer than 30"),
        ("everyone redeemed", "Redemptions", "put on the list because they redeemed"),
        ("drawn by hand", "Overlap", "What they would have done without it cannot be told"),
        ("before the receipts", "Size", "started before the receipts do"),
        ("no sales in one arm", "Sales in both arms", "Nobody of the control arm bought anything"),
    ],
)
def test_what_the_checks_forbid_is_claimed_nowhere(kind: str, check: str, said: str, tmp_path: Path) -> None:
    ws = broken(kind).write(tmp_path)
    answer = checks(ws)
    word, finding, forbids = verdict_of(answer, check)
    assert word == "FAIL"
    assert said in finding
    assert forbids
    assert answer.figures["forbidding_count"] >= 1
    for one in (effect(ws), money(ws), verdict(ws), answer):
        told: dict[str, Any] = json.loads(one.to_json())
        assert not any(word in one.headline for word in CLAIMS), one.headline
        assert not {"effect", "lift_share", "net_amount", "extra_sales"} & told["figures"].keys()
        assert " ".join(one.headline.split()) in " ".join(rendering.text(one).split())
    table = money(ws).table
    assert table.filter(pl.col("item").is_in(["Extra sales", "Extra margin", "Net"]))["amount"].null_count() == 3


@pytest.mark.parametrize("kind", ["not random", "no control"])
def test_without_chance_nothing_is_proven(kind: str, tmp_path: Path) -> None:
    ws = broken(kind).write(tmp_path)
    for one in (effect(ws), money(ws), verdict(ws), checks(ws)):
        assert one.headline.startswith("NOT RANDOMISED: ")
        assert "proven" not in one.headline.replace("not proven", "")
    assert "probably brought" in effect(ws).headline  # far above a tenth of the base
    assert verdict_of(checks(ws), "Assignment")[0] == "FAIL"
    small = fair(lift=0.3, randomised=False).write(tmp_path / "small")
    assert "cannot be told" in effect(small).headline


def claimed(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Who is treated in a campaign that the table calls randomised."""
    number = np.arange(MEMBERS)
    return {
        "the last digit of the member id": number % 10 < 5,
        "the last digit but one of the member id": number // 10 % 10 < 5,
        "the count along the member ids": number % 3 > 0,
        "the order of the member ids": number < 240,
        "the home store": number % 2 == 0,  # even numbers shop in s1
        "": rng.permutation(MEMBERS) < 200,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "the last digit of the member id",
        "the last digit but one of the member id",
        "the count along the member ids",
        "the order of the member ids",
        "the home store",
        "",
    ],
)
def test_a_randomisation_that_is_only_claimed_is_tested(kind: str, tmp_path: Path) -> None:
    treated = claimed(kind, np.random.default_rng(5))
    ws = fair(lift=2.0, arms=treated).write(tmp_path)
    word, finding, forbids = verdict_of(checks(ws), "Assignment")
    headline = effect(ws).headline
    if not kind:
        assert (word, forbids) == ("PASS", False)
        assert "held out at random" in headline
        return
    assert (word, forbids) == ("FAIL", False)
    assert finding.startswith("NOT RANDOMISED: the campaigns table says that chance decided, but the arms can be told from ")
    assert kind in finding
    assert headline.startswith("NOT RANDOMISED: ")
    assert "held out, not at random" in headline
    assert "probably brought" in headline, "graded as one whose members were picked"
    assert effect(ws).table["grade"][0] in ("likely", "very likely")


def test_the_day_of_joining_gives_arms_away(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    joined = [date(2022, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 700, MEMBERS)]
    new = np.array([day > date(2022, 12, 1) for day in joined])
    made = fair(arms=new)
    cards = made.tables["members"].with_columns(pl.Series("joined_on", joined))
    ws = Fair(made.lines, new, 0.0, {**made.tables, "members": cards}).write(tmp_path)
    assert "told from the day of joining or of the first order (p = " in verdict_of(checks(ws), "Assignment")[1]


def test_contamination_leaks_and_neighbours_are_named(tmp_path: Path) -> None:
    made = fair(lift=1.2)
    control = [name for name, one in zip(IDS, made.treated, strict=True) if not one][:30]
    redemptions = made.tables["redemptions"].with_columns(pl.Series("member_id", [*control[:19], "stranger"]))
    contacts = made.tables["contacts"].with_columns(
        pl.when(pl.col("member_id").is_in(control))
        .then(pl.lit(STARTS).cast(pl.Datetime("us")))
        .otherwise("contacted_at")
        .alias("contacted_at")
    )
    answer = checks(Fair(made.lines, made.treated, 0.0, {**made.tables, "redemptions": redemptions, "contacts": contacts}).write(tmp_path))
    assert verdict_of(answer, "Control redeemed")[0] == "REVIEW"
    assert "19 of 200 control members redeemed" in verdict_of(answer, "Control redeemed")[1]
    assert "30 of 200 control members were contacted" in verdict_of(answer, "Control contacted")[1]
    assert "Fewer than 10 members redeemed without being in the campaign" in verdict_of(answer, "Leaks")[1]


def test_a_running_campaign_says_so(ws: Workspace) -> None:
    answer = effect(ws, as_of="2024-06-16")
    assert "so far (day 14 of 28)" in answer.headline
    assert verdict_of(checks(ws, as_of="2024-06-16"), "Days seen")[0] == "REVIEW"
    assert "so far" in verdict(ws, as_of="2024-06-16").headline


def test_a_store_closed_half_way_is_named(tmp_path: Path) -> None:
    made = fair()
    shut = made.lines.filter(
        (pl.col("store_id") == "s1") | (pl.col("ordered_at").dt.date() < STARTS) | (pl.col("ordered_at").dt.date() > ENDS)
    )
    answer = checks(Fair(shut, made.treated, 0.0, made.tables).write(tmp_path))
    assert "Store s2 has no order from 2024-06-03" in verdict_of(answer, "Stores")[1]


def test_heavy_tails_are_judged_by_re_assignment(tmp_path: Path) -> None:
    made = fair()
    whale = lines_of([(IDS[int(made.treated.argmax())], "whale", "s1", "jam", STARTS, 1, 20_000.0)])
    answer = checks(Fair(pl.concat([made.lines, whale]), made.treated, 0.0, made.tables).write(tmp_path))
    assert "A few large spenders weigh heavily" in verdict_of(answer, "Heavy tails")[1]
    assert "Re-assigning the members at random 999 times" in verdict_of(answer, "Heavy tails")[1]


def test_refunds_after_the_end_show_in_the_weeks_after(tmp_path: Path) -> None:
    made = fair(lift=1.2)
    buyers = made.lines.filter(pl.col("ordered_at").dt.date().is_between(STARTS, ENDS)).join(
        pl.DataFrame({"member_id": [name for name, one in zip(IDS, made.treated, strict=True) if one]}), on="member_id", how="semi"
    )
    back = buyers.with_columns(
        pl.col("order_id") + "-back", pl.col("ordered_at").dt.offset_by("28d"), -pl.col("quantity"), -pl.col("amount")
    ).filter(pl.col("ordered_at").dt.date() > ENDS)  # fmt: skip
    ws = Fair(pl.concat([made.lines, back]), made.treated, 0.0, made.tables).write(tmp_path)
    table = money(ws).table
    assert table.row(by_predicate=pl.col("item") == "Sales of the weeks after", named=True)["amount_high"] < 0
    assert any("only pulled forward" in str(note) for note in money(ws).notes)
    assert effect(ws).table["effect_amount"][0] == pytest.approx(effect(fair(lift=1.2).write(tmp_path / "kept")).table["effect_amount"][0])
