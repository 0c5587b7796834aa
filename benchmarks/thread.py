"""``python -m benchmarks.thread``: how long a page keeps the main thread of a phone's browser, beside another build.

Each page is opened in Chromium as a phone, cold, some times in each site by turns, and the median counts. The time is
the thread's own (processor time, not the clock's): what else the machine does changes it little, and the same for both.
``--beside FOLDER`` names the site of an earlier commit, built; a page that takes more than half of its time there is
told, and ends the program with 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from benchmarks.pages import ROOT, chromium, serve

PAGES = ("losses/cross_entropy/", "losses/map/")
SHARE = 0.5  # of the time in the other site, at most
REST = 2500  # milliseconds after load: the theme's script is done by then
TIMES = {"TaskDuration": "all", "ScriptDuration": "script", "LayoutDuration": "layout", "RecalcStyleDuration": "style"}


def visit(browser, url: str) -> dict[str, float]:
    """The milliseconds of one visit, by what the thread did."""
    context = browser.new_context(
        viewport={"width": 412, "height": 823}, device_scale_factor=1.75, is_mobile=True, has_touch=True
    )
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(url, wait_until="load")
    page.wait_for_timeout(REST)
    found = {entry["name"]: entry["value"] for entry in session.send("Performance.getMetrics")["metrics"]}
    context.close()
    return {name: 1000 * found[metric] for metric, name in TIMES.items()}


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, default=ROOT / "site", help="a built site (default: site)")
    parser.add_argument("--beside", type=Path, help="another built site, to be halved")
    parser.add_argument("--runs", type=int, default=5, help="visits to each page (default: 5)")
    options = parser.parse_args()
    servers = {site: serve(site.resolve()) for site in (options.beside, options.site) if site}
    over = False
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--disable-background-networking"]
        )
        print(f"{'page':<24}" + "".join(f"{name:>8}" for name in TIMES.values()) + "  ms  site")
        for path in PAGES:
            visits: dict[Path, list[dict[str, float]]] = {site: [] for site in servers}
            for _ in range(options.runs):
                for site, server in servers.items():
                    visits[site].append(visit(browser, f"http://127.0.0.1:{server.server_port}/{path}"))
            medians = {
                site: {name: statistics.median(v[name] for v in found) for name in TIMES.values()}
                for site, found in visits.items()
            }
            for site, found in medians.items():
                print(
                    f"{path:<24}" + "".join(f"{value:>8.0f}" for value in found.values()) + f"      {site}", flush=True
                )
            if options.beside:
                share = medians[options.site]["all"] / medians[options.beside]["all"]
                over |= share > SHARE
                print(f"{path:<24}{share:>8.2f} of it{'' if share <= SHARE else f', more than {SHARE}'}")
        browser.close()
    for server in servers.values():
        server.shutdown()
    sys.exit(over)


if __name__ == "__main__":
    main()
