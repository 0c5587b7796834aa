"""Queries typed into the search box of the built site, and how many bring the right page.

``python -m tests.publish.asking SITE FILE…`` prints it for files of frozen queries (tests/publish/queries/): the right
page first, and among the first three, by kind of query. With ``--misses`` it names the queries that miss.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urldefrag

import yaml

BOX = '[data-md-component="search-query"]'
RESULT = '[data-md-component="search-result"]'
READY = f'{RESULT} > :first-child:has-text("Type to start searching")'
NOT_YET = "No page yet"  # the first result says so of a name that has none

# Pages that were part of another one when the queries were frozen: each answers for it.
PARTS = {
    "basics/common/": {"basics/activations/"},
    "basics/detach/": {"basics/no_graph/", "basics/inplace/"},
    "basics/leaves/": {"basics/detach/", "basics/no_graph/", "basics/inplace/"},
    "basics/training_loop/": {"basics/inplace/"},
    "edges/arcs/": {"norms/angle/", "norms/normalize/"},
    "edges/division/": {"masks/where/", "masks/masking/", "masks/nan_to_num/", "norms/normalize/"},
    "edges/exp/": {"infinities/logsumexp/", "infinities/softmax/", "products/stable/", "masks/where/"},
    "edges/log/": {"masks/where/", "masks/masking/", "products/stable/"},
    "edges/sqrt/": {"masks/where/", "norms/zero/", "norms/distances/", "norms/std/"},
    "flat/sign/": {"basics/no_graph/"},
    "functions/": {"products/prod/"},
    "images/conv2d/": {"images/pad/"},
    "images/grid_sample/": {"images/grid_border/"},
    "images/pooling/": {"images/lp_pool/", "ties/pooling/"},
    "kinks/abs/": {"norms/angle/", "norms/zero/"},
    "losses/bce/": {"losses/bce_targets/", "losses/pos_weight/"},
    "losses/cosine_embedding/": {"norms/normalize/"},
    "losses/cross_entropy/": {"losses/class_dimension/"},
    "losses/ctc/": {"losses/ctc_gradient/"},
    "losses/embedding/": {"losses/cosine_embedding/", "norms/distances/", "norms/normalize/"},
    "losses/ignore_index/": {"losses/side_by_side/"},
    "losses/likelihood/": {"losses/gaussian_nll/"},
    "losses/map/": {"losses/side_by_side/"},
    "losses/multi_margin/": {"losses/multilabel_soft_margin/"},
    "losses/ranking/": {"losses/soft_margin/"},
    "losses/regression/": {"losses/weighted/"},
    "notebooks/nan_classifier/": {"foundations/find_operation/"},
    "ties/max/": {
        "ties/table/",
        "ties/min/",
        "ties/sort/",
        "ties/median/",
        "ties/scatter_reduce/",
        "ties/segment_reduce/",
        "ties/pooling/",
    },
}

# Queries about functions that had no page when the queries were frozen: the pages that have them now.
SINCE = {
    "torch.where 没选中的分支梯度也是 nan": {"masks/where/"},
    "DDP find_unused_parameters": {"basics/ddp/"},
    "奇异值相同 svd 反向传播 nan": {"linalg/svd/"},
    "svd backward repeated singular values": {"linalg/svd/"},
    "eigh gradient degenerate eigenvalues": {"linalg/svd/"},
    "cholesky not positive definite gradient": {"linalg/det/"},
    "torch.prod with zeros double backward": {"products/prod/"},
    "max_unpool2d duplicate indices backward": {"ties/pooling/"},
    "torch.std NaN gradient": {"norms/std/"},
    "logsumexp all -inf nan grad": {"infinities/logsumexp/"},
    "What is the gradient of torch.norm at the zero vector?": {"norms/zero/"},
    "F.normalize gives huge gradients when the feature vector is all zeros": {"norms/normalize/"},
    "注意力 mask 整行都是 -inf softmax nan": {"infinities/attention/", "infinities/softmax/"},
    "cdist NAN in backward": {"norms/distances/"},
    "scatter_reduce amax backward ties": {"ties/scatter_reduce/"},
    "Which elements get a gradient when sort or topk meets equal values?": {"ties/sort/", "ties/table/"},
    "masked mse ignoring nan targets wrong grad": {"masks/nan_to_num/", "losses/weighted/", "masks/masking/"},
    "Why is the variance of a single element nan and its gradient too?": {"norms/std/"},
    "MultiheadAttention key_padding_mask all masked nan": {"infinities/attention/"},
    "F.normalize zero vector gradient 1e12": {"norms/normalize/"},
    "median 中位数 梯度": {"ties/median/"},
    "torch.where can produce nan for unselected branch during backward": {"masks/where/"},
    "cumprod 含 0 梯度": {"products/prod/"},
    "attention mask all -inf row nan": {"infinities/attention/", "infinities/softmax/"},
    "why is the gradient of cumprod wrong when one factor is zero": {"products/prod/"},
    "BatchNorm eval train running_mean": {"norms/layers/", "sheets/layers/"},
    "torch.fft.rfft backward": {"sheets/fourier/"},
    "nn.Embedding padding_idx 梯度为 0": {"sheets/indexing/"},
    "UserWarning: None of the inputs have requires_grad=True when I use gradient checkpointing": {"basics/no_graph/"},
    # Found by reading all later pages for each of the 360 queries, before their ranks were looked at:
    "SVD backward multiple zero singular values": {"linalg/svd/"},
    "torch.argmax then .float() loss backward does not require grad": {"basics/no_graph/"},
    "PowBackward0 returned nan values": {"foundations/find_operation/"},
    "where can i find how torch computes gradients for round, mode, clamp": {"foundations/points/"},
    "ScatterAddBackward0 returned an invalid gradient at index 1": {"ties/scatter_reduce/"},
    "Mixed precision causes NaN loss autocast": {"basics/mixed_precision/"},
    "Expected to have finished reduction in the prior iteration before starting a new one": {"basics/ddp/"},
    "loss scaler reducing loss scale, skipping step over and over": {"basics/mixed_precision/"},
    "混合精度训练 loss 变成 nan": {"basics/mixed_precision/"},
    "softplus overflowing to inf nan gradient": {"products/stable/"},
    "adam optimzer does not work with FP16 parameters become nan": {"basics/mixed_precision/"},
    "axis angle rotation nan gradient at zero rotation": {"products/sinc/"},
    "Function 'PowBackward0' returned nan": {"foundations/find_operation/"},
    "批归一化 反向传播 推导": {"norms/layers/", "sheets/layers/"},
}

_TYPE = f"""async ([queries, wait]) => {{
  const box = document.querySelector('{BOX}');
  const result = document.querySelector('{RESULT}');
  const answers = [];
  for (const query of queries) {{
    const answered = new Promise((resolve, reject) => {{
      new MutationObserver((_, observer) => {{
        observer.disconnect();
        resolve();
      }}).observe(result, {{ childList: true, subtree: true }});
      setTimeout(() => reject(new Error(`no answer to ${{query}}`)), 1000 * wait);
    }});
    box.value = query;
    box.dispatchEvent(new Event("input"));
    await answered;
    const items = [...result.querySelectorAll(".md-search-result__item")].slice(0, 3);
    answers.push(items.map((item) => {{
      const link = item.querySelector("a");
      return [link.href, link.querySelector("h1, h2").textContent];
    }}));
  }}
  return answers;
}}"""


@dataclass(frozen=True)
class Answer:
    """The first three pages, as addresses below the site, and the name that the search says has no page."""

    pages: tuple[str, ...]
    missing: str = ""


@dataclass(frozen=True)
class Query:
    """A frozen query: the pages that answer it, or, where there is none, those that may come first."""

    text: str
    pages: frozenset[str]
    allowed: frozenset[str]
    kind: str

    def place(self, answer: Answer) -> int:
        """0 if the right page comes first, up to 2; 3 if it is not among the first three.

        Of a query without a page "no page yet" is right, and so is an allowed page. Before a page that is wanted, the
        line takes a place.
        """
        if not self.pages and (answer.missing or not answer.pages):
            return 0
        places = (*([""] if answer.missing else []), *answer.pages)[:3]
        wanted = self.pages or self.allowed
        return next((n for n, page in enumerate(places) if page in wanted), 3)


def read(path: Path) -> list[Query]:
    """The queries of a file."""

    def addresses(sources: list[str]) -> frozenset[str]:
        pages = {"" if source == "index.md" else f"{source.rpartition('.')[0]}/" for source in sources}
        return frozenset(pages.union(*(PARTS.get(page, ()) for page in pages)))

    return [
        Query(
            str(row["query"]),
            addresses(row["pages"]) | frozenset(SINCE.get(row["query"], ())),
            addresses(row.get("allowed", [])),
            row["kind"],
        )
        for row in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def ask(page, served: str, queries: list[str], wait: float = 120) -> list[Answer]:
    """Type queries into the box of a page of the site that is served there: for each, what is answered.

    Args:
        wait: for one answer, in seconds.
    """
    answers = []
    for links in page.evaluate(_TYPE, [queries, wait]):
        pages = [urldefrag(link)[0].removeprefix(served).partition("?")[0] for link, _ in links]
        said = links[0][1] if links else ""
        if said.startswith(NOT_YET):
            answers.append(Answer(tuple(pages[1:]), said.removeprefix(NOT_YET)))
        else:
            answers.append(Answer(tuple(pages)))
    return answers


def shares(queries: list[Query], answers: list[Answer]) -> tuple[float, float]:
    """The shares of queries with the right page first, and among the first three."""
    places = [query.place(answer) for query, answer in zip(queries, answers, strict=True)]
    return sum(place == 0 for place in places) / len(places), sum(place < 3 for place in places) / len(places)


def report(queries: list[Query], answers: list[Answer], misses: bool = False) -> str:
    """The shares by kind, as a table, and the queries that miss where they are asked for."""
    asked = list(zip(queries, answers, strict=True))
    lines = [f"{'kind':<10}{'queries':>8}{'first':>8}{'in three':>10}"]
    for kind in [*sorted({query.kind for query in queries}), "all"]:
        some = [pair for pair in asked if kind in (pair[0].kind, "all")]
        first, three = shares(*map(list, zip(*some, strict=True)))
        lines.append(f"{kind:<10}{len(some):>8}{first:>8.0%}{three:>10.0%}")
    false = sum(bool(answer.missing and query.pages) for query, answer in asked)
    lines.append(f"{false} with a page are told that there is none")
    for query, answer in asked if misses else ():
        if place := query.place(answer):
            wanted = " or ".join(sorted(query.pages or query.allowed))
            got = ", ".join((*([f"({NOT_YET}{answer.missing})"] if answer.missing else []), *answer.pages))
            lines.append(f"{place + 1}  {query.text!r}: wanted {wanted}, got {got or 'nothing'}")
    return "\n".join(lines)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        pass


def main() -> None:
    from playwright.sync_api import sync_playwright

    from benchmarks.pages import chromium

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("site", type=Path, help="the built site")
    parser.add_argument("files", type=Path, nargs="+", help="YAML files of queries")
    parser.add_argument("--misses", action="store_true", help="name the queries whose page is not first")
    options = parser.parse_args()
    handler = functools.partial(_Quiet, directory=str(options.site.resolve()))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served = f"http://127.0.0.1:{server.server_port}/"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(served + "basics/backward/")
        page.locator(READY).wait_for(state="attached")
        for path in options.files:
            queries = read(path)
            print(path.name)
            print(report(queries, ask(page, served, [query.text for query in queries]), options.misses))
        browser.close()
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    main()
