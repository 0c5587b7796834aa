"""``python -m benchmarks.shots``: pictures of ten pages, light and dark, phone and desktop, written to shots/.

For the eye: nothing is compared. ``--site FOLDER`` takes a site that is built already, ``--page`` other pages.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.pages import ROOT, chromium, serve

TARGET = ROOT / "shots"
PAGES = [
    "",
    "symptoms/",
    "functions/",
    "basics/backward/",
    "kinks/relu/",
    "kinks/clamp/",
    "ties/max/",
    "edges/sqrt/",
    "foundations/points/",
    "notebooks/linear_regression/",
]
WIDTHS = {"phone": 360, "desktop": 1280}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, help="a built site (default: it is built)")
    parser.add_argument("--page", action="append", help="a page's address below the site; may be given again")
    options = parser.parse_args()
    if options.site is None:
        subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"], cwd=ROOT, check=True)
    server = serve((options.site or ROOT / "site").resolve())
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-background-networking"]
        )
        for scheme in ("light", "dark"):
            for size, width in WIDTHS.items():
                page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
                for path in options.page or PAGES:
                    page.goto(f"http://127.0.0.1:{server.server_port}/{path}")
                    page.evaluate("document.fonts.ready")
                    name = path.strip("/").replace("/", "-") or "home"
                    page.screenshot(path=TARGET / f"{name}-{scheme}-{size}.png", full_page=True)
                page.close()
        browser.close()
    server.shutdown()
    print(f"{len(list(TARGET.iterdir()))} pictures in {TARGET.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
