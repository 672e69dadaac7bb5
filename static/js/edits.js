/**
 * Edits that wait for the server, as plain data. Nothing here touches the page, the network or the clock:
 * every function takes a list of edits and gives a new one, so that each rule can be tested by itself.
 *
 * @typedef {[string, string][]} Pairs  names and values of the inputs of one item, in the order of the page
 * @typedef {object} Edit
 * @property {string} item     id of the item, for example `op13d.narrative`
 * @property {string} key      idempotency key; the same for every try of this edit
 * @property {string} base     what the edit was made on, as the server named it: a version, or the own text that was merged into it
 * @property {string|null} follows  key of the edit of the same item that must be acknowledged first
 * @property {Pairs} pairs     what the item holds after the edit
 * @property {boolean} sent    a try has left the browser: from then on key, base and pairs never change
 * @property {number} refused  HTTP status with which the server declined it, or 0
 * @property {string} [where]  page on which a conflict (409) is settled
 * @property {string} url      where it is posted
 * @property {string} question id of the question
 */

export const RETRY_SECONDS = [5, 15, 60];

/** Seconds to wait after so many failures in a row; the server's own wish (Retry-After) is respected when longer. */
export function delayAfter(failures, wished = 0) {
  const own = RETRY_SECONDS[Math.min(failures, RETRY_SECONDS.length) - 1] ?? 0;
  return Math.max(own, Math.min(wished, 300));
}

/** Names and values of controls as a form would send them; files, buttons and `base:` inputs are left out. */
export function pairsOf(controls) {
  const pairs = [];
  for (const control of controls) {
    if (!control.name || control.disabled || control.name.startsWith("base:")) continue;
    if (["file", "submit", "button", "reset"].includes(control.type)) continue;
    if (["radio", "checkbox"].includes(control.type)) {
      if (control.checked) pairs.push([control.name, control.value]);
    } else if (control.type === "select-multiple") {
      for (const option of control.selectedOptions) pairs.push([control.name, option.value]);
    } else pairs.push([control.name, control.value]);
  }
  return pairs;
}

