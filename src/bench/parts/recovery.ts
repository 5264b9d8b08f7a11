import { fillOpenOrders } from '../fill-orders';
import { bareWrites, rebuildApart } from '../rebuild-apart';
import type { Bench, Part } from '../result';

const ORDERS = 200_000;

async function run(bench: Bench) {
  const { report, floor } = await rebuildApart(bench, 'off', (url) => fillOpenOrders(url, ORDERS), (redis) => bareWrites(redis, ORDERS));
  return {
    figures: [
      { name: 'open orders rebuilt from Postgres, compared by hash', value: report.openOrders / report.seconds, unit: 'orders/s', floor: { name: 'bare Redis writes of as many records and places', value: floor } },
      { name: `until ${ORDERS.toLocaleString('en-US')} open orders are traded on again`, value: report.seconds, unit: 's' },
    ],
  };
}

export const recoveryPart: Part = { name: 'recovery', about: 'an empty Redis rebuilt from Postgres', funds: ['off'], run };
