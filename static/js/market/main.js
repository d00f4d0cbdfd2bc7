// Puts a market's page to life: book, trades, chart, order form.

import { decimalsOf, formatMicro, parseMicro } from "../units.js";
import { BookView, TradesView } from "./book.js";
import { CandleChart } from "./chart.js";
import { MarketFeed } from "./feed.js";
import { OrderForm } from "./order-form.js";

const CANDLES_ENOUGH = 24;

const page = document.querySelector("[data-market]");
const { product, api, quoteIncrement } = page.dataset;
const texts = JSON.parse(document.getElementById("market-texts").textContent);
const decimals = decimalsOf(quoteIncrement);
const find = (name) => page.querySelector(`[data-part=${name}]`);

const form = new OrderForm({ root: find("order-form"), decimals });
const book = new BookView({
  asks: find("asks"), bids: find("bids"), spread: find("spread"), decimals, texts,
  onPick: (price) => form.setPrice(price),
});
const trades = new TradesView({ body: find("trades"), decimals, texts });
const chart = new CandleChart({ element: find("chart"), empty: find("chart-empty"), api, product, decimals });

function showPrice(price) {
  find("last-price").textContent = formatMicro(parseMicro(price), decimals);
}

const feed = new MarketFeed({
  api,
  product,
  socket: `${location.origin.replace(/^http/, "ws")}/ws/feed`,
  onBook: (bids, asks) => {
    book.show(bids, asks);
    form.setBook(bids, asks);
  },
  onTrades: (list) => {
    trades.set(list);
    if (list.length) showPrice(list[0].price);
  },
  onTrade: (trade) => {
    trades.add(trade);
    chart.add(trade);
    showPrice(trade.price);
  },
  onState: (state) => {
    const badge = find("state");
    badge.dataset.state = state;
    badge.textContent = texts[state];
  },
});

const granularities = [...page.querySelectorAll("[name=granularity]")];
granularities.forEach((input) => {
  input.addEventListener("change", () => chart.load(Number(input.value)));
});

/** Hours, or something finer for a market that is too young to fill a chart with them. */
async function openChart() {
  for (const seconds of ["3600", "300", "60"]) {
    const count = await chart.load(Number(seconds));
    granularities.find((input) => input.value === seconds).checked = true;
    if (!count || count >= CANDLES_ENOUGH) return;
  }
}

form.preview();
feed.start();
openChart();
