// Brings NFTs back: the server prepares the call, the browser's wallet (EIP-1193) signs and sends it.

const root = document.getElementById("nfts");

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

async function bringBack(form) {
  const chosen = new URLSearchParams(new FormData(form));
  if (!chosen.has("token")) throw new Refusal(notice().dataset.none);
  const response = await fetch(`${form.dataset.calls}?${chosen}`, { headers: { Accept: "application/json" } });
  const { calls } = await response.json();
  for (const call of calls) {
    const hash = await send(call);
    say(`${notice().dataset.sent} ${hash}`, "success");
  }
  // The list follows the newest block; ask again when the transaction has had time to get in one.
  setTimeout(() => document.body.dispatchEvent(new Event("nfts-changed")), 8_000);
}

root?.addEventListener("submit", async (event) => {
  const form = event.target.closest("#bring-back");
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
