"""Uncertainty by simulation: what is promised must come out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from regkit import DropoutMLPClassifier, DropoutMLPRegressor

SMALL = {"n_members": 1, "hidden_layer_sizes": (32,), "max_iter": 60, "random_state": 0}


def make(n, seed, noise=0.5):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2, 2, (n, 2))
    return X, 10 * (np.sin(2 * X[:, 0]) + noise * rng.normal(size=n))


X, Y = make(600, 0)
NEW_X, NEW_Y = make(4000, 1)


def covered(model, coverage, rows=NEW_X, y=NEW_Y):
    lower, upper = model.predict_interval(rows, coverage=coverage)
    return np.mean((y >= lower) & (y <= upper))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9])
@pytest.mark.parametrize(
    "changes",
    [{}, {"calibration_fraction": 0.25}, {"loss": "gaussian_nll"}],
    ids=["validation rows", "calibration rows", "variance head"],
)
def test_intervals_cover_what_they_promise(changes, coverage):
    found = []
    for seed in range(8):
        model = DropoutMLPRegressor(**{**SMALL, "random_state": seed}, **changes)
        found.append(covered(model.fit(*make(600, 100 + seed)), coverage))
    # With 120 held-out rows or more the coverage of one fit varies by 0.046 at most.
    assert abs(np.mean(found) - coverage) < 3 * 0.046 / np.sqrt(8)


def friedman(rng, n):
    rows = rng.uniform(size=(n, 5))
    y = 10 * np.sin(np.pi * rows[:, 0] * rows[:, 1]) + 20 * (rows[:, 2] - 0.5) ** 2
    return rows, y + 10 * rows[:, 3] + 5 * rows[:, 4]


def wave(rng, n):
    rows = rng.uniform(-2, 2, (n, 2))
    return rows, np.sin(2 * rows[:, 0])


def plane(rng, n):
    rows = rng.normal(size=(n, 10))
    return rows, rows[:, 0] - rows[:, 1]


@pytest.mark.slow
def test_defaults_cover_new_rows_and_find_the_noise():
    """Held-out rows that chose the epoch, 100 of them or 400, are no excuse."""
    shares, noises = [], []
    for truth, noise in ((wave, 0.25), (friedman, 1.0), (plane, 0.25)):
        for n, seeds in ((100, 4), (400, 3)):
            for seed in range(seeds):
                rng = np.random.default_rng(seed)
                rows, y = truth(rng, n)
                model = DropoutMLPRegressor(random_state=seed)
                model.fit(rows, y + noise * rng.normal(size=n))
                new, y = truth(rng, 2000)
                y = y + noise * rng.normal(size=2000)
                shares.append(covered(model, 0.9, new, y))
                if truth is wave and n == 400:  # learned: what is left is noise
                    noises.append(model.noise_std_ / noise)
    # 21 fits, of which one of 100 rows varies by 0.03 and more with its target.
    assert 0.87 < np.mean(shares) < 0.93
    assert 0.9 < np.mean(noises) < 1.1


def test_halves_of_the_validation_rows_judge_each_other():
    """They show the error of new rows, where those that chose the epoch show less."""
    ratios, chosen = [], []
    for seed in range(12):
        rows, y = make(400, 200 + seed)
        model = DropoutMLPRegressor(**{**SMALL, "random_state": seed, "max_iter": 40})
        model.fit(rows, y)
        found = model.predict_uncertainty(NEW_X)
        total = np.sqrt(np.mean(found.total**2))
        error = np.sqrt(np.mean((NEW_Y - found.mean) ** 2))
        ratios.append(total / error)
        scale = model._ensemble.first.targets.scale[0]
        chosen.append(np.sqrt(2 * model.best_loss_) * scale / error)
    # 80 rows tell a deviation up to 8%, so 12 fits up to 2.3%; what half of the rows
    # chose is a little worse than what all of them chose.
    assert 0.9 < np.mean(ratios) < 1.15
    assert np.mean(chosen) < np.mean(ratios) - 0.05


def test_intervals_follow_the_noise_with_a_variance_head():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3000, 1))
    y = rng.normal(size=3000) * np.where(x[:, 0] > 0, 3.0, 0.3)
    model = DropoutMLPRegressor(**SMALL, loss="gaussian_nll").fit(x, y)
    noise = model.predict_uncertainty([[-0.7], [0.7]]).noise
    assert_allclose(noise, [0.3, 3.0], rtol=0.25)


def test_noise_is_estimated_from_held_out_rows():
    model = DropoutMLPRegressor(**SMALL, calibration_fraction=0.3).fit(X, Y)
    found = model.predict_uncertainty(NEW_X)
    residual = np.sqrt(np.mean((NEW_Y - found.mean) ** 2))
    assert_allclose(np.sqrt(np.mean(found.total**2)), residual, rtol=0.2)
    assert_allclose(found.total, np.hypot(found.epistemic, found.noise))
    assert model.noise_std_ == pytest.approx(residual, rel=0.2)
    mean, std = model.predict(NEW_X, return_std=True)
    assert_array_equal(mean, model.predict(NEW_X))
    assert_array_equal(std, found.total)


def test_masks_do_not_exaggerate_deviations():
    """Of y without noise masks differ by more than the mean of ten networks errs."""
    squares, masks = [], []
    for seed in range(3):
        model = DropoutMLPRegressor(random_state=seed)
        model.fit(*make(250, seed, noise=0.0))
        new, y = make(1000, 50 + seed, noise=0.0)
        found = model.predict_uncertainty(new)
        squares.append(np.mean(np.square((y - found.mean) / found.total)))
        drawn = model.sample_predictions(new, 100, random_state=0).std(axis=0)
        masks.append(np.mean(np.square((y - found.mean) / drawn)))
        assert np.all(found.epistemic < found.total)
        assert_allclose(found.total, np.hypot(found.epistemic, found.noise))
    assert 0.65 < np.sqrt(np.mean(squares)) < 1.2
    assert np.sqrt(np.mean(masks)) < 0.6


def test_precision_given_by_the_user():
    model = DropoutMLPRegressor(**SMALL, tau=0.04).fit(X, Y)
    assert model.noise_std_ == pytest.approx(5.0)


def test_epistemic_spread_is_that_of_the_samples():
    model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    samples = model.sample_predictions(NEW_X[:50], 4000, random_state=0)
    found = model.predict_uncertainty(NEW_X[:50], 4000).epistemic
    assert_allclose(found, samples.std(axis=0, ddof=1), rtol=0.1)
    calm = DropoutMLPRegressor(**SMALL, dropout=0.0).fit(X, Y)
    assert_array_equal(calm.predict_uncertainty(NEW_X).epistemic, 0.0)


def test_samples_repeat_with_their_seed_only():
    model = DropoutMLPRegressor(**SMALL).fit(X, Y)
    first = model.sample_predictions(X, 3, random_state=1)
    assert_array_equal(model.sample_predictions(X, 3, random_state=1), first)
    assert not np.array_equal(model.sample_predictions(X, 3, random_state=2), first)
    std = model.predict(X, return_std=True)[1]
    assert_array_equal(model.predict(X, return_std=True)[1], std)


@pytest.mark.parametrize("ask", ["predict_interval", "predict_uncertainty"])
def test_without_held_out_rows_nothing_is_made_up(ask):
    model = DropoutMLPRegressor(**SMALL, early_stopping=False).fit(X, Y)
    assert not hasattr(model, "noise_std_")
    with pytest.raises(ValueError, match=r"no rows were held out.*n_members"):
        getattr(model, ask)(X)
    given = model.set_params(tau=0.04).fit(X, Y)
    assert given.noise_std_ == pytest.approx(5.0)
    lower, upper = given.predict_interval(X)
    assert np.all(upper - lower >= 2 * 1.64 * 5.0)
    variance = DropoutMLPRegressor(**SMALL, early_stopping=False, loss="gaussian_nll")
    lower, upper = variance.fit(X, Y).predict_interval(X)
    assert np.all(lower < upper)


def test_bad_coverage():
    model = DropoutMLPRegressor(**SMALL, calibration_fraction=0.1).fit(X[:100], Y[:100])
    with pytest.raises(ValueError, match=r"coverage must be in \(0, 1\), got 1.5"):
        model.predict_interval(X, coverage=1.5)
    with pytest.raises(ValueError, match="needs at least 99 held-out rows, there are"):
        model.predict_interval(X, coverage=0.99)
    with pytest.raises(ValueError, match="n_samples must be an integer of at least 2"):
        model.predict_uncertainty(X, n_samples=1)


@pytest.mark.parametrize("multilabel", [False, True])
def test_entropy_has_two_parts(multilabel):
    labels = np.digitize(Y, [-5.0, 5.0])
    if multilabel:
        labels = np.column_stack([labels == k for k in range(3)]).astype(int)
    model = DropoutMLPClassifier(**SMALL).fit(X, labels)
    found = model.predict_uncertainty(X)
    assert_allclose(found.noise + found.epistemic, found.entropy, atol=1e-9)
    assert found.epistemic.min() >= 0
    assert found.epistemic.max() > 0
    limit = np.log(2) if multilabel else np.log(3)
    assert found.entropy.max() <= limit + 1e-9
    far = model.predict_uncertainty(X * 100)
    assert np.isfinite(far.entropy).all()


MEMBERS = {**SMALL, "n_members": 5}


@pytest.mark.parametrize(
    "changes",
    [{}, {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, {"loss": "gaussian_nll"}],
    ids=["squared", "quantiles", "variance head"],
)
def test_intervals_by_folds_cover_what_they_promise(changes):
    """About what is wanted, not less, and wide where the noise is."""
    shares, ratios = [], []
    for seed in range(4):
        rng = np.random.default_rng(300 + seed)
        rows = rng.uniform(-2, 2, (1600, 2))
        noise = np.where(rows[:, 1] > 0, 1.0, 0.2) * rng.normal(size=1600)
        y = np.sin(2 * rows[:, 0]) + noise
        model = DropoutMLPRegressor(**{**MEMBERS, "random_state": seed}, **changes)
        model.fit(rows[:600], y[:600])
        lower, upper = model.predict_interval(rows[600:])
        shares.append(np.mean((lower <= y[600:]) & (y[600:] <= upper)))
        noisy = rows[600:, 1] > 0
        ratios.append(
            np.mean((upper - lower)[noisy]) / np.mean((upper - lower)[~noisy])
        )
    assert 0.87 < np.mean(shares) < 0.93
    assert np.mean(ratios) > (1.4 if not changes else 2.0)


def spread_of(model, number, rows):
    member = model._ensemble.members[number]
    heads = model._heads
    return heads.center_and_spread(member.outputs(rows), member.targets)[1]


def test_spreads_of_members_are_made_alike():
    """A network whose quantiles are all further apart than others' is no less sure."""
    model = DropoutMLPRegressor(**MEMBERS).fit(X, Y)
    widths = model._calibration.widths
    typical = np.array(
        [
            np.exp(np.log(spread_of(model, k, X[model.folds_ == k])).mean())
            for k in range(5)
        ]
    )
    assert np.ptp(typical) > 0.02 * typical.mean()
    assert_allclose(typical / np.ravel(widths), np.exp(np.log(typical).mean()))
    heads, members = model._heads, model._ensemble.members
    each = [spread_of(model, k, NEW_X) / widths[k] for k in range(5)]
    middles = [
        heads.center_and_spread(one.outputs(NEW_X), one.targets)[0] for one in members
    ]
    expected = np.sqrt(np.mean(np.square(each), axis=0) + np.var(middles, axis=0))
    calibration = model._calibration
    share = calibration.averaging[0].share(calibration.scores[:, 0], 0.9)
    expected *= calibration.factor * np.sqrt(share)
    found = calibration.deviations(heads, members, NEW_X)
    assert_allclose(found, np.maximum(expected, found.min()))
    model.set_params(calibration_fraction=0.3).fit(X, Y)
    assert_array_equal(np.ravel(model._calibration.widths), 1.0)


