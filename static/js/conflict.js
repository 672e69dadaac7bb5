/**
 * The page with two texts for one answer. Who keeps the text that is saved has given up the own one: it leaves the queue of
 * this computer too, or it would be offered again. The own text, when it is chosen, leaves when the server has it.
 */

import { Queue } from "./queue.js";

const form = document.querySelector("form[data-conflict]");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const given = new FormData(form);
  try {
    const queue = await Queue.open();
    for (const record of (await queue?.all(form.dataset.response)) ?? []) {
      if (given.get(`take:${record.item}`) === "theirs") await queue.remove(record.key);
    }
  } catch {
    // The choice is made on the server in any case.
  }
  form.submit();
});
