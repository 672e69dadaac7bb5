/**
 * The encrypted queue: edits that the server has not acknowledged, kept in IndexedDB over a restart of the browser.
 *
 * The text is encrypted with a key that the server gives only to the signed-in person (`data-key-url`) and that cannot be
 * taken out of the page's memory. After signing out, or for anybody else at this computer, what is stored is unreadable.
 * In the clear are only the ids of response, question and item, versions, keys of edits and addresses.
 */

const DATABASE = "tracker-edits";
const STORE = "edits";

/** Set by the page that has a form: sends or keeps what was just typed, before somebody signs out. */
export const page = { settle: async () => {} };

/** Whether this address and browser can keep text at all (https or localhost, IndexedDB, WebCrypto, locks). */
export function canKeep() {
  return Boolean(globalThis.isSecureContext && globalThis.indexedDB && globalThis.crypto?.subtle && navigator.locks);
}

const request = (asked) =>
  new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

/** Resolves when a transaction is on disk, not merely accepted. */
const finished = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));

/** What ties a text to its place: a record whose ids were altered does not open. */
const boundTo = (record) => new TextEncoder().encode(JSON.stringify([record.response, record.item, record.key]));

/**
 * The key of one person for one response.
 * @param {string} url    `data-key-url`; answers {"key": base64 of 32 bytes, "epoch": text, "user": text}
 * @param {string} epoch  ask for the key of an earlier life of the database, after a restore
 * @returns {Promise<{aes: CryptoKey, epoch: string, user: string}>}  rejects when not signed in, not allowed or not reachable
 */
export async function fetchKey(url, epoch = "") {
  const address = new URL(url, location.href);
  if (epoch) address.searchParams.set("epoch", epoch);
  const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store", redirect: "error" });
  if (!answer.ok) throw new Error(`key: ${answer.status}`);
  const given = await answer.json();
  const aes = await crypto.subtle.importKey("raw", bytesOf(given.key), "AES-GCM", false, ["encrypt", "decrypt"]);
  return { aes, epoch: String(given.epoch), user: String(given.user) };
}

/** The store of this browser. `open` resolves to null where text cannot be kept. */
export class Queue {
  #database;
  #last = Promise.resolve();

  constructor(database) {
    this.#database = database;
  }

  static async open() {
    if (!canKeep()) return null;
    try {
      const asked = indexedDB.open(DATABASE, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "key" });
      return new Queue(await request(asked));
    } catch {
      return null; // a browser that forbids storage, for example in a private window
    }
  }

  #store(mode) {
    return this.#database.transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  }

  /** One change after the other, so that an older text can never be written over a newer one. */
  #inTurn(work) {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => {});
    return done;
  }

  /**
   * Keep an edit, encrypted. Resolves when it is on disk; rejects when the browser refuses (no room, storage cleared).
   * @param {import("./edits.js").Edit} edit
   * @param {{key: {aes: CryptoKey, epoch: string, user: string}, response: string, tab: string, keyUrl: string}} context
   */
  put(edit, { key, response, tab, keyUrl }) {
    return this.#inTurn(async () => {
      const { pairs, ...open } = edit;
      const record = { ...open, response, tab, keyUrl, epoch: key.epoch, user: key.user, at: Date.now() };
      record.iv = crypto.getRandomValues(new Uint8Array(12));
      const plain = new TextEncoder().encode(JSON.stringify(pairs));
      record.ciphertext = await crypto.subtle.encrypt({ name: "AES-GCM", iv: record.iv, additionalData: boundTo(record) }, key.aes, plain);
      const store = this.#store("readwrite");
      const before = await request(store.get(record.key));
      // The place in the order is that of the first time; only the text is newer.
      record.n = before?.n ?? Date.now() + Math.random();
      store.put(record);
      await finished(store.transaction);
    });
  }

  /** Forget an edit that the server has. */
  remove(key) {
    return this.#inTurn(() => request(this.#store("readwrite").delete(key)));
  }

  /** All records, oldest first; of one response when it is named. */
  async all(response = null) {
    const records = await this.#inTurn(() => request(this.#store("readonly").getAll()));
    return records.filter((one) => response === null || one.response === response).sort((a, b) => a.n - b.n);
  }

  /**
   * The edit of a record, readable again. Rejects when the key is another one (other person, other epoch).
   * @returns {Promise<import("./edits.js").Edit>}
   */
  async read(record, key) {
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: record.iv, additionalData: boundTo(record) }, key.aes, record.ciphertext);
    const { item, base, follows, url, question } = record;
    // It may have left before the page died: from here on its key, base and text stay as they are.
    return { item, key: record.key, base, follows, sent: true, refused: 0, url, question, pairs: JSON.parse(new TextDecoder().decode(plain)) };
  }

  /**
   * Take over the records of tabs that are gone. A tab holds a lock as long as it lives, so a living tab keeps its own.
   * @param {string} response
   * @param {string} tab      the id of this tab
   * @param {() => void} later  called when a tab that still lives now has gone
   * @returns {Promise<object[]>}  the records taken over, oldest first
   */
  async adopt(response, tab, later) {
    const living = new Set();
    const taken = await navigator.locks.request(`tracker-adopt-${response}`, async () => {
      const held = new Set((await navigator.locks.query()).held.map((lock) => lock.name));
      const adopted = [];
      for (const record of await this.all(response)) {
        if (record.tab === tab) continue;
        if (held.has(lockOf(record.tab))) living.add(record.tab);
        else {
          const mine = { ...record, tab };
          await this.#inTurn(() => request(this.#store("readwrite").put(mine)));
          adopted.push(mine);
        }
      }
      return adopted;
    });
    for (const other of living) navigator.locks.request(lockOf(other), () => {}).then(later, () => {});
    return taken;
  }
}

