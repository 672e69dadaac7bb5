/**
 * Autosave of `form[data-autosave]`: each changed item by itself, 1.5 seconds after a pause, when its field is left, and
 * when the page is left. What was typed is first kept in the encrypted queue, then sent, and forgotten when the server has
 * answered with its version. One request at a time; an edit made meanwhile follows with the version that comes back.
 *
 * The form has: data-autosave (address), data-key-url, data-response, data-question. Without script its buttons do the work.
 */

import * as edits from "./edits.js";
import { applyAsked, deciding } from "./conditions.js";
import { followExclusive } from "./exclusive.js";
import * as items from "./items.js";
import { Keeper } from "./keeper.js";
import { Merged } from "./merged.js";
import { page, post, refreshToken } from "./queue.js";
import { Savebar } from "./savebar.js";

const PAUSE = 1500; // milliseconds, as all below
const LONGEST_WAIT = 10_000;
const KEEP_PAUSE = 400;
const KEEP_LONGEST = 2000;
const SUBMIT_WAIT = 15_000;

class Autosave {
  #form;
  #bar;
  #keeper;
  #edits = [];
  #known = new Map(); // what the server is known to hold, by item
  #dirty = new Map(); // items being typed in: {since, keep, send} (start and timers)
  #merged;
  #deciding;
  #flying = new Set(); // keys of edits on their way
  #isPumping = false;
  #failures = 0;
  #retry = null;
  #isExpired = false;
  #isClosed = false;
  #isLeaving = false;
  #isSendingFiles = false; // the form itself is on its way with them
  #isSubmitting = false;
  #savedAt = "";

  constructor(form) {
    this.#form = form;
    this.#bar = new Savebar(form);
    this.#keeper = new Keeper(form.dataset);
    this.#deciding = deciding(form);
    this.#merged = new Merged(this.#bar, this.#known, (id) => this.#dirty.has(id) || edits.lastOf(this.#edits, id));
    for (const item of form.querySelectorAll(".item")) this.#known.set(item.dataset.item, items.readPrinted(item));
  }

