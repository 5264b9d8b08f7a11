import type { MassCancelCommand } from '../../domain/commands';
import { compactId } from '../../domain/order-id';
import { escapeText } from './text';

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
