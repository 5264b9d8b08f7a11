import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as contract from '#openfill-contract';
import type { Order, OrderTrade, Trade, Candle, TickerFields, ObjectOf } from '#openfill-contract';
import { CHANNELS } from '../../src/domain/channels';
import { INTERVALS } from '../../src/domain/candle';
import { AMOUNT_TEXT_LENGTH_MAX, PLAIN_DECIMAL } from '../../src/domain/amounts';
import { FAILURE_STEPS } from '../../src/domain/commands';
import { BAND_WINDOW_S, BAND_WINDOW_S_MAX, INSTRUMENT_STATES } from '../../src/domain/instrument-rules';
import { ASSET_NAME, DEFAULT_INSTRUMENTS, INSTRUMENT_NAME } from '../../src/domain/instruments';
import { ACCOUNT_STATUS_CODE, CREDIT_CODE, FEE_GROUP_NAME, TRANSFER_STATUS_CODE, VENUE_ACCOUNT_START } from '../../src/domain/money';
import { ACCOUNT_EVENT_KINDS, DAY_STATUSES } from '../../src/domain/money-history';
import * as access from '../../src/domain/access';
import { ORDER_KINDS, REASON_CODE, ROLES, SIDES, STATUS_CODE } from '../../src/domain/order';
import { WAITING_TYPES } from '../../src/domain/order-type';
import { STP_CODE } from '../../src/domain/order-traits';
import type { OrderTradeView, OrderView, TradeView } from '../../src/dialects/native/present';
import {
  WITHDRAWAL_STATUS,
  type AccountEventView, type AccountView, type AssetOverviewView, type BalanceView, type DepositView, type DifferenceView, type FeeGroupView, type FillView,
  type FindingView, type NettingView, type PortfolioLineView, type PositionView, type SnapshotView, type StatementLineView, type TransferView, type WithdrawalView,
} from '../../src/dialects/native/present-money';
import type { CandleView, TickerView } from '../../src/dialects/native/present-market';

const sorted = (words: Iterable<string>): string[] => [...new Set(words)].sort();

/** Does not compile where a view lacks a field of the contract, has one too many, or has one of another type. */
type Same<View, Described> = keyof View extends keyof Described ? (Described extends View ? true : never) : never;

