// The filter above the table of functions: words of a row, and its chapter, verdict and mode.
(() => {
  "use strict";
  const box = document.querySelector(".census-filter");
  const words = box.querySelector("input");
  const choices = [...box.querySelectorAll("select")];
  const said = box.querySelector("output");

  // Read when they are first asked for: most visitors only look. A formula is not searched: its text is no name.
  let rows;
  const read = () =>
    [...box.parentElement.querySelectorAll("tbody tr")].map((row) => ({
      row,
      text: [...row.cells].filter((_, column) => column !== 2).map((cell) => cell.textContent).join(" ").toLowerCase(),
    }));

  const filter = () => {
    rows ??= read();
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text } of rows) {
      const fits = choices.every(({ value, dataset }) => !value || row.dataset[dataset.by].split(" ").includes(value));
      row.hidden = !(fits && wanted.every((word) => text.includes(word)));
      if (!row.hidden) shown++;
    }
    said.textContent = wanted.length || choices.some(({ value }) => value) ? `${shown} of ${rows.length}` : "";
  };

  words.addEventListener("input", filter);
  for (const choice of choices) choice.addEventListener("change", filter);
})();
