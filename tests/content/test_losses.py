"""The tables of docs/losses/map.md: every gradient against autograd, in all of its branches, and no loss is missing."""

from __future__ import annotations

import itertools
import re

import pytest
import torch
import torch.nn.functional as F

from tests.conftest import ROOT

N, C, D = 40, 4, 3  # enough rows to meet every branch, see test_every_branch_is_met


def _drawn(seed: int = 0) -> dict[str, torch.Tensor]:
    """Inputs of all shapes that the tables name, away from the kinks with probability 1."""
    g = torch.Generator().manual_seed(seed)
    normal = {"generator": g, "dtype": torch.float64}
    return {
        "x": 2 * torch.randn(N, C, **normal),
        "number": torch.randn(N, C, **normal),
        "share": torch.rand(N, C, **normal),
        "var": torch.rand(N, C, **normal) + 0.1,
        "sign": torch.randint(0, 2, (N, C), generator=g).double() * 2 - 1,
        "index": torch.randint(0, C, (N,), generator=g),
        "a": torch.randn(N, D, **normal),
        "p": torch.randn(N, D, **normal),
        "n": torch.randn(N, D, **normal),
        "W": torch.randn(C, D, **normal),
    }


def _hot(index: torch.Tensor) -> torch.Tensor:
    return F.one_hot(index, C).double()


def _unit(v: torch.Tensor) -> torch.Tensor:
    return v / v.norm(dim=1, keepdim=True)


def _multi_margin(d):
    right = d["x"].gather(1, d["index"][:, None])
    inside = ((1 - right + d["x"] > 0).double()) * (1 - _hot(d["index"]))
    return (inside - _hot(d["index"]) * inside.sum(1, keepdim=True)) / C


def _lists(d):
    """The labels of each row in front, then −1."""
    labels = d["sign"] > 0
    return torch.tensor([(row.nonzero().flatten().tolist() + [-1] * C)[:C] for row in labels])


def _multilabel_margin(d):
    g = torch.zeros(N, C, dtype=torch.float64)
    labels = d["sign"] > 0
    for n, i, j in itertools.product(range(N), range(C), range(C)):
        if labels[n, i] and not labels[n, j] and 1 - d["x"][n, i] + d["x"][n, j] > 0:
            g[n, j] += 1 / C
            g[n, i] -= 1 / C
    return g


def _cosine(d, margin):
    a, p, t = d["a"], d["p"], d["sign"][:, :1]
    cos = F.cosine_similarity(a, p)[:, None]
    slope = (_unit(p) - cos * _unit(a)) / a.norm(dim=1, keepdim=True)
    return torch.where(t > 0, -slope, torch.where(cos > margin, slope, 0.0))


def _triplet(d, margin):
    near, far = d["a"] - d["p"], d["a"] - d["n"]
    active = near.norm(dim=1, keepdim=True) - far.norm(dim=1, keepdim=True) + margin > 0
    return torch.where(active, _unit(near) - _unit(far), 0.0)


def _ranked(d):
    return d["sign"] * (d["x"] - d["number"]) < 0.5