def test_poisson_predicts_rates():
    rng = np.random.default_rng(0)
    rows = rng.uniform(-1, 1, (2000, 2))
    exposure = rng.uniform(0.5, 3.0, 2000)
    rate = np.exp(1.0 + rows[:, 0])
    y = rng.poisson(rate * exposure) / exposure
    model = DropoutMLPRegressor(**MEMBERS, loss="poisson")
    model.fit(rows, y, sample_weight=exposure)
    found = model.predict(rows)
    assert found.min() > 0
    assert np.abs(np.log(found / rate)).mean() < 0.12
    assert np.average(found, weights=exposure) == pytest.approx(
        np.average(y, weights=exposure), rel=0.03
    )
    lower, upper = model.predict_interval(rows)
    assert lower.min() == 0.0
    assert 0.85 < np.mean((lower <= y) & (y <= upper)) < 0.97
    with pytest.raises(ValueError, match='y must not be negative with loss="poisson"'):
        model.fit(rows, y - 1.0)


@pytest.mark.parametrize("columns", [1, 2])
def test_quantiles_do_not_cross(columns):
    levels = [0.9, 0.1, 0.5]
    y = np.column_stack([Y, -2 * Y])[:, :columns]
    model = DropoutMLPRegressor(**MEMBERS, loss="quantile", quantile=levels).fit(X, y)
    found = model.predict_quantiles(NEW_X)
    assert found.shape == ((4000, 3) if columns == 1 else (4000, 2, 3))
    assert np.all(np.diff(found, axis=-1) >= 0)
    assert_allclose(model.predict(NEW_X), found[..., 1])
    first = found if columns == 1 else found[:, 0]
    below = (NEW_Y[:, None] <= first).mean(axis=0)
    assert_allclose(below, [0.1, 0.5, 0.9], atol=0.07)
    with pytest.raises(ValueError, match='needs loss="quantile"'):
        DropoutMLPRegressor(**SMALL).fit(X, Y).predict_quantiles(X)
    with pytest.raises(ValueError, match=r"quantile must hold numbers in \(0, 1\)"):
        DropoutMLPRegressor(**SMALL, loss="quantile", quantile=[0.5, 2]).fit(X, Y)


