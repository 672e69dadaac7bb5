// Puts a copy button after every [data-copy]. Without this script the text is there to be marked and copied by hand.
// The words are on the script's own element, in the language of the page.
const { copyWords, copiedWords } = document.querySelector("script[data-copy-words]").dataset;

async function copy(source) {
  const text = "value" in source ? source.value : source.textContent;
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without a secure address there is no clipboard: mark the text, so that the keyboard can copy it.
    if ("select" in source) source.select();
    else getSelection().selectAllChildren(source);
    return false;
  }
}

for (const source of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-small copy";
  button.textContent = copyWords;
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  said.className = "small muted";
  button.addEventListener("click", async () => {
    said.textContent = (await copy(source)) ? ` ${copiedWords}` : "";
  });
  source.after(button, said);
}
