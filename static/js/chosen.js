// Says how many boxes of the form are ticked, beside its button.
const form = document.getElementById("choose");
const line = form?.querySelector("[data-chosen]");

function count() {
  line.textContent = line.dataset.chosen.replace("{number}", form.querySelectorAll("[name=state]:checked").length);
}

if (line) {
  form.addEventListener("change", count);
  line.hidden = false;
  count();
}
