import type { AccountCommand } from '../../domain/commands';
import { ACCOUNT_STATUS_CODE, CREDIT_CODE } from '../../domain/money';
import { Arguments } from './layout';
import { encodeActor, encodeRequest } from './reference';
import { escapeText } from './text';

const ACCOUNT = new Arguments('account');
const { at } = ACCOUNT;

/** As JSON: the log holds it so. */
const textOrNull = (text: string | null): string => (text === null ? 'null' : `"${escapeText(text)}"`);

/** The arguments of lua/commands/account.lua, its letter first. */
export function encodeAccount(command: AccountCommand): string[] {
  const args = ACCOUNT.fresh();
  args[at.account] = escapeText(command.account);
  args[at.opens] = command.opens ? '1' : '0';
  args[at.name] = textOrNull(command.name);
  args[at.status] = command.status === null ? 'null' : String(ACCOUNT_STATUS_CODE[command.status]);
  args[at.credit] = command.credit === null ? 'null' : String(CREDIT_CODE[command.credit]);
  args[at.fee_group] = textOrNull(command.feeGroup);
  args[at.deposits] = command.deposits.map(({ asset, amount }) => `,"${asset}","${amount}"`).join('');
  args[at.actor] = encodeActor(command.actor);
  args[at.idem] = command.idempotency ?? '';
  args[at.request] = encodeRequest(command.idempotency, command.request);
  return args;
}
