import { CONTROL_CODE, DUE_CODE } from '../../../src/domain/controls';
import { encodeRules, encodeWanted } from '../../../src/domain/instrument-rules';
import type { EntryEvent, LoggedCommand } from '../../../src/domain/entry';
import { COMMAND_LETTER, EVENT, LIST_MARK, LOG_ENTRY_VERSION, ORDER_RECORD_VERSION } from '../../../src/domain/layouts';
import { ACCOUNT_STATUS_CODE, CREDIT_CODE, FUNDS_CODE, TRANSFER_KIND_CODE, TRANSFER_STATUS_CODE, type FeeRate, type Transfer } from '../../../src/domain/money';
import { compactId } from '../../../src/domain/order-id';
import { KIND_CODE, kindCode, REASON_CODE, SIDE_CODE, STATUS_CODE, type CancelReference, type Order, type OrderFees } from '../../../src/domain/order';
import { encodeTraits, type OrderTraits } from '../../../src/domain/order-traits';

/** An entry of the present version as the engine would write it. */

export interface EntryText {
  readonly kind: string;
  readonly sequence: number;
  readonly timeUs: number;
  readonly command: LoggedCommand;
  readonly code?: number;
  readonly events: readonly EntryEvent[];
  readonly idempotency?: string;
  readonly epoch: string;
}

const feesWire = (fees: OrderFees | null): unknown[] => (fees === null ? [] : [fees.makerRate, fees.takerRate, fees.units, fees.millionths]);

const traitsWire = (traits: OrderTraits): unknown => JSON.parse(`[${encodeTraits(traits)}]`);

function orderWire(order: Order): unknown[] {
  const kind = kindCode(order.type, order.timeInForce, order.postOnly);
  return [
    ORDER_RECORD_VERSION, order.filledLots, order.notional, STATUS_CODE[order.status], order.reason === null ? 0 : REASON_CODE[order.reason],
    order.sequence, order.updatedUs, order.fillSequence, order.priority, feesWire(order.fees), order.priceTicks ?? 0, order.quantityLots,
    traitsWire(order.traits), SIDE_CODE[order.side], kind, order.instrument, order.clientId, order.clientOrderId ?? '', order.createdUs, order.placedSequence, compactId(order.orderId),
  ];
}

const ratesWire = (rates: readonly FeeRate[]): unknown[] => rates.flatMap(({ instrument, makerRate, takerRate }) => [instrument ?? '', makerRate, takerRate]);

function transferWire(t: Transfer): unknown[] {
  return [
    EVENT.transfer, compactId(t.transferId), TRANSFER_KIND_CODE[t.kind], TRANSFER_STATUS_CODE[t.status], t.from, t.to, t.asset, t.amount, t.settledAmount,
    t.reference ?? '', t.note ?? '', t.expiresUs ?? 0, t.reverses === null ? '' : compactId(t.reverses), t.sequence, t.createdUs,
  ];
}

function eventWire(event: EntryEvent, entry: EntryText): unknown[] {
  switch (event.type) {
    case 'trade': return [
      EVENT.trade, event.tradeId, event.priceTicks, event.quantityLots, event.makerPreviousFill, event.taker, event.makerFee, event.takerFee, ...orderWire(event.maker),
    ];
    case 'order': {
      const { order } = event;
      // One that is no longer what was asked for is told whole.
      if (entry.command.op !== 'place' || encodeTraits(order.traits) !== encodeTraits(entry.command.traits)) return [EVENT.order, event.previousFill, ...orderWire(order)];
      const reason = order.reason === null ? 0 : REASON_CODE[order.reason];
      return [EVENT.placed, order.filledLots, order.notional, STATUS_CODE[order.status], reason, order.fillSequence, feesWire(order.fees)];
    }
    case 'level': return [EVENT.level, event.instrument, SIDE_CODE[event.side], event.priceTicks, event.quantityLots];
    case 'shown': return [EVENT.shown, ...orderWire(event.order)];
    case 'balance': return [EVENT.balance, event.account, event.asset, event.total, event.held];
    case 'account': {
      const { account, status, credit, feeGroup, name, createdUs } = event.account;
      return [EVENT.account, account, ACCOUNT_STATUS_CODE[status], CREDIT_CODE[credit], feeGroup, name ?? '', createdUs];
    }
    case 'transfer': return transferWire(event.transfer);
    case 'fee_group': return [EVENT.fee_group, event.group, ...ratesWire(event.rates)];
    case 'control': {
      const { kind, account, detail, atUs } = event.control;
      return [EVENT.control, CONTROL_CODE[kind], account, detail, event.isGone ? 0 : atUs];
    }
    case 'shortfall': return [EVENT.shortfall, event.asset, event.needed, event.available];
    case 'instrument': return [EVENT.instrument, event.rules.instrument, ...JSON.parse(`[${encodeRules(event.rules)}]`) as unknown[]];
  }
}

