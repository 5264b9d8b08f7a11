import type Joi from 'joi';
import { StreamQuery, StreamWish, fieldsOf, type Kind } from '#openfill-contract';
import { BARE_CHANNELS, isOfAccounts } from '../../domain/channels';
import type { InstrumentTable } from '../../domain/instrument-table';
import { accountsOf } from '../../domain/principal';
import { refusalOf } from '../../domain/refusal';
import { RESULT_CODES } from '../../domain/result-code';
import { RequestRefusal } from '../../http/request-refusal';
import type { Checked, Request, Start } from '../../stream/dialect';
import type { Gate } from '../../people/gate';
import type { Peer, Who } from '../../stream/following';
import type { Unreadable } from '../../stream/news';
import { positionAt, type StreamPosition } from '../../stream/stream-position';
import { isOfAccount, type Subscription } from '../../stream/subscriptions';
import { callerOfMessage } from './authentication';
import { parseWithNamesOnce } from './check/json';
import { streamSchemas, type Asked, type StreamLimits, type StreamSchemas, type Wish } from './check/stream-schemas';
import { parsePosition } from './stream-position';

/** Characters of an error's message that are told. */
const MESSAGE_LENGTH_MAX = 400;
const FIELD_LENGTH_MAX = 100;

/** Query parameters of a stream; what is a list there stands between commas. */
const QUERY_PARAMETERS = Object.keys(fieldsOf(StreamQuery));
const WISH = StreamWish.fields;

const SINCE_TEXT_MAX = 128;
const OPTIONS: Joi.ValidationOptions = { convert: false, errors: { wrap: { label: false } } };

function invalid(field: string, problem: string): { readonly error: Unreadable } {
  const name = field.length > FIELD_LENGTH_MAX ? `${field.slice(0, FIELD_LENGTH_MAX)}…` : field;
  const message = `${name} ${problem}`;
  // A list of all instruments, or what the client itself sent, may be long.
  const shown = message.length > MESSAGE_LENGTH_MAX ? `${message.slice(0, MESSAGE_LENGTH_MAX)} …` : message;
  return { error: { code: 'validation_failed', field: name, message: shown, reference: null } };
}

function malformed(message: string): { readonly error: Unreadable } {
  return { error: { code: 'malformed_json', message, reference: null } };
}

/**
 * What of a wish does not go together: channels of accounts need accounts, the others have none. It is only asked of what has no
 * other fault.
 * @param isToBegin whether they are to be followed; to leave some, a channel alone will do
 */
function misfitOf({ channels, instruments, accounts }: Wish, isToBegin: boolean, isCaller: boolean): { readonly error: Unreadable } | null {
  const ofAccounts = channels?.filter(isOfAccounts) ?? [];
  if (isToBegin && ofAccounts.length > 0 && accounts === undefined) return invalid('accounts', `is required with ${ofAccounts.join(' and ')}`);
  const hasOwnOrders = isCaller && channels?.includes('orders') === true;
  if (accounts !== undefined && ofAccounts.length === 0 && !hasOwnOrders && (isToBegin || channels !== undefined)) return invalid('accounts', 'is for the channels balances and fills');
  if (instruments !== undefined && channels?.every(isOfAccounts) === true) return invalid('instruments', 'is for other channels than balances and fills');
  return null;
}

/** Channels of accounts are of the caller's own, where it names none. */
function withOwn<W extends Wish>(wish: W, { principal }: Who): W {
  const isOpen = wish.accounts !== undefined || wish.channels?.some(isOfAccounts) !== true || principal.kind !== 'caller';
  return isOpen ? wish : { ...wish, accounts: accountsOf(principal) };
}

function isAuth(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && (given as { readonly op?: unknown }).op === 'auth';
}

/** Whether a request names one of several things, of one of two kinds. */
function names(wish: Wish, list: readonly string[] | undefined, others: readonly string[] | undefined, name: string): boolean {
  if (list !== undefined) return list.includes(name);
  // What lists only things of the other kind means those, unless it names the channel.
  return others === undefined || wish.channels !== undefined;
}

/** @param kind of the field in a message */
function readParameter(kind: Kind['kind'], value: string): unknown {
  if (kind === 'list') return value.split(',');
  return kind === 'integer' && /^[0-9]{1,9}$/.test(value) ? Number(value) : value;
}

function positionOf(since: unknown): StreamPosition | null {
  if (typeof since === 'number') return Number.isSafeInteger(since) && since >= 0 ? positionAt(since) : null;
  return typeof since === 'string' && since.length <= SINCE_TEXT_MAX ? parsePosition(since) : null;
}

function checkedBy<T>(schema: Joi.ObjectSchema<T>, given: unknown): Checked<T> {
  const checked = schema.validate(given, OPTIONS);
  if (checked.error === undefined) return { value: checked.value };
  const { message } = checked.error;
  const field = checked.error.details[0]?.context?.label ?? '';
  return invalid(field, message.slice(field.length).trimStart());
}

/** Reads what clients of the venue's own dialect ask for. */
export class NativeStreamRequests {
  private known: { readonly version: number; readonly schemas: StreamSchemas } | null = null;

