/** The line that says what is safe. Its words come from the attributes of the save bar, in the language of the page. */

import { icon } from "./items.js";

const ICONS = { saved: "check", saving: "up", offline: "off", conflict: "warn", expired: "warn", error: "warn" };

export class Savebar {
  #bar;
  #line;
  #printed; // the state and the words that the server printed

  constructor(root) {
    this.#bar = root.querySelector("[data-savebar]");
    this.#line = this.#bar?.querySelector(".save-state");
    this.#printed = { state: this.#line?.dataset.state, nodes: [...(this.#line?.childNodes ?? [])] };
  }

  /** The text of a name (`saved` is the attribute `data-saved`), with {placeholders} filled. */
  words(name, values = {}) {
    const text = this.#bar?.dataset[name] ?? "";
    return Object.entries(values).reduce((all, [key, value]) => all.replace(`{${key}}`, value), text);
  }

  /** Where one signs in again and comes back here. */
  get signInUrl() {
    return this.#bar?.dataset.signInUrl ?? "";
  }

  /**
   * Show a state. Passing states are marked busy, so that a screen reader waits for the outcome.
   * @param {string} state
   * @param {string} words
   * @param {{url: string, words: string}|null} link  without a url it is a button that sends the form
   */
  show(state, words, link = null) {
    if (!this.#line) return;
    const isPassing = state === "waiting" || state === "saving";
    const text = document.createElement("span");
    text.textContent = words;
    if (link) {
      const onward = document.createElement(link.url ? "a" : "button");
      if (link.url) onward.href = link.url;
      else Object.assign(onward, { className: "btn btn-small", name: "go", value: "stay" });
      onward.textContent = link.words;
      text.append(" ", onward);
    }
    if (this.#line.dataset.state === state && this.#line.querySelector("span")?.textContent === text.textContent) return;
    this.#line.setAttribute("aria-busy", String(isPassing));
    this.#line.dataset.state = state;
    this.#line.replaceChildren(icon(ICONS[state] ?? "info"), text);
  }

  /** Show again what the server printed: nothing has changed since. */
  reset() {
    if (!this.#line || this.#line.dataset.state === this.#printed.state) return;
    this.#line.removeAttribute("aria-busy");
    this.#line.dataset.state = this.#printed.state;
    this.#line.replaceChildren(...this.#printed.nodes);
  }

  /** A notice above the form that stays until the page is left: text was put back. */
  notice(form, words, link = null) {
    const box = document.createElement("div");
    box.className = "notice notice-warn messages";
    box.setAttribute("role", "status");
    const paragraph = document.createElement("p");
    paragraph.textContent = words;
    if (link) {
      const anchor = document.createElement("a");
      anchor.href = link.url;
      anchor.textContent = link.words;
      paragraph.append(" ", anchor);
    }
    form.before(box);
    // Filled after it is in the page: only then is it announced.
    requestAnimationFrame(() => box.append(icon("info"), paragraph));
  }
}
