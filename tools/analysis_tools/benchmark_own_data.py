"""What the audit of a messy folder brings: folders of photos with a quarter of them in the wrong class, audited, fixed, trained on.

    python tools/analysis_tools/benchmark_own_data.py CIFAR10N --out DIR [--draws 3] [--fine 2] [--page docs/benchmarks/own_data.md]

CIFAR10N is a folder of packed photos (train_a.npz, test.npz, labels.npz). Each draw has 300 photos a class of airplane, automobile,
cat and ship, of which 25 % are moved to another class at random, and 1,000 other photos with right labels to test. What is typed is
what a user types, so nothing is told of the noise; truth is read here alone. The same command goes on where it was interrupted.
"""

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

CLASSES = {'airplane': 0, 'automobile': 1, 'cat': 3, 'ship': 8}
PER_CLASS, WRONG, TEST_PER_CLASS = 300, 0.25, 250
FINE = ['--size', '64', '--epochs', '8', '--workers', '0']
#: (name, what it is trained on, options): by hand on the labels as given, and on what the audit makes of them.
PROBES = [
    ('given, probe, CE', 'given', ['--method', 'ce', '--frozen']),
    ('given, probe, GCE', 'given', ['--method', 'gce', '--frozen']),
    ('given, probe, ELR', 'given', ['--method', 'elr', '--frozen']),
    ('repaired, probe, CE', 'fixed', ['--method', 'ce', '--frozen']),
]
NETWORKS = [
    ('given, fine-tuned, CE', 'given', ['--method', 'ce', *FINE]),
    ('given, fine-tuned, GCE', 'given', ['--method', 'gce', *FINE]),
    ('given, fine-tuned, ELR', 'given', ['--method', 'elr', *FINE]),
    ('repaired, fine-tuned, CE', 'fixed', ['--method', 'ce', *FINE]),
    ('--method auto', 'given', FINE),
]


def parse_args():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('data', type=Path, help='folder of the packed photos')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--draws', type=int, default=3, help='folders; 3 by default')
    parser.add_argument(
        '--fine', type=int, default=2, help='on how many of them networks are trained, too; 2 by default'
    )
    parser.add_argument('--page', type=Path, help='file of the page; printed alone by default')
    return parser.parse_args()


def write_photos(data: Path, out: Path, draw: int) -> None:
    """``photos/<class>/*.webp`` of a draw, ``truth.json``, and the test photos that all draws share."""
    labels, train, test = (np.load(data / name) for name in ('labels.npz', 'train_a.npz', 'test.npz'))
    names, rng = list(CLASSES), np.random.default_rng(draw)
    clean = labels['clean_label'][: len(train['offset']) - 1]
    rows = [(int(i), k) for k, number in enumerate(CLASSES.values()) for i in _some(rng, clean, number)]
    given = np.array([k for _, k in rows])
    moved = rng.permutation(len(rows))[: int(WRONG * len(rows))]
    given[moved] = (given[moved] + rng.integers(1, len(names), len(moved))) % len(names)
    truth = {}
    for (i, k), label in zip(rows, given):
        path = out / f'draw{draw}/photos' / names[label] / f'img{i:05d}.webp'
        _write(path, train, i)
        truth[str(path.resolve())] = names[k]
    for name, number in CLASSES.items():
        for i in np.flatnonzero(labels['test_label'] == number)[:TEST_PER_CLASS]:
            _write(out / 'test' / name / f't{i:05d}.webp', test, i)
    (out / f'draw{draw}/truth.json').write_text(json.dumps(truth))


def _some(rng, labels, number):
    return rng.permutation(np.flatnonzero(labels == number))[:PER_CLASS]


def _write(path: Path, pack, i: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack['files'][pack['offset'][i] : pack['offset'][i + 1]].tobytes())


