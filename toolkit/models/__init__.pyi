# fmt: off
# The public names by topic; each is loaded from its module when it is first used.

# Scores and bands
from .ranks import empty_scores as empty_scores, midrank_score as midrank_score, quantile_band as quantile_band
from .concentration import gini as gini, lorenz as lorenz, members_carrying as members_carrying, value_bands as value_bands

# Coming back
from .repurchase import (
    DayLimits as DayLimits, gaps as gaps, propose_lifecycle_limits as propose_lifecycle_limits, propose_r_edges as propose_r_edges,
    r_score as r_score, repurchase_curve as repurchase_curve, returned_within as returned_within,
)
from .rhythm_bands import (
    RecencyRuler as RecencyRuler, Rhythms as Rhythms, find_rhythms as find_rhythms, limits_by_band as limits_by_band,
    propose_ruler as propose_ruler, usual_gaps as usual_gaps,
)
from .due import (
    GapCurve as GapCurve, Regularity as Regularity, gap_curve as gap_curve, in_life as in_life, own_place as own_place,
    regularity as regularity, shortest_window as shortest_window, to_own_time as to_own_time, to_shop_time as to_shop_time,
)
from .rhythm import day_tails as day_tails, own_past as own_past
from .first_purchases import days_until_half as days_until_half, later_worth as later_worth
from .strata import held_or_not as held_or_not, in_strata as in_strata
from .leaving import added_chances as added_chances, shared_out as shared_out, why_left as why_left

# What comes next
from .snapshots import (
    labelled_snapshot as labelled_snapshot, shopping_days as shopping_days, snapshot as snapshot, training_rows as training_rows,
)
from .next_purchase import (
    PurchaseModel as PurchaseModel, fit_next_purchase as fit_next_purchase, predict_next_purchase as predict_next_purchase,
)
from .future_spend import (
    SpendModel as SpendModel, fit_btyd_spend as fit_btyd_spend, fit_future_spend as fit_future_spend,
    predict_future_spend as predict_future_spend,
)
from .year_spend import fit_year_spend as fit_year_spend
from .lifetime_value import LifetimeModels as LifetimeModels, fit_lifetime as fit_lifetime, predict_lifetime as predict_lifetime
from .btyd import (
    BtydFit as BtydFit, btyd_summary as btyd_summary, expected_purchases as expected_purchases, fit_bg_nbd as fit_bg_nbd,
    fit_pareto_nbd as fit_pareto_nbd, p_alive as p_alive, p_buys as p_buys,
)
from .gamma_gamma import GammaGammaFit as GammaGammaFit, expected_value as expected_value, fit_gamma_gamma as fit_gamma_gamma
from .glm import Regression as Regression, fit_regression as fit_regression
from .calibration import Calibration as Calibration, auc as auc, prediction_quality as prediction_quality, spearman as spearman

# Tastes and groups
from .taste_flags import flags_that_hold as flags_that_hold, shuffled as shuffled, taste_index as taste_index
from .own_habits import favourite_options as favourite_options
from .niches import defining_goods as defining_goods, group_taste as group_taste, taste_groups as taste_groups, taste_links as taste_links
from .affinity import (
    affinity_index as affinity_index, best_columns as best_columns, buying_probability as buying_probability,
    expected_days as expected_days,
)
from .shrinkage import Kappa as Kappa, estimate_kappa as estimate_kappa, shrink as shrink, shrunk_pace as shrunk_pace
from .clusters import Clusters as Clusters, adjusted_rand as adjusted_rand, cluster as cluster

# Goods that go together
from .pairs import (
    Baskets as Baskets, Chance as Chance, associated_pairs as associated_pairs, chance_of as chance_of, with_interval as with_interval,
)
from .switching import Switching as Switching, agreement as agreement, count_switches as count_switches, groups_of as groups_of
from .multiple_tests import benjamini_hochberg as benjamini_hochberg
from .shares import poisson_interval as poisson_interval, share_difference as share_difference, share_index as share_index, wilson as wilson

# What figures give away
from .differencing import singles_out as singles_out

# Arms of a campaign
from .assignment import Assignment as Assignment, assign as assign, control_counts as control_counts, uniform as uniform
from .power import (
    Spread as Spread, chance_to_see as chance_to_see, members_needed as members_needed, smallest_lift as smallest_lift,
    spread_of as spread_of, spread_on_arms as spread_on_arms,
)

# Tiers and points
from .discontinuity import Bunching as Bunching, Jump as Jump, bunching_at as bunching_at, jump_at as jump_at, placebo_jumps as placebo_jumps
from .point_lots import Redemption as Redemption, balances as balances, point_lots as point_lots, redemption as redemption

# What a campaign changed
from .lin import (
    Effect as Effect, effect_from as effect_from, lin_effect as lin_effect, not_measured as not_measured,
    standard_errors as standard_errors,
)
from .past_covariates import PAST_SUMS as PAST_SUMS, past_columns as past_columns
from .entropy_balancing import Balancing as Balancing, balanced_effect as balanced_effect, entropy_balance as entropy_balance
from .naive_effects import (
    before_after as before_after, difference_in_differences as difference_in_differences, naive_difference as naive_difference,
)
from .balance import (
    Overlap as Overlap, overlap as overlap, propensities as propensities, standardised_differences as standardised_differences,
)
from .randomisation_checks import (
    GroupShares as GroupShares, arms_differ as arms_differ, groups_differ as groups_differ, members_for_skew as members_for_skew,
    permutation_p as permutation_p, sample_ratio_p as sample_ratio_p,
)
from .sensitivity import (
    Yardstick as Yardstick, bounds_of as bounds_of, hidden_bias as hidden_bias, robustness_value as robustness_value,
    strongest_reason as strongest_reason,
)
from .shapley import ratio_parts as ratio_parts, shapley_parts as shapley_parts, whole_parts as whole_parts

# Many campaigns together
from .book_index import BookIndex as BookIndex, book_index as book_index
from .held_out import held_out_effect as held_out_effect
from .partial_pooling import (
    Pooled as Pooled, drawn_together as drawn_together, paule_mandel as paule_mandel, pool as pool, pool_by_campaign as pool_by_campaign,
    pooled_interval as pooled_interval,
)
from .method_effects import EFFECTS as EFFECTS, offer_effects as offer_effects

# The end of a month
from .month_end import Ahead as Ahead, end_of_month as end_of_month, sum_ahead as sum_ahead
from .own_band import Band as Band, own_band as own_band

# Offers
from .replay import (
    REPLAY as REPLAY, best_for_budget as best_for_budget, break_even_lift as break_even_lift, reckon as reckon, response as response,
)
from .replay_thresholds import chances as chances, replay_coupon as replay_coupon, replay_full_reduction as replay_full_reduction
from .replay_days import member_days as member_days, replay_member_day as replay_member_day
from .replay_members import (
    replay_extra_points as replay_extra_points,
    replay_gift as replay_gift,
    replay_referral_reward as replay_referral_reward,
    replay_welcome_gift as replay_welcome_gift,
)
from .replay_pieces import replay_bundle as replay_bundle, replay_nth_piece as replay_nth_piece
from .replay_goods import replay_discount as replay_discount, replay_service as replay_service
from .allocation import Allocation as Allocation, allocate_offers as allocate_offers, gain_curve as gain_curve, shadow_price as shadow_price

# Why a figure is not there
from .reasons import Reason as Reason, Why as Why
