/**
 * The page with two texts for one answer. Who keeps the text that is saved, both, or a text made of the two has decided about
 * the own one: it leaves the queue of this computer too, or it would be offered again. The own text, when it is chosen, leaves
 * when the server has it.
 */

import { Queue } from "./queue.js";

const form = document.querySelector("form[data-conflict]");
let isDecided = false;
form?.addEventListener("submit", async (event) => {
  if (isDecided) return;
  event.preventDefault();
  const button = event.submitter;
  const decided = button?.value !== "mine" && button?.name.startsWith("take:") ? button.name.slice("take:".length) : "";
  try {
    const queue = decided ? await Queue.open() : null;
    for (const record of (await queue?.all(form.dataset.response)) ?? []) {
      if (record.item === decided) await queue.remove(record.key);
    }
  } catch {
    // The choice is made on the server in any case.
  }
  // A submit asked for while the press is still being dispatched is ignored by the browser: let the press end first.
  await new Promise((resolve) => setTimeout(resolve));
  isDecided = true;
  form.requestSubmit(button);
});
