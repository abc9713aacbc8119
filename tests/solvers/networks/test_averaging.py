"""What a mean of networks gains, against errors whose parts are known."""

import numpy as np
import pytest

from regkit.solvers.networks.averaging import Apart, Averaging
from regkit.solvers.networks.conformal import interval

N = 40_000


def draw(m, chance, rows, scale=1.0, seed=0):
    """Return y, and centers of networks and their groups (5 folds of ``m``).

    Networks err by what all have in common, by what each fold learned, and by chance,
    of which all but the first are heavier on some rows.
    """
    rng = np.random.default_rng(seed)
    size = scale * np.where(rng.random(N) < 0.9, 1.0, 3.0)
    common = size * rng.normal(size=N)
    of_fold = rows * scale * rng.normal(size=(5, 1, N))
    alone = of_fold + chance * scale * rng.normal(size=(5, m, N))
    members = tuple(tuple(range(k * m, (k + 1) * m)) for k in range(5))
    return common, alone.reshape(5 * m, N), members


def known_of(y, centers, members):
    held = np.arange(N) % 5
    one = np.abs(y - centers)
    groups = np.array([centers[list(own)].mean(axis=0) for own in members])
    scores = np.sort(np.abs(y - groups)[held, np.arange(N)])
    alone = [one[k][held == g] for g, own in enumerate(members) for k in own]
    ones = np.ones((5, N))
    apart = Apart.of(centers, ones, members, 0)
    known = Averaging(
        apart.off_mean, apart.per_gain(members), np.sort(np.concatenate(alone))
    )
    return groups, scores, known


@pytest.mark.parametrize("coverage", [0.5, 0.9, 0.98])
@pytest.mark.parametrize("m", [1, 2, 4])
def test_intervals_cover_what_the_mean_of_all_errs(m, coverage):
    y, centers, members = draw(m, chance=0.6, rows=0.4)
    groups, scores, known = known_of(y, centers, members)
    assert (known.per_gain == 0) == (m == 1)

    def covered(share):
        lower, upper = interval(groups, np.ones((5, N)), scores, coverage, share)
        return np.mean((lower <= y) & (y <= upper))

    share = known.share(scores, coverage)
    assert covered(share) == pytest.approx(coverage, abs=0.025 if m == 1 else 0.006)
    assert covered(share) < covered(1.0)


def test_heavy_tails_that_networks_have_in_common_hide_nothing():
    """A mean square over all rows would be that of a tenth of them."""
    y, centers, members = draw(2, chance=1.5, rows=0.0)
    y *= 20.0 * (np.abs(y) > 3)
    _, scores, known = known_of(y, centers, members)
    # Of a fold's two networks half of the variance, of ten a tenth.
    assert known.share(scores, 0.8) == pytest.approx(0.25, abs=0.06)
    assert known.off_mean / np.mean(np.square(scores)) < 0.05


def test_what_rows_teach_is_more_than_chance():
    for rows in (0.0, 0.5):
        _, centers, members = draw(2, chance=1.0, rows=rows)
        apart = Apart.of(centers, np.ones((5, N)), members, 2)
        assert apart.chance == pytest.approx(0.5, rel=0.03)
        assert apart.between == pytest.approx(0.5 + rows**2, rel=0.03)
        assert apart.off_mean == pytest.approx(0.8 * (0.5 + rows**2), rel=0.03)


def test_folds_are_compared_on_rows_that_they_learned():
    _, centers, members = draw(2, chance=1.0, rows=0.0)
    expected = Apart.of(centers, np.ones((5, N)), members, 1)
    centers[2:4] += 100.0
    found = Apart.of(centers, np.ones((5, N)), members, 1)
    assert found[1:] == pytest.approx(expected[1:])


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("scale", [0.0, 1e-200, 1e200])
def test_nothing_to_compare(m, scale):
    """Constant networks, and numbers whose squares are too small or too large."""
    y, centers, members = draw(m, chance=0.5, rows=0.5, scale=scale)
    _, scores, known = known_of(y, centers, members)
    assert 0.0 < known.share(scores, 0.9) <= 1.0


def test_two_folds_are_not_compared_by_chance():
    _, centers, _ = draw(2, chance=0.5, rows=0.5)
    apart = Apart.of(centers[:4], np.ones((2, N)), ((0, 1), (2, 3)), 0)
    assert apart.per_gain(((0, 1), (2, 3))) == 0.0 < apart.off_mean
