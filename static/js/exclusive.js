/** "None" and "no information available" exclude other boxes. The server only raises a finding; here a click keeps order. */

/** Follow the boxes of `root`. Tell of changes that no person made by calling `changed(input)`. */
export function followExclusive(root, changed) {
  root.addEventListener("change", (event) => {
    const box = event.target;
    const group = box.closest?.("fieldset[data-exclusive]");
    if (!group || box.type !== "checkbox" || !box.checked) return;
    const excluding = new Set(group.dataset.exclusive.split(" "));
    for (const other of group.querySelectorAll('input[type="checkbox"]')) {
      if (other === box || other.name !== box.name || !other.checked) continue;
      if (excluding.has(box.value) || excluding.has(other.value)) {
        other.checked = false;
        changed(other);
      }
    }
  });
}
