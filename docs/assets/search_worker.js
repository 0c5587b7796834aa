/*
 * The search worker. The theme's own worker does the searching, with lunr; this one stands in front of it.
 *
 * It fetches that worker and the sections of the site with the first query, so that no page has to load them. It reads
 * a query as people type or paste it, and says it in lunr's words. And it puts those sections first in which the words
 * stand together as they do in the query: lunr knows no phrases, and error texts share most of their words.
 */
(() => {
  "use strict";

  const [SETUP, READY, QUERY, RESULT] = [0, 1, 2, 3]; // the theme's messages
  const EXACT = 10; // a whole word counts this many times as much as the beginning of one
  const SENTENCE = 4; // a query of more parts is a sentence: an error text, as a rule
  const RAREST = 8; // of a sentence only so many words are looked for
  const RARE = 3; // a word in no more sections than this is as telling as a name
  const PHRASE = 5; // how much it counts that words stand together
  const OPENING = 0.4; // the theme prefers a page's opening to its sections, 5 to 2; for a sentence that is undone
  const POWER = "⁎⁎"; // stands for **, which lunr would take for wildcards

  let setup; // the theme's settings
  let sections; // by address
  let index; // lunr's
  let starting; // a promise of the index
  let onReady;
  let latest; // the query
  const texts = new Map(); // the words of a section, by address

  addEventListener("message", (event) => {
    if (passing) return;
    event.stopImmediatePropagation();
    if (event.data.type === SETUP) setUp(event.data);
    if (event.data.type === QUERY) search(event.data.data);
  });

  const post = self.postMessage.bind(self);
  self.postMessage = (message) => {
    if (message.type === READY) onReady();
    else post({ type: RESULT, data: { ...message.data, items: ranked(message.data.items) } });
  };

  let passing = false;
  /** Hands a message on to the theme's worker. */
  function pass(data) {
    passing = true;
    dispatchEvent(new MessageEvent("message", { data }));
    passing = false;
  }

  async function setUp(message) {
    setup = message.data;
    if (setup.docs.length) await start(); // the sections are there already: the site is read from a folder
    post({ type: READY });
  }

  async function search(text) {
    latest = text;
    if (!text.trim()) return post({ type: RESULT, data: { items: [] } });
    await start();
    if (text === latest) pass({ type: QUERY, data: rewrite(text) });
  }

  function start() {
    starting ??= load();
    starting.catch(() => (starting = undefined)); // the network may come back
    return starting;
  }

  async function load() {
    const { config, docs } = setup;
    const fetched = docs.length ? JSON.stringify(docs) : fetch(at(config.sections)).then((answer) => answer.text());
    if (!self.lunr) {
      await run(at(config.worker));
      const build = lunr.Builder.prototype.build;
      lunr.Builder.prototype.build = function () {
        return (index = build.call(this));
      };
    }
    const all = JSON.parse((await fetched).replaceAll("**", POWER));
    sections = new Map(all.map((section) => [section.location, section]));
    const ready = new Promise((resolve) => (onReady = resolve));
    pass({ type: SETUP, data: { ...setup, docs: all } });
    return ready;
  }

  const here = self.document?.currentScript.src ?? location.href;
  const at = (path) => new URL(`../${path}`, here).href;

  /** Runs a script: in a worker, or in the frame that stands for one where the site is read from a folder. */
  function run(url) {
    if (!self.document) return importScripts(url);
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      Object.assign(script, { src: url, onload: resolve, onerror: reject });
      document.head.append(script);
    });
  }

  /** A query in lunr's language. */
  function rewrite(text) {
    const bare = plain(text);
    const all = split(bare);
    const words = [...new Set(all)];
    if (isSentence(bare)) {
      return words
        .filter(known)
        .sort((a, b) => spread(a) - spread(b))
        .slice(0, RAREST)
        .flatMap((word) => within(word, ["text"], 1))
        .join(" ");
    }
    // A name of several words is one word in the field of names: leaky_relu, and leaky relu too.
    const joined = bare.split(/[^\p{L}\p{N}_]+/u).filter((part) => part.includes("_"));
    if (all.length > 1 && all.length < 4) joined.push(all.join(""));
    const names = joined.map((name) => name.replaceAll("_", ""));
    const found = names.filter(known);
    // A word of a longer query is no name: log in "p log p" is not the function.
    const fields = all.length > 2 || found.length ? ["title", "text"] : [];
    const terms = words.flatMap((word) => {
      if (known(word)) return [...within(word, fields, EXACT), `title:${word}`, `text:${word}`];
      if (begins(word)) return [word];
      return nearest(word).map((other) => `${other}^${EXACT}`);
    });
    if (!words.every((word) => known(word) || begins(word))) {
      found.push(...names.filter((name) => name.length > 5 && !known(name)).flatMap(nearest));
    }
    return [...terms, ...found.map((name) => `${name}^${EXACT}`)].join(" ");
  }

  /** A text without marks that mean something to lunr. Of a dotted name the last part is what is looked for. */
  function plain(text) {
    return text
      .toLowerCase()
      .replace(/[\p{L}\p{N}_]+(?:\.|::)(?=[\p{L}_])/gu, "")
      .replaceAll("\\", " ")
      .replace(/\s*\*\*\s*/g, POWER)
      .replaceAll("*", " ");
  }

  /** The words of a text, as the index has them. */
  function split(text) {
    return text.split(new RegExp(setup.config.separator)).filter((word) => /[\p{L}\p{N}]/u.test(word));
  }

  const isSentence = (text) => text.trim().split(/\s+/).length > SENTENCE;

  const known = (word) => word in index.invertedIndex;

  const begins = (word) => Object.keys(index.invertedIndex).some((other) => other.startsWith(word));

  /** A word in some fields only; in all of them if none are named, or if it is rare. */
  function within(word, fields, boost) {
    const anywhere = !fields.length || spread(word) <= RARE;
    return (anywhere ? [word] : fields.map((field) => `${field}:${word}`)).map((term) => `${term}^${boost}`);
  }

  /** How many sections have a word. */
  function spread(word) {
    const { _index, ...fields } = index.invertedIndex[word];
    return new Set(Object.values(fields).flatMap(Object.keys)).size;
  }

  /** What may be meant by a word that is not there: one slip away, or with the same beginning, or two slips away. */
  function nearest(word) {
    const matches = (pattern) => index.tokenSet.intersect(pattern).toArray();
    const slips = (count) => matches(lunr.TokenSet.fromFuzzyString(word, count));
    if (word.length < 3) return [];
    let found = slips(1);
    for (let n = word.length - 1; !found.length && n > 4 && n >= word.length / 2; n--) {
      found = matches(lunr.TokenSet.fromString(`${word.slice(0, n)}*`));
    }
    return found.length || word.length < 8 ? found : slips(2);
  }

  /** Results with those first in which the words of the query stand together. */
  function ranked(groups) {
    const bare = plain(latest);
    const words = split(bare);
    const pairs = words.slice(1).map((word, i) => ` ${words[i]} ${word} `);
    const best = (group) => Math.max(...group.map((item) => item.score));
    for (const group of groups) {
      const together = group.map((item) => pairs.filter((pair) => textOf(item.location).includes(pair)).length);
      group.forEach((item, i) => {
        item.score *= 1 + (PHRASE * together[i] ** 2) / (pairs.length || 1);
        if (isSentence(bare) && !item.location.includes("#")) item.score *= OPENING;
        tidy(item, words);
      });
      // Of a page that has an error text the section that prints it comes first, not the card of the function.
      const most = Math.max(...together);
      if (isSentence(bare) && most) group[together.indexOf(most)].score = best(group) + 1;
      group.sort((a, b) => b.score - a.score);
    }
    return groups.sort((a, b) => best(b) - best(a));
  }

  /** Leaves in a result what is to be read. */
  function tidy(item, words) {
    for (const field of ["title", "text"]) item[field] = item[field].replaceAll(POWER, "**");
    for (const [word, found] of Object.entries(item.terms)) {
      const guessed = !found && !words.includes(word); // no reader misses it
      if (guessed || word.length < 3) delete item.terms[word]; // short ones would be marked inside other words
    }
  }

  /** The words of a section between spaces; its heading and its text do not touch. */
  function textOf(address) {
    if (!texts.has(address)) {
      const { title, text } = sections.get(address);
      const parts = [title, text].map((part) => split(plain(part.replace(/<[^>]*>/g, " "))).join(" "));
      texts.set(address, ` ${parts.join(" | ")} `);
    }
    return texts.get(address);
  }
})();