function referenceWire(reference: CancelReference): unknown[] {
  if ('listId' in reference) return [`${LIST_MARK}${compactId(reference.listId)}`, '', ''];
  return 'orderId' in reference ? [compactId(reference.orderId), '', ''] : ['', reference.clientId, reference.clientOrderId];
}

function commandWire(command: LoggedCommand): unknown[] {
  const letter = COMMAND_LETTER[command.op];
  const actor = command.actor ?? '';
  switch (command.op) {
    case 'place': return [
      letter, actor, FUNDS_CODE[command.funds], command.fillsMax, command.openOrdersMax, command.kind === KIND_CODE.market ? 0 : command.priceTicks,
      command.quantityLots, traitsWire(command.traits), SIDE_CODE[command.side], command.kind, command.instrument, command.clientId, command.clientOrderId ?? '', compactId(command.orderId),
    ];
    case 'list': return [
      letter, actor, FUNDS_CODE[command.funds], command.fillsMax, command.openOrdersMax, compactId(command.listId), ...command.orders.map((order) => [
        order.priceTicks, order.quantityLots, traitsWire(order.traits), SIDE_CODE[order.side], order.kind, command.instrument, command.clientId, order.clientOrderId ?? '',
      ]),
    ];
    case 'cancel': return [letter, actor, ...referenceWire(command.order)];
    case 'amend': {
      const { wanted } = command;
      return [
        letter, actor, FUNDS_CODE[command.funds], command.fillsMax, wanted?.priceTicks ?? null, wanted?.quantityLots ?? null, wanted?.remainingLots ?? null,
        wanted?.stopTicks ?? null, wanted?.trailingOffset ?? null, wanted?.trailingPercent ?? null, wanted?.quantityLotsMax ?? null, ...referenceWire(command.order),
      ];
    }
    case 'trigger': return [letter, FUNDS_CODE[command.funds], command.fillsMax, compactId(command.orderId), command.cause];
    case 'mass_cancel': return [letter, actor, command.clientId, command.instrument ?? '', command.after, command.bound, command.pageSize];
    case 'account': return [
      letter, actor, FUNDS_CODE[command.funds], command.account, command.opens ? 1 : 0, command.name,
      command.status === null ? null : ACCOUNT_STATUS_CODE[command.status], command.credit === null ? null : CREDIT_CODE[command.credit], command.feeGroup,
      ...command.deposits.flatMap(({ asset, amount }) => [asset, amount]),
    ];
    case 'transfer': return [
      letter, actor, FUNDS_CODE[command.funds], compactId(command.transferId), TRANSFER_KIND_CODE[command.kind], command.pending ? 1 : 0, command.from, command.to,
      command.asset, command.amount, command.reference ?? '', command.note ?? '', command.timeoutUs ?? 0,
      command.reverses === null ? '' : compactId(command.reverses),
    ];
    case 'transfer_end': return [
      letter, actor, FUNDS_CODE[command.funds], compactId(command.transferId), TRANSFER_STATUS_CODE[command.status], command.amount ?? '',
    ];
    case 'due': return [letter, DUE_CODE[command.what], command.count, command.account ?? '', command.detail, command.after];
    case 'cancel_after': return [letter, actor, command.clientId, command.instrument ?? '', command.timeoutUs ?? 0];
    case 'lease': return [letter, actor, command.lease, command.clientId, command.begins ? 1 : 0];
    case 'kill': return [letter, actor, command.account, command.kills ? 1 : 0, command.pageSize];
    case 'auction': return [letter, FUNDS_CODE[command.funds], command.instrument, command.page];
    case 'fee_group': return [letter, actor, FUNDS_CODE[command.funds], command.group, ...ratesWire(command.rates)];
    case 'instrument': return [
      letter, actor, command.opens ? 1 : 0, command.listed.instrument,
      ...JSON.parse(`[${encodeRules(command.listed)},${encodeWanted(command.wanted)}]`) as unknown[],
    ];
  }
}

export function entryText(entry: EntryText): string {
  return JSON.stringify([
    LOG_ENTRY_VERSION, entry.kind, entry.sequence, entry.timeUs, commandWire(entry.command), entry.code ?? 0,
    entry.events.map((event) => eventWire(event, entry)), entry.idempotency ?? '', null, entry.epoch,
  ]);
}
