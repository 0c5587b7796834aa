"""``python -m benchmarks.pages``: what a reader's phone has to do for a page of the built site.

Lighthouse (from npm, pinned below, in a temporary folder that is kept between runs) opens each page in mobile mode: a
slow phone on 1.6 Mbit/s with 150 ms to the server, cold cache. The site is served the way static hosts do it, with
gzip. Each page is opened several times and the median counts. The table is printed, and everything is written to
benchmarks/results/pages.json.

Needs Chromium, Node.js and npm; ``--runs 1`` is enough for a look, ``--site FOLDER`` measures a site that is built
already.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import http.server
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

LIGHTHOUSE = "13.5.0"
ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "pages.json"
PAGES = {
    "home": "",
    "rule page": "kinks/relu/",
    "six rules": "foundations/rules/",
    "notebook": "notebooks/linear_regression/",
    "longest page": "losses/cross_entropy/",
    "map of losses": "losses/map/",
    "all functions": "functions/",
    "all points": "foundations/points/",
}
TABLES = {"functions/", "foundations/points/"}  # one table each, whole, so that it can be read without a script
CATEGORIES = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}  # what each must reach
LARGEST, LARGEST_TABLE = 120.0, 250.0  # kB of a first view
REQUESTS, SHIFT, USABLE = 12, 0.02, 2.0  # of a first view; cumulative layout shift; seconds to its largest paint
COMPRESSED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt", ".csv", ".ipynb"}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Static files with gzip and HTTP/1.1's kept connections, as a static host gives them."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802  the library's name
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        found = path.is_file()
        content = path.read_bytes() if found else (Path(self.directory) / "404.html").read_bytes()
        self.send_response(200 if found else 404)
        if path.suffix in COMPRESSED or not found:
            content = gzip.compress(content, 6)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", self.guess_type(path if found else "404.html"))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args) -> None:
        pass


def serve(folder: Path) -> http.server.ThreadingHTTPServer:
    """Serve a built site on a free port of this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def lighthouse_command() -> list[str]:
    """Lighthouse, installed if this machine does not have this version of it yet.

    Raises:
        SystemExit: without npm, or without Chromium.
    """
    if shutil.which("npm") is None:
        sys.exit("Lighthouse needs Node.js: no npm on the path")
    folder = Path(tempfile.gettempdir()) / f"lighthouse-{LIGHTHOUSE}"
    program = folder / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", folder, f"lighthouse@{LIGHTHOUSE}"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return [str(program)]


def chromium() -> str:
    """The path of the browser.

    Raises:
        SystemExit: if there is none.
    """
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next(filter(None, map(shutil.which, names)), None)
    return path or sys.exit(f"no browser: none of {', '.join(names)} is on the path")


def measure(command: list[str], url: str) -> dict:
    """One visit: scores in per cent, milliseconds, shift, kB and number of what was transferred, and failed audits."""
    flags = "--headless=new --no-sandbox --disable-background-networking"
    done = subprocess.run(
        [*command, url, "--quiet", "--output=json", f"--chrome-flags={flags}"],
        env={**os.environ, "CHROME_PATH": chromium()},
        capture_output=True,
        text=True,
        timeout=180,
    )
    if done.returncode:
        sys.exit(f"Lighthouse failed on {url}:\n{done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    audits = report["audits"]
    items = audits["network-requests"]["details"]["items"]
    requests = [item for item in items if not item["url"].startswith("data:")]
    return {
        **{name: round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES},
        "first paint": audits["first-contentful-paint"]["numericValue"],
        "largest paint": audits["largest-contentful-paint"]["numericValue"],
        "blocked": audits["total-blocking-time"]["numericValue"],
        "shift": audits["cumulative-layout-shift"]["numericValue"],
        "kB": sum(item["transferSize"] for item in requests) / 1000,
        "requests": len(requests),
        "transferred": {item["url"].partition("/")[2].partition("/")[2]: item["transferSize"] for item in requests},
        "failed": sorted(
            {
                ref["id"]
                for name in CATEGORIES
                for ref in report["categories"][name]["auditRefs"]
                if ref["weight"] and (audits[ref["id"]]["score"] or 0) < 0.9 and audits[ref["id"]]["score"] is not None
            }
        ),
    }


def median(visits: list[dict]) -> dict:
    """The median of every number of several visits; of the failed audits all."""
    numbers = {k: statistics.median(v[k] for v in visits) for k, x in visits[0].items() if isinstance(x, int | float)}
    return {**numbers, "failed": sorted({name for visit in visits for name in visit["failed"]})}


def complaints(found: dict, path: str) -> list[str]:
    """What a page misses of what it must reach."""
    missed = [f"{name} {found[name]:.0f} < {least}" for name, least in CATEGORIES.items() if found[name] < least]
    largest = LARGEST_TABLE if path in TABLES else LARGEST
    for name, most in (("kB", largest), ("requests", REQUESTS), ("shift", SHIFT), ("largest paint", 1000 * USABLE)):
        if found[name] > most:
            missed.append(f"{name} {found[name]:.3g} > {most:g}")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--site", type=Path, help="a built site (default: it is built)")
    parser.add_argument("--runs", type=int, default=5, help="visits to each page (default: 5)")
    parser.add_argument("--page", action="append", help="a page's address below the site; may be given again")
    options = parser.parse_args()
    if options.site is None:
        subprocess.run([sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"], cwd=ROOT, check=True)
    command = lighthouse_command()
    server = serve((options.site or ROOT / "site").resolve())
    pages = {path or "home": path for path in options.page} if options.page is not None else PAGES
    results = {}
    print(f"{'page':<16}{'perf':>5}{'acc':>5}{'best':>5}{'seo':>5}{'FCP':>7}{'LCP':>7}{'CLS':>7}{'kB':>7}{'req':>5}")
    for name, path in pages.items():
        visits = [measure(command, f"http://127.0.0.1:{server.server_port}/{path}") for _ in range(options.runs)]
        found = median(visits)
        results[name] = {"path": path, "median": found, "missed": complaints(found, path), "visits": visits}
        print(
            f"{name:<16}"
            + "".join(f"{found[category]:>5.0f}" for category in CATEGORIES)
            + f"{found['first paint'] / 1000:>6.2f}s{found['largest paint'] / 1000:>6.2f}s{found['shift']:>7.3f}"
            + f"{found['kB']:>7.1f}{found['requests']:>5.0f}"
            + (f"  {'; '.join(results[name]['missed'])}" if results[name]["missed"] else "")
            + (f"  [{', '.join(found['failed'])}]" if found["failed"] else ""),
            flush=True,
        )
    server.shutdown()
    RESULTS.parent.mkdir(exist_ok=True)
    about = {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "runs": options.runs,
    }
    RESULTS.write_text(json.dumps({**about, "lighthouse": LIGHTHOUSE, "pages": results}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
