import type {
  AmendFields, CancelFields, CancelListOperation, CancelRequest, Operation, OrderList, OrderListRequest, OrderReference, OrderWithTrades, PlaceListOperation, PlaceRequest,
} from './contract';
import type { BatchResult } from './results';
import { problemOf, verdictOf, type Answer, type CallOptions, type Retries, type Verdict } from './retry';

/** A command on its way: an operation, or many, or one of a list. */
export type Command = { readonly op: 'batch'; readonly operations: readonly Operation[] } | SingleCommand;
/** One that is answered by itself. */
type SingleCommand = Operation | PlaceListOperation | CancelListOperation;

/** What carries commands to the venue. */
export interface Transport {
  nameOf(command: Command): string;
  /** @throws Error when no answer came; ConnectionError when nothing was sent */
  send(command: Command, signal: AbortSignal): Promise<Answer>;
}

/**
 * Commands that happen once, however often they have to be sent: each gets an idempotency key of its own, and is sent again
 * with the same key until the venue has said what became of it.
 */
export class Commands {
  /** @param makesKeys false for commands without keys, which are not repeated after an unclear answer */
  constructor(private readonly transport: Transport, protected readonly retries: Retries, private readonly makesKeys: boolean) {}

  /**
   * Places an order. One that the book itself turns down (fill-or-kill, post-only) comes back as `rejected`.
   * @throws ProblemError for one that the venue refused
   */
  place(order: PlaceRequest, call: CallOptions = {}): Promise<OrderWithTrades> {
    return this.single({ op: 'place', ...order }, call);
  }

  /** Cancels an order, named by its id or by the client's own name for it. @throws ProblemError `order_not_open` with its final state */
  cancel(order: string | OrderReference, fields: CancelFields = {}, call: CallOptions = {}): Promise<OrderWithTrades> {
    return this.single({ op: 'cancel', ...referenceOf(order), ...fields }, call);
  }

  /** Changes price or quantity of an order. Less at the same price keeps its place in the queue. @returns it with the trades of this change */
  amend(order: string | OrderReference, changes: AmendFields, call: CallOptions = {}): Promise<OrderWithTrades> {
    return this.single({ op: 'amend', ...referenceOf(order), ...changes }, call);
  }

  /** Places orders that belong together, all of them or none. @throws ProblemError for those that the venue refused */
  placeList(list: OrderListRequest, call: CallOptions = {}): Promise<OrderList> {
    return this.single({ op: 'place_list', ...list }, call);
  }

  /** Cancels what is left of a list. @throws ProblemError `order_list_not_open` with its final state */
  cancelList(listId: string, fields: CancelRequest = {}, call: CallOptions = {}): Promise<OrderList> {
    return this.single({ op: 'cancel_list', list_id: listId, ...fields }, call);
  }

  /**
   * Carries out operations in order, each answered as its single call would be. Those without a clear answer are sent again;
   * what still has none in the end is in the results as it was answered last (504: it may have happened).
   * @throws OutcomeUnknownError when there is no answer to some of them at all
   */
  async batch(operations: readonly Operation[], call: CallOptions = {}): Promise<BatchResult[]> {
    const keyed = operations.map((operation) => this.keyed(operation));
    const results = new Array<BatchResult | undefined>(keyed.length);
    let waiting = keyed.map((_, i) => i);
    const judge = (answer: Answer): Verdict => {
      if (answer.status !== 200) return verdictOf(answer.status);
      const told = (answer.body as { results: BatchResult[] }).results;
      const verdicts = waiting.map((at, i) => note(results, at, told[i] as BatchResult));
      waiting = waiting.filter((at, i) => verdicts[i] === 'refused' || (verdicts[i] === 'unclear' && hasKey(keyed[at] as Operation)));
      if (waiting.length === 0) return 'done';
      return verdicts.includes('unclear') ? 'unclear' : 'refused';
    };
    const command = (): Command => ({ op: 'batch', operations: waiting.map((at) => keyed[at] as Operation) });
    const name = this.transport.nameOf(command());
    try {
      const answer = await this.retries.settle({
        name, command: { op: 'batch', operations: keyed }, isRepeatable: keyed.every(hasKey), judge,
        send: (signal) => this.transport.send(command(), signal),
      }, call.signal);
      if (answer.status !== 200) throw problemOf(answer);
    } catch (error) {
      if (call.signal?.aborted === true || results.includes(undefined)) throw error;
    }
    return results as BatchResult[];
  }

  private async single<T extends OrderWithTrades | OrderList>(operation: SingleCommand, call: CallOptions): Promise<T> {
    const command = this.keyed(operation);
    const answer = await this.retries.settle({
      name: this.transport.nameOf(command), command: { ...command }, isRepeatable: hasKey(command),
      send: (signal) => this.transport.send(command, signal),
    }, call.signal);
    if (answer.status >= 300) throw problemOf(answer);
    return answer.body as T;
  }

  private keyed<C extends SingleCommand>(operation: C): C {
    return hasKey(operation) || !this.makesKeys ? operation : { ...operation, idempotency_key: crypto.randomUUID() };
  }
}

function referenceOf(order: string | OrderReference): OrderReference {
  return typeof order === 'string' ? { order_id: order } : order;
}

function hasKey({ idempotency_key: key }: SingleCommand): boolean {
  return key !== undefined;
}

/** Keeps a result. One that was unclear stays so until it is settled: a later refusal says nothing of the first attempt. */
function note(results: (BatchResult | undefined)[], at: number, result: BatchResult): Verdict {
  const verdict = verdictOf(result.status);
  const before = results[at];
  if (verdict !== 'refused' || before === undefined || verdictOf(before.status) !== 'unclear') results[at] = result;
  return verdict;
}
