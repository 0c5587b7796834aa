"""The explorer: its values against the closed forms and the published data; by keyboard, by touch, without a script."""

from __future__ import annotations

import importlib
import json
import math
import re

import pytest
import sympy
from bs4 import BeautifulSoup

from livedocs.declare import Pieces
from livedocs.measured import anchor_of
from livedocs.pages.project import rule_modules
from tests.browsing import until
from tests.conftest import ROOT

RULES = {
    anchor_of(rule.function, rule.variant): rule
    for module in rule_modules(ROOT)
    for rule in importlib.import_module(module).RULES
    if isinstance(rule, Pieces)
}
LARGEST_SCRIPT = 10_000
LARGEST_FILE = 6_000
DIGITS = 6e-4  # four of them
site_only = pytest.mark.site  # for what happens in the browser: the values are torch's


@pytest.fixture(scope="module")
def curves(site) -> dict[str, dict]:
    """What the data files hold, by the function's address."""
    found = {}
    for file in (site / "data/explorer").glob("*.js"):
        text = file.read_text(encoding="utf-8")
        assert text.startswith("explorer(") and text.endswith(")\n"), file.name
        found[file.stem] = json.loads(text.removeprefix("explorer(").removesuffix(")\n"))
    return found


@pytest.fixture
def open_page(browser, served: str):
    """Opens the explorer at an address, shown and without trouble."""
    contexts = []

    def open_(address: str = "", *, shown: bool = True, start: str = served + "explorer/", **options):
        context = browser.new_context(viewport={"width": 360, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.trouble = []
        page.on("console", lambda m: page.trouble.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda e: page.trouble.append(str(e)))
        page.goto(start + address, wait_until="domcontentloaded")
        if shown:
            page.locator(".explorer-card a").wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()


def number(text: str) -> float | None:
    """A number as a reader sees it."""
    plain = text.replace("−", "-").replace("∞", "inf")
    return None if plain in ("–", "no gradient") else float(plain)


def close(shown: float | None, wanted: float | None) -> bool:
    if shown is None or wanted is None:
        return shown is wanted
    return math.isclose(shown, wanted, rel_tol=DIGITS, abs_tol=1e-300) or (math.isnan(shown) and math.isnan(wanted))


def readout(page) -> list[str]:
    return page.locator(".explorer-values td").all_inner_texts()


def becomes(page, values: list[str]) -> None:
    """Wait for the readout to show these values."""
    until(page, "[...document.querySelectorAll('.explorer-values td')].map((cell) => cell.innerText)", values)


@site_only
def test_script_and_data_are_small(site, curves: dict) -> None:
    script = len((site / "assets/explorer.js").read_bytes())
    assert script < LARGEST_SCRIPT, f"assets/explorer.js has {script} bytes: {LARGEST_SCRIPT} is the limit"
    sizes = {file.name: file.stat().st_size for file in (site / "data/explorer").iterdir()}
    assert max(sizes.values()) < LARGEST_FILE, sorted(sizes.items(), key=lambda item: -item[1])[:3]


def test_every_pieces_rule_can_be_picked_and_every_card_links_to_it(site, curves: dict) -> None:
    soup = BeautifulSoup((site / "explorer/index.html").read_text(encoding="utf-8"), "html.parser")
    options = [option["value"] for option in soup.select("#explorer-function option")]
    assert sorted(options) == sorted(RULES) == sorted(curves)
    texts = [option.text for option in soup.select("#explorer-function option")]
    assert len(set(texts)) == len(texts), "two functions of one short name"
    for name, curve in curves.items():
        page, _, identifier = curve["card"].partition("#")
        text = (site / page / "index.html").read_text(encoding="utf-8")
        assert identifier == name and f'id="{name}"' in text
        assert re.search(rf'href="[./]*explorer/#{re.escape(name)}"', text), f"the card of {name} has no link here"


def test_samples_are_the_closed_form(curves: dict) -> None:
    """Value and gradient by torch, rounded, against the pieces by SymPy, at every tenth sample."""
    x = sympy.Symbol("x", real=True)
    for name, rule in RULES.items():
        curve = curves[name]
        exact = {s: sympy.nsimplify(v, rational=True) for s, v in rule.parameters.items()}
        special = {p["x"] for p in curve["points"]}
        # Where a declared point inside a piece has NaN, more of its piece may have: the branch that is not taken.
        leaks = [float(p["x"]) for p in curve["points"] if p["g"] == "nan" and p["f"] != "nan" and not p["break"]]
        pieces = []
        for piece in rule.pieces:
            low, high, formula = (sympy.sympify(e).subs(exact) for e in (piece.low, piece.high, piece.formula))
            forms = [sympy.lambdify(x, e, ["mpmath"]) for e in (formula, sympy.diff(formula, x))]
            leaky = any(float(low) < leak < float(high) for leak in leaks)
            pieces.append((float(low), float(high), forms, leaky))
        checked = 0
        for at, *got in list(zip(curve["x"], curve["f"], curve["g"], strict=True))[3::10]:
            piece, leaky = next(((f, leaky) for low, high, f, leaky in pieces if low < at < high), (None, False))
            if at in special or piece is None:
                continue
            wanted = [complex(form(at)).real for form in piece]
            if leaky and rule.function == "torch.where" and got[1] == "nan":
                wanted[1] = math.nan
            got = [v if v is None else float(v) for v in got]
            where = f"{name} at x = {at}: {got} from torch, {wanted} by the formula"
            assert got[1] is not None or wanted[1] == 0, where
            for shown, exact_value in zip((got[0], got[1] or 0.0), wanted, strict=True):
                both_nan = math.isnan(shown) and math.isnan(exact_value)
                assert both_nan or math.isclose(shown, exact_value, rel_tol=DIGITS, abs_tol=1e-12), where
            checked += 1
        assert checked >= 5, f"{name}: {checked} samples"


# Every function, every button, and every tick of the slider.
TOUR = """async () => {
  const found = [];
  const FOLDER = "data/explorer";
  const select = document.querySelector("#explorer-function");
  const slider = document.querySelector("#explorer-x");
  const text = () => [...document.querySelectorAll(".explorer-values td")].map((cell) => cell.textContent);
  const load = (name) => new Promise((onload) =>
    document.head.append(Object.assign(document.createElement("script"), { src: `../${FOLDER}/${name}.js`, onload })));
  await Promise.all([...select.options].map((option) => load(option.value)));
  for (const option of select.options) {
    select.value = option.value;
    select.dispatchEvent(new Event("change"));
    while (document.querySelector(".explorer-card a").hash !== "#" + option.value)
      await new Promise((done) => addEventListener("hashchange", done, { once: true }));
    const ticks = [...slider.list.options].map((tick) => {
      slider.value = tick.value;
      slider.dispatchEvent(new Event("input"));
      return text();
    });
    for (const button of document.querySelectorAll(".explorer button")) {
      button.click();
      const verdict = document.querySelector(".explorer-verdict").textContent;
      found.push({ id: option.value, cells: text(), verdict, pressed: button.getAttribute("aria-pressed"), ticks });
    }
  }
  return found;
}"""


@site_only
def test_the_readout_is_the_published_data(site, open_page, curves: dict) -> None:
    """At all special points of all functions, by its button, and by the slider where it is in sight."""
    rows = {}
    for row in json.loads((site / "data/gradients.json").read_text(encoding="utf-8"))["rows"]:
        rows.setdefault(row["page"].partition("#")[2], []).append(row)
    page = open_page()
    found = page.evaluate(TOUR)
    assert len(found) == sum(len(rows[name]) for name in RULES)
    for entry in found:
        x, *shown = map(number, entry["cells"])
        row = next(
            row
            for row in rows[entry["id"]]
            if str(x) == str(float(re.search(r"tensor\((?:float\(')?([^'),]+)", row["inputs"]["x"])[1]))
        )
        where = f"{entry['id']} at {row['point']}: {entry['cells']}, {entry['verdict']}"
        wanted = [row["output"], *(row[key] and row[key]["x"] for key in ("gradient", "left", "right"))]
        wanted = [None if value is None else float(value) for value in wanted]
        assert all(map(close, shown, wanted)), f"{where}; published: {wanted}"
        assert row["verdict"] in entry["verdict"] and entry["pressed"] == "true", where
        curve = curves[entry["id"]]
        if str(x) != "-0.0" and curve["x"][0] <= x <= curve["x"][-1]:
            assert entry["cells"] in entry["ticks"], f"the slider does not stop there: {where}"
    assert page.trouble == []


@site_only
def test_between_special_points_a_nan_is_called_one(open_page) -> None:
    page = open_page("#torch.where-x-0-sqrt-x-0&x=-0.5")
    assert readout(page)[:3] == ["−0.5", "0", "NaN"]
    assert page.locator(".explorer-verdict").inner_text() == "At x = −0.5 PyTorch returns NaN."


@site_only
def test_by_keyboard(open_page) -> None:
    page = open_page("#torch.nn.functional.relu6&x=5.7")
    assert readout(page)[:3] == ["5.7", "5.7", "1"]
    page.evaluate("""() => {
      window.said = [];
      new MutationObserver(() => said.push(document.querySelector(".explorer-verdict").textContent))
        .observe(document.querySelector(".explorer-verdict"), { childList: true });
    }""")
    slider = page.get_by_role("slider", name="x")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    becomes(page, ["6", "6", "0", "1", "0"])
    assert slider.get_attribute("aria-valuetext") == "x = 6, f(x) = 6, gradient 0"
    assert page.evaluate("said.length") == 1, "the status speaks at special points, not at every step"
    assert page.get_by_role("status").inner_text().startswith("At x = 6 PyTorch returns 0 – the minimum-norm")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", "the focus is not seen"
    page.wait_for_url("**/explorer/#torch.nn.functional.relu6&x=6", wait_until="commit")
    box = page.get_by_role("combobox", name="Function")
    names = box.locator("option").evaluate_all("(options) => options.map((option) => option.value)")
    box.select_option(names[names.index("torch.nn.functional.hardswish") - 1])
    box.focus()
    page.keyboard.press("ArrowDown")
    page.locator(".explorer-card a", has_text="hardswish").wait_for()
    until(page, "location.hash", "#torch.nn.functional.hardswish")
    assert readout(page)[0] == "−3", "a function starts at its first breakpoint"
    assert page.trouble == []


@site_only
def test_by_touch(open_page) -> None:
    page = open_page("#torch.nn.functional.relu&x=-2", has_touch=True, is_mobile=True)
    plot = page.locator(".explorer-panels svg").first
    plot.evaluate("(plot) => plot.scrollIntoView({ block: 'center' })")  # above the slider, which stays at the edge
    box = plot.bounding_box()
    hand = page.context.new_cdp_session(page)

    def swipe(*places: tuple[float, float]) -> None:
        points = [
            {"x": box["x"] + box["width"] * right, "y": box["y"] + box["height"] * down} for right, down in places
        ]
        hand.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            hand.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(*((0.3 + 0.05 * step, 0.5) for step in range(11)))
    moved = "((x) => 2 < x && x < 3)(parseFloat(document.querySelector('.explorer-values td').innerText))"
    until(page, moved)  # a finger that moves sideways moves x
    x = number(readout(page)[0])
    swipe(*((0.3, 0.8 - 0.1 * step) for step in range(8)))
    assert number(readout(page)[0]) == x, "a finger that moves up scrolls the page"
    plot.tap(position={"x": box["width"] * (36 + 318 / 2) / 360 + 2, "y": box["height"] / 2})
    becomes(page, ["0", "0", "0", "0", "1"])  # a tap near a breakpoint stops at it
    assert page.trouble == []


@site_only
def test_without_javascript(open_page) -> None:
    page = open_page(shown=False, java_script_enabled=False)
    page.locator(".explorer").wait_for(state="hidden")  # without scripts nothing waits for the style sheets
    plots = page.locator("figure.plot [role=img]")
    assert plots.count() == 3 and all(plot.get_attribute("aria-label") for plot in plots.all())
    assert page.locator("noscript li a").count() == len(RULES)


@site_only
def test_from_a_folder_on_disk(site, open_page) -> None:
    page = open_page("#torch.sqrt&x=0", start=(site / "explorer/index.html").as_uri())
    assert readout(page) == ["0", "0", "∞", "–", "∞"]


@site_only
def test_values_that_do_not_load_are_told(open_page) -> None:
    page = open_page()
    page.route("**/data/explorer/torch.abs.js", lambda route: route.abort())
    page.get_by_role("combobox", name="Function").select_option("torch.abs")
    page.get_by_text("The values of torch.abs did not load").wait_for()
