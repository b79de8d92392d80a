import numpy as np
import pytest
from scipy import stats
from sklearn.mixture import GaussianMixture

from mmnoisy.engine.division_plot import plot_fit
from mmnoisy.functional.mixtures import MIXTURES, _share, fit_bmm, fit_gmm, min_max, mixture_rate

RNG = np.random.default_rng(0)
CLEAN = np.arange(600) < 400
LOSSES = min_max(np.where(CLEAN, RNG.gamma(1.5, 0.2, 600), RNG.normal(3, 0.8, 600)))


def test_min_max():
    assert min_max([2.0, 4.0, 3.0]).tolist() == [0, 1, 0.5]
    assert min_max([2.0, 2.0]).tolist() == [0, 0]
    x = RNG.exponential(size=200)
    low, high = np.percentile(x, 5), np.percentile(x, 95)
    np.testing.assert_allclose(min_max(x, 5), [(min(max(v, low), high) - low) / (high - low) for v in x], atol=1e-12)
    with pytest.raises(ValueError, match='1 of 3 losses are not finite, the first is that of sample 1'):
        min_max([1.0, np.nan, 2.0])


def test_gmm_equals_scikit_learn():
    reference = GaussianMixture(2, max_iter=10, tol=1e-2, reg_covar=5e-4, random_state=0)
    posterior = reference.fit(LOSSES[:, None]).predict_proba(LOSSES[:, None])
    fit = fit_gmm(LOSSES)
    np.testing.assert_allclose(fit.p_clean, posterior[:, reference.means_.argmin()], atol=1e-6)
    np.testing.assert_allclose(fit.means, np.sort(reference.means_[:, 0]))
    assert ((fit.p_clean > 0.5) == CLEAN).mean() > 0.95


def test_mixture_rate_is_the_share_of_the_larger_component_of_a_fit_of_fifty_iterations():
    losses = LOSSES * 7 + 0.1
    reference = GaussianMixture(2, max_iter=50, reg_covar=5e-4, random_state=0)
    posterior = reference.fit(LOSSES[:, None]).predict_proba(LOSSES[:, None])
    assert mixture_rate(losses) == pytest.approx(posterior[:, reference.means_.argmax()].mean(), abs=1e-6)
    # Ten iterations, as in DivideMix, would give another number.
    assert abs(mixture_rate(losses) - (1 - fit_gmm(LOSSES).p_clean.mean())) > 1e-6


@pytest.mark.parametrize('mixture', MIXTURES)
@pytest.mark.parametrize('value', [0.0, 0.5, 1.0])
def test_equal_losses_are_all_believed(mixture, value):
    assert (MIXTURES[mixture](np.full(5, value)).p_clean == 1).all()


@pytest.mark.parametrize('fit', [fit_gmm, fit_bmm])
def test_densities_give_the_posterior(fit):
    fitted = fit(LOSSES)
    # Where the smaller component's posterior is not held up on the left.
    x = np.linspace(fitted.means[0], 0.99, 50)
    densities = fitted.densities(x)
    nearest = np.abs(LOSSES[:, None] - x).argmin(0)
    if fit is fit_gmm:
        np.testing.assert_allclose(
            fitted.densities(LOSSES)[0] / fitted.densities(LOSSES).sum(0), fitted.p_clean, rtol=1e-6, atol=1e-9
        )
    assert np.abs(densities[0] / densities.sum(0) - fitted.p_clean[nearest]).max() < 0.2
    assert fitted.means[0] < fitted.means[1] and abs(fitted.weights.sum() - 1) < 1e-9
    mass = densities.sum(0).sum() * (x[1] - x[0])
    assert 0.3 < mass < 1.1


def test_bmm_finds_the_parameters_that_made_the_data():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.beta(2, 12, 6000), rng.beta(12, 3, 4000)])
    fit = fit_bmm(x)
    np.testing.assert_allclose(fit.weights, [0.6, 0.4], atol=0.03)
    np.testing.assert_allclose(fit.means, [2 / 14, 12 / 15], atol=0.02)
    likelihood = [0.6 * stats.beta.pdf(x, 2, 12), 0.4 * stats.beta.pdf(x, 12, 3)]
    reference = likelihood[0] / (likelihood[0] + likelihood[1])
    right = x > fit.means[0]
    assert np.abs(fit.p_clean - reference)[right].max() < 0.1


def test_posterior_of_beta_components_equals_scipy():
    x, shapes, weights = RNG.uniform(0.001, 0.999, 200), np.array([[1.3, 7.0], [9.0, 0.8]]), np.array([0.7, 0.3])
    parts = np.stack([weight * stats.beta.pdf(x, *shape) for weight, shape in zip(weights, shapes)])
    np.testing.assert_allclose(_share(np.log([x, 1 - x]), shapes, weights), parts / parts.sum(0), rtol=1e-9)


def test_smallest_losses_are_the_cleanest():
    fit = fit_bmm(np.concatenate([LOSSES, [0.0]]))
    assert fit.p_clean[-1] >= fit.p_clean.max() - 0.05


def test_left_of_the_mean_the_second_components_tail_takes_no_sample():
    """A wide second component is the denser one again at the smallest losses: they are as clean as the mean of the first."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.beta(12, 48, 900), rng.beta(1.2, 1.1, 600)])
    fit = fit_bmm(x)
    first, second = fit.densities(np.array([0.01, fit.means[0]]))
    assert second[0] > first[0], 'the densities alone would call a loss of 0.01 wrong'
    at_mean = first[1] / (first[1] + second[1])
    left = x < fit.means[0]
    assert at_mean > 0.5 and (x < 0.05).any() and fit.p_clean[left].min() == pytest.approx(at_mean, rel=1e-9)


def test_plot(tmp_path):
    plot_fit(tmp_path / 'fit.png', LOSSES, fit_bmm(LOSSES), 'title')
    assert (tmp_path / 'fit.png').stat().st_size > 1000
