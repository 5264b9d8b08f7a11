import type { PlaceCommand } from '../../domain/commands';
import { compactId } from '../../domain/order-id';
import { SIDE_CODE } from '../../domain/order';
import { clientOrderName } from './client-order-name';
import { escapeText } from './text';

/** The arguments of lua/place.lua, its letter first. */
export function encodePlace(command: PlaceCommand): string[] {
  const side = SIDE_CODE[command.side];
  const id = compactId(command.orderId);
  const client = escapeText(command.clientId);
  const clientOrderId = command.clientOrderId === null ? '' : escapeText(command.clientOrderId);
  return [
    'P',
    command.instrument,
    String(side),
    String(command.kind),
    String(command.priceTicks),
    String(command.quantityLots),
    id,
    client,
    command.clientOrderId === null ? '' : clientOrderName(command.clientId, command.clientOrderId),
    command.idempotency ?? '',
    `${side},${command.kind},"${command.instrument}","${client}","${clientOrderId}"`,
  ];
}
