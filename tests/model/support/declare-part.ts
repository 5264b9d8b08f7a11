import { buildLibrary } from '../../../src/engine/library';
import type { RedisConnection } from '../../../src/engine/redis-connection';
import { connectTo } from '../../engine/support/test-shard';
import { PrivateServer } from '../../support/servers';
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
  'instrument instrument_exists', 'instrument instrument_limits_crossed', 'instrument repeated',
];
const MONEY_MUST_BE_SEEN = [
  'entry place', 'entry cancel', 'entry amend', 'entry mass_cancel', 'entry refuse', 'entry account', 'entry transfer', 'entry transfer_end', 'entry fee_group', 'entry due', 'entry kill', 'place account_killed',
  'place trades', 'amend trades', 'place insufficient_funds', 'amend insufficient_funds', 'place balance_limit', 'place account_suspended', 'place account_closed',
  'place failure_injected', 'transfer insufficient_funds', 'transfer account_not_found', 'transfer account_suspended', 'transfer account_closed',
  'transfer repeated', 'transfer_end transfer_not_found', 'transfer_end transfer_resolved', 'transfer_end amount_above_transfer', 'account account_exists',
  'account account_not_found', 'account account_not_empty', 'account fee_group_not_found', 'account funds_off', 'fee_group fee_rates_lose_money',
  'place balance_audit_breach', 'amend balance_audit_breach', 'transfer balance_audit_breach', 'transfer_end balance_audit_breach',
  'entry instrument', 'place instrument_not_open', 'instrument instrument_bound',
  'rebates', 'self-trades', 'refills', 'several parts of an iceberg', 'balances past 2^53', 'balances past 10^20', 'balances below zero',
  'place self_trade', 'place cuts an own order', 'place cancels an own order', "an owner's other account", 'a taker is cut',
  'place price_protection', 'place budget_exhausted', 'a budget is spent', 'a budget is cut',
];
const TRAILS_MUST_BE_SEEN = [
  'trailing trigger filled', 'trailing trigger no_liquidity', 'trigger by trigger', 'amend order_waits_otherwise', 'entry cancel', 'cancel order_not_open',
];
const RUNS: Readonly<Record<Subject, number>> = { orders: MODEL_RUNS, money: MONEY_RUNS, trails: TRAIL_RUNS };
const MUST_BE_SEEN: Readonly<Record<Subject, readonly string[]>> = { orders: ORDERS_MUST_BE_SEEN, money: MONEY_MUST_BE_SEEN, trails: TRAILS_MUST_BE_SEEN };
/** From so many sequences on, each of them is certain enough. */
const RUNS_TO_SEE_ALL: Readonly<Record<Subject, number>> = { orders: 400, money: 250, trails: 40 };

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
      if (runs >= RUNS_TO_SEE_ALL[subject]) expect(MUST_BE_SEEN[subject].filter((name) => !coverage.has(name))).toEqual([]);
      expect(await redis.send(['DBSIZE'], 1000)).toBe(0);
    }, 30 * 60_000);
  });
}
