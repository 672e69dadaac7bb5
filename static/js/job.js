// Brings the page of a workbook up to date until it is made, given up or cancelled. The server prints every word, so this script
// knows none. Without it the page has a link to look again.
const SECONDS = 2;

async function look() {
  let page;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    // Signed out meanwhile: loading the page leads to the sign-in and back.
    if (answer.redirected || !answer.ok) return location.reload();
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return setTimeout(look, SECONDS * 5000); // no line at the moment
  }
  update(document.querySelector("[data-job]"), page.querySelector("[data-job]"));
  if (page.querySelector("script[src*='js/job.js']")) setTimeout(look, SECONDS * 1000);
}

function update(shown, news) {
  const part = (root, name) => root.querySelector(`[data-job-${name}]`);
  if (shown.dataset.job === news.dataset.job) {
    // Buttons stay: a click that has begun must end on the same one.
    if (part(shown, "progress").innerHTML !== part(news, "progress").innerHTML) part(shown, "progress").replaceWith(part(news, "progress"));
    return;
  }
  const stoodHere = shown.contains(document.activeElement);
  // The line that is announced stays in its place and changes its words; around it everything is new.
  const line = part(shown, "status");
  line.replaceChildren(...part(news, "status").childNodes);
  part(news, "status").remove();
  for (const old of [...shown.children]) if (old !== line) old.remove();
  shown.append(...news.children);
  shown.dataset.job = news.dataset.job;
  if (stoodHere) shown.querySelector("button")?.focus();
}

setTimeout(look, SECONDS * 1000);
