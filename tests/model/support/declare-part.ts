import { buildLibrary } from '../../../src/engine/library';
import type { RedisConnection } from '../../../src/engine/redis-connection';
import { connectTo } from '../../engine/support/test-shard';
import { PrivateServer } from '../../support/servers';
import { FUNDS_PAIRS, ORDER_PAIRS } from './pairs';
import { MODEL_RUNS, MONEY_RUNS, TRAIL_RUNS, modelSeed, runModel, type Subject } from './model-run';

/** Where random sequences must have got to, or they test less than they say. */
const ORDERS_MUST_BE_SEEN = [
  'entry place', 'entry cancel', 'entry amend', 'entry mass_cancel', 'entry refuse', 'entry keep', 'entry due', 'entry kill', 'entry cancel_after', 'entry lease', 'due cancel_after', 'due disconnected', 'due killed', 'due expired', 'place account_killed', 'amend account_killed',
  'place expires_at_past', 'place trades', 'amend trades', 'place fills_limit', 'amend fills_limit', 'place ioc_remainder', 'place no_liquidity',
  'place fok_not_fillable', 'place post_only_would_match', 'place level_quantity_limit', 'place open_orders_limit',
  'place duplicate_client_order_id', 'place backlog_full', 'place repeated', 'cancel repeated', 'amend repeated',
  'cancel order_not_found', 'cancel order_not_open', 'amend order_not_found', 'amend order_not_open', 'amend unchanged',
  'amend amend_invalid', 'amend quantity_below_filled', 'amend quantity_out_of_range', 'amend post_only_would_match',
  'amend level_quantity_limit', 'amend backlog_full', 'notional past 2^53', 'refills', 'several parts of an iceberg', 'place iceberg_parts_limit', 'amend iceberg_parts_limit',
  'place self_trade', 'amend self_trade', 'place cuts an own order', 'amend cuts an own order', 'place cancels an own order', 'amend cancels an own order',
  'a taker is cut', 'place price_protection', 'place budget_exhausted', 'a budget is spent', 'a budget is cut',
  'entry instrument', 'place instrument_not_open', 'amend instrument_not_open', 'cancel instrument_not_open', 'mass_cancel instrument_not_open',
  'place value_below_minimum', 'amend value_below_minimum', 'place outside_instrument_limits', 'amend outside_instrument_limits',
  'trailing trigger filled', 'trailing trigger no_liquidity', 'amend order_waits_otherwise', 'trigger by trigger',
  'instrument instrument_exists', 'instrument instrument_limits_crossed', 'instrument repeated', 'auctions', 'entry auction', 'place halts', 'place price_band',
  'entry list', 'list of oco', 'list of oto', 'list of otoco', 'list trades', 'list links', 'list open_orders_limit', 'list duplicate_client_order_id', 'list repeated', 'list backlog_full',
  'list instrument_not_open', 'list outside_instrument_limits', 'list value_below_minimum', 'a first by money is followed',
  'list account_killed', 'list expires_at_past', 'cancel links', 'mass_cancel links', 'due links', 'kill links', 'place links by a fill', 'trigger links', 'trigger by list',
  'a second goes', 'trigger of a list pending', 'trigger of a list filled', 'cancel order_list_not_found', 'cancel order_list_not_open',
];
const MONEY_MUST_BE_SEEN = [
  'entry place', 'entry cancel', 'entry amend', 'entry mass_cancel', 'entry refuse', 'entry account', 'entry transfer', 'entry transfer_end', 'entry fee_group', 'entry due', 'entry kill', 'place account_killed',
  'place trades', 'amend trades', 'place insufficient_funds', 'amend insufficient_funds', 'place balance_limit', 'place account_suspended', 'place account_closed',
  'place failure_injected', 'transfer insufficient_funds', 'transfer account_not_found', 'transfer account_suspended', 'transfer account_closed',
  'transfer repeated', 'transfer_end transfer_not_found', 'transfer_end transfer_resolved', 'transfer_end amount_above_transfer', 'account account_exists',
  'account account_not_found', 'account account_not_empty', 'account fee_group_not_found', 'account funds_off', 'fee_group fee_rates_lose_money',
  'place balance_audit_breach', 'amend balance_audit_breach', 'transfer balance_audit_breach', 'transfer_end balance_audit_breach',
  'entry instrument', 'place instrument_not_open', 'instrument instrument_bound', 'auctions', 'entry auction', 'place halts',
  'rebates', 'self-trades', 'refills', 'several parts of an iceberg', 'balances past 2^53', 'balances past 10^20', 'balances below zero',
  'place self_trade', 'place cuts an own order', 'place cancels an own order', "an owner's other account", 'a taker is cut',
  'place price_protection', 'place budget_exhausted', 'a budget is spent', 'a budget is cut',
  'entry list', 'list insufficient_funds', 'list quote_quantity_required', 'list balance_limit', 'list balance_audit_breach', 'list links', 'trigger links', 'place links by a fill',
  'a second goes', 'trigger of a list cancelled',
];
const TRAILS_MUST_BE_SEEN = [
  'trailing trigger filled', 'trailing trigger no_liquidity', 'trigger by trigger', 'amend order_waits_otherwise', 'entry cancel', 'cancel order_not_open',
];
const RUNS: Readonly<Record<Subject, number>> = { orders: MODEL_RUNS, money: MONEY_RUNS, trails: TRAIL_RUNS };
const MUST_BE_SEEN: Readonly<Record<Subject, readonly string[]>> = { orders: ORDERS_MUST_BE_SEEN, money: MONEY_MUST_BE_SEEN, trails: TRAILS_MUST_BE_SEEN };
/** From so many sequences on, all of them but a few, or each of them, are certain enough. */
const RUNS_TO_SEE: Readonly<Record<Subject, { readonly most: number; readonly all: number }>> = {
  orders: { most: 400, all: 3_000 }, money: { most: 250, all: 1_500 }, trails: { most: 40, all: 150 },
};
const UNSEEN_MAX = 3;
/** Each of these comes up in so few as `most`, many times over. */
const PAIRS_MUST_BE_SEEN: Readonly<Record<Subject, readonly string[]>> = { orders: ORDER_PAIRS, money: FUNDS_PAIRS, trails: [] };

