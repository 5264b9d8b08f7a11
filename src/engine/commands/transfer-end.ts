import type { TransferEndCommand } from '../../domain/commands';
import { TRANSFER_STATUS_CODE } from '../../domain/money';
import { compactId } from '../../domain/order-id';
import { Arguments } from './layout';
import { encodeActor, encodeRequest } from './reference';

const TRANSFER_END = new Arguments('transfer_end');
const { at } = TRANSFER_END;

/** The arguments of lua/commands/transfer_end.lua, its letter first. */
export function encodeTransferEnd(command: TransferEndCommand): string[] {
  const args = TRANSFER_END.fresh();
  args[at.id] = compactId(command.transferId);
  args[at.status] = String(TRANSFER_STATUS_CODE[command.status]);
  args[at.amount] = command.amount ?? '';
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