describe('the contract', () => {
  it('has the words that the service computes with', () => {
    expect(contract.SIDES).toEqual(SIDES);
    expect([contract.SCOPES, contract.USER_ROLES, contract.LIMIT_CLASSES, contract.USERNAME, contract.PASSWORD_BYTES_MIN, contract.PASSWORD_BYTES_MAX])
      .toEqual([access.SCOPES, access.USER_ROLES, access.LIMIT_CLASSES, access.USERNAME_PATTERN, access.PASSWORD_BYTES.min, access.PASSWORD_BYTES.max]);
    expect(contract.CHANNELS).toEqual(CHANNELS);
    expect(contract.INTERVALS).toEqual(INTERVALS);
    expect(contract.INSTRUMENT_STATES).toEqual(INSTRUMENT_STATES);
    expect([contract.BAND_WINDOW_S, contract.BAND_WINDOW_S_MAX]).toEqual([BAND_WINDOW_S, BAND_WINDOW_S_MAX]);
    expect(sorted(contract.ORDER_TYPES)).toEqual(sorted([...ORDER_KINDS.map(({ type }) => type), ...Object.keys(WAITING_TYPES)]));
    expect(sorted(contract.TIMES_IN_FORCE)).toEqual(sorted(ORDER_KINDS.map(({ timeInForce }) => timeInForce)));
    expect(sorted(contract.ORDER_STATUSES)).toEqual(sorted(Object.keys(STATUS_CODE)));
    expect(sorted(contract.STATUS_REASONS)).toEqual(sorted(Object.keys(REASON_CODE)));
    expect(sorted(contract.SELF_TRADE_PREVENTIONS)).toEqual(sorted(['none', ...Object.keys(STP_CODE)]));
    expect(contract.ROLES).toEqual(ROLES);
    expect(contract.FAILURE_STEPS).toEqual(FAILURE_STEPS);
    expect(contract.ACCOUNT_STATUSES).toEqual(Object.keys(ACCOUNT_STATUS_CODE));
    expect(sorted([...contract.CREDITS, 'venue'])).toEqual(sorted(Object.keys(CREDIT_CODE)));
    expect(contract.TRANSFER_STATUSES).toEqual(Object.keys(TRANSFER_STATUS_CODE));
    expect(sorted([...contract.WITHDRAWAL_STATUSES, 'expired'])).toEqual(sorted(Object.values(WITHDRAWAL_STATUS)));
    expect(contract.ACCOUNT_EVENT_KINDS).toEqual(ACCOUNT_EVENT_KINDS);
    expect(contract.DAY_STATUSES).toEqual(DAY_STATUSES);
    expect(contract.VENUE_ACCOUNT_START).toBe(VENUE_ACCOUNT_START);
    expect(contract.ASSET_NAME).toBe(ASSET_NAME.source);
    expect(contract.FEE_GROUP_NAME).toBe(FEE_GROUP_NAME.source);
    expect(contract.INSTRUMENT_NAME).toBe(INSTRUMENT_NAME.source);
    expect(contract.DECIMAL_PATTERN).toBe(PLAIN_DECIMAL.source);
    expect(contract.AMOUNT_TEXT_LENGTH_MAX).toBe(AMOUNT_TEXT_LENGTH_MAX);
    expect(DEFAULT_INSTRUMENTS).toContainEqual(expect.objectContaining({ instrument: contract.INSTRUMENT_DEFAULT }));
  });

  it('describes what the service tells', () => {
    const same: [
      Same<OrderView, ObjectOf<typeof Order>>, Same<OrderTradeView, ObjectOf<typeof OrderTrade>>, Same<TradeView, ObjectOf<typeof Trade>>,
      Same<CandleView, ObjectOf<typeof Candle>>, Same<TickerView, ObjectOf<typeof TickerFields>>,
    ] = [true, true, true, true, true];
    expect(same).not.toContain(false);
    const money: [
      Same<AccountView, ObjectOf<typeof contract.Account>>, Same<BalanceView, ObjectOf<typeof contract.Balance>>, Same<FillView, ObjectOf<typeof contract.Fill>>,
      Same<AccountEventView, ObjectOf<typeof contract.AccountEvent>>, Same<SnapshotView, ObjectOf<typeof contract.AccountSnapshot>>,
      Same<DepositView, ObjectOf<typeof contract.Deposit>>, Same<WithdrawalView, ObjectOf<typeof contract.Withdrawal>>,
      Same<TransferView, ObjectOf<typeof contract.Transfer>>, Same<PositionView, ObjectOf<typeof contract.Position>>,
      Same<PortfolioLineView, ObjectOf<typeof contract.PortfolioLine>>, Same<StatementLineView, ObjectOf<typeof contract.StatementLine>>,
      Same<NettingView, ObjectOf<typeof contract.Netting>>, Same<FeeGroupView, ObjectOf<typeof contract.FeeGroup>>,
      Same<AssetOverviewView, ObjectOf<typeof contract.AssetOverview>>, Same<FindingView, ObjectOf<typeof contract.AuditFinding>>,
      Same<DifferenceView, ObjectOf<typeof contract.BalanceDifference>>,
    ] = [true, true, true, true, true, true, true, true, true, true, true, true, true, true, true, true];
    expect(money).not.toContain(false);
  });

  it.each(['', 'u'])('has a pattern for printable text that refuses none of it (flags "%s")', (flags) => {
    const pattern = new RegExp(contract.PRINTABLE_PATTERN, flags);
    const printable = /^[^\p{C}]+$/u;
    const unassigned = /^\p{Cn}$/u;
    const wrong: string[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      const text = String.fromCharCode(code);
      const isTaken = pattern.test(text);
      const isHalf = code >= 0xd800 && code <= 0xdfff;
      if (printable.test(text) ? !isTaken : isTaken && !isHalf && !unassigned.test(text)) wrong.push(code.toString(16));
    }
    expect(wrong).toEqual([]);
    expect(['client-A', 'p{C}', 'Zoë', '日本', '𝔘'.repeat(64), '👩'].every((text) => pattern.test(text))).toBe(true);
  });

  it('names each method and path once', () => {
    const calls = Object.values(contract.CALLS).map(({ method, path }) => `${method} ${path}`);
    expect(sorted(calls)).toHaveLength(calls.length);
  });

  it('has the same wishes of a stream in a query and in a message', () => {
    expect(Object.keys(contract.fieldsOf(contract.StreamQuery))).toEqual(Object.keys(contract.fieldsOf(contract.StreamWish)));
    expect(contract.ONLY_TO_SUBSCRIBE.filter((name) => !(name in contract.fieldsOf(contract.StreamWish)))).toEqual([]);
  });

  it('has fields of variants for every variant, or for words that are variants', () => {
    for (const shape of Object.values(contract.OPERATIONS)) {
      const variants = contract.variantsOf(shape);
      for (const [name, field] of Object.entries(contract.fieldsOf(shape))) {
        if (!contract.isVariantField(field)) continue;
        const words = Object.keys(field.variants);
        expect([name, words.filter((word) => !variants.includes(word))]).toEqual([name, []]);
        if (field.everywhere) expect([name, words]).toEqual([name, variants]);
      }
    }
  });

  it('is what the client\'s types say', () => {
    const written = readFileSync(join(__dirname, '..', '..', 'packages', 'client', 'src', 'contract.ts'), 'utf8');
    // `node scripts/client-types.mjs` writes them anew.
    expect(contract.clientTypes()).toBe(written);
  });
});
