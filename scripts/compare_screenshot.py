#!/usr/bin/env python3
"""Make ``docs/images/compare.png``: the front page a few seconds after its connection was cut.

``python3 dev.py screenshot`` starts a site that counts, with its service, and calls this.
"""

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "compare.png"
SIZE_LIMIT_BYTES = 300_000
WINDOW = {"width": 1120, "height": 900}
MARGIN = 24
LIMIT_MS = 30_000
STEPS_BEFORE = 12
STEPS_AFTER = 9


def main() -> int:
    """Cut the connection, wait until both sides are back, take the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", help="the address of a site that counts")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("There is no chromium or google-chrome on the path.", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW, color_scheme="light", locale="en-GB")
        page.set_default_timeout(LIMIT_MS)
        page.goto(options.site)
        wait_for_steps(page, STEPS_BEFORE)
        page.locator("#cut").click()
        page.locator("#left [data-part=numbers] [data-state=missed]").nth(STEPS_BEFORE).wait_for()
        page.locator("#right [data-part=numbers] [data-state=recovered]").nth(
            STEPS_BEFORE
        ).wait_for()
        wait_for_steps(page, STEPS_AFTER)
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=TARGET, clip=part_of(page), full_page=True)
        browser.close()
    size_bytes = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size_bytes // 1000} kB")
    return 0 if size_bytes < SIZE_LIMIT_BYTES else 1


def wait_for_steps(page: Page, count: int) -> None:
    """Wait until the right-hand side has counted on by so many."""
    last = int(page.locator("#right").get_attribute("data-last") or 0)
    page.wait_for_function(
        "(goal) => Number(document.getElementById('right').dataset.last) >= goal",
        arg=last + count,
    )


def part_of(page: Page) -> dict[str, float]:
    """From the title to the end of both halves."""
    top, bottom = page.evaluate(
        """() => [
            document.querySelector("h1").getBoundingClientRect().top + window.scrollY,
            document.getElementById("compare").getBoundingClientRect().bottom + window.scrollY,
        ]"""
    )
    return {
        "x": 0,
        "y": top - MARGIN,
        "width": WINDOW["width"],
        "height": bottom - top + 2 * MARGIN,
    }


if __name__ == "__main__":
    sys.exit(main())
