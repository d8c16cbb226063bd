"""The panel that a large shop's forecasts learn from, and fits that are written down and read again."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from toolkit.models.lifetime_value import fit_lifetime
from toolkit.models.next_purchase import RHYTHM_FEATURES, _boosted
from toolkit.models.panel import id_hashes, panel
from toolkit.models.snapshots import matrix, training_rows
from toolkit.models.written_fits import fit_as_text, read_fit

AS_OF = date(2023, 12, 31)


def test_a_panel_rests_on_the_ids_alone() -> None:
    ids = pl.Series([f"m{number}" for number in range(5_000)])
    chosen = set(ids.filter(panel(ids, 1_000)))
    turned = ids.reverse()
    assert len(chosen) == 1_000
    assert set(turned.filter(panel(turned, 1_000))) == chosen
    more = pl.concat([ids, pl.Series(["a newcomer", "会员1"])])
    assert len(chosen - set(more.filter(panel(more, 1_000)))) <= 2
    assert panel(ids, 5_000).all()


def test_the_hash_is_that_of_every_machine() -> None:
    # FNV-1a of "a" is 0xaf63dc4c8601ec8c (the authors' own list); the last step turns it into this.
    value = 0xAF63DC4C8601EC8C
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> shift)) * factor % 2**64
    assert int(id_hashes(pl.Series(["a", "longer"]))[0]) == value ^ (value >> 31)
    spread = np.bincount(id_hashes(pl.Series([str(number) for number in range(20_000)])) >> np.uint64(60), minlength=16)
    assert spread.min() > 1_100  # 1,250 each by chance, sd 34
    assert spread.max() < 1_400


def test_fits_are_read_as_they_were_written(frequent_shop: pl.DataFrame, sparse_shop: pl.DataFrame) -> None:
    assert read_fit(fit_as_text(None)) is None
    for shop in (frequent_shop, sparse_shop):
        models = fit_lifetime(shop, as_of=AS_OF, try_boosting=False)
        assert read_fit(fit_as_text(models)) == models


def test_trees_say_what_scikit_learn_says(frequent_shop: pl.DataFrame) -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    rows = training_rows(frequent_shop, as_of=AS_OF, horizon_days=28, most_snapshots=2)
    features = matrix(rows, RHYTHM_FEATURES)
    own = _boosted(rows, seed=0)
    theirs = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=50, early_stopping=False, random_state=0
    )
    theirs.fit(features, rows["bought"].to_numpy())
    np.testing.assert_allclose(own.predict(features), theirs.predict_proba(features)[:, 1], rtol=1e-12)
