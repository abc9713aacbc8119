"""Dropout masks: their rate, their mean, and independence of everything."""

import itertools

import numba
import numpy as np
import pytest
from scipy.stats import chi2, kstest, norm

from regkit.kernels.networks.masks import (
    BERNOULLI,
    GAUSSIAN,
    derive,
    noise_row,
    normal,
    root,
    rounded,
    unit_key,
)

# As plain Python a mask takes a thousand times as long.
N_ROWS = 400 if numba.config.DISABLE_JIT else 20_000
SEED, STEP, LAYER, UNIT = 3, 1000, 1, 7


def noise(seed=SEED, step=STEP, layer=LAYER, unit=UNIT, rate=0.3, kind=BERNOULLI):
    out = np.empty(N_ROWS)
    with np.errstate(all="ignore"):
        key = unit_key(derive(derive(root(seed), step), layer), unit, kind)
        noise_row(out, key, unit, 0, rounded(rate), kind)
    return out


def p_value_of_independence(first, second):
    """Chi-square test of the 2 × 2 table of two masks."""
    a, b = first > 0, second > 0
    table = np.array(
        [[np.sum(a & b), np.sum(a & ~b)], [np.sum(~a & b), np.sum(~a & ~b)]], float
    )
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    return chi2.sf(np.sum((table - expected) ** 2 / expected), df=1)


@pytest.mark.parametrize("rate", [0.01, 0.3, 0.5, 0.95])
def test_drop_rate_and_mean(rate):
    units = 20
    mask = np.array([noise(unit=unit, rate=rate) for unit in range(units)])
    dropped = np.mean(mask == 0)
    error = np.sqrt(rate * (1 - rate) / mask.size)
    assert abs(dropped - rate) < 4 * error
    assert abs(rounded(rate) - rate) <= 2**-17
    assert set(np.unique(mask)) == {0.0, 1 / (1 - rounded(rate))}
    assert abs(mask.mean() - 1) < 4 * error / (1 - rate)


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.0, 0.0), (1e-6, 0.0), (0.5, 0.5), (1 - 1e-9, 1 - 2**-16)]
)
def test_rates_are_rounded_to_what_16_bits_can_do(rate, expected):
    assert rounded(rate) == expected


def test_gaussian_noise_is_normal_with_the_same_moments():
    rate = 0.3
    found = np.concatenate(
        [noise(unit=unit, rate=rate, kind=GAUSSIAN) for unit in range(5)]
    )
    spread = np.sqrt(rate / (1 - rate))
    assert kstest((found - 1) / spread, "norm").pvalue > 1e-3


def test_normal_quantiles():
    inner = np.linspace(norm.cdf(-5) * 2**32, norm.cdf(5) * 2**32, 101)
    inner = inner.astype(np.uint32)
    ends = np.r_[0, 1, 2**32 - 2, 2**32 - 1].astype(np.uint32)
    for bits, rtol, atol in [(inner, 2e-6, 1e-9), (ends, 0.0, 3e-3)]:
        found = [normal(b) for b in bits]
        expected = norm.ppf((bits + 0.5) / 2**32)
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


COUNTERS = ["seed", "step", "layer", "unit"]


@pytest.mark.parametrize("counter", COUNTERS)
def test_masks_of_neighbors_are_independent(counter):
    """Neighbors and powers of two, where weak hashes show; none may be the same."""
    values = [0, 1, 2, 3, 4, 8, 16, 255, 256, 257, 65535, 65536, 2**31 - 1]
    masks = [noise(**{counter: value}) for value in values]
    pairs = list(itertools.combinations(masks, 2))
    p_values = [p_value_of_independence(a, b) for a, b in pairs]
    assert min(p_values) > 1e-3 / len(pairs)
    # A uniform sample of p-values has about half of them below one half.
    assert 0.3 < np.mean(np.array(p_values) < 0.5) < 0.7


def test_swapping_counters_gives_another_mask():
    """Were counters added up, layer 1 of step 2 would be layer 2 of step 1."""
    for a, b in itertools.combinations(COUNTERS, 2):
        first = noise(**{a: 1, b: 2})
        second = noise(**{a: 2, b: 1})
        assert p_value_of_independence(first, second) > 1e-5


def test_rows_are_independent():
    mask = noise()
    p_values = [
        p_value_of_independence(mask[:-lag], mask[lag:]) for lag in range(1, 65)
    ]
    assert min(p_values) > 1e-3 / len(p_values)


def test_no_mask_is_another_one_shifted():
    """A row counter with the constant of the column counter does that."""
    masks = np.array([noise(unit=unit)[:256] > 0 for unit in range(24)])
    for a, b in itertools.combinations(masks, 2):
        for lag in range(1, 33):
            assert np.mean(a[lag:] == b[:-lag]) < 0.85
            assert np.mean(b[lag:] == a[:-lag]) < 0.85


def test_many_joint_masks_are_uniform():
    """All 2⁸ patterns of 8 units at rate ½ come up equally often."""
    bits = np.array([noise(unit=unit, rate=0.5) > 0 for unit in range(8)])
    pattern = np.packbits(bits, axis=0)[0]
    counts = np.bincount(pattern, minlength=256)
    statistic = np.sum((counts - N_ROWS / 256) ** 2 / (N_ROWS / 256))
    assert 1e-4 < chi2.sf(statistic, df=255) < 1 - 1e-4


def test_first_row_continues_the_count():
    part = np.empty(10)
    with np.errstate(all="ignore"):
        key = unit_key(derive(derive(root(SEED), STEP), LAYER), UNIT, BERNOULLI)
        noise_row(part, key, UNIT, 50, rounded(0.3), BERNOULLI)
    np.testing.assert_array_equal(part, noise()[50:60])
