// Links a wallet by Sign-In with Ethereum (EIP-4361): the server writes a message, the wallet
// (EIP-1193) signs it, the server checks it. The message is never read or changed here.

const form = document.getElementById("wallet-link");

async function answered(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body;
}

async function challenge(address) {
  const url = `${form.dataset.challenge}?${new URLSearchParams({ address })}`;
  const response = await fetch(url, { headers: { Accept: "application/json" } });
  return (await answered(response)).message;
}

async function link(message, signature) {
  const response = await fetch(form.dataset.link, {
    method: "POST",
    headers: {
      Accept: "application/json",
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
    },
    body: new URLSearchParams({ message, signature }),
  });
  return answered(response);
}

function hex(text) {
  const bytes = new TextEncoder().encode(text);
  return "0x" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const notice = form?.querySelector("[role=alert]");

async function ask(method, params = []) {
  if (!window.ethereum) throw new Error(notice.dataset.noWallet);
  try {
    return await window.ethereum.request({ method, params });
  } catch {
    throw new Error(notice.dataset.refused);
  }
}

async function run() {
  const [address] = await ask("eth_requestAccounts");
  const message = await challenge(address);
  await link(message, await ask("personal_sign", [hex(message), address]));
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  notice.hidden = true;
  try {
    await run();
    window.location.reload();
  } catch (error) {
    notice.textContent = error.message;
    notice.hidden = false;
    button.disabled = false;
  }
});
