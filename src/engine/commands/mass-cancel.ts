import { compactId } from '../../domain/order-id';
import { escapeText } from './text';

export interface MassCancelCommand {
  readonly clientId: string;
  /** null for every instrument. */
  readonly instrument: string | null;
  /** Where the page before ended, as the engine gave it; '' for the first page. */
  readonly cursor: string;
  /** A UUIDv7 made when the request came: orders placed later are left alone. */
  readonly boundOrderId: string;
  readonly pageSize: number;
}

/** The arguments of lua/mass_cancel.lua, its letter first. */
export function encodeMassCancel(command: MassCancelCommand): string[] {
  return [
    'M',
    escapeText(command.clientId),
    command.instrument ?? '',
    command.cursor,
    compactId(command.boundOrderId),
    String(command.pageSize),
  ];
}
