import type { Context } from '../domain/context';
import type { InstrumentTable } from '../domain/instrument-table';
import type { OrderWithTrades, Refusal } from '../domain/refusal';
import { AccountControls } from './account-controls';
import { Acknowledgement } from './acknowledgement';
import { AmendOrder } from './amend-order';
import { Batch } from './batch';
import { CancelOrder } from './cancel-order';
import type { AssetTable } from '../domain/asset-table';
import { CommandRunner } from './command-runner';
import { ConnectionLeases } from './connection-leases';
import { Instruments } from './instruments';
import { MassCancel, type MassCancelRequest } from './mass-cancel';
import { OrderLists } from './order-lists';
import { OrderOwners } from './order-owners';
import { OrderReader, type OrdersPage, type OrdersQuery } from './order-reader';
import { OrderTrades } from './order-trades';
import { Outcomes } from './outcomes';
import { PlaceOrder, type SelfTrade } from './place-order';
import type { CommitWatch, OrderEngine, OrderHistory, TradingObserver } from './ports';
import type { AckAfter, OrderRequest, Outcome } from './requests';
import type { Awaitable, Step } from './step';

export interface TradingOptions {
  readonly massCancelPage: number;
  /** Asks all parent orders of a client that are running to stop. @throws Refusal `outcome_unknown` where some may go on */
  stopAlgos(clientId: string): Promise<void>;
  readonly ackAfter: AckAfter;
  readonly engineTimeoutMs: number;
  readonly readBarrierTimeoutMs: number;
  readonly disconnectMs: number;
  /** The leases of connections could not be renewed, or ended: the next attempt comes by itself. */
  leasesFailed(error: unknown): void;
  readonly selfTrade: SelfTrade;
  /** Of a client and its idempotency key. */
  digest(clientId: string, key: string): string;
}

/**
 * Placing, changing and reading orders: the same behind every dialect and every way in. Nothing here knows how a request
 * was written or how its answer will be; what is turned down throws a Refusal.
 */
export class Trading {
  private readonly placing: PlaceOrder;
  private readonly amending: AmendOrder;
  private readonly cancelling: CancelOrder;
  private readonly massCancelling: MassCancel;
  private readonly batches: Batch;
  private readonly reader: OrderReader;
  private readonly runner: CommandRunner;
  /** What acts on an account's orders as a whole, beside a cancel of all. */
  readonly controls: AccountControls;
  /** Clients whose orders go when a connection ends. */
  readonly leases: ConnectionLeases;
  /** Making and changing what is traded. */
  readonly instruments: Instruments;
  /** Orders that belong together. */
  readonly lists: OrderLists;

  constructor(
    engine: OrderEngine, history: OrderHistory, commits: CommitWatch, instruments: InstrumentTable, assets: AssetTable, options: TradingOptions,
    private readonly observer: TradingObserver,
  ) {
    const digest = (clientId: string, key: string): string => options.digest(clientId, key);
    const acknowledgement = new Acknowledgement(commits, options.ackAfter, options.engineTimeoutMs);
    const trades = new OrderTrades(engine, history, commits);
    const owners = new OrderOwners(engine, history, digest);
    const outcomes = new Outcomes(history, trades, acknowledgement, owners);
    this.runner = new CommandRunner(engine);
    this.placing = new PlaceOrder(instruments, outcomes, observer, digest, engine, options.selfTrade);
    this.amending = new AmendOrder(instruments, owners, outcomes, observer);
    this.cancelling = new CancelOrder(owners, outcomes);
    this.massCancelling = new MassCancel(instruments, this.runner, acknowledgement, options.massCancelPage);
    this.controls = new AccountControls(instruments, this.runner, acknowledgement, options.massCancelPage, (clientId) => options.stopAlgos(clientId));
    this.leases = new ConnectionLeases(this.runner, engine, { ttlMs: options.disconnectMs, failed: (error) => options.leasesFailed(error) });
    this.instruments = new Instruments(engine, history, this.runner, acknowledgement, instruments, assets, digest);
    this.batches = new Batch((context, request) => this.prepare(context, request), this.runner, observer);
    const reader = this.reader = new OrderReader(engine, history, commits, trades, instruments, options.readBarrierTimeoutMs);
    this.lists = new OrderLists(engine, history, commits, instruments, this.placing, this.runner, reader, owners, acknowledgement, observer, options);
  }

  /** Places, amends or cancels an order. @throws Refusal */
  async carryOut(context: Context, request: OrderRequest): Promise<Outcome> {
    const startedMs = performance.now();
    const prepared = this.prepare(context, request);
    const step = prepared instanceof Promise ? await prepared : prepared;
    const { result, epoch } = await this.runner.one(step.command, context.signatureUse);
    const outcome = await step.finish(result, epoch);
    if (request.op === 'place') this.observer.latency(request.instrument, request.type, (performance.now() - startedMs) / 1000);
    return outcome;
  }

  /** @returns one for each request, in order; one that is turned down takes nothing from the others */
  batch(context: Context, requests: readonly OrderRequest[]): Promise<readonly (Outcome | Refusal)[]> {
    return this.batches.run(context, requests);
  }

  /** Cancels a client's open orders. @returns their ids @throws Refusal with those that had been cancelled before it */
  massCancel(context: Context, request: MassCancelRequest): Promise<readonly string[]> {
    return this.massCancelling.run(context, request);
  }

  /** @param orderId UUID in lower case @throws Refusal `order_not_found` */
  order(context: Context, orderId: string): Promise<OrderWithTrades> {
    return this.reader.order(context, orderId);
  }

  orders(context: Context, query: OrdersQuery): Promise<OrdersPage> {
    return this.reader.orders(context, query);
  }

  private prepare(context: Context, request: OrderRequest): Awaitable<Step> {
    switch (request.op) {
      case 'place': return this.placing.prepare(context, request);
      case 'cancel': return this.cancelling.prepare(context, request);
      case 'amend': return this.amending.prepare(context, request);
    }
  }
}
