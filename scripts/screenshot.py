#!/usr/bin/env python3
"""Make ``docs/images/chat.png``: Ada and Grace, in two browser windows, in one room.

``python3 dev.py screenshot`` starts two sites, each with a service process, and calls this.
"""

import argparse
import base64
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "chat.png"
SIZE_LIMIT_BYTES = 300_000
WINDOW = {"width": 608, "height": 790}
MARGIN = 16
PICTURE = {"width": 1280, "height": 400}
ROOM = "/examples/chat/caf%C3%A9/"
CONVERSATION = (
    ("Ada", "Is this the page from Gunicorn?"),
    ("Grace", "The page is. What you just wrote came another way."),
    ("Ada", "Through the service next to it?"),
    ("Grace", "Through two of them: look at the node behind each name."),
)
FRAME = """
<!doctype html><meta charset="utf-8"><style>
  body {{ margin: 0; padding: 20px; display: flex; gap: 24px; background: #dfe5f0; }}
  figure {{ margin: 0; border-radius: 10px; overflow: hidden; background: #fff;
            box-shadow: 0 1px 3px rgb(20 30 60 / 25%), 0 8px 24px rgb(20 30 60 / 14%); }}
  figcaption {{ padding: 8px 14px; color: #566073; background: #eef1f7;
                font: 13px system-ui, "DejaVu Sans", sans-serif; }}
  i {{ display: inline-block; width: 10px; height: 10px; margin-right: 6px;
       border-radius: 50%; background: #c3cbd9; }}
  b {{ margin-left: 10px; font-weight: 500; }}
  img {{ display: block; }}
</style>{figures}
"""
FIGURE = (
    "<figure><figcaption><i></i><i></i><i></i><b>{title}</b></figcaption>"
    '<img src="data:image/png;base64,{picture}"></figure>'
)


def main() -> int:
    """Talk, take two pictures, put them side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ada_site", help="the address of the site that Ada visits")
    parser.add_argument("grace_site", help="another one, whose service is another process")
    options = parser.parse_args()
    sites = {"Ada": options.ada_site, "Grace": options.grace_site}
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("There is no chromium or google-chrome on the path.", file=sys.stderr)
        return 1
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = {name: enter(browser, name, site) for name, site in sites.items()}
        nodes = {page.locator("#node").inner_text() for page in pages.values()}
        if len(nodes) != len(pages):
            print("Both are at the same service process: name two sites.", file=sys.stderr)
            return 1
        talk(pages)
        figures = "".join(
            FIGURE.format(title=f"{name}’s browser", picture=picture_of(page))
            for name, page in pages.items()
        )
        frame = browser.new_page(viewport=PICTURE)
        frame.set_content(FRAME.format(figures=figures))
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        frame.screenshot(path=TARGET, full_page=True)
        browser.close()
    size_bytes = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size_bytes // 1000} kB")
    return 0 if size_bytes < SIZE_LIMIT_BYTES else 1


def enter(browser: Browser, name: str, site: str) -> Page:
    """Become somebody by one click, in the room, connected; each page has its own cookies."""
    page = browser.new_page(viewport=WINDOW, color_scheme="light", locale="en-GB")
    page.goto(f"{site}{ROOM}")
    # Narrow windows fold the panel with the buttons.
    page.locator("#jars").evaluate("panel => { panel.open = true }")
    page.get_by_role("button", name=f"Be {name}").click()
    page.locator("#who", has_text=name).wait_for()
    page.locator("#node:not([data-node=''])").wait_for()
    return page


def talk(pages: dict[str, Page]) -> None:
    """Say the lines in turn; each has arrived everywhere before the next is said."""
    for name, text in CONVERSATION:
        pages[name].locator("#message").fill(text)
        pages[name].locator("#message").press("Enter")
        for page in pages.values():
            page.locator(".message", has_text=text).wait_for()


def picture_of(page: Page) -> str:
    """The page down to the end of the chat, as base64."""
    page.locator("#message").blur()  # no blinking cursor in the picture
    height = MARGIN + page.locator("#chat").evaluate(
        "chat => chat.getBoundingClientRect().bottom + window.scrollY"
    )
    clip = {"x": 0, "y": 0, "width": WINDOW["width"], "height": height}
    return base64.b64encode(page.screenshot(clip=clip, full_page=True)).decode()


if __name__ == "__main__":
    sys.exit(main())
