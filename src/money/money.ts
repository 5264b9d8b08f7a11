import type { AssetTable } from '../domain/asset-table';
import type { InstrumentTable } from '../domain/instrument-table';
import type { Funds } from '../domain/money';
import { Refusal } from '../domain/refusal';
import { Acknowledgement } from '../trading/acknowledgement';
import { CommandRunner } from '../trading/command-runner';
import type { AckAfter } from '../trading/requests';
import { Accounts } from './accounts';
import { Balances } from './balances';
import { FeeGroups } from './fee-groups';
import { Fills } from './fills';
import { MoneyOutcomes } from './outcomes';
import { MoneyOverview } from './overview';
import type { MoneyPorts } from './ports';
import { Positions } from './positions';
import { RecordReads } from './record-reads';
import { Statements } from './statements';
import { TransferEnds } from './transfer-ends';
import { TransferFinder } from './transfer-finder';
import { Transfers, type ReferenceDigests } from './transfers';

export interface MoneyOptions extends ReferenceDigests {
  readonly funds: Funds;
  readonly ackAfter: AckAfter;
  readonly engineTimeoutMs: number;
  readonly readBarrierTimeoutMs: number;
  nowMs(): number;
}

/** The use cases of a venue that keeps money. */
export interface KeptMoney {
  readonly accounts: Accounts;
  readonly balances: Balances;
  readonly transfers: Transfers;
  readonly ends: TransferEnds;
  readonly fills: Fills;
  readonly positions: Positions;
  readonly statements: Statements;
  readonly feeGroups: FeeGroups;
  readonly overview: MoneyOverview;
}

/**
 * Accounts, and what moves between them: the same behind every dialect. What may be moved is decided by the engine, which is
 * told what is wanted and never what somebody has read.
 */
export class Money {
  private readonly useCases: KeptMoney;

  constructor(ports: MoneyPorts, instruments: InstrumentTable, readonly assets: AssetTable, private readonly options: MoneyOptions) {
    const { engine, record, commits, marks, audit } = ports;
    const digest = (account: string, key: string): string => options.digest(account, key);
    const reads = new RecordReads(engine, commits, options.readBarrierTimeoutMs);
    const outcomes = new MoneyOutcomes(new CommandRunner(engine), record, new Acknowledgement(commits, options.ackAfter, options.engineTimeoutMs));
    const finder = new TransferFinder(engine, record, reads);
    this.useCases = {
      accounts: new Accounts(engine, record, outcomes, reads, assets, options.funds, digest),
      balances: new Balances(engine, record, reads),
      transfers: new Transfers(engine, record, outcomes, reads, assets, options),
      ends: new TransferEnds(finder, outcomes, assets, options),
      fills: new Fills(record, reads, instruments),
      positions: new Positions(engine, record, reads, marks, instruments, assets),
      statements: new Statements(engine, record, reads, () => options.nowMs()),
      feeGroups: new FeeGroups(engine, outcomes, instruments, digest),
      overview: new MoneyOverview(record, audit, reads),
    };
  }

  /** @throws Refusal `funds_off` where the venue keeps no money */
  get kept(): KeptMoney {
    if (this.options.funds === 'off') throw new Refusal('funds_off');
    return this.useCases;
  }
}
