#!/usr/bin/env python3
"""Make pictures of the example site's pages, for a phone and for a desktop.

``python3 dev.py screenshot`` starts a site with everything beside it and calls this. Each page
is shown while something happens on it: Ada looks at it in two windows, Grace is in a third. All
pictures go to a folder; some of them together are ``docs/images/pages.jpg``.
"""

import argparse
import math
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import Browser, FloatRect, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "images" / "pages.jpg"
SIZE_LIMIT_BYTES = 300_000
QUALITY = 82
SIZES = {"phone": {"width": 390, "height": 844}, "desktop": {"width": 1280, "height": 800}}
TOGETHER = (
    *("desktop-chat", "phone-game", "desktop-whiteboard"),
    *("desktop-ticker", "phone-notifications", "desktop-device"),
)
LIMIT_MS = 30_000
CONVERSATION = (
    ("Grace", "Is this the page from Gunicorn?"),
    ("Ada", "The page is. What you just wrote came another way."),
    ("Grace", "Through the service next to it?"),
    ("Ada", "And it brings what I miss while I am in a tunnel."),
)
FRAME = """
<!doctype html><meta charset="utf-8"><style>
  body {{ display: grid; grid-template-columns: 2fr 0.82fr 2fr; gap: 20px; width: 1600px;
          margin: 0; padding: 24px; box-sizing: border-box; background: #dfe5f0; }}
  img {{ display: block; width: 100%; height: 440px; border-radius: 10px; object-fit: cover;
         object-position: top; box-shadow: 0 1px 3px rgb(20 30 60 / 25%); }}
</style>{pictures}
"""


class Stage:
    """Ada in two windows, which are photographed, and Grace."""

    def __init__(self, browser: Browser, site: str, folder: Path) -> None:
        self._site = site
        self._folder = folder
        self.ada = {name: self._enter(browser, "Ada", size) for name, size in SIZES.items()}
        self.grace = self._enter(browser, "Grace", SIZES["desktop"])
        self.desktop = self.ada["desktop"]

    def open(self, path: str) -> None:
        """Open a page in all three windows."""
        for page in self._windows():
            page.goto(f"{self._site}{path}")
            for pill in page.locator(".pill").all():
                expect(pill).to_have_attribute("data-state", "open", timeout=LIMIT_MS)

    def photograph(self, name: str) -> None:
        """Take both of Ada's windows as they are."""
        for size, page in self.ada.items():
            page.screenshot(path=self._folder / f"{size}-{name}.png", animations="disabled")

    def _windows(self) -> Iterator[Page]:
        yield self.grace
        yield from self.ada.values()

    def _enter(self, browser: Browser, name: str, size: dict[str, int]) -> Page:
        page = browser.new_page(viewport=size, color_scheme="light", locale="en-GB")
        page.set_default_timeout(LIMIT_MS)
        page.goto(f"{self._site}/accounts/login/")
        page.get_by_role("button", name=f"Be {name}").click()
        expect(page.locator("#who")).to_have_text(name)
        return page


def front(stage: Stage) -> None:
    stage.open("/")
    for page in stage.ada.values():
        page.wait_for_function("() => document.getElementById('right').dataset.arrived > 40")


def orders(stage: Stage) -> None:
    stage.open("/orders/")


def chat(stage: Stage) -> None:
    """A conversation, and Grace is typing."""
    stage.open("/chat/")
    people = {"Ada": stage.desktop, "Grace": stage.grace}
    for name, text in CONVERSATION:
        people[name].locator("#message").fill(text)
        people[name].locator("#message").press("Enter")
        for page in (*stage.ada.values(), stage.grace):
            page.locator(".message", has_text=text).last.wait_for()
    stage.grace.locator("#message").press_sequentially("Show me!", delay=250)
    for page in stage.ada.values():
        expect(page.locator("#typing")).to_have_text("Grace is typing")


def notifications(stage: Stage) -> None:
    """Grace sends two; they are on Ada's pages."""
    stage.open("/notifications/")
    for text in ("Your tea is ready", "Order 2 has been packed"):
        stage.grace.get_by_label("To").select_option(label="Ada")
        stage.grace.get_by_label("Text").fill(text)
        stage.grace.get_by_role("button", name="Send", exact=True).click()
        for page in stage.ada.values():
            page.locator(".toast", has_text=text).wait_for()


def ticker(stage: Stage) -> None:
    stage.open("/ticker/")
    for page in stage.ada.values():
        page.wait_for_function("() => document.getElementById('arrived').textContent > 300")


