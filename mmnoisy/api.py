"""What a notebook calls; the command ``mmnoisy`` is thin over these functions.

Nothing heavy is imported before a function is called.
"""

from pathlib import Path
from typing import Optional, Sequence, Union

Paths = Union[str, Path, Sequence[Union[str, Path]]]


def read_data(data, **reading):
    """The images, labels, classes and parts of a data set: :func:`mmnoisy.datasets.own_data.read_data`."""
    from .datasets.own_data import OwnData
    from .datasets.own_data import read_data as read

    return data if isinstance(data, OwnData) else read(data, **reading)


def check(data, *, workers: Optional[int] = None, cache=None, **reading):
    """Every bad file, duplicate and leak, and the counts of the classes: :func:`mmnoisy.datasets.check.check`."""
    from .datasets.check import check as run

    return run(read_data(data, **reading), workers=workers, cache=cache)


def find_issues(labels, *, pred_probs=None, features=None, **options):
    """Wrong labels of arrays of any origin: :func:`mmnoisy.audit.find_issues`."""
    from .audit import find_issues as run

    return run(labels, pred_probs=pred_probs, features=features, **options)


def audit(data, out=None, *, reading: Optional[dict] = None, page: bool = True, **options):
    """Which labels are wrong, how sure, and what they should be: :func:`mmnoisy.audit.audit`.

    Args:
        data (str | Path | OwnData): See :func:`read_data`.
        out (str | Path, optional): Folder; ``audits/<data>`` where None.
        reading (dict, optional): Options of :func:`read_data`.
        page (bool): Also write ``report.html``. Defaults to True.
        **options: See :func:`mmnoisy.audit.audit`.
    """
    from .audit import audit as run

    data = read_data(data, **(reading or {}))
    result = run(data, audit_folder(data) if out is None else out, **options)
    if page:
        report(result.folder)
    return result


def audit_folder(data) -> Path:
    """Where an audit goes that is not told where."""
    from .jobs.training import data_name

    return Path('audits') / data_name(data)


def fix(audit_dir, policy: str = 'drop', ticks=None, out=None, link=None):
    """A corrected list of the images: :func:`mmnoisy.audit.fix`."""
    from .audit import fix as run

    return run(audit_dir, policy, ticks=ticks, out=out, link=link)


def train(data, work_dir=None, **options) -> Path:
    """Train a classifier; returns the folder of the run: :func:`mmnoisy.jobs.training.train`."""
    from .jobs.training import train as run

    return run(data, work_dir, **options)


def predict(run, images: Paths, out=None, **options):
    """Classes of images in words: :func:`mmnoisy.jobs.predict.predict`."""
    from .jobs.predict import predict as predict_images

    return predict_images(run, images, out, **options)


def evaluate(run, data, **reading):
    """Accuracy on labelled data: :func:`mmnoisy.jobs.evaluate.evaluate`."""
    from .jobs.evaluate import evaluate as compare

    return compare(run, data, **reading)


def report(sources: Paths, out=None, **options) -> Path:
    """One self-contained page about audits, runs or a search: :func:`mmnoisy.jobs.pages.write_page`."""
    from .jobs.pages import write_page

    return write_page(sources, out, **options)


def export(run, out=None, *, onnx: bool = False, net: str = 'net1'):
    """One network out of a run, also as ONNX: :func:`mmnoisy.jobs.export.export`."""
    from .jobs.export import export as write

    return write(run, out, onnx=onnx, net=net)


def listing(kind: str):
    """``(name, what it is)`` of methods, losses, hooks, noises, backbones or configs."""
    from .jobs.listing import listing as entries

    return entries(kind)
