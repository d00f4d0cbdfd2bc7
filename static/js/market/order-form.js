// What an order would cost, worked out exactly as the engine will: the fee rounds down, nothing
// else rounds. The server decides; this only shows it beforehand.

import { MICRO, formatMass, formatMicro, parseMicro } from "../units.js";
import { sorted } from "./book.js";

const UNITS = { g: 1n, kg: 1_000n, t: MICRO };
const BPS = 10_000n;

export class OrderForm {
  constructor({ root, decimals }) {
    this.root = root;
    this.decimals = decimals;
    this.bids = new Map();
    this.asks = new Map();
    root.addEventListener("input", () => this.preview());
    root.addEventListener("change", () => this.preview());
    // htmx puts a new form in place after every order.
    root.addEventListener("htmx:afterSwap", () => this.preview());
  }

  get form() { return this.root.querySelector("form"); }

  setBook(bids, asks) {
    this.bids = bids;
    this.asks = asks;
    if (this.value("order_type") === "market") this.preview();
  }

  setPrice(price) {
    const input = this.form?.elements.price;
    if (!input) return;
    input.value = formatMicro(price, this.decimals).replaceAll(",", "");
    this.preview();
    (this.form.elements.size.value ? input : this.form.elements.size).focus();
  }

  value(name) { return this.form ? new FormData(this.form).get(name) ?? "" : ""; }

  /** Base micro-units typed, whatever the unit; null when it is no amount. */
  size() {
    const typed = parseMicro(this.value("size"));
    const unit = UNITS[this.value("unit")] ?? MICRO;
    if (typed === null || (typed * unit) % MICRO) return null;
    return (typed * unit) / MICRO;
  }

  preview() {
    if (!this.form) return;
    const isBuy = this.value("side") === "buy";
    const isMarket = this.value("order_type") === "market";
    const cost = isMarket ? this.marketCost(isBuy) : this.limitCost();
    this.form.dataset.side = isBuy ? "buy" : "sell";
    this.form.dataset.type = isMarket ? "market" : "limit";
    this.form.elements.price.disabled = isMarket;
    this.show(cost, isBuy);
  }

  limitCost() {
    const size = this.size();
    const price = parseMicro(this.value("price"));
    return size && price ? { size, notional: (price * size) / MICRO } : null;
  }

  /** Walks the book as far as it is known; what is left over stays unfilled. */
  marketCost(isBuy) {
    const wanted = this.size();
    if (!wanted) return null;
    let left = wanted;
    let notional = 0n;
    for (const [price, size] of sorted(isBuy ? this.asks : this.bids, !isBuy)) {
      const taken = size < left ? size : left;
      notional += (price * taken) / MICRO;
      left -= taken;
      if (!left) break;
    }
    return { size: wanted - left, notional, missing: left };
  }

  show(cost, isBuy) {
    const { quote, takerBps } = this.form.dataset;
    const fee = cost ? (cost.notional * BigInt(takerBps)) / BPS : 0n;
    const total = cost ? (isBuy ? cost.notional + fee : cost.notional - fee) : 0n;
    const put = (name, text) => {
      const place = this.form.querySelector(`[data-preview=${name}]`);
      if (place) place.textContent = text;
    };
    put("value", cost ? `${formatMicro(cost.notional, 2)} ${quote}` : "–");
    put("fee", cost ? `${formatMicro(fee, 2)} ${quote}` : "–");
    put("total", cost ? `${formatMicro(total, 2)} ${quote}` : "–");
    const missing = this.form.querySelector("[data-preview=missing]");
    if (missing) {
      missing.hidden = !cost?.missing;
      missing.querySelector("[data-amount]").textContent = cost?.missing ? formatMass(cost.missing) : "";
    }
  }
}
