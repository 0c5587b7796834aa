/*
 * The search worker: it stands in the place of the theme's own and speaks its messages.
 *
 * Pages are ranked, and below each page its sections. A page's score is BM25 over five fields (title, opening, headings,
 * names, text), more for a name of a function or a topic, and more where the words of a query stand together: an error
 * text shares its words with many pages, but their order with few. The sections and the glossary come with the first
 * query, so that no page has to load them. livedocs/publish/search.py writes both.
 */
(() => {
  "use strict";

  const [SETUP, READY, QUERY, RESULT] = [0, 1, 2, 3]; // the theme's messages
  const FIELDS = { title: [6, 0.3], opening: [3, 0.4], heading: [2.5, 0.6], names: [3, 0.4], text: [1, 0.6] }; // weight, b
  const SATURATION = 1.4; // BM25's k1
  const NAME = 6; // what a name counts, times how rare it is
  const APART = 0.5; // what a name counts whose words stand apart
  const CODED = 1.4; // what a name counts that is written as code
  const WHOLE = 2; // the least that a name counts which is the whole query
  const COMMON = 0.6; // words that are less rare than this are on most pages: gradient, nan, zero
  const RARITY = 0.9; // the least that a name's rarity counts: relu is on half of the pages
  const HEADLINE = 0.4; // what a word of the query counts in a title, by how rare it is in titles
  const SEVERAL = 0.6; // what each further name counts that a page has
  const PLAIN = 2; // what the card of a function counts beside those of its variants
  const TITLE = 0.5; // what it counts beside that to be named in a page's title
  const TOGETHER = 1.5; // what words of the query in a row count in a section
  const SECTION = 0.6; // what a page's best section counts beside the page
  const OTHER = 0.6; // another word for the same thing, beside the word itself
  const GUESS = 0.7; // the beginning of a word, or a word with a slip
  const LEAST = 0.25; // pages with less than this share of the best score are no answer
  const CHAPTER = 0.5; // a page of a chapter comes before the index of the chapter
  const UNKNOWN = 2; // the weight of a word that is nowhere on the site
  const COVERED = 0.25; // nor is one with less than this share of the query's weight
  const ROW = 4; // with more words in a row it is one, whatever stands around them: a pasted traceback
  const SHOWN = 5; // sections of a page
  const DOUBTFUL = 0.7; // what a name counts that is a word of sentences too
  const LONGEST = 6; // words of a name
  const IDENTIFIER = /\b\w+_\w+\b/g; // log_target is a word beside log and target
  const NODE = /backward\d*$/; // the end of the name of a node of the graph
  const EXCERPT = 220; // characters

  let setup; // the theme's settings
  let index;
  let starting; // a promise of the index
  let latest; // the query

  addEventListener("message", ({ data: { type, data } }) => {
    if (type === SETUP) {
      setup = data;
      postMessage({ type: READY });
    } else if (type === QUERY) answer(data);
  });

  async function answer(text) {
    latest = text;
    const nothing = !/[\p{L}\p{N}]/u.test(text);
    if (!nothing) index = await start();
    if (text === latest) postMessage({ type: RESULT, data: nothing ? { items: [] } : search(text) });
  }

  function start() {
    starting ??= load();
    starting.catch(() => (starting = undefined)); // the network may come back
    return starting;
  }

  /** The sections are there already where the site is read from a folder. */
  async function load() {
    const { config, docs } = setup;
    if (docs.length) return build(docs, config.glossary);
    const here = self.document?.currentScript?.src ?? location.href;
    const fetched = await fetch(new URL(`../${config.sections}`, here));
    const { sections, glossary } = await fetched.json();
    return build(sections, glossary);
  }

  // ---- Words

  /** A text without tags, and without marks that part words elsewhere. */
  const bare = (html) => html.replace(/<[^>]*>/g, " ").replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

  /** The words of a text. x**0.5 and 0**0 are words; a dot and a star part all others. */
  function split(text) {
    const marks = text.toLowerCase().replace(/\s*\*\*\s*/g, "⁎⁎").replace(/[*\\]/g, " ").replaceAll("⁎⁎", "**");
    return marks.split(separator()).filter((word) => /[\p{L}\p{N}]/u.test(word));
  }

  const separator = () => (separator.made ??= new RegExp(setup.config.separator));

  const stems = new Map();

  /** The stem of an English word: masks, masked and masking are one. */
  function stem(word) {
    if (!stems.has(word)) stems.set(word, cut(word));
    return stems.get(word);
  }

  function cut(word) {
    if (word.length < 4 || !/^[a-z]+$/.test(word)) return word;
    let short = word.replace(/(?<=[^aeious])ies$/, "y").replace(/(?<=[^aeious]|[aeio][^s]?e)s$/, "");
    if (short.length > 5 && /[aeiou].*(ing|ed)$/.test(short)) short = short.replace(/(ing|ed)$/, "").replace(/([^aeiouls])\1$/, "$1");
    short = short.replace(/(?<=\w{2}iz)ation$|(?<=\w{3}[st])ion$/, "");
    return short.length > 4 ? short.replace(/e$/, "") : short;
  }

  /** A name in one word, as the index has it: leaky_relu, leaky relu and LeakyReLU are one. */
  const joined = (words) => words.join("").replaceAll("_", "");

  /** The names in a title. */
  const namesIn = (title) => bare(title).split(/[^\w*]+/).map((word) => joined([word.toLowerCase()]));

  // ---- The index

  function build(sections, glossary) {
    const pages = new Map();
    const made = {
      words: new Map(), // stem: its number
      written: new Set(), // words as they are written
      said: new Set(), // two words in a row
      phrases: new Map(), // a name of several words: their stems
      found: new Map(), // stem: its pages, with the weight of its count there
      names: new Map(), // name: its pages, with what it counts there
      headings: new Map(), // title of a page or section that no other has: its page
      ...spelled(glossary),
    };
    for (const section of sections) addSection(section, pages, made);
    const all = (made.pages = [...pages.values()].filter((page) => page.head));
    const average = {};
    for (const field in FIELDS) average[field] = all.reduce((sum, { sizes }) => sum + (sizes[field] ?? 0), 0) / all.length || 1;
    for (const page of all) {
      const below = page.address && all.some((other) => other !== page && other.address.startsWith(page.address));
      if (below) page.boost = Math.min(page.boost, CHAPTER);
      weighWords(page, average, made);
      for (const section of page.sections) weighNames(section, page, made);
    }
    made.vocabulary = [...new Set([...made.written, ...made.names.keys()])].filter((word) => !/^[\d.]+$/.test(word));
    const rare = (count) => Math.log(1 + (all.length - count + 0.5) / (count + 0.5));
    made.rarity = (word) => rare(made.found.get(word)?.size ?? 0);
    made.headline = (word) => rare(all.filter((page) => page.counts.get(word)?.title).length);
    return made;
  }

  /** Counts the words of a section for its page. */
  function addSection(section, pages, { words, written, said, phrases }) {
    const [address, anchor] = section.location.split("#");
    if (!pages.has(address)) pages.set(address, { address, sections: [], boost: 1, counts: new Map(), sizes: {} });
    const page = pages.get(address);
    const [title, text, about] = [section.title, section.text, section.about ?? ""].map((html) => split(bare(html)));
    for (const word of [...title, ...text, ...about]) written.add(word);
    for (const list of [title, text]) list.forEach((word, i) => said.add(joined([word, list[i + 1] ?? ""])));
    const names = (section.names ?? "").split(" ").map(split).filter((name) => name.length);
    const several = names.filter((name) => name.length > 1).map((name) => [joined(name), name.map(stem)]);
    for (const [name, parts] of several) phrases.set(name, parts);
    const fields = {
      text: [...text.map(stem), ...matching(bare(section.text), IDENTIFIER)],
      names: [...names.map(joined), ...several.flatMap(([, parts]) => parts)],
    };
    fields[anchor ? "heading" : "title"] = title.map(stem);
    if (!anchor) fields.opening = [...fields.text, ...about.map(stem)];
    for (const [field, list] of Object.entries(fields)) {
      page.sizes[field] = (page.sizes[field] ?? 0) + list.length;
      for (const word of list) {
        if (!page.counts.has(word)) page.counts.set(word, {});
        const counts = page.counts.get(word);
        counts[field] = (counts[field] ?? 0) + 1;
      }
    }
    const number = (word) => words.get(word) ?? (words.set(word, words.size), words.size - 1);
    const [heading, body] = [title, text].map((list) => list.map((word) => number(stem(word))));
    if (!anchor) Object.assign(page, { head: section, heading, boost: section.boost ?? 1, title: namesIn(section.title) });
    // Heading and text do not touch: no row of words goes over -1.
    page.sections.push({ section, names: names.map(joined), title: joined(title), words: [...heading, -1, ...body] });
  }

  /** BM25's weight of each word of a page, over its fields. */
  function weighWords(page, average, { found }) {
    for (const [word, counts] of page.counts) {
      let weight = 0;
      for (const field in counts) {
        const [times, b] = FIELDS[field];
        weight += (times * counts[field]) / (1 - b + (b * page.sizes[field]) / average[field]);
      }
      if (!found.has(word)) found.set(word, new Map());
      found.get(word).set(page, weight / (weight + SATURATION));
    }
  }

  /** What each name of a section counts: more at the card of the function itself, less without its "loss". */
  function weighNames({ section, names: own, title }, page, { names, headings }) {
    headings.set(title, headings.has(title) ? undefined : page);
    const plain = joined(split(section.title.slice(section.title.lastIndexOf(".") + 1)));
    for (const name of own) {
      for (const spelling of new Set([name, section.location.includes("#") ? name.replace(/loss$/, "") : name])) {
        if (spelling.length < 2) continue;
        if (!names.has(spelling)) names.set(spelling, new Map());
        const there = names.get(spelling);
        there.set(page, Math.max(name === plain ? PLAIN : spelling === name ? 1 : 0.9, there.get(page) ?? 0));
      }
    }
  }

  /** The glossary as queries look things up in it. */
  function spelled(glossary = {}) {
    const { same = [], chinese = {}, missing = [], code = [], everyday = [], filler = [] } = glossary;
    const others = new Map(); // a name or a word: the group of what is the same
    for (const line of same) {
      const group = line.map(split);
      for (const words of group) {
        const key = words.map(stem).join(" ");
        others.set(key, [...(others.get(key) ?? []), ...group.filter((other) => other !== words)]);
      }
    }
    return {
      others,
      chinese,
      longest: Math.max(0, ...Object.keys(chinese).map((term) => term.length)),
      missing: new Set(missing),
      code: new Set(code),
      everyday: new Set(everyday.map((text) => joined(split(text)))),
      filler: new Set(filler.flatMap(split).flatMap((word) => [word, stem(word)])),
    };
  }

  // ---- A query

  /** Chinese terms in the site's words. */
  function translated(text) {
    return text.replace(/\p{Script=Han}+[\p{Script=Han}\d]*/gu, (run) => {
      let said = "";
      for (let at = 0; at < run.length; ) {
        let size = Math.min(index.longest, run.length - at);
        while (size && !(run.slice(at, at + size) in index.chinese)) size--;
        said += size ? ` ${index.chinese[run.slice(at, at + size)]} ` : /\d/.test(run[at]) ? run[at] : " ";
        at += size || 1;
      }
      return ` ${said} `;
    });
  }

  const ROOTS = /\b(?:torch|tensor|nn|functional|func|linalg|special|fft|optim|utils|masked|sparse|nested|signal|rnn|autograd|f|jnp|np|jax|tf|loss|[a-z])(?:\.|::)(?=[a-z_])/gi;
  const ROOTED = /(?<=\b(?:torch|tensor|nn|functional|f)(?:\.|::))[a-z_]\w*/gi;
  const WRITTEN = [
    /(?<=[\w\])](?:\.|::))[a-z_]\w*/gi, // x.mean
    /[a-z_]\w*(?=\((?!\):))/gi, // mean(x), but not the mean(): of an error text
    /\b\w*_\w+|\b\w*[a-z][A-Z]\w*/g, // l1_loss, L1Loss
  ];

  /** The names in a text that a pattern matches, in one word each. */
  const matching = (text, pattern) => [...text.matchAll(pattern)].map(([name]) => joined([name.toLowerCase()]));

  /** What a query asks for: names, words, names without a page, and all of its words in their order. */
  function read(text) {
    const english = translated(text);
    const plain = english.replace(ROOTS, " ");
    const typing = /[\p{L}\p{N}_]$/u.test(text) ? split(plain).at(-1) : undefined;
    const all = split(plain).map((word) => (word === typing && begins(word) ? word : corrected(word)));
    const rooted = new Set(matching(english, ROOTED)); // names that are said to be PyTorch's
    const written = new Set(WRITTEN.flatMap((pattern) => matching(english, pattern))); // names that are written as code
    const content = all.filter((word) => rooted.has(word) || !(index.filler.has(word) || index.filler.has(stem(word))));
    const words = content.length ? content : all;
    const query = { plain, all, words, rooted, written, typing, missing: [], heading: index.headings.get(joined(all)) };
    findNames(query);
    findPhrases(query);
    findWords(query);
    addSynonyms(query);
    query.order = all.map((word) => index.words.get(stem(word)) ?? -2);
    query.worths = all.map(stem).map((word) => (index.found.has(word) ? index.rarity(word) + 0.15 : 0));
    return query;
  }

  /** Names in a query, the longest first, by how sure it is that they are meant; and names that no page has. */
  function findNames(query) {
    const { plain, all, words, typing, missing } = query;
    const inside = partings(plain, /(?<=_)(?=[\p{L}\p{N}])/u); // of an identifier: log in log_target is no name
    const opened = partings(plain, /\(/); // clamp(min=0) is not clamp_min
    const names = (query.names = new Map());
    const taken = (query.taken = new Set()); // places of words that are part of a name
    for (let size = Math.min(LONGEST, all.length); size; size--) {
      for (let at = 0; at + size <= all.length; at++) {
        const places = Array.from({ length: size }, (_, i) => at + i);
        if (places.some((place) => taken.has(place)) || inside.has(at) || inside.has(at + size)) continue;
        const part = all.slice(at, at + size);
        const spoken = !query.written.has(joined(part)); // "as a tensor" is no name, as_tensor is one
        if (size > 1 && spoken && index.filler.has(part[0]) && index.filler.has(part.at(-1))) continue;
        const name = [joined(part), joined(part).replace(NODE, "")].find((one) => index.names.has(one));
        if (name && !index.phrases.has(name) && places.slice(1).some((place) => opened.has(place))) continue;
        const sure = name && sureness(name, part, query);
        if (sure) names.set(name, sure * worthOf(part));
        else if (!name && lacking(part, query)) missing.push(part.join("_"));
        else continue;
        for (const place of places) taken.add(place);
      }
    }
    if (typing?.length > 2 && !known(typing)) {
      for (const name of index.names.keys()) if (name.startsWith(typing)) names.set(name, GUESS * RARITY);
    }
  }

  /** How sure it is that a part of a query means a name: less for one that sentences have too. */
  function sureness(name, part, { all, words, rooted, written }) {
    if (part.length === all.length || words.every((word) => part.includes(word))) return Math.max(1, WHOLE / worthOf(part));
    const doubtful = index.everyday.has(name) || (part.length === 1 && index.filler.has(name));
    if (doubtful) return written.has(joined(part)) ? DOUBTFUL : 0;
    return rooted.has(name) ? CODED : 1;
  }

  /** Whether a part of a query is a name of PyTorch's that no page has. */
  function lacking(part, { words, rooted, written }) {
    const name = joined(part);
    const base = name.replace(NODE, "");
    const alone = words.length < 4 && words.every((word) => part.includes(word) || index.rarity(stem(word)) < COMMON);
    const meant = written.has(name) || alone;
    if (index.names.has(base) || (part.length > 1 && !meant && index.said.has(name))) return false;
    if (rooted.has(name) && !known(name) && !index.filler.has(name)) return true;
    return index.missing.has(base) || (index.code.has(base) && (meant || base !== name));
  }

  /** Names of several words that stand apart: loss suddenly becomes nan. */
  function findPhrases(query) {
    const stems = new Set(query.words.map(stem));
    query.phrases = new Map();
    for (const [name, parts] of index.phrases) {
      const there = parts.every((part) => stems.has(part) && /[^\W\d]{2}/.test(part));
      if (there && !query.names.has(name)) query.phrases.set(name, APART * worthOf(parts));
    }
  }

  /** The slots of a query: for each stem the words that may stand for it, with their weights. */
  function findWords(query) {
    const lost = new Set(query.missing.flatMap(split));
    const slots = (query.slots = new Map());
    for (const word of query.words) {
      const own = stem(word);
      if (!slots.has(own)) slots.set(own, lost.has(word) ? new Map([[own, 1]]) : spellings(word, own, word === query.typing));
    }
    for (const one of matching(query.plain, IDENTIFIER)) if (index.found.has(one)) slots.set(one, new Map([[one, 1]]));
  }

  /** Other words and names for what is asked for. */
  function addSynonyms({ all, names, taken, slots }) {
    for (let size = 4; size; size--) {
      for (let at = 0; at + size <= all.length; at++) {
        const part = all.slice(at, at + size);
        const own = names.has(joined(part));
        if (part.every((_, i) => taken.has(at + i)) && !own) continue; // inside a longer name
        for (const other of index.others.get(part.map(stem).join(" ")) ?? []) {
          const name = joined(other);
          if (index.names.has(name) && !names.has(name) && !own && !index.everyday.has(name)) {
            names.set(name, (size > 1 ? 0.9 : 0.5 * OTHER) * worthOf(other));
          }
          if (other.length !== 1) continue;
          const word = stem(other[0]);
          const slot = slots.get(stem(part[0]));
          if (size > 1) slots.set(` ${word}`, new Map([[word, OTHER]]));
          else slot?.set(word, Math.max(OTHER, slot.get(word) ?? 0));
        }
      }
    }
  }

  /** The places of words at which a text parts. */
  function partings(text, pattern) {
    const places = new Set();
    let place = 0;
    for (const part of text.split(pattern)) places.add((place += split(part).length));
    places.delete(place);
    return places;
  }

  /** What a name counts: the rarity of its words. A function's is a word that may be on half of the pages. */
  function worthOf(words) {
    const least = words.length === 1 ? RARITY : 0.3 * words.length;
    return Math.min(6, Math.max(least, words.reduce((sum, word) => sum + index.rarity(stem(word)), 0)));
  }

  const known = (word) => index.found.has(stem(word)) || index.names.has(word) || index.missing.has(word) || index.code.has(word);

  const begins = (word) => word.length > 1 && index.vocabulary.some((other) => other.startsWith(word));

  /** A word that is nowhere, as it may have been meant. */
  function corrected(word) {
    if (word.length < 4 || known(word) || index.filler.has(word) || /^[\d.]+$/.test(word)) return word;
    const near = nearest(word, index.vocabulary);
    const spread = (other) => (index.names.has(other) ? 1000 : 0) + (index.found.get(stem(other))?.size ?? 0);
    return near.sort((a, b) => spread(b) - spread(a))[0] ?? word;
  }

  /** A word, or those that it begins while it is typed. */
  function spellings(word, own, typing) {
    const slot = new Map([[own, 1]]);
    if (!typing || known(word) || word.length < 2) return slot;
    for (const other of index.vocabulary) if (other.startsWith(word)) slot.set(stem(other), GUESS);
    return slot;
  }

  /** Words one slip away; of long ones two slips, or with the same beginning. The first letter is typed right. */
  function nearest(word, candidates) {
    const near = candidates.filter((other) => other[0] === word[0] && Math.abs(other.length - word.length) < 3);
    const away = new Map(near.map((other) => [other, distance(word, other)]));
    const within = (most) => near.filter((other) => away.get(other) <= most);
    const one = within(1);
    if (one.length || word.length < 6) return one;
    return word.length < 8 ? [] : within(2);
  }

  /** How many letters to change, leave out, add or swap. More than two count as three. */
  function distance(a, b) {
    const other = a.length < 6 ? 2 : 1; // of a short word another letter makes another word: slow, show
    let before = [];
    let last = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const row = [i];
      for (let j = 1; j <= b.length; j++) {
        row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] === b[j - 1] ? 0 : other));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], before[j - 2] + 1);
      }
      if (Math.min(...row) > 2) return 3;
      [before, last] = [last, row];
    }
    return last[b.length];
  }

  // ---- An answer

  function search(text) {
    const query = read(text);
    query.weights = new Map([...query.slots].map(([word, slot]) => [word, weigh(word, slot)]));
    const scored = index.pages.map((page) => rate(page, query)).filter(Boolean);
    // A list of error texts comes behind the page that prints one, and before the third of many that do.
    const longest = Math.max(ROW + 1, ...scored.map(({ row }) => row));
    const printed = scored.filter(({ row }) => row === longest).length;
    for (const one of scored) {
      if (one.row > ROW && one.page.boost < 1) one.score *= printed > 3 ? 1.1 : 0.9;
    }
    scored.sort((a, b) => b.score - a.score);
    const pages = scored.filter(({ score }) => score >= LEAST * scored[0].score);
    const items = pages.map((found) => group(found, query));
    if (query.missing.length) items.unshift(notYet(query, pages[0]?.score ?? 1));
    return { items, suggest: completion(query) };
  }

  /** The weight of a slot: how rare its word is, or the rarest that may stand for it. */
  function weigh(word, slot) {
    const there = [...slot.keys()].filter((one) => index.found.has(one));
    if (!there.length) return UNKNOWN;
    return there.includes(word) ? index.rarity(word) : Math.max(...there.map(index.rarity));
  }

  /** A page's score; nothing for a page that is no answer. */
  function rate(page, query) {
    const share = (word) => Math.min(UNKNOWN, query.weights.get(word));
    let score = 0;
    let covered = 0;
    let whole = 0;
    const absent = [];
    for (const [word, slot] of query.slots) {
      const best = Math.max(...[...slot].map(([one, weight]) => weight * (index.found.get(one)?.get(page) ?? 0)));
      score += best * query.weights.get(word);
      whole += share(word);
      if (best) covered += share(word);
      else if (!word.startsWith(" ")) absent.push(word); // a synonym was not typed
    }
    for (const word of new Set(query.words.map(stem))) {
      if (page.counts.get(word)?.title) score += HEADLINE * index.headline(word);
    }
    let named = rateNames(page, query);
    const apart = [...query.phrases].filter(([name]) => index.names.get(name).has(page)).map(([, sure]) => sure);
    if (apart.length) score += NAME * Math.max(...apart) * (named ? 0.5 : 1);
    if (query.heading === page) named += NAME * WHOLE;
    if (!score && !named) return undefined;

    const sections = rankSections(page, query);
    const { row } = sections[0];
    const coverage = covered / (whole || 1);
    score = score * (0.5 + 0.5 * coverage) + named;
    score += SECTION * (sections[0].score + TOGETHER * run(page.heading, query).worth);
    if (row <= ROW && !unrelated(query.names) && !vague(query)) score *= page.boost;
    return named || coverage >= COVERED || row > ROW ? { page, score, sections, absent, row } : undefined;
  }

  /** What the names of a query count for a page. */
  function rateNames(page, { names }) {
    let named = 0;
    let count = 0;
    for (const [name, sure] of names) {
      const there = index.names.get(name);
      const titled = page.title.includes(name);
      const own = there.get(page) ?? 0;
      if (own || titled) count++;
      named += (NAME * sure * (names.size > 1 ? Math.min(1, own) : own)) / (1 + 0.15 * (there.size - 1));
      if (titled) named += NAME * sure * TITLE;
    }
    return named * (1 + SEVERAL * Math.max(0, count - 1));
  }

  /** Whether a query has nothing but words that are everywhere: then the list of symptoms is an answer. */
  function vague({ names, weights }) {
    return !names.size && [...weights.values()].every((weight) => weight < COMMON);
  }

  /** Whether several names share no page: then a list of functions is an answer. */
  function unrelated(names) {
    const pages = [...names.keys()].flatMap((name) => [...index.names.get(name).keys()]);
    return names.size > 1 && new Set(pages).size === pages.length;
  }

  /** The sections of a page, those first that have most of the query's words, in its order. */
  function rankSections(page, query) {
    const wanted = new Map(); // a word's number: its weight
    for (const [word, slot] of query.slots) {
      for (const [one, weight] of slot) {
        const n = index.words.get(one);
        if (n !== undefined) wanted.set(n, { slot: word, weight: Math.max(weight * index.rarity(one), wanted.get(n)?.weight ?? 0) });
      }
    }
    const scored = page.sections.map((one) => {
      const best = new Map();
      for (const n of one.words) {
        const hit = wanted.get(n);
        if (hit && hit.weight > (best.get(hit.slot) ?? 0)) best.set(hit.slot, hit.weight);
      }
      let score = [...best.values()].reduce((sum, weight) => sum + weight, 0);
      const { worth, size } = score ? run(one.words, query) : { worth: 0, size: 0 };
      const own = one.names.filter((name) => query.names.has(name)).length;
      return { ...one, score: score + TOGETHER * worth + 2 * own, row: size };
    });
    return scored.sort((a, b) => b.score - a.score);
  }

  /** The row of words that a section shares with a query, and what it is worth; one word is none. */
  function run(words, { order, worths }) {
    const most = { worth: 0, size: 0 };
    let last = [];
    for (const n of words) {
      const now = [];
      for (let i = 0; i < order.length; i++) {
        if (order[i] !== n) continue;
        const [size, sum] = last[i - 1] ?? [0, 0];
        now[i] = [size + 1, sum + worths[i]];
        if (!size) continue;
        most.worth = Math.max(most.worth, now[i][1] * Math.log2(1 + size));
        most.size = Math.max(most.size, size + 1);
      }
      last = now;
    }
    return most;
  }

  /** A page and its sections, as the theme shows them. */
  function group({ page, score, sections, absent }, query) {
    const marks = new Set([...query.slots.values()].flatMap((slot) => [...slot.keys()]));
    const terms = Object.fromEntries(query.words.filter((word) => word.length > 2).map((word) => [word, !absent.includes(stem(word))]));
    const item = ({ section }, value, own) => ({
      ...section,
      title: marked(bare(section.title), marks),
      text: excerpt(section.text, marks),
      score: value,
      terms: own,
    });
    const hit = sections.filter((one) => one.score && one.section !== page.head);
    const most = hit[0]?.score;
    const below = hit.filter((one) => one.score >= 0.5 * most).slice(0, SHOWN);
    const items = below.map((one, i) => item(one, i ? score * 0.9 : score, i ? {} : {}));
    return [item({ section: page.head }, score, terms), ...items];
  }

  /** "No page yet", and the way to what there is. */
  function notYet({ missing }, score) {
    const list = index.pages.find((page) => page.address === "functions/") ?? index.pages[0];
    const title = `No page yet for ${missing.map(escaped).join(", ")}`;
    return [{ location: list.address, title, text: "The functions that have one.", score: score + 1, terms: {} }];
  }

  /** The word that the last one of the query begins, in a title. */
  function completion({ all }) {
    const last = all.at(-1) ?? "";
    const longer = [...index.found.keys()].filter((word) => word.startsWith(last) && word !== last);
    const best = longer.sort((a, b) => index.found.get(b).size - index.found.get(a).size)[0];
    return last.length > 1 && !index.found.has(last) && best ? [best] : [];
  }

  const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

  /** A text as HTML, with the words of the query marked. */
  function marked(text, marks) {
    return text
      .split(/([\p{L}\p{N}]+)/u)
      .map((part) => (part.length > 2 && marks.has(stem(part.toLowerCase())) ? `<mark>${part}</mark>` : escaped(part)))
      .join("");
  }

  /** The part of a section's text that has most of the query's words. */
  function excerpt(html, marks) {
    const text = bare(html).replace(/\s+/g, " ").trim();
    const hits = [...text.matchAll(/[\p{L}\p{N}]+/gu)].filter(([word]) => word.length > 2 && marks.has(stem(word.toLowerCase())));
    let start = 0;
    let most = 0;
    for (const { index: at } of hits) {
      const inside = new Set(hits.filter((hit) => hit.index >= at && hit.index < at + EXCERPT).map(([word]) => word.toLowerCase())).size;
      if (inside > most) [start, most] = [at, inside];
    }
    start = start < EXCERPT / 2 ? 0 : text.indexOf(" ", start - 40) + 1;
    const end = text.length > start + EXCERPT ? text.lastIndexOf(" ", start + EXCERPT) : text.length;
    return `${start ? "… " : ""}${marked(text.slice(start, end), marks)}${end < text.length ? " …" : ""}`;
  }
})();