@pytest.mark.parametrize("n_members", [1, 5])
def test_sets_of_classes_cover_what_they_promise(n_members):
    shares, sizes = [], []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        rows = rng.normal(size=(2400, 2))
        labels = np.digitize(rows[:, 0] + 0.5 * rng.normal(size=2400), [-0.5, 0.5])
        options = {**SMALL, "n_members": n_members, "random_state": seed}
        model = DropoutMLPClassifier(**options).fit(rows[:400], labels[:400])
        sets = model.predict_set(rows[400:], coverage=0.9)
        shares.append(sets[np.arange(2000), labels[400:]].mean())
        sizes.append(sets.sum(axis=1).mean())
    # 80 held-out rows tell a coverage up to 0.034, and so four fits up to 0.017.
    assert 0.9 - 3 * 0.017 < np.mean(shares) < 0.9 + 3 * 0.017
    assert 1.0 < np.mean(sizes) < 2.0


def test_sets_that_cannot_be():
    labels = np.digitize(Y, [-5.0, 5.0])
    model = DropoutMLPClassifier(**SMALL, early_stopping=False).fit(X, labels)
    with pytest.raises(ValueError, match="no rows were held out"):
        model.predict_set(X)
    several = DropoutMLPClassifier(**SMALL).fit(X, np.c_[labels > 0, labels > 1] * 1)
    with pytest.raises(ValueError, match="several labels a row"):
        several.predict_set(X)


def test_probabilities_are_what_they_say():
    """Temperature: overfitted networks do not say more than held-out rows confirm."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3300, 5))
    chance = 1 / (1 + np.exp(-2 * rows[:, 0]))
    labels = rng.random(3300) < chance
    options = {**SMALL, "n_members": 10, "max_iter": 400, "early_stopping": False}
    model = DropoutMLPClassifier(**options).fit(rows[:300], labels[:300])
    # Such networks are several times as sure as they may be.
    assert model._ensemble.temperature > 4.5
    found = model.predict_proba(rows[300:])[:, 1]
    sure = found > 0.8
    assert abs(labels[300:][sure].mean() - found[sure].mean()) < 0.05