  start() {
    const form = this.#form;
    form.addEventListener("input", (event) => this.#typed(event.target));
    form.addEventListener("change", (event) => this.#typed(event.target));
    followExclusive(form, (box) => this.#typed(box));
    form.addEventListener("focusout", (event) => this.#left(event));
    form.addEventListener("submit", (event) => this.#submit(event));
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.#leave();
      else this.#again();
    });
    addEventListener("pagehide", () => this.#leave());
    // A page taken from the browser's memory carries versions of before the last save.
    addEventListener("pageshow", (event) => event.persisted && location.reload());
    addEventListener("online", () => this.#again());
    addEventListener("focus", () => this.#isExpired && this.#again());
    addEventListener("beforeunload", (event) => {
      // Only for what is not kept: elsewhere the queue has the text, and the question would be noise.
      const isUnkept = (this.#dirty.size || this.#edits.length) && !this.#keeper.isWorking;
      if (!this.#isLeaving && (isUnkept || (this.#hasFiles() && !this.#isSendingFiles))) event.preventDefault();
    });
    page.settle = () => this.#settle(3000);
    // On a slow line a person types before this script has arrived: that text is theirs too.
    for (const item of form.querySelectorAll(".item")) {
      const control = item.querySelector('input:not([type="hidden"]), select, textarea');
      if (control) this.#typed(control);
    }
    this.#restore();
  }

  // ---- typing

  #typed(control) {
    const item = control.closest?.(".item");
    if (control.type === "file") {
      this.#isSendingFiles = false;
      return this.#show();
    }
    if (!item || !items.isAutosaved(item)) return;
    const id = item.dataset.item;
    const now = Date.now();
    const timers = this.#dirty.get(id) ?? { since: now };
    this.#rest(id);
    if (!this.#isChanged(id)) {
      // Its timers are gone (leaving a field says "change" once more): what was kept and has not left must leave now.
      this.#pump();
      return this.#show();
    }
    const isChoice = ["radio", "checkbox", "select-one"].includes(control.type);
    // Once the response is closed every save becomes a note of its own: fewer of them.
    const wait = this.#isClosed ? LONGEST_WAIT : isChoice && this.#deciding.has(id) ? 0 : PAUSE;
    const waited = now - timers.since;
    timers.keep = setTimeout(() => this.#keep(id), Math.max(0, Math.min(KEEP_PAUSE, KEEP_LONGEST - (waited % KEEP_LONGEST))));
    timers.send = setTimeout(() => this.#commit(id), Math.max(0, Math.min(wait, LONGEST_WAIT - waited)));
    this.#dirty.set(id, timers);
    return this.#show();
  }

  /** Whether the item holds something else than the last edit or the server. */
  #isChanged(id) {
    const reference = edits.lastOf(this.#edits, id)?.pairs ?? this.#known.get(id);
    return !edits.isSame(items.read(items.itemById(id)), reference);
  }

  /** Stop the timers of an item. */
  #rest(id) {
    clearTimeout(this.#dirty.get(id)?.keep);
    clearTimeout(this.#dirty.get(id)?.send);
    this.#dirty.delete(id);
  }

  #left(event) {
    const item = event.target.closest?.(".item");
    if (!item || item.contains(event.relatedTarget)) return;
    const id = item.dataset.item;
    if (this.#dirty.has(id)) this.#commit(id);
    // Only when the focus has arrived elsewhere is it known to have left.
    else setTimeout(() => this.#merged.show(id));
  }

  /** Turn what is typed in an item into an edit, and keep it in the queue. */
  #keep(id) {
    const item = items.itemById(id);
    if (!item || !this.#isChanged(id)) return;
    const last = edits.lastOf(this.#edits, id);
    if (last && !last.sent && !last.follows && edits.isSame(items.read(item), this.#known.get(id))) {
      // Typed and taken back before it left: there is nothing to say to the server.
      this.#edits = edits.withdraw(this.#edits, last.key);
      this.#keeper.forget(last.key);
      return;
    }
    items.nameRows(item);
    const { autosave: url, question } = this.#form.dataset;
    const base = items.baseOf(item).value;
    const added = edits.addEdit(this.#edits, { item: id, pairs: items.read(item), base, key: edits.newKey(), url, question });
    this.#edits = added.edits;
    if (added.dropped) this.#keeper.forget(added.dropped);
    this.#keeper.store(added.edit).then(() => this.#show());
  }

  #commit(id) {
    this.#keep(id);
    this.#rest(id);
    this.#pump();
    this.#show();
  }

  // ---- what earlier tabs left

  async #restore() {
    if (!(await this.#keeper.open())) return this.#bar.notice(this.#form, this.#bar.words("unavailable"));
    await this.#keeper.unlock(this.#edits);
    await this.#adopt();
    this.#pump();
    return this.#show();
  }

  /** Put back into the fields what was kept, and send it with its own keys and versions. */
  async #adopt() {
    const found = await this.#keeper.adopt(() => this.#adopt().then(() => this.#pump()));
    // What was typed here meanwhile was typed without seeing the older text: it keeps its own version, and meets it openly.
    for (const id of this.#dirty.keys()) this.#keep(id);
    this.#edits = [...found, ...this.#edits];
    this.#putBack(found.filter((edit) => edit.question === this.#form.dataset.question));
  }

  #putBack(found) {
    let isRestored = false;
    let isComplete = true;
    for (const id of new Set(found.map((edit) => edit.item))) {
      const item = items.itemById(id);
      const newest = edits.lastOf(found, id);
      if (!item || this.#dirty.has(id) || edits.isSame(items.read(item), newest.pairs)) continue;
      isRestored = true;
      isComplete = items.fill(item, newest.pairs) && isComplete;
      item.dataset.changed = "restored";
    }
    if (!isRestored) return;
    const link = isComplete ? null : { url: location.href, words: this.#bar.words("restoredRows") };
    this.#bar.notice(this.#form, this.#bar.words("restored"), link);
  }

  // ---- sending

  /** Whether files are chosen that only the form itself can send. */
  #hasFiles() {
    return [...this.#form.querySelectorAll('input[type="file"]')].some((input) => input.files.length > 0);
  }

  #hasPending() {
    return this.#dirty.size > 0 || this.#edits.some((edit) => !edit.refused);
  }

  async #pump() {
    if (this.#isPumping || this.#flying.size || this.#isExpired || (this.#failures && this.#retry)) return;
    const edit = edits.nextToSend(this.#edits);
    if (!edit) return this.#show();
    this.#isPumping = true;
    this.#show();
    // On disk first.
    await this.#keeper.settled;
    // Meanwhile the page may have been left, and the edit with it, or it was taken back.
    if (edits.allReady(this.#edits, this.#flying).some((one) => one.key === edit.key)) await this.#send(edit.key);
    this.#isPumping = false;
    return this.#pump();
  }

  async #send(key) {
    this.#flying.add(key);
    this.#edits = edits.markSent(this.#edits, key);
    const edit = this.#edits.find((one) => one.key === key);
    const answer = await post(edit);
    this.#flying.delete(key);
    await this.#receive(edit, answer);
  }

  async #receive(edit, answer) {
    // A page that was left may have sent it a second time, and have got its answer already.
    if (!this.#edits.some((one) => one.key === edit.key)) return;
    const meaning = edits.meaningOf(answer, edit.item);
    if (meaning.kind === "retry") return this.#fail(answer.wished);
    this.#failures = 0;
    if (meaning.kind === "expired") this.#isExpired = true;
    else if (meaning.kind === "refused") this.#edits = edits.refuse(this.#edits, edit.key, meaning.status);
    else if (meaning.kind === "conflict") await this.#contested(edit, meaning.url);
    else if (meaning.kind === "closed") {
      this.#isClosed = true;
      this.#edits = edits.withdraw(this.#edits, edit.key);
      await this.#settled(edit);
    } else await this.#saved(edit, meaning, answer.body);
    if (meaning.kind === "refused") this.#showRefusal(edit, answer.body);
    return this.#show();
  }

  async #saved(edit, { version, base, isMerged }, body) {
    this.#edits = edits.acknowledge(this.#edits, edit.key, base);
    this.#savedAt = this.#bar.words("saved", { time: body.saved_label ?? "", revision: body.revision ?? version });
    const isHere = edit.url === this.#form.dataset.autosave;
    const item = items.itemById(edit.item);
    if (isHere && item) {
      items.baseOf(item).value = base;
      this.#known.set(edit.item, edit.pairs);
      if (!edits.lastOf(this.#edits, edit.item)) delete item.dataset.changed;
      const { errors, warnings, invalid } = body.items[edit.item];
      items.showMessages(item, errors, warnings, invalid);
      applyAsked(body.asked);
      items.showProgress(body.progress);
      items.showWork(body.work);
      if (isMerged) this.#merged.add(edit.item);
    }
    await this.#settled(edit);
    if (isMerged) await this.#merged.show(edit.item);
  }

  /** The server has it. What follows is kept with its new version before the old record goes. */
  async #settled(edit) {
    const next = this.#edits.find((one) => one.item === edit.item);
    if (next) await this.#keeper.store(next);
    await this.#keeper.forget(edit.key);
  }

  async #contested(edit, where) {
    this.#edits = edits.contest(this.#edits, edit.key, where);
    if (!this.#edits.some((one) => one.key === edit.key)) await this.#settled(edit);
  }

  #showRefusal(edit, body) {
    const item = items.itemById(edit.item);
    const said = body?.items?.[edit.item]?.errors;
    if (item && said?.length) items.showMessages(item, said);
  }

  #fail(wished) {
    this.#failures += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#again(), 1000 * edits.delayAfter(this.#failures, wished));
    this.#show();
  }

  /** Try at once: the line is back, the time has come, or somebody has signed in again in another tab. */
  async #again() {
    clearTimeout(this.#retry);
    this.#retry = null;
    if (this.#isExpired && !(await this.#isSameSession())) return;
    this.#isExpired = false;
    await this.#keeper.unlock(this.#edits);
    await this.#adopt();
    this.#pump();
  }

  /** Whether the same person is signed in again. What one person typed is never sent in the name of another. */
  async #isSameSession() {
    try {
      if (!(await this.#keeper.isSamePerson())) return false;
      await refreshToken();
      return true;
    } catch {
      return false;
    }
  }

  // ---- leaving

  /** The page is hidden or closed: everything that is ready leaves now, in requests that outlive the page. */
  #leave() {
    if (this.#isLeaving) return;
    for (const id of [...this.#dirty.keys()]) {
      this.#keep(id);
      this.#rest(id);
    }
    if (this.#isExpired) return;
    const ready = edits.allReady(this.#edits, this.#flying);
    for (const edit of ready) this.#send(edit.key).then(() => this.#pump());
  }

  /** Send everything and wait for the answers, at most so many milliseconds. Resolves to whether nothing is left. */
  async #settle(longest) {
    for (const id of [...this.#dirty.keys()]) this.#commit(id);
    const until = Date.now() + longest;
    if (this.#failures) this.#again();
    else this.#pump();
    while (Date.now() < until && !this.#isExpired && (this.#isPumping || this.#flying.size || edits.nextToSend(this.#edits))) {
      if (this.#failures && !this.#flying.size) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await this.#keeper.settled;
    return !this.#edits.some((edit) => !edit.refused);
  }

  /** A button was pressed: what is pending goes first, so that the form itself carries the versions that came back. */
  async #submit(event) {
    if (this.#isLeaving || event.defaultPrevented) return;
    if (!this.#hasPending()) {
      this.#isSendingFiles = true;
      return;
    }
    event.preventDefault();
    if (this.#isSubmitting) return;
    this.#isSubmitting = true;
    const button = event.submitter;
    const isSettled = await this.#settle(SUBMIT_WAIT);
    this.#isSubmitting = false;
    // What was typed meanwhile goes with the form, and is kept in case the form does not arrive.
    for (const id of [...this.#dirty.keys()]) {
      this.#keep(id);
      this.#rest(id);
    }
    await this.#keeper.settled;
    if (!navigator.onLine && this.#keeper.holds(this.#edits)) return this.#fail(0);
    // Where nothing is kept, the form itself is the last way to save: the server keeps it even when signed out.
    if (isSettled || !this.#keeper.holds(this.#edits)) {
      // A submit asked for while the press is still being dispatched is ignored by the browser: let the press end first.
      await new Promise((resolve) => setTimeout(resolve));
      this.#isLeaving = true;
      this.#form.requestSubmit(button?.isConnected ? button : undefined);
    }
    return this.#show();
  }

  // ---- showing

  #show() {
    const facts = {
      edits: this.#edits,
      isDirty: this.#dirty.size > 0 || this.#hasFiles(),
      isSending: this.#flying.size > 0 || this.#isPumping,
      isFailing: this.#failures > 0,
      isKept: this.#keeper.holds(this.#edits),
      isExpired: this.#isExpired,
      isClosed: this.#isClosed,
      savedAt: this.#savedAt,
    };
    const { state, words } = edits.stateOf(facts);
    if (!state) return this.#bar.reset();
    const conflict = this.#edits.find((edit) => edit.refused === 409);
    const isElsewhere = conflict && conflict.url !== this.#form.dataset.autosave;
    const links = {
      // Here the form itself is sent: the server answers with both texts side by side.
      conflict: { url: isElsewhere ? conflict.where : "", words: this.#bar.words("conflictLink") },
      expired: { url: this.#bar.signInUrl, words: this.#bar.words("expiredLink") },
      expiredUnkept: { url: this.#bar.signInUrl, words: this.#bar.words("expiredLink") },
    };
    return this.#bar.show(state, words === "saved" ? this.#savedAt : this.#bar.words(words), links[words] ?? null);
  }
}

const form = document.querySelector("form[data-autosave]");
if (form) new Autosave(form).start();
