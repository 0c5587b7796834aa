// The filter above the table of special points: words of a row (function, point, verdict), and only what breaks a rule.
(() => {
  "use strict";
  const box = document.querySelector(".census-filter");
  const [words, only] = box.querySelectorAll("input");
  const said = box.querySelector("output");
  const FEW = 8; // so many functions open by themselves
  const plain = (text) => text.toLowerCase().replace(/[‐‑–−]/g, "-");

  // Read when they are first asked for: most visitors only look.
  let folds;
  const read = () =>
    [...box.parentElement.querySelectorAll("details")].map((fold) => ({
      fold,
      rows: [...fold.querySelectorAll("tbody tr")].map((row) => ({
        row,
        text: plain(`${fold.firstElementChild.firstElementChild.textContent} ${row.textContent}`),
        verdict: plain(row.querySelector(".verdict").textContent.split(/[,:;]/)[0]),
        broken: row.className === "broken",
      })),
    }));

  const filter = () => {
    folds ??= read();
    const wanted = plain(words.value).split(/\s+/).filter(Boolean);
    const phrase = wanted.join(" ");
    // "not the limit" is a verdict, and its words stand in others too.
    const asked = wanted.length > 1 && folds.some(({ rows }) => rows.some(({ verdict }) => verdict === phrase));
    const active = wanted.length > 0 || only.checked;
    let points = 0;
    const left = folds.filter(({ fold, rows }) => {
      let shown = 0;
      for (const { row, text, verdict, broken } of rows) {
        const fits = asked ? verdict === phrase : wanted.every((word) => text.includes(word));
        row.hidden = (only.checked && !broken) || !fits;
        if (!row.hidden) shown++;
      }
      points += shown;
      fold.hidden = !shown;
      return shown;
    });
    for (const { fold } of folds) fold.open = active && !fold.hidden && left.length <= FEW;
    said.textContent = active ? `${points} points of ${left.length} functions` : "";
  };

  words.addEventListener("input", filter);
  only.addEventListener("change", filter);
})();
