/*
 * What the site needs when it is read from a folder (file:) and not from a server; on a server it does nothing.
 * Loaded before the theme's own script, which starts the search.
 */
(() => {
  "use strict";
  if (location.protocol !== "file:") return;

  /** A server answers dir/ with dir/index.html; a folder answers with a list of its files. */
  const nameFile = (link) => {
    const url = new URL(link.href);
    if (url.protocol !== "file:" || !url.pathname.endsWith("/")) return;
    url.pathname += "index.html";
    link.href = url.href;
  };

  document.querySelectorAll("a[href], link[rel=prev], link[rel=next]").forEach(nameFile);
  // Search results come later: they are mended when they are about to be followed.
  for (const type of ["click", "auxclick", "contextmenu"]) {
    const follow = ({ target }) => {
      const link = target.closest?.("a[href]");
      if (link) nameFile(link);
    };
    document.addEventListener(type, follow, { capture: true });
  }

  // What only a server has: the download of this folder, which does not contain itself.
  for (const element of document.querySelectorAll(".online")) element.hidden = true;

  /** Browsers start no worker from a file. The search runs in a hidden frame instead, which speaks the same words. */
  window.Worker = class extends EventTarget {
    #ready;

    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      frame.srcdoc = "<!doctype html><title>Search</title>";
      this.#ready = new Promise((resolve, reject) => {
        frame.addEventListener("load", () => {
          const inside = frame.contentWindow;
          inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
          const script = inside.document.createElement("script");
          script.addEventListener("load", () => resolve(inside));
          script.addEventListener("error", () => reject(new Error(`not found: ${url}`)));
          script.src = url;
          inside.document.head.append(script);
        }, { once: true });
      });
      document.body.append(frame);
    }

    async postMessage(data) {
      (await this.#ready).dispatchEvent(new MessageEvent("message", { data }));
    }
  };
})();