  /** @param keepsMoney whether there are accounts to follow; @param gate null where nobody is asked who they are */
  constructor(
    private readonly instruments: InstrumentTable, private readonly limits: StreamLimits, private readonly keepsMoney: boolean, private readonly gate: Gate | null,
  ) {}

  /** As of the instruments that there are now. */
  private get schemas(): StreamSchemas {
    const { version } = this.instruments;
    if (this.known?.version !== version) {
      this.known = { version, schemas: streamSchemas(this.instruments.all.map(({ instrument }) => instrument), this.limits, positionOf) };
    }
    return this.known.schemas;
  }

  /** @param text of a client's message, null for one that is no text; @param depth of books, where the message says none */
  read(text: string | null, depth: number | null, who: Who, peer: Peer): Checked<Request> {
    if (text === null) return malformed('a message must be text');
    let given: unknown;
    try {
      given = parseWithNamesOnce(text);
    } catch (error) {
      // Copied, it would be the object's prototype, and its fields would be taken for the request's own.
      if (error instanceof RequestRefusal && error.code === 'validation_failed') return invalid('__proto__', 'is not allowed');
      return malformed('a message must be a JSON object, with no name twice');
    }
    if (this.gate !== null && isAuth(given)) return { value: this.authRequest(this.gate, given, peer) };
    const checked = checkedBy(this.schemas.asked, given);
    if ('error' in checked) return checked;
    const { op } = checked.value;
    const wish = op === 'subscribe' ? { ...withOwn(checked.value, who), op } : checked.value;
    return this.faultOf(wish, op === 'subscribe', who) ?? { value: this.requestOf(wish, depth, who) };
  }

  private authRequest(gate: Gate, { op: _op, ...fields }: Readonly<Record<string, unknown>>, { address, path }: Peer): Request {
    return {
      op: 'auth', reference: null,
      authenticate: async () => {
        try {
          return await callerOfMessage(gate, fields, path, address);
        } catch (error) {
          const refusal = refusalOf(error);
          if (refusal === null) throw error;
          return { error: { code: refusal.code as Unreadable['code'], message: refusal.message, reference: null } };
        }
      },
    };
  }

  private faultOf(wish: Wish, isToBegin: boolean, { principal }: Who): { readonly error: Unreadable } | null {
    if (!this.keepsMoney && wish.channels?.some(isOfAccounts) === true) {
      return { error: { code: 'funds_off', message: RESULT_CODES.funds_off.title, reference: null } };
    }
    return misfitOf(wish, isToBegin, principal.kind === 'caller');
  }

  private requestOf({ op, ...wish }: Asked, depth: number | null, who: Who): Request {
    // Its clients know answers by their order.
    const reference = null;
    if (op === 'ping') return { op, reference };
    if (op === 'subscribe') return { op, wanted: this.wanted(wish, depth, who), since: wish.since, reference };
    const { channels, instruments, accounts } = wish;
    return {
      op, reference,
      isMeant: (one) => (channels === undefined || channels.includes(one.channel)) && (
        isOfAccount(one) ? names(wish, accounts, instruments, one.account) : names(wish, instruments, accounts, one.instrument.instrument)
      ),
    };
  }

  /** What a connection follows from its beginning, and how deep its books are unless a message says so. */
  readQuery(query: URLSearchParams, who: Who): Checked<Start & { readonly depth: number | null }> {
    const given: Record<string, unknown> = {};
    for (const [name, value] of query) {
      if (!QUERY_PARAMETERS.includes(name)) return invalid(name === '' ? 'query' : name, 'is not allowed');
      if (name in given) return invalid(name, 'must be given once');
      given[name] = readParameter(WISH[name as keyof typeof WISH].is.kind, value);
    }
    const checked = checkedBy(this.schemas.wish, given);
    if ('error' in checked) return checked;
    const wish = withOwn(checked.value, who);
    const fault = this.faultOf(wish, true, who);
    if (fault !== null) return fault;
    const { channels, instruments, depth = null, since } = wish;
    const isNamed = channels !== undefined || instruments !== undefined;
    return { value: { wanted: this.wanted(wish, depth, who), since, isNamed, depth } };
  }

  /** Subscriptions that a wish names: books as deep as it says. */
  private wanted(
    { channels = BARE_CHANNELS, instruments, accounts = [], ...wish }: Wish, depth: number | null, { principal }: Who,
  ): Subscription[] {
    return channels.flatMap((channel): Subscription[] => {
      if (isOfAccounts(channel)) return accounts.map((account) => ({ channel, account }));
      // Accounts that a caller names are meant for its orders, too.
      const owners = channel === 'orders' && principal.kind === 'caller' && accounts.length > 0 ? accounts : [null];
      const named = instruments?.map((name) => this.instruments.require(name));
      return (named ?? this.instruments.all).flatMap((instrument) => owners.map((owner) => ({
        channel, instrument, depth: channel === 'orderbook' ? wish.depth ?? depth : null, owner, ...(named === undefined ? { isOfAll: true } : {}),
      })));
    });
  }
}