def whiteboard(stage: Stage) -> None:
    """A house and a sun; Grace has not yet lifted her pen."""
    stage.open("/whiteboard/")
    stage.desktop.locator("#clear").click()
    expect(stage.grace.locator("#event")).to_contain_text("Ada cleared")
    house = ((0.25, 0.8), (0.25, 0.45), (0.4, 0.25), (0.55, 0.45), (0.55, 0.8), (0.25, 0.8))
    draw(stage.grace, "blue", house)
    draw(stage.grace, "red", ((0.36, 0.8), (0.36, 0.6), (0.44, 0.6), (0.44, 0.8)))
    draw(stage.desktop, "orange", [around(step / 24, 0.06) for step in range(25)])
    for ray in range(8):
        draw(stage.desktop, "orange", (around(ray / 8, 0.08), around(ray / 8, 0.11)))
    grass = [(0.06 + step * 0.02, 0.86 - 0.03 * (step % 2)) for step in range(34)]
    draw(stage.grace, "green", grass, lifts=False)
    for page in stage.ada.values():
        page.locator("#names span", has_text="Grace").wait_for()


def around(turn: float, radius: float) -> tuple[float, float]:
    """A place around the sun."""
    angle = turn * math.tau
    return 0.78 + radius * math.cos(angle), 0.22 + radius * 4 / 3 * math.sin(angle)


def draw(
    page: Page, colour: str, places: Sequence[tuple[float, float]], *, lifts: bool = True
) -> None:
    """Draw through places, in parts of the sheet's width and height."""
    page.locator(f".pen[data-colour={colour}]").click()
    sheet = box_of(page, "#moving")
    points = [
        (sheet["x"] + x * sheet["width"], sheet["y"] + y * sheet["height"]) for x, y in places
    ]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=6)
    if lifts:
        page.mouse.up()


def game(stage: Stage) -> None:
    """Ada catches four lights and Grace two; both are on their way to the next."""
    stage.open("/game/")
    for page, count in ((stage.grace, 2), (stage.desktop, 4)):
        for _ in range(count):
            catch(page)


def catch(page: Page) -> None:
    """Hold the mouse where the light is until it is another."""
    light = page.locator("#light")
    number = light.get_attribute("data-number")
    box = box_of(page, "#light")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    expect(light).not_to_have_attribute("data-number", str(number), timeout=LIMIT_MS)
    page.mouse.up()


def device(stage: Stage) -> None:
    """The lamp is on, and it gets warm."""
    stage.open("/device/")
    if stage.desktop.locator("#toggle").get_attribute("aria-checked") == "false":
        stage.desktop.locator("#toggle").click()
    for page in stage.ada.values():
        page.wait_for_function("() => Number(document.getElementById('celsius').textContent) > 29")
        page.reload()
        page.locator("#lamp[data-lamp=on]").wait_for()


def box_of(page: Page, selector: str) -> FloatRect:
    """Where it is in the window. Raises LookupError when it can't be seen."""
    if box := page.locator(selector).bounding_box():
        return box
    raise LookupError(f"{selector} can't be seen")


def about(stage: Stage) -> None:
    stage.open("/about/")


SCENES = (front, orders, chat, notifications, ticker, whiteboard, game, device, about)


def main() -> int:
    """Take all pictures, and put some of them together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", help="the address of a site with its service, ticker and sensor")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--only", nargs="*", help="some of the pages")
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        print("There is no chromium or google-chrome on the path.", file=sys.stderr)
        return 1
    options.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        stage = Stage(browser, options.site, options.folder)
        for scene in SCENES:
            if not options.only or scene.__name__ in options.only:
                scene(stage)
                stage.photograph(scene.__name__)
        if not options.only:
            put_together(browser, options.folder)
        browser.close()
    if options.only:
        return 0
    size_bytes = TARGET.stat().st_size
    print(f"{TARGET.relative_to(ROOT)}: {size_bytes // 1000} kB; all of them in {options.folder}")
    return 0 if size_bytes < SIZE_LIMIT_BYTES else 1


def put_together(browser: Browser, folder: Path) -> None:
    frame = folder / "together.html"
    pictures = "".join(f'<img src="{name}.png">' for name in TOGETHER)
    frame.write_text(FRAME.format(pictures=pictures))
    page = browser.new_page(viewport={"width": 1600, "height": 400})
    page.goto(frame.as_uri())
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=TARGET, full_page=True, type="jpeg", quality=QUALITY)


if __name__ == "__main__":
    sys.exit(main())
