import {
  ApiKeyRequest, AuditLogQuery, ChangeMeRequest, ChangeUserRequest, LoginRequest, LogoutRequest, MintRequest, OidcLoginQuery, OidcTokenRequest, RefreshRequest, RegisterRequest, ShareRequest, SudoRequest,
  UsersQuery, type Limits,
} from '#openfill-contract';
import { judgeOf, queryJudgeOf } from './judge';
import { NO_LIMITS } from './schemas';

/** The checks of what clients send about people, by the contract's descriptions of it. */

export const REGISTER = judgeOf(RegisterRequest, NO_LIMITS);
export const LOGIN = judgeOf(LoginRequest, NO_LIMITS);
export const REFRESH = judgeOf(RefreshRequest, NO_LIMITS);
export const OIDC_LOGIN = queryJudgeOf(OidcLoginQuery, NO_LIMITS);
export const OIDC_TOKEN = judgeOf(OidcTokenRequest, NO_LIMITS);
export const LOGOUT = judgeOf(LogoutRequest, NO_LIMITS);
export const SUDO = judgeOf(SudoRequest, NO_LIMITS);
export const MINT = judgeOf(MintRequest, NO_LIMITS);
export const CHANGE_ME = judgeOf(ChangeMeRequest, NO_LIMITS);
export const API_KEY = judgeOf(ApiKeyRequest, NO_LIMITS);
export const SHARE = judgeOf(ShareRequest, NO_LIMITS);
export const CHANGE_USER = judgeOf(ChangeUserRequest, NO_LIMITS);

export function peopleQueries(moneyLimitMax: number) {
  const limits: Limits = { ...NO_LIMITS, moneyLimitMax };
  return { users: queryJudgeOf(UsersQuery, limits), audit: queryJudgeOf(AuditLogQuery, limits) };
}