def mmnoisy(*words) -> None:
    """Run the command; stops where it fails."""
    words = [str(word) for word in words]
    print('mmnoisy', *words, flush=True)
    done = subprocess.run([sys.executable, '-W', 'ignore', '-m', 'mmnoisy', *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f'mmnoisy {" ".join(words)}:\n{done.stdout}{done.stderr}')


def measure(folder: Path) -> dict:
    """What an audit found, against the truth."""
    truth = json.loads((folder / 'truth.json').read_text())
    with open(folder / 'audit/issues.csv', newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    clean = np.array([truth[str((folder / 'photos' / row['path']).resolve())] for row in rows])
    given, suggested = (np.array([row[name] for row in rows]) for name in ('given_label', 'suggested_label'))
    flagged = np.array([row['is_issue'] == '1' for row in rows])
    wrong = given != clean
    return {
        'AUC': roc_auc_score(wrong, [-float(row['score']) for row in rows]),
        'precision': wrong[flagged].mean(),
        'recall': flagged[wrong].mean(),
        'right labels before': 100 * (~wrong).mean(),
        'after': 100 * (np.where(flagged, suggested, given) == clean).mean(),
    }


def accuracy(folder: Path) -> float:
    """Clean test accuracy of a run at the epoch that noisy validation chose, percent; of ``--method auto`` that of the winner."""
    if (folder / 'auto.json').is_file():
        found = json.loads((folder / 'auto.json').read_text())
        return found['runs'][found['winner']]['test']
    return json.loads((folder / 'summary.json').read_text())['test_accuracy_at_best_val']


def run(args) -> None:
    """Everything that is not there yet."""
    for draw in range(args.draws):
        folder = args.out / f'draw{draw}'
        if not (folder / 'truth.json').is_file():
            write_photos(args.data, args.out, draw)
        if not (folder / 'audit/report.html').is_file():
            mmnoisy('audit', folder / 'photos', '--out', folder / 'audit')
        if not (folder / 'fixed.csv').is_file():
            mmnoisy('fix', folder / 'audit', '--policy', 'relabel', '--out', folder / 'fixed.csv')
        for name, source, options in PROBES + (NETWORKS if draw < args.fine else []):
            work_dir = folder / name.strip('-').replace(', ', '_').replace(' ', '_')
            if not _finished(work_dir):
                data = folder / ('photos' if source == 'given' else 'fixed.csv')
                resume = ['--resume'] if work_dir.is_dir() and any(work_dir.iterdir()) else []
                mmnoisy('train', data, *options, '--test', args.out / 'test', '--work-dir', work_dir, *resume)


def _finished(folder: Path) -> bool:
    return (folder / 'auto.json').is_file() or (folder / 'summary.json').is_file()


HEAD = """---
orphan: true
---

# What the audit of a messy folder brings

{per_class} photos a class of CIFAR-10 (airplane, automobile, cat, ship), {wrong:.0f} % of them moved to another class at random;
{tests:,} other photos with right labels to test, in percent, at the epoch that *noisy* validation chose. Each column is a draw of
photos and errors. What was typed is what a user types: nothing is told of the noise. Repaired: labels after
`mmnoisy fix --policy relabel`. Probe: `--frozen`. Fine-tuned: `--size 64 --epochs 8`. Written by
`tools/analysis_tools/benchmark_own_data.py`.

"""


def page(args) -> str:
    """The figures as Markdown."""
    draws = [args.out / f'draw{draw}' for draw in range(args.draws)]
    found = [measure(folder) for folder in draws]
    lines = [f'| audit | {" | ".join(f"draw {draw}" for draw in range(args.draws))} |']
    lines.append(f'| --- |{" --- |" * args.draws}')
    for name in found[0]:
        digits = 1 if found[0][name] > 1 else 3
        lines.append(f'| {name} | {" | ".join(f"{one[name]:.{digits}f}" for one in found)} |')
    lines += ['', f'| trained on | {" | ".join(f"draw {draw}" for draw in range(args.draws))} |']
    lines.append(f'| --- |{" --- |" * args.draws}')
    for name, _, _ in PROBES + NETWORKS:
        folders = [folder / name.strip('-').replace(', ', '_').replace(' ', '_') for folder in draws]
        cells = [f'{accuracy(folder):.1f}' if _finished(folder) else '' for folder in folders]
        lines.append(f'| {name if name[0] != "-" else f"`{name}`"} | {" | ".join(cells)} |')
    head = HEAD.format(per_class=PER_CLASS, wrong=100 * WRONG, tests=TEST_PER_CLASS * len(CLASSES))
    return head + '\n'.join(lines) + '\n'


def main():
    args = parse_args()
    args.out = args.out.resolve()
    run(args)
    text = page(args)
    print(text)
    if args.page:
        args.page.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
