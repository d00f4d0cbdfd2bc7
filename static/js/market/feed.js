// One market's public data: over the WebSocket feed, and by polling while that is not to be had.
// Speaks the Coinbase Exchange dialect in both. Prices and sizes stay decimal strings.

const POLL_MS = 3_000;
const AGAIN_MS = 1_000;
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 20_000;
const TRADES = 40;

export class MarketFeed {
  /**
   * `api` and `socket` are addresses, `product` the product's id. Callbacks: onBook(bids, asks) with
   * maps of price to size, onTrades(list) newest first, onTrade(trade), onState("live"|"polling").
   */
  constructor({ api, socket, product, onBook, onTrades, onTrade, onState }) {
    Object.assign(this, { api, socket, product, onBook, onTrades, onTrade, onState });
    this.bids = new Map();
    this.asks = new Map();
    this.lastTradeId = 0;
    this.retryMs = RETRY_MS_MIN;
    this.isLive = false;
  }

  start() {
    this.connect();
    this.poll();
    setInterval(() => { if (!this.isLive && !document.hidden) this.poll(); }, POLL_MS);
  }

  connect() {
    const socket = new WebSocket(this.socket);
    socket.addEventListener("open", () => {
      socket.send(JSON.stringify({
        type: "subscribe",
        product_ids: [this.product],
        channels: ["level2_batch", "matches"],
      }));
    });
    socket.addEventListener("message", (event) => this.take(JSON.parse(event.data)));
    socket.addEventListener("close", () => {
      this.setLive(false);
      setTimeout(() => this.connect(), this.retryMs);
      this.retryMs = Math.min(this.retryMs * 2, RETRY_MS_MAX);
    });
  }

  setLive(isLive) {
    this.isLive = isLive;
    this.onState(isLive ? "live" : "polling");
  }

  take(message) {
    if (message.product_id !== this.product) return;
    if (message.type === "snapshot") {
      this.retryMs = RETRY_MS_MIN;
      this.setLive(true);
      this.setBook(message.bids, message.asks);
      // Trades of the time without a connection come from the list.
      this.poll();
    } else if (message.type === "l2update") {
      for (const [side, price, size] of message.changes) {
        const levels = side === "buy" ? this.bids : this.asks;
        if (Number(size) === 0) levels.delete(price);
        else levels.set(price, size);
      }
      this.onBook(this.bids, this.asks);
    } else if (message.type === "match") {
      this.addTrade(message);
    }
  }

  addTrade(trade) {
    if (trade.trade_id <= this.lastTradeId) return;
    this.lastTradeId = trade.trade_id;
    this.onTrade(trade);
  }

  setBook(bids, asks) {
    this.bids = new Map(bids.map(([price, size]) => [price, size]));
    this.asks = new Map(asks.map(([price, size]) => [price, size]));
    this.onBook(this.bids, this.asks);
  }

  async poll() {
    const address = `${this.api}/products/${encodeURIComponent(this.product)}`;
    const [book, trades] = await Promise.all([
      getJson(`${address}/book?level=2`),
      getJson(`${address}/trades?limit=${TRADES}`),
    ]);
    if (book && !this.isLive) this.setBook(book.bids, book.asks);
    if (!trades) return;
    const newest = trades[0]?.trade_id ?? 0;
    if (newest < this.lastTradeId) {
      // A list that was under way while a trade came in does not have it yet.
      setTimeout(() => this.poll(), AGAIN_MS);
      return;
    }
    this.lastTradeId = newest;
    this.onTrades(trades);
  }
}

/** The JSON at an address, or null when it cannot be had now. */
export async function getJson(address) {
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}
