/**
 * Which items are asked. The server decides; this module only shows its decision and knows which items others depend on,
 * so that those are saved at once and the questions that follow appear without waiting.
 */

import { itemsIn } from "./edits.js";
import { itemById } from "./items.js";

/** Ids of the items on which the asking of another item of the page depends. */
export function deciding(root) {
  const ids = new Set();
  for (const item of root.querySelectorAll("[data-asked-if]")) {
    try {
      for (const id of itemsIn(JSON.parse(item.dataset.askedIf))) ids.add(id);
    } catch {
      // A condition that cannot be read only means that the questions that follow appear a little later.
    }
  }
  return ids;
}

/**
 * Show and hide items as the server says. An item that holds the focus is hidden when the focus has left it.
 * @param {Record<string, boolean>|undefined} asked  by id of the item
 */
export function applyAsked(asked) {
  if (!asked) return;
  for (const [id, isAsked] of Object.entries(asked)) {
    const item = itemById(id);
    if (!item) continue;
    if (!isAsked && item.contains(document.activeElement)) {
      item.addEventListener("focusout", () => applyAsked({ [id]: isAsked }), { once: true });
      continue;
    }
    item.hidden = !isAsked;
  }
  // The heading of a group disappears with the last of its items; inner groups first.
  for (const group of [...document.querySelectorAll("[data-hide-when-empty]")].reverse()) {
    const items = [...group.querySelectorAll(".item")];
    group.hidden = items.length > 0 && items.every((item) => item.hidden);
  }
}
