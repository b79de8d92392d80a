import csv
import time

import pytest

from .audits import digits_audit, make_run
from .browser import chromium, complaints, missing, open_page, requests

pytestmark = [pytest.mark.browser, pytest.mark.skipif(missing() is not None, reason=str(missing()))]
NAMES = ['<script>alert(1)</script>', 'Äpfel, "rot"', "it's"] + [f'class {i}' for i in range(7)]


@pytest.fixture(scope='module')
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp('downloads')


@pytest.fixture(scope='module')
def driver(downloads):
    with chromium(downloads) as driver:
        yield driver


@pytest.fixture(scope='module')
def page(tmp_path_factory):
    from mmnoisy.report import write_report

    folder = tmp_path_factory.mktemp('audit') / 'a "quoted" földer\n1'
    return write_report(digits_audit(folder, classes=NAMES))


@pytest.fixture(params=[1280, 400])
def opened(request, driver, page):
    """The page without earlier ticks, at both widths."""
    open_page(driver, page, request.param)
    driver.execute_script('localStorage.clear()')
    complaints(driver), requests(driver)
    open_page(driver, page, request.param)
    yield driver
    assert complaints(driver) == [] and requests(driver) == []
    assert driver.execute_script('return document.documentElement.scrollWidth') <= request.param


def find(driver, selector):
    return driver.find_elements('css selector', selector)


def text(driver, selector):
    return find(driver, selector)[0].text


def choose(driver, control, value):
    driver.execute_script(
        "const c = document.getElementById(arguments[0]); c.value = arguments[1];c.dispatchEvent(new Event('change'))",
        control,
        str(value),
    )


def press(driver, *keys):
    from selenium.webdriver import ActionChains

    for key in keys:
        ActionChains(driver).send_keys(key).perform()


def wait_for(condition, seconds=10):
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until, 'it did not happen'
        time.sleep(0.05)
    return found


def exported(driver, downloads):
    """The rows of the ticks.csv that the page exports."""
    file = downloads / 'ticks.csv'
    file.unlink(missing_ok=True)
    driver.execute_script("document.getElementById('export').click()")
    wait_for(file.exists)
    with file.open(newline='', encoding='utf-8') as rows:
        return list(csv.DictReader(rows))


def issues(page):
    with (page.parent / 'issues.csv').open(newline='', encoding='utf-8') as file:
        return list(csv.DictReader(file))


def test_filters(opened, page):
    rows = issues(page)
    flagged = [row for row in rows if row['is_issue'] == '1']
    assert text(opened, '#found') == f'{len(flagged)} of {len(rows)} images'
    assert len(find(opened, '.card')) == 48
    assert find(opened, '.card .given')[0].text == flagged[0]['given_label']
    choose(opened, 'show', 'all')
    choose(opened, 'given', 0)
    mine = [row for row in rows if row['given_label'] == NAMES[0]]
    assert text(opened, '#found').startswith(f'{len(mine)} of') and {e.text for e in find(opened, '.given')} == {
        NAMES[0]
    }
    choose(opened, 'sort', 'best')
    assert text(opened, '.card .scores').startswith(f'score {float(mine[-1]["score"]):.3f}')
    find(opened, '#search')[0].send_keys('00001.PNG')
    wait_for(lambda: text(opened, '#found').startswith(('0 of', '1 of')))
    find(opened, '#reset')[0].click()
    assert text(opened, '#found') == f'{len(rows)} of {len(rows)} images'
    find(opened, '#next')[0].click()
    assert text(opened, '#page') == 'page 2 of 13' and find(opened, '.card .given')[0].text == rows[48]['given_label']


