import { CancelAfterRequest, CancelOnDisconnect, ControlledAccount, type CallId } from '#openfill-contract';
import type { Context } from '../../domain/context';
import { formatTimeUs } from '../../domain/order';
import type { Answer } from '../../http/answer';
import type { Call } from '../../http/dialect';
import { invalid } from '../../http/request-refusal';
import type { AccountControls, AccountKill } from '../../trading/account-controls';
import type { ConnectionLease, ConnectionLeases } from '../../trading/connection-leases';
import { judgeOf } from './check/judge';
import { NO_LIMITS, checkBody } from './check/schemas';
import { withClient } from './own-client';
import { plain, type Handler } from './reading';

const ON_DISCONNECT = judgeOf(CancelOnDisconnect, NO_LIMITS);
const CANCEL_AFTER = judgeOf(CancelAfterRequest, NO_LIMITS);
const ACCOUNT = judgeOf(ControlledAccount, NO_LIMITS);

/** The calls of what acts on an account's orders as a whole. All throw refusals. */
export class NativeControls {
  constructor(private readonly controls: AccountControls, private readonly leases: ConnectionLeases) {}

  /** @param lost told where the lease has ended although the connection has not */
  leaseOf(lost: () => void): ConnectionLease {
    return this.leases.of(lost);
  }

  /** Resolves when all leases have ended whose connections have. */
  leasesSettled(): Promise<void> {
    return this.leases.settled();
  }

  /** `{ "op": "cancel_on_disconnect", … }` of order entry */
  async cancelOnDisconnect(context: Context, lease: ConnectionLease, body: unknown): Promise<Answer> {
    const { client_id: clientId, enabled } = checkBody(ON_DISCONNECT, withClient(body, context));
    await lease.set(context, clientId, enabled);
    return { status: 200, body: { client_id: clientId, enabled } };
  }

  /** POST /orders/cancel-after */
  async cancelAfter(context: Context, body: unknown): Promise<Answer> {
    const { client_id: clientId, timeout_s: timeoutS, instrument = null } = checkBody(CANCEL_AFTER, withClient(body, context));
    const triggersUs = await this.controls.cancelAfter(context, { clientId, instrument, timeoutS });
    return { status: 200, body: { client_id: clientId, instrument, timeout_s: timeoutS, triggers_at: triggersUs === null ? null : formatTimeUs(triggersUs) } };
  }

  /** POST /accounts/{account_id}/kill */
  async kill(context: Context, account: string, body: unknown): Promise<Answer> {
    requireNothing(body);
    return killed(await this.controls.kill(context, accountOf(account)));
  }

  /** POST /accounts/{account_id}/unkill */
  async unkill(context: Context, account: string, body: unknown): Promise<Answer> {
    requireNothing(body);
    return killed(await this.controls.unkill(context, accountOf(account)));
  }
}

/** What is meant stands in the address. @throws RequestRefusal `validation_failed` */
function requireNothing(body: unknown): void {
  const isNothing = body === undefined || (typeof body === 'object' && body !== null && !Array.isArray(body) && Object.keys(body).length === 0);
  if (!isNothing) throw invalid([{ field: 'body', message: 'is not taken: the account stands in the address' }]);
}

/** The account that an address names. @throws RequestRefusal `validation_failed` for what no account is called that may order */
function accountOf(account: string): string {
  return checkBody(ACCOUNT, { account_id: account }).account_id;
}

function killed({ accountId, killedUs, cancelled }: AccountKill): Answer {
  return { status: 200, body: { account_id: accountId, killed: killedUs !== null, killed_at: killedUs === null ? null : formatTimeUs(killedUs), cancelled } };
}

export function controlHandlers(controls: NativeControls) {
  const accountIn = ({ params }: Call): string => params.account_id as string;
  return {
    cancelAfter: plain((call) => controls.cancelAfter(call.context, call.body)),
    killAccount: plain((call) => controls.kill(call.context, accountIn(call), call.body)),
    unkillAccount: plain((call) => controls.unkill(call.context, accountIn(call), call.body)),
  } as const satisfies Readonly<Partial<Record<CallId, Handler>>>;
}
