// The common flow through nodejs-order-book: reads commands from standard input, writes JSON.
//
// A line is `N,id,side,price,size` (side 0 buys) or `C,id`. The commands are read and the orders'
// objects made before the clock starts; only the book's own work is timed. `node FILE ROUNDS`.
import { readFileSync } from "node:fs";
import { OrderBook } from "nodejs-order-book";

const rounds = Number(process.argv[2] ?? 1);
const commands = readFileSync(0, "utf8").trim().split("\n").map((line) => {
  const [kind, id, side, price, size] = line.split(",");
  if (kind === "C") return { cancel: id };
  const order = { id, side: side === "0" ? "buy" : "sell", price: +price, size: +size, timeInForce: "GTC" };
  return { order };
});

function run() {
  const book = new OrderBook();
  let fills = 0;
  let quantity = 0;
  let notional = 0;
  const started = process.hrtime.bigint();
  for (const { order, cancel } of commands) {
    if (cancel !== undefined) {
      book.cancel(cancel);
      continue;
    }
    const { done, partial, partialQuantityProcessed, err } = book.limit(order);
    if (err) throw err;
    for (const maker of done) {
      if (maker.id === order.id) continue;
      fills += 1;
      quantity += maker.size;
      notional += maker.size * maker.price;
    }
    if (partial && partial.id !== order.id && partialQuantityProcessed) {
      fills += 1;
      quantity += partialQuantityProcessed;
      notional += partialQuantityProcessed * partial.price;
    }
  }
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  return { rate: commands.length / seconds, fills, quantity, notional };
}

console.log(JSON.stringify(Array.from({ length: rounds }, run)));