const lockOf = (tab) => `tracker-tab-${tab}`;

/** Say that this tab lives, until it is closed. */
export function announceTab(tab) {
  navigator.locks?.request(lockOf(tab), () => new Promise(() => {})).catch(() => {});
}

/** A fresh copy of this page, as a document of its own in which no script runs. Rejects when the page cannot be had. */
export async function freshPage() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", redirect: "error" });
  if (!answer.ok) throw new Error(`page: ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/**
 * Take the security code of the present session from a fresh copy of this page: after signing in again in another tab the
 * one in this page is stale. Rejects when the page cannot be had.
 */
export async function refreshToken() {
  const fresh = await freshPage();
  const token = fresh.querySelector('meta[name="csrf-token"]')?.content;
  if (!token) throw new Error("page: no session");
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const input of document.querySelectorAll('input[name="csrf_token"]')) input.value = token;
}

/**
 * Post one edit. Never rejects.
 * @param {import("./edits.js").Edit} edit
 * @param {{signal?: AbortSignal}} options
 * @returns {Promise<{status: number, body: any, redirected: boolean, wished: number}>}  status 0: no answer
 */
export async function post(edit, { signal } = {}) {
  const form = new FormData();
  form.append(`base:${edit.item}`, edit.base);
  let size = 0;
  for (const [name, value] of edit.pairs) {
    form.append(name, value);
    size += name.length + 3 * value.length + 100;
  }
  try {
    const answer = await fetch(edit.url, {
      method: "POST",
      body: form,
      // Browsers let at most 64 kB outlive the page; a longer text is in the queue and goes at the next visit.
      keepalive: size < 50_000,
      redirect: "manual",
      cache: "no-store",
      signal,
      headers: {
        Accept: "application/json",
        "Idempotency-Key": edit.key,
        "X-CSRFToken": document.querySelector('meta[name="csrf-token"]')?.content ?? "",
      },
    });
    const redirected = answer.type === "opaqueredirect";
    const isJson = answer.headers.get("Content-Type")?.includes("json");
    const body = isJson ? await answer.json().catch(() => null) : null;
    return { status: answer.status, body, redirected, wished: Number(answer.headers.get("Retry-After")) || 0 };
  } catch {
    return { status: 0, body: null, redirected: false, wished: 0 };
  }
}