SUM = {"reduction": "sum"}
# Name in the table -> (which input is differentiated, loss of it, its gradient in the table)
LOSSES = {
    "mse_loss": ("x", lambda x, d: F.mse_loss(x, d["number"], **SUM), lambda d: 2 * (d["x"] - d["number"])),
    "l1_loss": ("x", lambda x, d: F.l1_loss(x, d["number"], **SUM), lambda d: (d["x"] - d["number"]).sgn()),
    "smooth_l1_loss": (
        "x",
        lambda x, d: F.smooth_l1_loss(x, d["number"], beta=2, **SUM),
        lambda d: ((d["x"] - d["number"]) / 2).clamp(-1, 1),
    ),
    "huber_loss": (
        "x",
        lambda x, d: F.huber_loss(x, d["number"], delta=2, **SUM),
        lambda d: (d["x"] - d["number"]).clamp(-2, 2),
    ),
    "poisson_nll_loss": (
        "x",
        lambda x, d: F.poisson_nll_loss(x, d["number"], **SUM),
        lambda d: d["x"].exp() - d["number"],
    ),
    "gaussian_nll_loss": (
        "x",
        lambda x, d: F.gaussian_nll_loss(x, d["number"], d["var"], **SUM),
        lambda d: (d["x"] - d["number"]) / d["var"],
    ),
    "kl_div": ("x", lambda x, d: F.kl_div(x, d["share"], **SUM), lambda d: -d["share"]),
    "cross_entropy": (
        "x",
        lambda x, d: F.cross_entropy(x, d["index"], **SUM),
        lambda d: d["x"].softmax(1) - _hot(d["index"]),
    ),
    "nll_loss": ("x", lambda x, d: F.nll_loss(x, d["index"], **SUM), lambda d: -_hot(d["index"])),
    "linear_cross_entropy": (
        "a",
        lambda a, d: F.linear_cross_entropy(a, d["W"], d["index"], **SUM),
        lambda d: ((d["a"] @ d["W"].T).softmax(1) - _hot(d["index"])) @ d["W"],
    ),
    "multi_margin_loss": ("x", lambda x, d: F.multi_margin_loss(x, d["index"], **SUM), _multi_margin),
    "binary_cross_entropy_with_logits": (
        "x",
        lambda x, d: F.binary_cross_entropy_with_logits(x, d["share"], **SUM),
        lambda d: d["x"].sigmoid() - d["share"],
    ),
    "binary_cross_entropy": (
        "share",
        lambda p, d: F.binary_cross_entropy(p, d["var"].clamp(max=1), **SUM),
        lambda d: (d["share"] - d["var"].clamp(max=1)) / (d["share"] * (1 - d["share"])),
    ),
    "soft_margin_loss": (
        "x",
        lambda x, d: F.soft_margin_loss(x, d["sign"], **SUM),
        lambda d: -d["sign"] * (-d["sign"] * d["x"]).sigmoid(),
    ),
    "multilabel_soft_margin_loss": (
        "x",
        lambda x, d: F.multilabel_soft_margin_loss(x, (d["sign"] + 1) / 2, **SUM),
        lambda d: (d["x"].sigmoid() - (d["sign"] + 1) / 2) / C,
    ),
    "multilabel_margin_loss": ("x", lambda x, d: F.multilabel_margin_loss(x, _lists(d), **SUM), _multilabel_margin),
    "margin_ranking_loss": (
        "x",
        lambda x, d: F.margin_ranking_loss(x, d["number"], d["sign"], margin=0.5, **SUM),
        lambda d: torch.where(_ranked(d), -d["sign"], 0.0),
    ),
    "margin_ranking_loss, second": (
        "number",
        lambda x, d: F.margin_ranking_loss(d["x"], x, d["sign"], margin=0.5, **SUM),
        lambda d: torch.where(_ranked(d), d["sign"], 0.0),
    ),
    "hinge_embedding_loss": (
        "x",
        lambda x, d: F.hinge_embedding_loss(x, d["sign"], margin=1.5, **SUM),
        lambda d: torch.where(d["sign"] > 0, 1.0, -(d["x"] < 1.5).double()),
    ),
    "cosine_embedding_loss": (
        "a",
        lambda a, d: F.cosine_embedding_loss(a, d["p"], d["sign"][:, 0], margin=0.2, **SUM),
        lambda d: _cosine(d, 0.2),
    ),
    "triplet_margin_loss": (
        "a",
        lambda a, d: F.triplet_margin_loss(a, d["p"], d["n"], margin=0.5, eps=0, **SUM),
        lambda d: _triplet(d, 0.5),
    ),
    "triplet_margin_with_distance_loss": (
        "a",
        lambda a, d: F.triplet_margin_with_distance_loss(
            a, d["p"], d["n"], margin=0.5, distance_function=lambda u, v: (u - v).norm(dim=1), **SUM
        ),
        lambda d: _triplet(d, 0.5),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_the_table_is_that_of_autograd(name: str) -> None:
    which, loss, formula = LOSSES[name]
    drawn = _drawn()
    leaf = drawn[which].clone().requires_grad_()
    (got,) = torch.autograd.grad(loss(leaf, drawn), leaf)
    torch.testing.assert_close(got, formula(drawn))


def test_every_branch_is_met() -> None:
    """A hinge whose margin is kept in all rows, or in none, would prove half of its formula."""
    drawn = _drawn()
    for name in ("multi_margin_loss", "multilabel_margin_loss", "margin_ranking_loss", "triplet_margin_loss"):
        g = LOSSES[name][2](drawn)
        assert (g == 0).all(-1).any() or name == "margin_ranking_loss", name
        assert (g != 0).any() and (g == 0).any(), name
    near, far = drawn["sign"][:, 0] > 0, drawn["sign"][:, 0] < 0
    zero = (LOSSES["cosine_embedding_loss"][2](drawn) == 0).all(1)
    assert near.any() and (far & zero).any() and (far & ~zero).any()
    assert {-1.0, 0.0, 1.0} == set(LOSSES["hinge_embedding_loss"][2](drawn).flatten().tolist())


def test_ctc_gives_the_gradient_of_the_logits() -> None:
    """p − γ for one target, with γ summed over all paths: it arrives at ``log_probs``."""
    steps, target, blank = 4, (1, 2), 0
    log_p = torch.randn(steps, C, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).log_softmax(1)
    gamma, total = torch.zeros(steps, C, dtype=torch.float64), 0.0
    for path in itertools.product(range(C), repeat=steps):
        if tuple(s for s, _ in itertools.groupby(path) if s != blank) == target:
            weight = log_p[range(steps), path].sum().exp()
            total += weight
            gamma[range(steps), path] += weight
    leaf = log_p.clone().requires_grad_()
    loss = F.ctc_loss(leaf[:, None], torch.tensor([target]), (steps,), (len(target),), **SUM)
    (got,) = torch.autograd.grad(loss, leaf)
    torch.testing.assert_close(got, log_p.exp() - gamma / total)


def test_no_loss_is_missing() -> None:
    text = (ROOT / "docs/losses/map.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| \[`(\w+)`\]", text)
    public = [n for n in dir(F) if n.endswith(("loss", "cross_entropy", "with_logits", "kl_div")) and n[0] != "_"]
    assert sorted(rows) == public
    tested = {name.partition(",")[0] for name in LOSSES} | {"ctc_loss"}
    assert tested == set(public)
