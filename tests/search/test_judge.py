"""What noisy validation can tell, against data whose noise is known."""

import numpy as np

from mmnoisy.search.choice import Choice
from mmnoisy.search.confirm import Finalist, mcnemar, sentences
from mmnoisy.search.judge import Predictions, corrected_accuracy, estimated_noise, standard_error
from mmnoisy.search.judged import Judged
from mmnoisy.search.leaderboard import order_notes


def made(n, transition, right=0.9, seed=0):
    """Predictions of a network that is right so often, uniformly wrong else, and labels of the noise T."""
    rng, classes = np.random.default_rng(seed), len(transition)
    clean = rng.integers(0, classes, n)
    predicted = np.where(rng.random(n) < right, clean, (clean + rng.integers(1, classes, n)) % classes)
    given = np.array([rng.choice(classes, p=transition[label]) for label in clean])
    scores = np.full((n, classes), 0.1 / (classes - 1))
    scores[np.arange(n), predicted] = 0.9
    return Predictions(np.arange(n), scores, given), 100 * float((predicted == clean).mean())


def symmetric(rate, classes=5):
    found = np.full((classes, classes), rate / (classes - 1))
    np.fill_diagonal(found, 1 - rate)
    return found


def test_noise_is_estimated_from_the_predictions_of_a_good_trial():
    found, _ = made(4000, symmetric(0.3), right=0.98)
    noise = estimated_noise(found)
    assert abs(noise.rate - 0.3) < 0.04 and noise.n == 4000
    assert abs(noise.margin - (0.7 - 0.075)) < 0.1


def test_the_standard_error_is_that_of_repeated_draws():
    transition, accuracies = symmetric(0.4), []
    for seed in range(200):
        found, _ = made(300, transition, seed=seed)
        accuracies.append(100 * (found.scores.argmax(1) == found.labels).mean())
    noise = estimated_noise(made(300, transition, right=0.98)[0])._replace(rate=0.4)
    measured, clean = standard_error(float(np.mean(accuracies)), noise)
    assert abs(measured - np.std(accuracies)) < 0.5
    assert np.isclose(clean, measured / (1 - 0.4 * 5 / 4))


def test_all_of_a_few_labels_right_is_not_sure():
    noise = estimated_noise(made(15, symmetric(0.0), right=1.0)[0])
    measured, _ = standard_error(100.0, noise)
    assert np.isclose(measured, 100 * np.sqrt(17 / 19 * 2 / 19 / 19))
    assert measured == standard_error(0.0, noise)[0] and f'{measured:.2f}' != '0.00'


def test_equal_figures_are_said_to_be_equal():
    alike, close = order_notes([90.0, 90.0, 88.0], 3.0)
    assert '2 trials have the same best figure, 90.00 %' in alike and 'shortest training' in alike
    assert 'differ by 2.00 points' in close
    assert 'the best 3 trials are equal: their order says little' in order_notes([90.0] * 3, 3.0)[1]
    assert order_notes([90.0, 80.0], 3.0) == [] == order_notes([90.0], 3.0)


def test_a_confirmation_says_which_way_the_figures_differ():
    finalist = Finalist(Choice({}, {}), 80.0, 81.5, [81.5], 1.0, 3, 1.0, chosen=True)
    assert sentences([finalist])[-1].startswith('The best figure of the search was 1.50 points below')
    assert 'was 0.50 points above' in sentences([finalist._replace(searched=82.0)])[-1]
    same = sentences([finalist._replace(searched=81.5)], Judged(trusted=True, folds=1))[-1]
    assert same == 'The best figure of the search was the same as the best that fresh seeds confirm.'


def test_the_correction_gives_clean_accuracy():
    transition = symmetric(0.4)
    found, clean = made(20000, transition)
    assert abs(corrected_accuracy(found, transition) - clean) < 1.5
    assert corrected_accuracy(found, np.full((5, 5), 0.2)) is None


def test_mcnemar_on_paired_samples():
    one = {(0, i): True for i in range(20)}
    other = {(0, i): i >= 10 for i in range(30)}
    assert np.isclose(mcnemar(one, other), 2 * 0.5**10)
    assert mcnemar(one, one) == 1.0
