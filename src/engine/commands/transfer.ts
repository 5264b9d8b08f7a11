import type { TransferCommand } from '../../domain/commands';
import { TRANSFER_KIND_CODE } from '../../domain/money';
import { compactId } from '../../domain/order-id';
import { Arguments } from './layout';
import { encodeActor, encodeRequest } from './reference';
import { escapeText } from './text';

const TRANSFER = new Arguments('transfer');
const { at } = TRANSFER;

/** The arguments of lua/commands/transfer.lua, its letter first. */
export function encodeTransfer(command: TransferCommand): string[] {
  const args = TRANSFER.fresh();
  args[at.id] = compactId(command.transferId);
  args[at.kind] = String(TRANSFER_KIND_CODE[command.kind]);
  args[at.pending] = command.pending ? '1' : '0';
  args[at.from] = escapeText(command.from);
  args[at.to] = escapeText(command.to);
  args[at.asset] = command.asset;
  args[at.amount] = command.amount;
  args[at.reference] = command.reference === null ? '' : escapeText(command.reference);
  args[at.reference_digest] = command.referenceDigest ?? '';
  args[at.note] = command.note === null ? '' : escapeText(command.note);
  args[at.timeout_us] = String(command.timeoutUs ?? 0);
  args[at.reverses] = command.reverses === null ? '' : compactId(command.reverses);
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  // A reference is answered for ever, so what was asked is kept with it as with a key.
  args[at.request] = encodeRequest(command.idempotency ?? command.referenceDigest, command.request);
  return args;
}
