import type { Context } from '../../domain/context';
import { ownAccount } from '../../domain/principal';

/** A request about orders or fills names its client; where it does not, it is the caller's own account. */
export function withClient(body: unknown, { principal }: Context): unknown {
  if (principal.kind !== 'caller' || typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const fields = body as { readonly client_id?: unknown; readonly order_id?: unknown };
  // An order's id says whose it is.
  if (fields.client_id !== undefined || fields.order_id !== undefined) return body;
  const own = ownAccount(principal);
  return own === null ? body : { ...body, client_id: own };
}