def test_ticks_by_key_are_kept_and_exported(opened, page, downloads):
    from selenium.webdriver import Keys

    flagged = [row for row in issues(page) if row['is_issue'] == '1']
    find(opened, '.card .labels')[0].click()
    press(opened, '2', '1', Keys.ARROW_RIGHT, '3', Keys.ARROW_LEFT, Keys.ARROW_LEFT, '1', '0')
    ticked = {i: card.get_attribute('data-tick') for i, card in enumerate(find(opened, '.card')[:6])}
    # Wrong, right, skipped by an arrow, unsure; then back to the skipped one: right; and the next one, unsure, cleared.
    assert ticked == {0: 'wrong', 1: 'right', 2: 'right', 3: '', 4: '', 5: ''}
    label = find(opened, '.card .label')[0]
    label.send_keys(NAMES[1] + Keys.TAB)
    opened.refresh()
    wait_for(lambda: find(opened, '.card'))
    assert text(opened, '#ticked') == '2 right, 1 wrong, 0 unsure'
    expected = [(i, tick, NAMES[1] if i == 0 else '') for i, tick in ((0, 'wrong'), (1, 'right'), (2, 'right'))]
    assert exported(opened, downloads) == [
        {
            **{name: flagged[i][name] for name in ('path', 'source_idx', 'given_label', 'suggested_label')},
            **dict(tick=tick, label=label),
        }
        for i, tick, label in expected
    ]
    choose(opened, 'show', 'open')
    assert text(opened, '#found').startswith(f'{len(flagged) - 3} of')


def test_arrows_turn_pages_and_labels_are_checked(opened):
    from selenium.webdriver import Keys

    find(opened, '.card')[47].find_element('css selector', '.labels').click()
    press(opened, '2')
    assert text(opened, '#page').startswith('page 2') and 'current' in find(opened, '.card')[0].get_attribute('class')
    press(opened, Keys.ARROW_LEFT)
    assert text(opened, '#page').startswith('page 1')
    label = find(opened, '.card')[47].find_element('css selector', '.label')
    label.send_keys('no such class' + Keys.TAB)
    assert opened.execute_script('return arguments[0].validity.valid', label) is False
    assert 'no such class' not in opened.execute_script('return JSON.stringify({...localStorage})')
    find(opened, '.card')[0].find_element('css selector', 'button.unsure').click()
    assert text(opened, '#ticked') == '0 right, 1 wrong, 1 unsure'
    find(opened, '.card')[0].find_element('css selector', 'button.unsure').click()
    assert text(opened, '#ticked') == '0 right, 1 wrong, 0 unsure'


def test_a_cell_of_the_heatmap_filters(opened, page):
    counts = {}
    for row in issues(page):
        if row['is_issue'] == '1':
            pair = row['given_index'], row['suggested_index']
            counts[pair] = counts.get(pair, 0) + 1
    (given, suggested), count = max(counts.items(), key=lambda item: item[1])
    place = opened.execute_script(
        'const plot = document.querySelector("#chart-pairs .plot"); plot.scrollIntoView({block: "center", behavior: "instant"});'
        'const {xaxis, yaxis} = plot._fullLayout, box = plot.getBoundingClientRect();'
        'return [box.left + xaxis._offset + xaxis.l2p(+arguments[1]), box.top + yaxis._offset + yaxis.l2p(+arguments[0])]',
        given,
        suggested,
    )
    for kind in ('mouseMoved', 'mousePressed', 'mouseReleased'):
        event = dict(type=kind, x=place[0], y=place[1], button='none' if kind == 'mouseMoved' else 'left', clickCount=1)
        opened.execute_cdp_cmd('Input.dispatchMouseEvent', event)
        time.sleep(0.2)
    wait_for(lambda: text(opened, '#found').startswith(f'{count} of'))
    assert {e.text for e in find(opened, '.card .given')} == {NAMES[int(given)]}
    assert {e.text for e in find(opened, '.card .suggested')} == {NAMES[int(suggested)]}


def test_class_by_class(opened, page):
    choose(opened, 'class', 3)
    mine = [row for row in issues(page) if row['given_index'] == '3']
    worst = [row['path'] for row in mine if row['is_issue'] == '1'][:10]
    assert [mini.get_attribute('title') for mini in find(opened, '#suspicious .mini')] == worst
    assert len(find(opened, '#typical .mini img')) == 10
    opened.execute_script('document.querySelector("#suspicious .mini").click()')
    current = find(opened, '.card.current')[0]
    assert current.find_element('css selector', '.path').get_attribute('title') == worst[0]


def test_runs_and_comparisons_open(driver, tmp_path):
    from mmnoisy.report import write_report

    runs = [make_run(tmp_path, 'a'), make_run(tmp_path, 'b')]
    for path in (write_report(runs[0]), write_report(runs, tmp_path / 'page.html')):
        for width in (1280, 400):
            open_page(driver, path, width)
            assert len(find(driver, '.plot .main-svg')) >= 2
            assert driver.execute_script('return document.documentElement.scrollWidth') <= width
    assert complaints(driver) == [] and requests(driver) == []