/** Declares one part of the model test: a test file each, so that they run side by side. */
export function declareModelPart(part: number, parts: number, subject: Subject = 'orders'): void {
  describe(`engine and reference book, ${subject}, part ${part} of ${parts}`, () => {
    let server: PrivateServer;
    let redis: RedisConnection;

    beforeAll(async () => {
      // What is compared here is answers and state; durability has tests of its own.
      server = await PrivateServer.redis({ settings: { appendonly: 'no' } });
      redis = await connectTo({ name: 'redis', url: server.url });
    });

    afterAll(async () => {
      redis.close();
      await server.remove();
    });

    test('give the same answers, log and state to the same commands', async () => {
      const runs = Math.ceil(RUNS[subject] / parts);
      const coverage = await runModel({
        title: `model of ${subject}, part ${part}`, subject, redis, library: buildLibrary(), runs, seed: modelSeed(), part,
      });
      const unseenPairs = PAIRS_MUST_BE_SEEN[subject].filter((name) => !coverage.has(name));
      if (runs >= RUNS_TO_SEE[subject].most) expect(unseenPairs).toEqual([]);
      const unseen = MUST_BE_SEEN[subject].filter((name) => !coverage.has(name));
      if (runs >= RUNS_TO_SEE[subject].all || (runs >= RUNS_TO_SEE[subject].most && unseen.length > UNSEEN_MAX)) expect(unseen).toEqual([]);
      expect(await redis.send(['DBSIZE'], 1000)).toBe(0);
    }, 30 * 60_000);
  });
}
