/** Items on the page: reading and filling their inputs, showing what the server said about them. Never moves the focus. */

import { newRowId, pairsOf } from "./edits.js";

const controlsOf = (item) => item.querySelectorAll("input, select, textarea");

/** The element of an item, or null when this page does not show it. */
export function itemById(id) {
  return document.getElementById(`item-${id}`);
}

/** The hidden input with the version that the item was printed from. */
export function baseOf(item) {
  return item.querySelector('input[name^="base:"]');
}

/** Whether the item is saved by autosave; files are sent with the form only. */
export function isAutosaved(item) {
  return !item.querySelector('[data-autosave="off"]');
}

/** Names and values of the item's inputs, as a form would send them. */
export function read(item) {
  return pairsOf(controlsOf(item));
}

/** Names and values of the item's inputs as the server printed them, whatever was typed since. */
export function readPrinted(item) {
  return pairsOf([...controlsOf(item)].map(printed));
}

/** A stand-in for a control with the value and the tick that the page came with. */
function printed(control) {
  const { name, disabled, type } = control;
  const chosen = control.options && ([...control.options].find((option) => option.defaultSelected) ?? control.options[0]);
  const value = chosen ? chosen.value : ["radio", "checkbox"].includes(type) ? control.value : control.defaultValue;
  return { name, disabled, type, value, checked: control.defaultChecked };
}

/** Give rows that have no id yet an id, so that they stay the same rows at every save. */
export function nameRows(item) {
  for (const input of item.querySelectorAll("input[data-row-id]")) if (!input.value) input.value = newRowId();
}

/**
 * Put values back into the inputs of an item.
 * @returns {boolean}  whether every value found its input; rows that this page does not show have none
 */
export function fill(item, pairs) {
  const left = pairs.map(([name, value]) => ({ name, value }));
  const take = (test) => {
    const index = left.findIndex(test);
    return index < 0 ? null : left.splice(index, 1)[0];
  };
  for (const control of controlsOf(item)) {
    if (!control.name || control.type === "file" || control.name.startsWith("base:")) continue;
    if (control.type === "radio" || control.type === "checkbox") {
      control.checked = Boolean(take((one) => one.name === control.name && one.value === control.value));
    } else {
      const found = take((one) => one.name === control.name);
      if (found) control.value = found.value;
    }
  }
  return left.length === 0;
}

function line(cls, symbol, message) {
  const paragraph = document.createElement("p");
  paragraph.className = cls;
  paragraph.append(icon(symbol));
  const words = document.createElement("span");
  words.textContent = message;
  paragraph.append(words);
  return paragraph;
}

/** An icon of the sprite. */
export function icon(symbol) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `#i-${symbol}`);
  svg.append(use);
  return svg;
}

/**
 * Show the errors and cautions of an item in the places that the server printed for them, instead of the earlier ones.
 * @param {string[]} invalid  names of the inputs that cannot be read
 */
export function showMessages(item, errors = [], cautions = [], invalid = []) {
  const id = item.dataset.item;
  for (const old of item.querySelectorAll(".error")) old.remove();
  for (const old of item.querySelectorAll("[aria-invalid]")) old.removeAttribute("aria-invalid");
  for (const old of item.querySelectorAll(".field-error")) old.classList.remove("field-error");
  const place = document.getElementById(`${id}-error`);
  place?.replaceChildren(...errors.map((message) => line("error", "warn", message)));
  document.getElementById(`${id}-cautions`)?.replaceChildren(...cautions.map((message) => line("caution", "info", message)));
  if (!errors.length) return;
  place?.closest(".field")?.classList.add("field-error");
  for (const control of controlsOf(item)) if (invalid.includes(control.name)) control.setAttribute("aria-invalid", "true");
}

/** Show the badge of this state of work; the server printed all of them, in the language of the page. */
export function showWork(state) {
  const badges = [...document.querySelectorAll("[data-work]")];
  if (!badges.some((badge) => badge.dataset.work === state)) return;
  for (const badge of badges) badge.hidden = badge.dataset.work !== state;
}

/** Keep "answered of asked" up to date, in the pattern that the server printed in the language of the page. */
export function showProgress(progress) {
  if (!progress) return;
  for (const words of document.querySelectorAll("[data-progress]")) {
    words.textContent = words.dataset.progress.replace("{answered}", progress.answered).replace("{asked}", progress.asked);
  }
  for (const bar of document.querySelectorAll("[data-progress-bar]")) {
    bar.max = progress.asked || 1;
    bar.value = progress.answered;
  }
}
