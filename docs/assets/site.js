// What the theme leaves out: for people who read with a keyboard or a screen reader, and in the search box.
(() => {
  const narrow = matchMedia("(max-width: 76.234375em)"); // there the theme slides the navigation in, as a drawer of panes
  const all = (selector) => document.querySelectorAll(selector);
  const toggleOf = (element) => document.getElementById(element.getAttribute("for"));

  // The theme's menu is made of labels, which no key reaches. As buttons they keep their looks: the attributes stay.
  const become = (tag, element) => {
    const other = document.createElement(tag);
    for (const { name, value } of element.attributes) other.setAttribute(name, value);
    other.append(...element.childNodes);
    element.replaceWith(other);
    return other;
  };
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("button[for]");
    if (button) toggleOf(button).click();
  });

  // In wide windows a tab's name is a heading and a chapter opens below its name, in narrow ones each opens a pane.
  const panes = () => {
    if (narrow.matches && !document.getElementById("__drawer").checked) return; // nothing of it is there
    for (const element of all(".md-nav--primary :is(.md-nav__link, .md-nav__title)[for]:not([for=__drawer])")) {
      const opens = narrow.matches || element.matches(".md-nav__item--nested:not(.md-nav__item--section) > .md-nav__link");
      const tag = opens ? "button" : "label";
      const part = element.localName === tag ? element : become(tag, element);
      for (const name of ["tabindex", "aria-label", "aria-expanded"]) part.removeAttribute(name);
      if (!opens) continue;
      if (part.matches(".md-nav__title")) part.setAttribute("aria-label", `Back from ${part.textContent.trim()}`);
      else part.setAttribute("aria-expanded", toggleOf(part).checked);
    }
  };

  // While the drawer is open, nothing behind it takes the focus.
  const behind = ".md-header, .md-content, .md-sidebar--secondary, .md-top, .md-footer, [data-md-component=skip]";
  const slide = () => {
    const open = narrow.matches && document.getElementById("__drawer").checked;
    for (const part of all(behind)) part.inert = open;
    document.querySelector(".md-header [for=__drawer]").setAttribute("aria-expanded", open);
    return open;
  };
  document.addEventListener("change", ({ target }) => {
    if (target.id === "__drawer") {
      panes();
      document.querySelector(slide() ? ".menu-close" : ".md-header [for=__drawer]").focus();
    } else if (target.matches(".md-nav__toggle")) {
      panes();
      if (narrow.matches) document.querySelector(`.md-nav__${target.checked ? "title" : "link"}[for="${target.id}"]`)?.focus();
    }
  });
  document.addEventListener("keydown", ({ key }) => {
    const drawer = document.getElementById("__drawer");
    if (key === "Escape" && drawer.checked) drawer.click();
  });
  narrow.addEventListener("change", () => (panes(), slide()));

  const drawerButtons = () => {
    const opener = document.querySelector(".md-header label[for=__drawer]");
    if (!opener) return;
    become("button", opener).setAttribute("aria-label", "Menu");
    const closer = Object.assign(document.createElement("button"), { className: "menu-close", textContent: "✕" });
    closer.setAttribute("aria-label", "Close the menu");
    closer.setAttribute("for", "__drawer");
    document.querySelector(".md-sidebar--primary")?.prepend(closer);
  };

  // What scrolls by itself takes the focus, so that the arrow keys can scroll it; what fits does not, to save the steps.
  const mark = (element) => {
    if (element.scrollWidth <= element.clientWidth) element.removeAttribute("tabindex");
    else if (element.tabIndex !== 0) element.tabIndex = 0;
  };
  const resized = new ResizeObserver((entries) => entries.forEach(({ target }) => mark(target)));
  const unmarked = new MutationObserver((records) => records.forEach(({ target }) => mark(target)));
  // Nothing observes what has not been laid out yet, far below: it is measured when a key is pressed that may lead there.
  let far = [];
  let measured = false;
  const measureFar = () => {
    if (!measured) far.forEach(mark);
    measured = true;
  };
  document.addEventListener("keydown", measureFar, { capture: true });
  addEventListener("resize", () => (measured = false));
  const scrollers = () => {
    resized.disconnect();
    unmarked.disconnect();
    const found = [...all("pre.output, .points, .md-typeset__scrollwrap, div.math, pre > code")];
    const hover = matchMedia("(hover)").matches;
    for (const element of found) {
      const code = element.tagName === "CODE";
      // In sight, the theme marks code where there is a mouse. Where there is none, it takes the mark away.
      if (!(code && hover)) resized.observe(element);
      if (code && !hover) unmarked.observe(element, { attributeFilter: ["tabindex"] });
    }
    far = found.filter((element) => !element.closest("details:not([open])")); // what is folded is observed when it opens
    measured = false;
  };
  document.fonts.addEventListener("loadingdone", scrollers); // text grows in boxes that keep their size

  // The theme makes a landmark of the copy button of each block, which comes when the block is in sight.
  const copied = new MutationObserver((records) => {
    for (const { addedNodes } of records)
      for (const node of addedNodes) if (node.className === "md-code__nav") node.setAttribute("role", "presentation");
  });
  const copyButtons = () => {
    for (const pre of all("pre:has(> code)")) copied.observe(pre, { childList: true });
  };

  // A link to a card opens it: the heading with its name stands above what is folded.
  const unfold = () => {
    const card = document.getElementById(decodeURIComponent(location.hash.slice(1)))?.parentElement;
    if (card?.matches(".rule")) card.querySelector("details").open = true;
  };
  addEventListener("hashchange", unfold);
  document.addEventListener("click", ({ target }) => target.closest('a[href*="#"]') && setTimeout(unfold)); // the same again

  // Again for each page, once the theme has wrapped the tables and added its buttons.
  document$.subscribe(() => requestAnimationFrame(() => [drawerButtons, panes, slide, scrollers, copyButtons, unfold].forEach((f) => f())));
})();

