import type { AccountCommand, CommandResult } from '../domain/commands';
import type { Funds } from '../domain/money';
import { Refusal } from '../domain/refusal';
import { RESULT_CODES, resultCodeOf } from '../domain/result-code';
import { idempotencyDigest } from '../engine/idempotency';
import type { AccountOpener } from '../people/account-names';
import type { ShardConnection } from '../shard/connection';

type AccountEngine = Pick<ShardConnection['engine'], 'readAccounts' | 'submit'>;

/** Accounts as people make them: those of the engine, where it keeps money. */
export function accountOpenerOf(engine: AccountEngine, funds: Funds): AccountOpener {
  return {
    isKnown: async (account) => funds !== 'off' && (await engine.readAccounts([account])).accounts[0] !== null,
    isUntouched: async (account) => {
      const [state] = (await engine.readAccounts([account])).accounts;
      return state?.details !== undefined && state.details !== null && state.balances.length === 0;
    },
    open: async (account, by) => funds === 'off' || isOpened(await engine.submit(commandOf(account, by))),
  };
}

/** @param by makes a repeat of the same one that does nothing */
function commandOf(account: string, by: string): AccountCommand & { readonly op: 'account' } {
  return {
    op: 'account', actor: null, account, opens: true, name: null, status: null, credit: null, feeGroup: null, deposits: [],
    idempotency: idempotencyDigest(account, `registration of ${by}`), request: { op: 'open_account', account_id: account },
  };
}

/** @returns false where somebody else has made the account before @throws Refusal */
function isOpened(result: CommandResult): boolean {
  switch (result.outcome) {
    case 'logged': {
      const { entry } = result;
      if (entry.kind !== 'refuse') return true;
      if (entry.code === RESULT_CODES.account_exists.number) return false;
      throw new Refusal(resultCodeOf(entry.code));
    }
    case 'repeated':
      return result.entry?.kind !== 'refuse';
    case 'refused':
      if (result.code === 'account_exists') return false;
      throw new Refusal(result.code);
    case 'unchanged':
    case 'mass_cancelled':
    case 'nothing_due':
      throw new Error(`the making of an account was answered as ${result.outcome}`);
  }
}
