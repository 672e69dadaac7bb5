/** What a page keeps in the encrypted queue: its edits, and those that earlier tabs of the same person left behind. */

import { newKey } from "./edits.js";
import { announceTab, fetchKey, Queue } from "./queue.js";

export class Keeper {
  #response;
  #keyUrl;
  #tab = newKey();
  #queue = null;
  #key = null;
  #kept = new Map(); // text on disk, by key of the edit
  #last = Promise.resolve();
  #hasNoRoom = false; // the last attempt to keep something failed

  /** @param {{response: string, keyUrl: string}} form  the data attributes of the form */
  constructor({ response, keyUrl }) {
    this.#response = response;
    this.#keyUrl = keyUrl;
  }

  /** Whether text can be kept at this address and in this browser. Says to other tabs that this one lives. */
  async open() {
    this.#queue = await Queue.open();
    if (this.#queue) announceTab(this.#tab);
    return this.#queue !== null;
  }

  /** Whether what is typed goes to disk: the queue is there, the key came, and the browser has room. */
  get isWorking() {
    return Boolean(this.#queue && this.#key && !this.#hasNoRoom);
  }

  /** Resolves when the last edit is on disk, or after a second: a disk that does not answer must not stop a save. */
  get settled() {
    return Promise.race([this.#last, new Promise((resolve) => setTimeout(resolve, 1000))]);
  }

  /** Whether all these edits are on disk as they are now. */
  holds(edits) {
    return Boolean(this.#queue && this.#key) && edits.every((edit) => this.#kept.get(edit.key) === edit.pairs);
  }

  /** Get the key where it is still missing. Without it edits are sent all the same, but not kept. */
  async unlock(edits) {
    if (!this.#queue || this.#key) return;
    try {
      this.#key = await fetchKey(this.#keyUrl);
      for (const edit of edits) this.store(edit);
    } catch {
      this.#key = null;
    }
  }

  /** Whether the person who is signed in now is the one whose text this page keeps. Rejects when nobody is. */
  async isSamePerson() {
    const { user } = await fetchKey(this.#keyUrl);
    return !this.#key || user === this.#key.user;
  }

  /** Keep an edit, or its newer text. Never rejects: `holds` tells what came of it. */
  store(edit) {
    this.#last = this.#put(edit);
    return this.#last;
  }

  async #put(edit) {
    if (!this.#queue || !this.#key) return;
    try {
      await this.#queue.put(edit, { key: this.#key, response: this.#response, keyUrl: this.#keyUrl, tab: this.#tab });
      this.#kept.set(edit.key, edit.pairs);
      this.#hasNoRoom = false;
    } catch {
      this.#kept.delete(edit.key);
      this.#hasNoRoom = true;
    }
  }

  /** The server has it, or it came to nothing. */
  async forget(key) {
    this.#kept.delete(key);
    await this.#queue?.remove(key).catch(() => {});
  }

  /**
   * Take over what earlier tabs left behind, oldest first.
   * @param {() => void} later  called when a tab that still lives now has gone
   * @returns {Promise<import("./edits.js").Edit[]>}
   */
  async adopt(later) {
    if (!this.#queue || !this.#key) return [];
    const found = [];
    for (const record of await this.#queue.adopt(this.#response, this.#tab, later)) {
      try {
        const isOlder = record.epoch !== this.#key.epoch;
        const key = isOlder ? await fetchKey(this.#keyUrl, record.epoch) : this.#key;
        const edit = await this.#queue.read(record, key);
        // Versions of a database that was restored since then mean nothing: the person compares the two texts.
        if (isOlder) edit.base = "-1";
        this.#kept.set(edit.key, edit.pairs);
        found.push(edit);
      } catch {
        // Another person's text, or one whose key is gone: it stays encrypted where it is.
      }
    }
    return found;
  }
}