(() => {
  "use strict";
  const box = document.querySelector('[data-md-component="search-query"]');
  if (!box) return;

  // The theme listens to keys alone: a text that was pasted with the mouse, or with a finger, was not searched for.
  box.addEventListener("input", () => box.dispatchEvent(new KeyboardEvent("keyup")));

  // Escape closes the search; the theme leaves the focus nowhere then.
  const search = box.closest('[data-md-component="search"]');
  let before;
  box.addEventListener("focus", ({ relatedTarget }) => {
    if (!search.contains(relatedTarget)) before = relatedTarget;
  });
  document.addEventListener("keydown", ({ key, isComposing }) => {
    if (key !== "Escape" || isComposing || !document.getElementById("__search").checked) return;
    setTimeout(() => before?.focus({ preventScroll: true })); // after the theme's listener
  });

  // The worker asks for the sections with the first query. Asked for now, they are there when it does.
  const { base } = JSON.parse(document.getElementById("__config").textContent);
  const fetchSections = () => fetch(new URL("search/sections.json", new URL(`${base}/`, location))).catch(() => {});
  if (location.protocol !== "file:") box.addEventListener("focus", fetchSections, { once: true });
})();

// The palette, in place of the theme's: that has the whole page styled three times anew before it shows what is there.
(() => {
  "use strict";
  const form = document.querySelector("[data-palette]");
  if (!form) return;
  const light = matchMedia("(prefers-color-scheme: light)");
  const inputs = [...form.querySelectorAll("input")];
  const { body, documentElement: root } = document;

  // The button on show leads to the next choice.
  const offer = (index) => inputs.forEach((input, at) => (input.nextElementSibling.hidden = at !== index));
  const chosen = () => Math.max(0, inputs.findIndex((input) => input.checked));
  const colors = (input) =>
    ["media", "scheme", "primary", "accent"].map((name) => [name, input.getAttribute(`data-md-color-${name}`)]);

  const show = () => {
    const index = chosen();
    const system = index === 0;
    const input = system ? inputs[light.matches ? 1 : 2] : inputs[index];
    body.dataset.mdColorSwitching = ""; // nothing fades from one palette to the other
    for (const [name, value] of colors(input)) body.setAttribute(`data-md-color-${name}`, value);
    root.dataset.scheme = input.getAttribute("data-md-color-scheme");
    requestAnimationFrame(() => requestAnimationFrame(() => delete body.dataset.mdColorSwitching));
    offer(index);
    const color = Object.fromEntries(colors(inputs[index]));
    __md_set("__palette", { index, color });
  };

  inputs[__md_get("__palette")?.index ?? 0].checked = true;
  offer(chosen());
  form.addEventListener("change", show);
  form.addEventListener("keydown", ({ key }) => {
    if (key !== "Enter") return;
    const next = inputs[(chosen() + 1) % inputs.length];
    next.click();
    next.focus();
  });
  light.addEventListener("change", () => chosen() === 0 && show());
})();

// The switch between releases, where livedocs/publish/versions.py has made one: it closes as a menu does, and leads to
// the same place of the page.
(() => {
  "use strict";
  const releases = document.querySelector(".releases");
  if (!releases) return;
  const close = () => (releases.open = false);
  releases.addEventListener("click", ({ target }) => {
    const link = target.closest("a");
    if (link) link.hash = location.hash;
  });
  releases.addEventListener("focusout", ({ relatedTarget }) => relatedTarget && !releases.contains(relatedTarget) && close());
  releases.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !releases.open) return;
    close();
    releases.querySelector("summary").focus();
  });
  document.addEventListener("click", ({ target }) => releases.contains(target) || close());
})();
