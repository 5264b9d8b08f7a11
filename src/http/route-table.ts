import type { Access } from '../domain/access';
import type { Dialect, Method, Route, Upgrade } from './dialect';
import { RequestRefusal } from './request-refusal';

/** Of what refuses whoever asks. */
const FOR_ANYONE: Access = { caller: 'anyone', scope: null, limit: 'address' };

/** A route with its prefix, and the dialect in which its errors are told. */
export interface MountedRoute extends Route {
  readonly dialect: Dialect;
}

export interface Match {
  readonly route: MountedRoute;
  readonly params: Readonly<Record<string, string>>;
}

/** A path with one parameter, cut at it. */
interface OneParameter {
  readonly before: string;
  readonly after: string;
  readonly name: string;
  readonly route: MountedRoute;
}

interface MethodRoutes {
  readonly fixed: Map<string, Match>;
  readonly oneParameter: OneParameter[];
}

/** What needs no decoding and can be no path of its own. */
const PLAIN_PARAMETER = /^[A-Za-z0-9_~-]+$/;

/** All routes of the service, by method and path. Both ways in are made from it: the quick one here, and Express. */
export class RouteTable {
  readonly routes: readonly MountedRoute[];
  private readonly byMethod = new Map<string, MethodRoutes>();
  private readonly methodsOf = new Map<string, Set<string>>();
  /** Longest prefix first. */
  private readonly notFound: readonly MountedRoute[];
  private readonly forAnyHost: ReadonlySet<string>;
  private readonly withCookie: ReadonlySet<string>;
  private readonly upgrades: ReadonlyMap<string, Upgrade>;

  /** @param dialects one of them with the prefix '': it answers what is nobody else's */
  constructor(readonly dialects: readonly Dialect[]) {
    if (!dialects.some(({ prefix }) => prefix === '')) throw new Error('no dialect has the prefix \'\'');
    this.routes = dialects.flatMap((dialect) => dialect.routes.map((route): MountedRoute => ({
      ...route, path: dialect.prefix + route.path, dialect, handle: (call) => route.handle(call),
    })));
    this.notFound = [...dialects].sort((a, b) => b.prefix.length - a.prefix.length)
      .map((dialect) => refusing('none', dialect, () => new RequestRefusal('not_found')));
    this.forAnyHost = new Set(this.routes.filter(({ isForAnyHost }) => isForAnyHost === true).map(({ path }) => path));
    this.withCookie = new Set(this.routes.filter(({ usesCookie }) => usesCookie === true).map(({ path }) => path));
    this.upgrades = new Map(dialects.flatMap(({ prefix, upgrades = {} }) => (
      Object.entries(upgrades).map(([path, upgrade]) => [prefix + path, upgrade] as const)
    )));
    for (const route of this.routes) this.add(route);
  }

  private add(route: MountedRoute): void {
    const { method, path } = route;
    const allowed = this.methodsOf.get(path) ?? new Set();
    this.methodsOf.set(path, allowed.add(method));
    if (method === 'GET') allowed.add('HEAD');
    const routes = this.byMethod.get(method) ?? { fixed: new Map<string, Match>(), oneParameter: [] };
    this.byMethod.set(method, routes);
    const [before, name, after, ...more] = path.split(/:(\w+)/);
    if (name === undefined) routes.fixed.set(path, { route, params: {} });
    // More parameters than one are left to Express.
    else if (more.length === 0) routes.oneParameter.push({ before: before as string, after: after as string, name, route });
  }

  /**
   * Finds a route without a router: Express' costs more than an order.
   * @param path without the query
   * @returns null for whatever is not plainly one of them: Express decides
   */
  match(method: string, path: string): Match | null {
    const routes = this.byMethod.get(method === 'HEAD' ? 'GET' : method);
    if (routes === undefined) return null;
    const fixed = routes.fixed.get(path);
    if (fixed !== undefined) return fixed;
    for (const { before, after, name, route } of routes.oneParameter) {
      if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length) continue;
      const value = path.slice(before.length, path.length - after.length);
      if (PLAIN_PARAMETER.test(value)) return { route, params: { [name]: value } };
    }
    return null;
  }

  /** Every path, and the route that refuses the methods which it has not. */
  *otherMethods(): Generator<MountedRoute> {
    for (const [path, methods] of this.methodsOf) {
      const { dialect } = this.routes.find((route) => route.path === path) as MountedRoute;
      yield refusing(path, dialect, () => new RequestRefusal('method_not_allowed', { headers: { Allow: [...methods].join(', ') } }));
    }
  }

  /** The route that says that there is none at a path. */
  nothingAt(path: string): MountedRoute {
    return this.notFound.find(({ dialect: { prefix } }) => prefix === '' || path === prefix || path.startsWith(`${prefix}/`)) as MountedRoute;
  }

  /** Whether a path is answered whatever page or host asks. */
  isForAnyHost(path: string): boolean {
    return this.forAnyHost.has(withoutSlash(path));
  }

  /** Whether a page may have its browser send cookies to a path. */
  usesCookie(path: string): boolean {
    return this.withCookie.has(withoutSlash(path));
  }

  /** Who takes over a WebSocket to a path; null where nobody does. */
  upgradeAt(path: string): Upgrade | null {
    return this.upgrades.get(withoutSlash(path)) ?? null;
  }
}

/** One slash at the end makes no difference. */
function withoutSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/**
 * A route whose every answer is a refusal.
 * @param path its name in logs and metrics
 */
export function refusing(path: string, dialect: Dialect, problem: () => Error, method: Method = 'GET'): MountedRoute {
  return { method, path, name: 'none', body: null, access: FOR_ANYONE, dialect, handle: () => Promise.reject(problem()) };
}
