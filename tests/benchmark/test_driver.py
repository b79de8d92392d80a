"""What the runner shows, and what it does about workers that cannot work."""

import io

import pytest
from rich.console import Console

from mmnoisy.benchmark import pool
from mmnoisy.benchmark.command import main
from mmnoisy.benchmark.progress_view import ProgressView, duration
from mmnoisy.benchmark.store import Store
from tests.benchmark.suites import put_result, write_suite


@pytest.mark.parametrize('terminal', [False, True])
def test_progress_is_lines_and_on_a_terminal_a_bar_too(terminal, tmp_path):
    store = Store(write_suite(tmp_path), tmp_path / 'out')
    out = io.StringIO()
    # On a terminal of a fixed width, so that nothing depends on where the test runs.
    console = Console(file=out, force_terminal=terminal, width=150, highlight=False, markup=False)
    view = ProgressView(2, 1, store.estimates, console)
    first, second = store.suite.cells[0], store.suite.cells[-1]
    view.begin(0)
    view.finished(first, 'last 50.0, 9.0 s', [second])
    view.finished(second, 'failed: no memory', [])
    view.end()
    text = out.getvalue()
    assert '0 of 2 runs have a result.' in text and '1/2 ce sym40 seed 0: last 50.0, 9.0 s' in text
    assert '2/2 ce asym30 seed 0: failed: no memory' in text and 'about 10 s left' in text and 'all done' in text
    assert ('\x1b[' in text) == terminal


def test_durations():
    assert [duration(seconds) for seconds in (5, 59.4, 60, 3599, 3600, 7500)] == [
        '5 s',
        '59 s',
        '1 min',
        '1 h 0 min',
        '1 h 0 min',
        '2 h 5 min',
    ]


def test_a_worker_that_cannot_start_ends_the_command_with_its_log(tmp_path, monkeypatch):
    program = tmp_path / 'python'
    program.write_text('#!/bin/sh\necho no torch here\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setattr(pool.sys, 'executable', str(program))
    with pytest.raises(SystemExit, match='(?s)ended with status 1.*no torch here'):
        main([str(write_suite(tmp_path)), '--out', str(tmp_path / 'out')])


def test_workers_that_die_again_and_again_end_the_command(tmp_path, monkeypatch, capsys):
    program = tmp_path / 'python'
    program.write_text('#!/bin/sh\nkill -9 $$\n')
    program.chmod(0o755)
    monkeypatch.setattr(pool.sys, 'executable', str(program))
    monkeypatch.setattr(pool, '_DEATHS', 2)
    with pytest.raises(SystemExit, match='ended with status -9'):
        main([str(write_suite(tmp_path)), '--out', str(tmp_path / 'out')])
    assert capsys.readouterr().out.count('another takes its place') == 2


def test_nothing_is_started_where_nothing_is_left(tmp_path, monkeypatch, capsys):
    suite = write_suite(tmp_path)
    store = Store(suite, tmp_path / 'out')
    for cell in store.suite.cells:
        put_result(store, cell)
    monkeypatch.setattr(pool.sys, 'executable', '/nowhere')
    assert main([str(suite), '--out', str(tmp_path / 'out')]) == 0
    assert '4 done, 0 failed, 0 running, 0 open' in capsys.readouterr().out
