"""A headless Chromium for the tests of the report, and the picture of it in the docs."""

import json
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

BROWSERS = ('chromium', 'chromium-browser', 'google-chrome')


def missing() -> Optional[str]:
    """Why there is no browser to test with; None where there is one."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return 'no selenium: pip install selenium'
    if not any(map(shutil.which, BROWSERS)) or not shutil.which('chromedriver'):
        return 'no Chromium: apt-get install chromium chromium-driver'
    return None


@contextmanager
def chromium(downloads, dark=False):
    """A driver of a headless Chromium that saves downloads in a folder."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, BROWSERS)))
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'):
        options.add_argument(argument)
    if dark:
        options.add_argument('--blink-settings=preferredColorScheme=0')
    options.add_experimental_option('prefs', {'download.default_directory': str(downloads)})
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which('chromedriver')))
    try:
        yield driver
    finally:
        driver.quit()


def open_page(driver, path, width: int, height: int = 900) -> dict:
    """Open a page at a size; returns the milliseconds after which it was ``usable`` and ``drawn``."""
    size = dict(width=width, height=height, deviceScaleFactor=1, mobile=False)
    driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', size)
    driver.get(Path(path).resolve().as_uri())
    until = time.monotonic() + 60
    while not driver.execute_script('return document.documentElement.dataset.drawn'):
        if time.monotonic() > until:
            raise TimeoutError(f'{path} was not drawn in 60 s: {driver.get_log("browser")}')
        time.sleep(0.05)
    return {
        key: int(value) for key, value in driver.execute_script('return {...document.documentElement.dataset}').items()
    }


def complaints(driver) -> list:
    """What the console holds: errors, warnings and refused requests."""
    return [entry['message'] for entry in driver.get_log('browser')]


def requests(driver) -> list:
    """Addresses that pages asked for, other than themselves and data in them."""
    sent = [json.loads(entry['message'])['message'] for entry in driver.get_log('performance')]
    sent = [entry['params']['request']['url'] for entry in sent if entry['method'] == 'Network.requestWillBeSent']
    return [url for url in sent if not url.startswith(('file:', 'data:', 'blob:'))]


def picture_for_docs(out) -> None:
    """Write the picture of a digits report that the docs show, as PNG."""
    from PIL import Image

    from mmnoisy.report import write_report

    from .audits import digits_audit

    with tempfile.TemporaryDirectory() as folder, chromium(folder) as driver:
        open_page(driver, write_report(digits_audit(Path(folder) / 'digits')), 1280, 2050)
        part = Path(folder) / 'picture.png'
        driver.save_screenshot(str(part))
        Image.open(part).convert('RGB').quantize(128).save(out, optimize=True)


if __name__ == '__main__':
    picture_for_docs(sys.argv[1])