/** Whether two lists of names and values are the same. */
export function isSame(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The last edit of an item, or undefined. */
export function lastOf(edits, item) {
  return edits.filter((edit) => edit.item === item).at(-1);
}

/**
 * Add what was typed. An edit that has not left yet takes the newer text; one that was sent stays as it is and the
 * newer text follows it, on the same base until that one is acknowledged; one that was refused is replaced under a new key.
 * @returns {{edits: Edit[], edit: Edit, dropped: string|null}}  `dropped` is a key that no longer exists
 */
export function addEdit(edits, { item, pairs, base, key, url, question }) {
  const last = lastOf(edits, item);
  let edit;
  if (last?.refused) edit = { ...last, key, pairs, sent: false, refused: 0 };
  else if (last && !last.sent) edit = { ...last, pairs };
  else edit = { item, key, base: last?.base ?? String(base), follows: last?.key ?? null, pairs, sent: false, refused: 0, url, question };
  const replaced = last && (last.refused || !last.sent);
  const others = replaced ? edits.map((one) => (one === last ? edit : one)) : [...edits, edit];
  return { edits: others, edit, dropped: last?.refused ? last.key : null };
}

/** The edit to send next: the oldest one that waits for no other and was not refused. */
export function nextToSend(edits) {
  const keys = new Set(edits.map((edit) => edit.key));
  return edits.find((edit) => !edit.refused && !(edit.follows && keys.has(edit.follows)));
}

/** All edits that may leave at once when the page is closed: the head of each item's chain, without those in flight. */
export function allReady(edits, flying) {
  const keys = new Set(edits.map((edit) => edit.key));
  return edits.filter((edit) => !flying.has(edit.key) && !edit.refused && !(edit.follows && keys.has(edit.follows)));
}

/** The edit has left the browser. */
export function markSent(edits, key) {
  return edits.map((edit) => (edit.key === key ? { ...edit, sent: true } : edit));
}

/** The server stored the edit: it goes, and the edit that follows it was made on what the server names as `base`. */
export function acknowledge(edits, key, base) {
  return edits
    .filter((edit) => edit.key !== key)
    .map((edit) => (edit.follows === key ? { ...edit, follows: null, base: String(base) } : edit));
}

/** The edit goes: the server holds its text as a note, or it came to nothing. What follows keeps its own base. */
export function withdraw(edits, key) {
  return edits
    .filter((edit) => edit.key !== key)
    .map((edit) => (edit.follows === key ? { ...edit, follows: null } : edit));
}

/**
 * The server holds another text (409). The edit stays until the person has chosen. Where a newer text follows it, that one
 * takes its place and its base: it was written by the same person, on top of it.
 */
export function contest(edits, key, where) {
  const contested = edits.find((edit) => edit.key === key);
  if (!edits.some((edit) => edit.follows === key)) return refuse(edits, key, 409, where);
  return edits
    .filter((edit) => edit.key !== key)
    .map((edit) => (edit.follows === key ? { ...edit, follows: null, base: contested.base } : edit));
}

/** The server declined the edit; it stays here until it is changed. */
export function refuse(edits, key, status, where = "") {
  return edits.map((edit) => (edit.key === key ? { ...edit, refused: status, where } : edit));
}

/**
 * What an answer of the server means for one edit.
 * @param {{status: number, body: any, redirected?: boolean}} answer
 * @returns {{kind: "saved", version: string, base: string, isMerged: boolean} | {kind: "conflict", url: string} | {kind: "expired"} |
 *           {kind: "closed"} | {kind: "retry"} | {kind: "refused", status: number}}
 */
export function meaningOf({ status, body, redirected = false }, item) {
  if (redirected || status === 401 || status === 419) return { kind: "expired" };
  if (status === 200) {
    const { version, base, merged = false } = body?.items?.[item] ?? {};
    // Without a version of the server nothing was proved, whatever the status says.
    return version === undefined || version === null ? { kind: "retry" } : { kind: "saved", version: String(version), base: String(base ?? version), isMerged: merged };
  }
  // The server stores nothing of a conflicting edit: it stays here until the person has chosen.
  if (status === 409) return { kind: "conflict", url: body?.conflicts?.find((conflict) => conflict.item === item)?.url ?? "" };
  // Submitted or closed: the server has kept the text as a note, or it held nothing new.
  if (status === 423 && body?.error === "locked") return { kind: "closed" };
  if (status === 0 || status === 408 || status === 425 || status === 429 || status >= 500) return { kind: "retry" };
  return { kind: "refused", status };
}

/**
 * What the save bar says. Never "saved" while anything waits.
 * @param {{edits: Edit[], isDirty: boolean, isSending: boolean, isFailing: boolean, isKept: boolean, isExpired: boolean,
 *          isClosed: boolean, savedAt: string}} facts
 * @returns {{state: string, words: string}}  the state and the name of the text, both as in the save bar's markup
 */
export function stateOf({ edits, isDirty, isSending, isFailing, isKept, isExpired, isClosed, savedAt }) {
  const refused = edits.find((edit) => edit.refused && edit.refused !== 409);
  if (edits.some((edit) => edit.refused === 409)) return { state: "conflict", words: "conflict" };
  if (isExpired) return isKept ? { state: "expired", words: "expired" } : { state: "error", words: "expiredUnkept" };
  if (refused) return { state: "error", words: "refused" };
  if (isClosed) return { state: "error", words: "closed" };
  if (isFailing && edits.length) {
    return isKept ? { state: "offline", words: "offline" } : { state: "error", words: "unkept" };
  }
  if (isSending) return { state: "saving", words: "saving" };
  if (isDirty || edits.length) return { state: "waiting", words: "waiting" };
  return savedAt ? { state: "saved", words: "saved" } : { state: "", words: "" };
}

/** Ids of the items that a condition (as JSON, from `data-asked-if`) looks at. */
export function itemsIn(condition) {
  if (Array.isArray(condition)) return condition.flatMap(itemsIn);
  if (condition === null || typeof condition !== "object") return [];
  const own = typeof condition.item === "string" ? [condition.item] : [];
  return own.concat(Object.values(condition).flatMap((part) => (typeof part === "object" ? itemsIn(part) : [])));
}

/** Twelve hexadecimal digits, for a row that has no id yet: with an id of its own it stays the same row at every save. */
export function newRowId(random = (bytes) => crypto.getRandomValues(bytes)) {
  return Array.from(random(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A random UUID (version 4), the idempotency key of an edit. Plain http on another machine has no crypto.randomUUID. */
export function newKey(random = (bytes) => crypto.getRandomValues(bytes)) {
  const bytes = random(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
