from __future__ import annotations

from datetime import date

import polars as pl

from toolkit.models.lifetime_value import fit_lifetime, predict_lifetime

AS_OF = date(2023, 12, 31)
COLUMNS = ["member_code", "p_buys", "expected_spend", "expected_spend_year", "p_alive"]


def test_a_frequent_shop(frequent_shop):
    models = fit_lifetime(frequent_shop, as_of=AS_OF, try_boosting=False)
    value = predict_lifetime(models, frequent_shop, as_of=AS_OF)
    assert value.columns == COLUMNS
    assert (models.purchase.method, models.spend.status, models.year.status) == ("logistic", "measured", "projected")
    assert value.height == frequent_shop.filter(pl.col("day") <= AS_OF)["member_code"].n_unique()
    assert value["p_alive"].null_count() == value.height
    assert (value["expected_spend_year"].sum() > 2 * value["expected_spend"].sum()) is True


def test_a_sparse_shop_shows_no_one_alive_after_one_purchase(sparse_shop):
    models = fit_lifetime(sparse_shop, as_of=AS_OF)
    value = predict_lifetime(models, sparse_shop, as_of=AS_OF)
    assert (models.purchase.method, models.spend.status, models.year.status) == ("btyd", "modelled", "modelled")
    once = sparse_shop.filter(pl.col("day") <= AS_OF).group_by("member_code").len().filter(pl.col("len") == 1)
    assert value.join(once, on="member_code", how="semi")["p_alive"].is_null().all()
    assert value["p_alive"].count() == value.height - once.height
    assert (value["expected_spend_year"] >= value["expected_spend"]).all()


def test_no_receipts_at_all(frequent_shop):
    models = fit_lifetime(frequent_shop.clear(), as_of=AS_OF)
    assert predict_lifetime(models, frequent_shop.clear(), as_of=AS_OF).is_empty()
