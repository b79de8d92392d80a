"""Folders of audits and runs for the tests of the report: real judgements by a vote of neighbours, in a second."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import NearestNeighbors

FIELDS = ('path', 'given_label', 'suggested_label', 'given_index', 'suggested_index', 'score', 'suggested_score')
FIELDS += ('is_issue', 'probe', 'knn', 'duplicate_of', 'source_idx')


def digits_audit(folder, rate=0.25, per_class=60, classes=None) -> Path:
    """An audit of scikit-learn's digits, written as PNG files, of which a share has a wrong label."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    rows = np.concatenate([np.flatnonzero(labels == label)[:per_class] for label in range(10)])
    pictures = (255 - images[rows].reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)
    names = classes or ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']
    return make_audit(folder, pictures, images[rows] / 16, labels[rows], names, rate)


def make_audit(folder, pictures, features, labels, classes, rate, seed=0) -> Path:
    """Write images and an audit of labels of which a share, drawn at random, is moved to another class."""
    folder = Path(folder)
    rng = np.random.default_rng(seed)
    given = np.where(
        rng.random(len(labels)) < rate, (labels + rng.integers(1, len(classes), len(labels))) % len(classes), labels
    )
    paths = []
    for i, picture in enumerate(pictures):
        path = folder / 'images' / f'class {given[i]}' / f'{i:05d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(path)
        paths.append(str(path))
    knn, neighbours = _vote(features, given, len(classes))
    probe = cross_val_predict(LogisticRegression(max_iter=200), features, given, cv=3, method='predict_proba')
    audit = folder / 'audit'
    audit.mkdir()
    _write(audit, paths, given, probe, knn, classes)
    _write_json(audit / 'neighbours.json', _voters(neighbours, paths, given, classes))
    _write_json(audit / 'audit.json', _summary(folder, given, probe, knn, classes, paths))
    return audit


def _vote(features, given, size, k=20):
    similarity, found = NearestNeighbors(n_neighbors=k + 1).fit(features).kneighbors(features)
    similarity, found = 1 / (1 + similarity[:, 1:]), found[:, 1:]
    votes = np.zeros((len(given), size))
    for column in range(k):
        votes[np.arange(len(given)), given[found[:, column]]] += similarity[:, column]
    return votes / votes.sum(1, keepdims=True), (similarity, found)


def _write(audit, paths, given, probe, knn, classes) -> None:
    rows, both = np.arange(len(given)), (probe + knn) / 2
    suggested, score = both.argmax(1), both[rows, given]
    issue = (probe.argmax(1) != given) & (knn.argmax(1) != given)
    with (audit / 'issues.csv').open('w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        for i in np.argsort(score):
            values = [paths[i], classes[given[i]], classes[suggested[i]], given[i], suggested[i], score[i]]
            writer.writerow(
                [*values, both[i, suggested[i]], int(issue[i]), probe[i, given[i]], knn[i, given[i]], '', i]
            )


def _voters(neighbours, paths, given, classes) -> dict:
    return {
        str(i): [dict(path=paths[j], label=classes[given[j]], similarity=float(s)) for s, j in zip(near[:5], rows[:5])]
        for i, (near, rows) in enumerate(zip(*neighbours))
    }


def _summary(folder, given, probe, knn, classes, paths) -> dict:
    issue = (probe.argmax(1) != given) & (knn.argmax(1) != given)
    by_class = []
    for i, name in enumerate(classes):
        count, flagged = int((given == i).sum()), int(issue[given == i].sum())
        rate = flagged / count
        spread = 1.96 * (rate * (1 - rate) / count) ** 0.5
        by_class.append(
            {
                'class': name,
                'count': count,
                'flagged': flagged,
                'rate': rate,
                'low': max(0, rate - spread),
                'high': rate + spread,
            }
        )
    matrix = np.array(
        [np.bincount(given[knn.argmax(1) == i], minlength=len(classes)) for i in range(len(classes))], float
    )
    matrix /= matrix.sum(1, keepdims=True)
    rate = float(issue.mean())
    return dict(
        data=str(folder / 'images'),
        command=['mmnoisy', 'audit', str(folder / 'images'), '--out', str(folder / 'audit')],
        backbone='none (pixels)',
        classes=list(classes),
        num_images=len(given) + 1,
        unreadable=[dict(path=str(folder / 'images' / 'empty.png'), reason='the file is empty (0 bytes).')],
        judges={
            name: dict(accuracy=float((p.argmax(1) == given).mean())) for name, p in (('probe', probe), ('knn', knn))
        },
        noise_rate=dict(estimate=rate, low=rate - 0.03, high=rate + 0.03),
        noise_by_class=by_class,
        transition=dict(matrix=matrix.tolist(), low=(matrix * 0.9).tolist(), high=(matrix * 1.1).clip(0, 1).tolist()),
        near_duplicates=[dict(path=paths[0], other=paths[1], similarity=0.99, labels=[classes[0], classes[1]])],
        outliers=[dict(path=paths[2], score=0.02)],
        small_classes=[],
        notes=['The classes are balanced.'],
        seconds=dict(features=1.0, judges=2.0),
    )


def make_run(folder, name='run', epochs=12, offset=0.0) -> Path:
    """The work dir of a run as SummaryHook leaves it, with samples that have no image files."""
    work_dir = Path(folder) / name
    (work_dir / 'division').mkdir(parents=True)
    rows = []
    for epoch in range(1, epochs + 1):
        share = epoch / epochs
        accuracies = dict(
            test_accuracy=60 + 20 * share + offset, val_accuracy=50 + 15 * share, train_memorised=40 * share**2
        )
        rows.append(dict(epoch=epoch, **accuracies, detection_auc=0.7 + 0.2 * share))
    with (work_dir / 'history.csv').open('w', newline='') as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    detection = dict(auc=0.9, precision=0.8, recall=0.75, f1=0.77, flagged=40)
    summary = dict(config='gce.py', seed=0, epochs=epochs, test_accuracy_last=80.0 + offset, detection=detection)
    _write_json(work_dir / 'summary.json', dict(summary, train_seconds=12.5, noise=dict(kind='symmetric', rate=0.4)))
    (work_dir / 'gce.py').write_text("model = dict(type='<ImageClassifier>')\n")
    Image.new('RGB', (40, 30), 'white').save(work_dir / 'division' / 'epoch_3_net1.png')
    Image.new('RGB', (60, 30), 'white').save(work_dir / 'division' / 'epoch_12_net1.png')
    scores = np.random.default_rng(0).random(90)
    with (work_dir / 'samples.csv').open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(('source_idx', 'given_label', 'suggested_label', 'score', 'is_issue', 'clean_label'))
        writer.writerows((i, i % 3, '', score, int(score < 0.4), 0) for i, score in enumerate(scores))
    return work_dir


def _write_json(path: Path, value) -> None:
    path.write_text(json.dumps(value), encoding='utf-8')
