// Asks the browser for a passkey and sends what it answers. The options come with the form, the answer goes back in it.

const form = document.querySelector("form[data-passkey]");

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.codePointAt(0));

const toText = (buffer) =>
  btoa(String.fromCodePoint(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The options as the browser wants them: texts in base64url become bytes. */
function readOptions(given) {
  const options = structuredClone(given);
  options.challenge = toBytes(options.challenge);
  if (options.user) options.user.id = toBytes(options.user.id);
  for (const list of [options.excludeCredentials, options.allowCredentials]) {
    for (const credential of list ?? []) credential.id = toBytes(credential.id);
  }
  return options;
}

/** The answer of the browser as JSON of texts. */
function writeCredential(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: toText(response.clientDataJSON) };
  if (response.attestationObject) {
    parts.attestationObject = toText(response.attestationObject);
    parts.transports = response.getTransports?.() ?? [];
  } else {
    parts.authenticatorData = toText(response.authenticatorData);
    parts.signature = toText(response.signature);
    if (response.userHandle) parts.userHandle = toText(response.userHandle);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    response: parts,
    extensions: JSON.stringify(credential.getClientExtensionResults()),
  });
}

async function ask() {
  const failed = form.querySelector("[data-failed]");
  failed.hidden = true;
  const publicKey = readOptions(JSON.parse(form.dataset.options));
  try {
    const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
    form.elements.credential.value = writeCredential(credential);
    form.submit();
  } catch {
    // Cancelled, timed out or refused: the browser does not say which, on purpose.
    failed.textContent = form.dataset.cancelled;
    failed.hidden = false;
  }
}

if (form) {
  const button = form.querySelector("[data-ask]");
  if (globalThis.PublicKeyCredential && navigator.credentials) {
    button.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask();
    });
    ask();
  } else {
    const failed = form.querySelector("[data-failed]");
    failed.textContent = form.dataset.missing;
    failed.hidden = false;
  }
}
