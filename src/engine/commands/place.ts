import { compactId } from '../../domain/order-id';
import { SIDE_CODE, type Side } from '../../domain/order';
import { escapeText } from './text';

export interface PlaceCommand {
  readonly instrument: string;
  readonly side: Side;
  /** One of KIND_CODE. */
  readonly kind: number;
  /** 0 for a market order. */
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** UUID. */
  readonly orderId: string;
  readonly clientId: string;
  readonly clientOrderId: string | null;
  /** Digest of client and key (engine/idempotency.ts). */
  readonly idempotency: string | null;
}

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
    clientOrderId,
    command.idempotency ?? '',
    `${side},${command.kind},"${command.instrument}","${client}","${clientOrderId}","${id}"`,
  ];
}
