// Candles, drawn by lightweight-charts. Floats are for pixels only: no amount comes from here.

import {
  CandlestickSeries, ColorType, HistogramSeries, createChart,
} from "../../vendor/charts/lightweight-charts.standalone.production.mjs";
import { getJson } from "./feed.js";

const REFRESH_MS = 30_000;

export class CandleChart {
  constructor({ element, empty, api, product, decimals }) {
    Object.assign(this, { element, empty, api, product });
    this.chart = createChart(element, { autoSize: true, handleScale: { mouseWheel: false } });
    this.candles = this.chart.addSeries(CandlestickSeries, {
      priceFormat: { type: "price", precision: decimals, minMove: 10 ** -decimals },
    });
    this.volume = this.chart.addSeries(HistogramSeries, {
      priceScaleId: "volume", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false,
    });
    this.chart.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    this.chart.priceScale("right").applyOptions({ scaleMargins: { top: 0.08, bottom: 0.22 } });
    new MutationObserver(() => this.paint()).observe(
      document.documentElement, { attributeFilter: ["data-bs-theme"] },
    );
    this.paint();
    setInterval(() => { if (!document.hidden) this.load(this.granularity, false); }, REFRESH_MS);
  }

  paint() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const line = colour("--cc-line");
    this.colours = { up: colour("--cc-buy"), down: colour("--cc-sell"), volume: line };
    this.chart.applyOptions({
      layout: {
        background: { type: ColorType.Solid, color: colour("--cc-surface") },
        textColor: colour("--cc-muted"),
        fontFamily: getComputedStyle(document.body).fontFamily,
      },
      grid: { vertLines: { visible: false }, horzLines: { color: line } },
      rightPriceScale: { borderVisible: false },
      timeScale: { borderColor: line, timeVisible: true, secondsVisible: false },
    });
    this.candles.applyOptions({
      upColor: this.colours.up, downColor: this.colours.down, borderVisible: false,
      wickUpColor: this.colours.up, wickDownColor: this.colours.down,
    });
    this.volume.applyOptions({ color: line });
  }

  /** How many candles there are; undefined when they cannot be had, or others were asked for since. */
  async load(granularity, isNew = true) {
    this.granularity = granularity;
    const rows = await getJson(
      `${this.api}/products/${encodeURIComponent(this.product)}/candles?granularity=${granularity}`,
    );
    if (!rows || granularity !== this.granularity) return undefined;
    rows.sort((a, b) => a[0] - b[0]);
    this.candles.setData(rows.map(([time, low, high, open, close]) => ({
      time, low: Number(low), high: Number(high), open: Number(open), close: Number(close),
    })));
    this.volume.setData(rows.map(([time, , , , , volume]) => ({ time, value: Number(volume) })));
    this.last = rows.at(-1)?.map(Number);
    this.empty.hidden = rows.length > 0;
    if (isNew) this.fit(rows.length);
    return rows.length;
  }

  /** The last 90 candles; a young market gets a chart of 40, filled from the right. */
  fit(count) {
    this.chart.timeScale().setVisibleLogicalRange({ from: count - Math.max(40, Math.min(count, 90)), to: count + 2 });
  }

  /** A trade moves the newest candle, or opens the next one. */
  add(trade) {
    const price = Number(trade.price);
    const time = Math.floor(Date.parse(trade.time) / 1000 / this.granularity) * this.granularity;
    if (this.last && time < this.last[0]) return;
    if (this.last?.[0] === time) {
      this.last[1] = Math.min(this.last[1], price);
      this.last[2] = Math.max(this.last[2], price);
      this.last[4] = price;
      this.last[5] += Number(trade.size);
    } else {
      this.last = [time, price, price, this.last?.[4] ?? price, price, Number(trade.size)];
    }
    const [, low, high, open, close, volume] = this.last;
    this.candles.update({ time, low: Math.min(low, open), high: Math.max(high, open), open, close });
    this.volume.update({ time, value: volume });
    this.empty.hidden = true;
  }
}
