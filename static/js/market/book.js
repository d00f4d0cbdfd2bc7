// The order book and the latest trades as table rows.

import { formatMass, formatMicro, parseMicro } from "../units.js";

const LEVELS = 9;
const TRADES = 18;

/** Levels best first, as BigInt, at most `count`. */
export function sorted(levels, isBid, count = Infinity) {
  const rows = [...levels].map(([price, size]) => [parseMicro(price), parseMicro(size)]);
  rows.sort(([a], [b]) => (a === b ? 0 : (a < b) === isBid ? 1 : -1));
  return rows.slice(0, count);
}

export class BookView {
  constructor({ asks, bids, spread, decimals, onPick, texts }) {
    Object.assign(this, { asks, bids, spread, decimals, onPick, texts });
    this.frame = 0;
  }

  /** Draws at most once a frame however often the book changes. */
  show(bids, asks) {
    this.latest = [bids, asks];
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw(...this.latest);
    });
  }

  draw(bids, asks) {
    const bidRows = sorted(bids, true, LEVELS);
    const askRows = sorted(asks, false, LEVELS);
    const sums = [bidRows, askRows].map((rows) => rows.reduce((sum, [, size]) => sum + size, 0n));
    const most = sums[0] > sums[1] ? sums[0] : sums[1];
    this.fill(this.asks, askRows, most, true);
    this.fill(this.bids, bidRows, most, false);
    this.spread.textContent = askRows.length && bidRows.length
      ? formatMicro(askRows[0][0] - bidRows[0][0], this.decimals)
      : "–";
  }

  fill(body, rows, most, isAsk) {
    let sum = 0n;
    const drawn = rows.map(([price, size]) => {
      sum += size;
      return this.row(price, size, sum, most);
    });
    if (isAsk) drawn.reverse();
    if (!drawn.length) drawn.push(emptyRow(this.texts.empty, 3));
    body.replaceChildren(...drawn);
  }

  row(price, size, sum, most) {
    const row = document.createElement("tr");
    row.style.setProperty("--depth", `${(sum * 100n) / (most || 1n)}%`);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = formatMicro(price, this.decimals);
    button.addEventListener("click", () => this.onPick(price));
    row.append(cell(button), cell(formatMass(size)), cell(formatMass(sum)));
    return row;
  }
}

export class TradesView {
  constructor({ body, decimals, texts }) {
    Object.assign(this, { body, decimals, texts });
    this.time = new Intl.DateTimeFormat(document.documentElement.lang, {
      hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
    });
  }

  set(trades) {
    const rows = trades.slice(0, TRADES).map((trade) => this.row(trade));
    this.body.replaceChildren(...(rows.length ? rows : [emptyRow(this.texts.noTrades, 3)]));
  }

  add(trade) {
    if (this.body.querySelector(".empty-row")) this.body.replaceChildren();
    const row = this.row(trade);
    row.classList.add("fresh");
    this.body.prepend(row);
    while (this.body.rows.length > TRADES) this.body.rows[TRADES].remove();
  }

  row(trade) {
    const row = document.createElement("tr");
    // The dialect names the maker's side: a resting sell was bought from.
    row.className = trade.side === "sell" ? "up" : "down";
    const price = cell(formatMicro(parseMicro(trade.price), this.decimals));
    price.classList.add("price");
    row.append(price, cell(formatMass(parseMicro(trade.size))), cell(this.time.format(new Date(trade.time))));
    return row;
  }
}

function cell(content) {
  const element = document.createElement("td");
  element.className = "num";
  element.append(content);
  return element;
}

function emptyRow(text, columns) {
  const row = document.createElement("tr");
  row.className = "empty-row";
  const only = document.createElement("td");
  only.colSpan = columns;
  only.textContent = text;
  row.append(only);
  return row;
}
