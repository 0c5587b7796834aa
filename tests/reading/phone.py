"""What is wrong with a page on a phone: what cannot be hit, reached, read, or found to go on sideways."""

WIDTHS = (360, 390)

# All that is folded is opened. Of the folds of the long list some: the others are made alike.
LIGHTEN = """async () => {
  for (const fold of document.querySelectorAll('.census details:nth-of-type(n+12)')) fold.remove();
  for (const fold of document.querySelectorAll('article details')) fold.open = true;
  // Nor is anything left for the time when it comes into sight.
  for (const late of document.querySelectorAll('.rule > div, .sheet > li, .highlight > pre'))
    late.style.contentVisibility = 'visible';
  for (let frame = 0; frame < 4; frame++) await new Promise(requestAnimationFrame);
}"""

WRONG = """() => {
  const wrong = new Set();
  const all = (selector) => [...document.querySelectorAll(selector)];
  const say = (element) => element.outerHTML.replace(/\\s+/g, ' ').slice(0, 140);
  const seen = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });

  // Letters of 12 px and more. Formulas make their exponents smaller, and drawings keep their proportions.
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = words.nextNode()); ) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('math, svg, script, noscript, template, sup') || !seen(element)) continue;
    const size = parseFloat(getComputedStyle(element).fontSize);
    if (size < 11.99) wrong.add(`letters of ${size} px: ${say(element)}`);
  }

  // An underscore is above the line that marks a link.
  for (const link of all('article :is(p, li, td, th) a:not(.headerlink)'))
    if (link.textContent.includes('_')) {
      const { fontSize, textUnderlineOffset } = getComputedStyle(link);
      if (!(parseFloat(textUnderlineOffset) >= 0.3 * parseFloat(fontSize)))
        wrong.add(`its underscores are under its line: ${say(link)}`);
    }

  // What goes on sideways is shaded at its edge, and takes the focus.
  for (const e of all('article :is(.points, .md-typeset__scrollwrap, div.math, pre > code, pre.output)')) {
    if (e.closest('svg, math') || e.scrollWidth <= e.clientWidth + 1) continue;
    const { backgroundImage, backgroundAttachment, overflowX } = getComputedStyle(e);
    if (overflowX !== 'auto') continue;
    if (!backgroundImage.includes('gradient') || !backgroundAttachment.includes('local'))
      wrong.add(`cut without a hint: ${say(e)}`);
    if (e.tabIndex !== 0) wrong.add(`no key scrolls it: ${say(e)}`);
  }

  // A row of the table of all functions has room for its formula.
  for (const formula of all('td.formula'))
    if (formula.scrollWidth > formula.clientWidth + 1) wrong.add(`no room for the formula: ${say(formula)}`);

  // The copy button stands beside the code.
  for (const code of all('article .highlight pre > code')) {
    const button = code.parentElement.querySelector('.md-code__nav');
    if (!button) {
      wrong.add(`no copy button: ${say(code)}`);
      continue;
    }
    const text = document.createRange();
    text.selectNodeContents(code);
    if (button.getBoundingClientRect().bottom > text.getBoundingClientRect().top + 1)
      wrong.add(`the copy button covers code: ${say(code)}`);
  }

  // Point, gradient and verdict of every table of points are inside the width of a phone.
  for (const table of all('.points table:not(.elsewhere *, .atlas *)')) {
    const verdict = [...table.querySelectorAll('thead th')].find((th) => th.textContent === 'Verdict');
    if (verdict.getBoundingClientRect().right > innerWidth + 1) wrong.add(`no room for the verdict: ${say(table)}`);
  }
  return [...wrong];
}"""
