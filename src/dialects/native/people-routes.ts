import type { CallId } from '#openfill-contract';
import type { NativeOidc } from './native-oidc';
import type { NativePeople } from './native-people';
import { plain, reading, type Handler } from './reading';

/** The calls about people, by what they are about. */
export interface PeopleCalls {
  readonly people: NativePeople;
  readonly oidc: NativeOidc;
}

/** What the calls about people do, by their names. */
export function peopleHandlers({ people, oidc }: PeopleCalls) {
  return {
    register: plain((call) => people.register(call.body)),
    logIn: plain((call) => people.logIn(call.context, call.body, call.request)),
    refresh: plain((call) => people.refresh(call.body, call.request)),
    oidcLogin: reading((call, parameters) => oidc.logIn(call.request, parameters)),
    oidcToken: plain((call) => oidc.machine(call.body)),
    // What a provider sends along is its own.
    oidcCallback: (call) => oidc.callback(call.context, call.request, call.query),
    logOut: plain((call) => people.logOut(call.context, call.body, call.request)),
    logOutEverywhere: plain((call) => people.logOutEverywhere(call.context, call.request)),
    getMe: plain((call) => people.me(call.context)),
    changeMe: plain((call) => people.changeMe(call.context, call.body)),
    sudo: plain((call) => people.sudo(call.context, call.body)),
    mintToken: plain((call) => people.mint(call.context, call.body)),
    makeApiKey: plain((call) => people.makeKey(call.context, call.body)),
    listApiKeys: plain((call) => people.keys(call.context)),
    endApiKey: plain((call) => people.endKey(call.context, call.params.key as string)),
    getJwks: plain(() => people.jwks()),
    listOwners: plain((call) => people.owners(call.context, call.params.account_id as string)),
    shareAccount: plain((call) => people.share(call.context, call.params.account_id as string, call.body)),
    unshareAccount: plain((call) => people.takeBack(call.context, call.params.account_id as string, call.params.username as string)),
    listUsers: reading((_call, parameters) => people.users(parameters)),
    changeUser: plain((call) => people.changeUser(call.context, call.params.username as string, call.body)),
    getAuditLog: reading((_call, parameters) => people.auditLog(parameters)),
  } as const satisfies Readonly<Partial<Record<CallId, Handler>>>;
}
