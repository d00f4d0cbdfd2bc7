// Brings NFTs and coins back: the server prepares the calls, the browser's wallet (EIP-1193) signs and
// sends them, each once the one before is in a block.

const root = document.querySelector("[data-wallet-calls]");
const LOOK_EVERY_MS = 1_000;
const LOOKS_MAX = 120;

class Refusal extends Error {}

function notice() { return root.querySelector("[role=alert]"); }

function say(text, level) {
  const place = notice();
  place.className = `notice notice-${level}`;
  place.textContent = text;
  place.hidden = false;
}

async function ask(method, params = []) {
  if (!window.ethereum) throw new Refusal(notice().dataset.noWallet);
  try {
    return await window.ethereum.request({ method, params });
  } catch {
    throw new Refusal(notice().dataset.refused);
  }
}

async function switchChain(chainId) {
  const wanted = `0x${chainId.toString(16)}`;
  if (await ask("eth_chainId") === wanted) return;
  try {
    await window.ethereum.request({ method: "wallet_switchEthereumChain", params: [{ chainId: wanted }] });
  } catch {
    throw new Refusal(`${notice().dataset.wrongChain} ${chainId}`);
  }
}

async function send(call) {
  await switchChain(call.chain_id);
  const accounts = await ask("eth_requestAccounts");
  if (!accounts.some((it) => it.toLowerCase() === call.sender.toLowerCase())) {
    throw new Refusal(`${notice().dataset.wrongAccount} ${call.sender}`);
  }
  const { sender: from, to, data } = call;
  return ask("eth_sendTransaction", [{ from, to, data }]);
}

async function mined(hash) {
  for (let look = 0; look < LOOKS_MAX; look += 1) {
    if (await ask("eth_getTransactionReceipt", [hash])) return;
    await new Promise((resolve) => { setTimeout(resolve, LOOK_EVERY_MS); });
  }
  throw new Refusal(notice().dataset.late);
}

async function bringBack(form) {
  const chosen = new URLSearchParams(new FormData(form));
  if (notice().dataset.none && !chosen.has("token")) throw new Refusal(notice().dataset.none);
  const response = await fetch(`${form.dataset.calls}?${chosen}`, { headers: { Accept: "application/json" } });
  const { calls, message } = await response.json();
  if (!response.ok) throw new Refusal(message);
  for (const [place, call] of calls.entries()) {
    const hash = await send(call);
    say(`${notice().dataset.sent} ${hash}`, "success");
    // What a wallet estimates for the next call, it estimates on what is in blocks.
    if (form.dataset.inOrder !== undefined && place < calls.length - 1) await mined(hash);
  }
  // The list follows the newest block; ask again when the transaction has had time to get in one.
  setTimeout(() => document.body.dispatchEvent(new Event("nfts-changed")), 8_000);
}

root?.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-calls]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button[type=submit]");
  button.disabled = true;
  try {
    await bringBack(form);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    say(error.message, "error");
  } finally {
    button.disabled = false;
  }
});
