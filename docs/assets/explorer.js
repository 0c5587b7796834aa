/* Draws f and f′ from data/explorer/*.js and reads both out at the x that is picked.
   A file of data calls explorer({…}): a script element loads it, from a folder on disk too. */
(() => {
  "use strict";
  const box = document.querySelector(".explorer");
  const root = new URL("..", document.currentScript.src);
  const part = (name) => box.querySelector(".explorer-" + name);
  const select = box.querySelector("select");
  const slider = box.querySelector("input");
  const status = part("verdict");
  const cells = [...box.querySelectorAll("td")];
  const svgs = [...part("panels").querySelectorAll("svg")];
  const [LEFT, TOP, WIDTH, HEIGHT] = [36, 6, 318, 172]; // the plot in its box of 360 × 200
  const REACH = 62; // half a tangent
  const known = {}; // loaded functions, by id
  let data, panels, x, timer; // data and panels of the function that is shown
  let wanted = {};
  let held; // the slider is dragged

  const key = (v) => (Object.is(v, -0) ? "-0" : String(v)); // in the address
  const text = (v) => (v === null ? "–" : key(v).replace("Infinity", "∞").replace("-", "−"));

  const make = (tag, properties) => Object.assign(document.createElement(tag), properties);
  const draw = (parent, tag, attributes, content = "") => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.textContent = content;
    return parent.appendChild(element);
  };

  /* One plot, of f or of its gradient g; sides(point) are the limits at a special point. */
  const panel = (svg, name, sides) => {
    const [low, high] = data.view[name];
    const [first, last] = data.view.x;
    const X = (x) => ((x - first) / (last - first)) * WIDTH;
    // Far outside is all the same, and SVG knows no infinity.
    const Y = (y) => Math.max(-4, Math.min(5, (high - y) / (high - low))) * HEIGHT;
    const missing = (y) => y === null || isNaN(y);

    /* A dot, or beyond the edge a triangle that points there. */
    const dot = (parent, kind, x, y) => {
      if (missing(y)) return;
      const [cx, cy, r] = [X(x), Y(y), { here: 7, value: 4.5, limit: 3.5 }[kind]];
      if (cy >= 0 && cy <= HEIGHT) draw(parent, "circle", { class: kind, cx, cy, r });
      else if (kind === "here") draw(parent, "path", { class: kind, d: `M${cx} ${cy < 0 ? "1l6 9" : "171l6-9"}h-12z` });
    };

    /* A line through (x, y) with a slope, so far to the left and so far to the right. */
    const line = (kind, y, slope, left, right) => {
      if (missing(y) || missing(slope) || !isFinite(y)) return;
      const angle = Math.atan((slope * HEIGHT * (last - first)) / WIDTH / (high - low));
      const end = (far) => `${X(x) + far * Math.cos(angle)} ${Y(y) - far * Math.sin(angle)}`;
      draw(lines, "path", { class: kind, d: `M${end(-left)}L${end(right)}` });
    };

    svg.replaceChildren();
    for (const at of data.ticks.x) {
      draw(svg, "path", { class: "grid", d: `M${LEFT + X(at)} ${TOP}v${HEIGHT}` });
      draw(svg, "text", { x: LEFT + X(at), y: 194, "text-anchor": "middle" }, text(at));
    }
    for (const at of data.ticks[name]) {
      draw(svg, "path", { class: at ? "grid" : "zero", d: `M${LEFT} ${TOP + Y(at)}h${WIDTH}` });
      draw(svg, "text", { x: LEFT - 6, y: TOP + Y(at) + 4, "text-anchor": "end" }, text(at));
    }
    const area = draw(svg, "svg", { x: LEFT, y: TOP, width: WIDTH, height: HEIGHT }); // it clips
    const hair = draw(area, "path", { class: "hair" });

    let d = "";
    let pen = "M";
    const to = (x, y) => {
      if (!missing(y)) d += pen + X(x).toFixed(1) + " " + Y(y).toFixed(1);
      pen = missing(y) ? "M" : "L";
    };
    data.x.forEach((x, i) => {
      const point = data.at[i];
      if (!point?.break) return to(x, data[name][i]);
      to(x, sides(point)[0]); // a piece ends here: at the limit from its side
      pen = "M";
      to(x, sides(point)[1]);
    });
    draw(area, "path", { class: "curve", d });

    const lines = draw(area, "g");
    const ends = data.at.filter((point) => point?.break);
    for (const point of ends) for (const y of sides(point)) dot(area, "limit", point.x, y);
    for (const point of ends) dot(area, "value", point.x, point[name]);
    const here = draw(area, "g");
    const clear = (seen) => {
      lines.replaceChildren();
      here.replaceChildren();
      hair.setAttribute("d", seen ? `M${X(x)} 0v${HEIGHT}` : "");
    };
    const at = (share) => first + ((share * 360 - LEFT) / WIDTH) * (last - first);
    return { clear, line, at, dot: (y) => dot(here, "here", x, y) };
  };

  /* Stand at a step of the slider, or at a special point, which need not be on it. */
  const go = (i, point = data.at[i]) => {
    slider.value = i;
    x = point ? point.x : data.x[i];
    const { f, g, left = null, right = null } = point ?? { f: data.f[i], g: data.g[i] };
    const gradient = g === null ? "no gradient" : text(g);
    [text(x), text(f), gradient, text(left), text(right)].forEach((value, n) => (cells[n].textContent = value));
    slider.setAttribute("aria-valuetext", `x = ${text(x)}, f(x) = ${text(f)}, gradient ${gradient}`);
    let said = "A smooth point: the gradient is the slope of f.";
    const verdict = g !== null && point ? " – " + point.verdict : "";
    if (point || isNaN(g ?? NaN)) said = `At x = ${text(x)} PyTorch returns ${gradient}${verdict}.`;
    if (left !== null) said += ` Left slope ${text(left)}.`;
    if (right !== null) said += ` Right slope ${text(right)}.`;
    if (status.textContent !== said) status.textContent = said; // said once
    for (const button of box.querySelectorAll("button")) button.setAttribute("aria-pressed", button.point === point);
    const [curve, slope] = panels;
    const seen = x >= data.x[0] && x <= data.x.at(-1);
    for (const one of panels) one.clear(seen);
    if (!seen) return;
    curve.line("side", point?.limits[0] ?? f, left, REACH, 0);
    curve.line("side", point?.limits[1] ?? f, right, 0, REACH);
    curve.line("own", f, g, REACH, REACH);
    curve.dot(f);
    slope.dot(g);
  };

  /* The address keeps what is shown; browsers refuse many changes at once. */
  const remember = () => {
    clearTimeout(timer);
    timer = setTimeout(() => history.replaceState(null, "", `#${data.id}&x=${key(x)}`), 300);
  };

  const step = (...place) => (go(...place), remember());
  const nearest = (x) => data.x.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(data.x[best] - x) ? i : best), 0);
  const snapped = (i) => {
    // a drag stops at a special point that is two steps away
    for (let d = 0; d <= 2; d++) for (const j of [i - d, i + d]) if (data.at[j]) return j;
    return i;
  };
  const place = (point) => (isFinite(point.x) ? nearest(point.x) : slider.value);

  /* Show the function that is wanted: at the x that is wanted, or at its first breakpoint. */
  const show = () => {
    data = known[wanted.id];
    select.value = data.id;
    const link = make("a", { href: new URL(data.card, root), textContent: "The card of " + data.name });
    part("card").replaceChildren(link);
    part("panels").setAttribute("aria-label", data.alt);
    svgs[0].previousElementSibling.textContent = "f(x) = " + data.call;
    panels = [panel(svgs[0], "f", (p) => p.limits), panel(svgs[1], "g", (p) => [p.left, p.right])];
    slider.disabled = false;
    slider.max = data.x.length - 1;
    slider.list.replaceChildren(...data.at.flatMap((point, i) => (point ? [new Option("", i)] : [])));
    const buttons = data.points.map((point) => {
      const onclick = () => step(place(point), point);
      return make("button", { textContent: text(point.x), point, onclick });
    });
    part("points").lastChild.replaceChildren(...buttons);
    const start = data.at.find((point) => point?.break) ?? data.at.find(Boolean);
    const asked = wanted.at ? data.points.find((point) => key(point.x) === wanted.at) : start;
    if (asked) go(place(asked), asked);
    else go(nearest(+wanted.at));
  };

  const load = (id, at) => {
    clearTimeout(timer);
    wanted = { id, at };
    if (known[id]) return show();
    const src = new URL(`data/explorer/${id}.js`, root);
    const onerror = () => (status.textContent = `The values of ${id} did not load. Is there a connection?`);
    document.head.append(make("script", { src, onerror }));
  };

  const strings = { nan: NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 }; // what JSON lacks
  window.explorer = (values) => {
    const value = JSON.parse(JSON.stringify(values), (_, v) => strings[v] ?? v);
    value.at = value.x.map((at) => value.points.find((point) => Object.is(point.x, at)));
    known[value.id] = value;
    if (value.id === wanted.id) show();
  };

  const read = () => {
    const [id, asked] = location.hash.slice(1).split("&x=");
    if ([...select.options].some((option) => option.value === id)) load(id, asked);
    else if (!data) load(select.value);
  };

  slider.onpointerdown = () => (held = true);
  slider.onchange = slider.onkeydown = () => void (held = false);
  slider.oninput = () => step(held ? snapped(+slider.value) : +slider.value);
  select.onchange = () => location.replace("#" + select.value); // which read() sees
  for (const svg of svgs) {
    let down; // where a drag began, until it goes sideways
    const follow = (event) => {
      const { left, width } = svg.getBoundingClientRect();
      step(snapped(nearest(panels[0].at((event.clientX - left) / width))));
    };
    svg.onpointerdown = (event) => svg.setPointerCapture((down = event).pointerId);
    svg.onpointermove = (event) => {
      if (!svg.hasPointerCapture(event.pointerId)) return;
      const gone = (axis) => Math.abs(event[axis] - down[axis]);
      if (down && gone("clientX") <= gone("clientY")) return;
      down = null;
      follow(event);
    };
    svg.onclick = (event) => (follow(event), slider.focus({ preventScroll: true }));
  }
  addEventListener("hashchange", read);
  read();
})();
