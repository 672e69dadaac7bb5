/**
 * Signing out with answers that the server does not have yet: the person chooses to send them, to keep them encrypted on
 * this computer, or to discard them. Without anything waiting, or without script, the button simply signs out.
 */

import { meaningOf } from "./edits.js";
import { fetchKey, page, post, Queue } from "./queue.js";

/** The records of the person who is signed in, with their keys. Others' records are not counted and not touched. */
async function ownRecords(queue) {
  const keys = new Map();
  const own = [];
  for (const record of await queue.all()) {
    const source = `${record.keyUrl} ${record.epoch}`;
    if (!keys.has(source)) keys.set(source, await fetchKey(record.keyUrl, record.epoch).catch(() => null));
    const key = keys.get(source);
    if (key && key.user === record.user) own.push({ record, key });
  }
  return own;
}

/** Send what is kept, oldest first. Resolves to how many records the server has not taken. */
async function sendAll(queue, own) {
  let left = 0;
  const versions = new Map();
  const stuck = new Set();
  for (const { record, key } of own) {
    try {
      const edit = await queue.read(record, key);
      if (stuck.has(edit.follows)) throw new Error("the edit before it was not taken");
      if (versions.has(edit.follows)) edit.base = versions.get(edit.follows);
      const meaning = meaningOf(await post(edit), edit.item);
      if (meaning.kind !== "saved" && meaning.kind !== "closed") throw new Error(meaning.kind);
      if (meaning.kind === "saved") versions.set(edit.key, meaning.version);
      await queue.remove(edit.key);
    } catch {
      stuck.add(record.key);
      left += 1;
    }
  }
  return left;
}

const countOf = (own) => new Set(own.map(({ record }) => `${record.response} ${record.item}`)).size;

async function ask(dialog, form, queue, own) {
  let records = own;
  const show = () => {
    for (const place of dialog.querySelectorAll("[data-count]")) place.textContent = String(countOf(records));
  };
  const failed = dialog.querySelector("[data-failed]");
  failed.hidden = true;
  show();
  dialog.onclick = async (event) => {
    const choice = event.target.closest("[data-choice]")?.dataset.choice;
    if (choice === "stay") dialog.close();
    if (choice === "keep") form.submit();
    if (choice === "discard") {
      for (const { record } of records) await queue.remove(record.key);
      form.submit();
    }
    if (choice === "send") {
      dialog.setAttribute("aria-busy", "true");
      const left = await sendAll(queue, records);
      dialog.removeAttribute("aria-busy");
      if (!left) return form.submit();
      records = await ownRecords(queue);
      failed.hidden = false;
      show();
    }
    return undefined;
  };
  dialog.showModal();
}

for (const form of document.querySelectorAll("form[data-signout]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const dialog = document.getElementById("signout-dialog");
    try {
      await page.settle();
      const queue = await Queue.open();
      const own = queue ? await ownRecords(queue) : [];
      if (own.length && dialog?.showModal) return await ask(dialog, form, queue, own);
    } catch {
      // Storage that fails must not keep anybody signed in.
    }
    return form.submit();
  });
}
