/**
 * Texts that the server made of this page's and a colleague's. They are shown when nobody is typing in the item: until its field
 * is left, the next text is an edit of the own one, and the server merges again.
 */

import * as items from "./items.js";
import { freshPage } from "./queue.js";

export class Merged {
  #ids = new Set();
  #isBusy;
  #bar;
  #known;

  /**
   * @param {import("./savebar.js").Savebar} bar
   * @param {Map<string, import("./edits.js").Pairs>} known  what the server is known to hold, by item
   * @param {(id: string) => boolean} isBusy  whether the item holds text that has not left yet
   */
  constructor(bar, known, isBusy) {
    this.#bar = bar;
    this.#known = known;
    this.#isBusy = (id) => isBusy(id) || items.itemById(id)?.contains(document.activeElement);
  }

  /** The server holds more of this item than the page shows. */
  add(id) {
    this.#ids.add(id);
  }

  /** Put the merged text into the page, unless somebody is typing there. */
  async show(id) {
    if (!this.#ids.has(id) || this.#isBusy(id)) return;
    let fresh;
    try {
      fresh = (await freshPage()).getElementById(`item-${id}`);
    } catch {
      return; // the line is gone; the version that the page posts says what it shows
    }
    const item = items.itemById(id);
    // Meanwhile somebody may have begun to type.
    if (!fresh || !item || !this.#ids.delete(id)) return;
    if (this.#isBusy(id)) return this.add(id);
    const shown = document.importNode(fresh, true);
    item.replaceWith(shown);
    this.#known.set(id, items.readPrinted(shown));
    this.#bar.notice(shown, this.#bar.words("merged"));
  }
}
