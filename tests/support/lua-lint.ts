import luaparse from 'luaparse';

export interface LuaProblem {
  readonly line: number;
  readonly message: string;
}

interface Local {
  readonly name: string;
  readonly line: number;
  /** Parameters may be unused: a callback's shape is not its own choice. */
  readonly isParameter: boolean;
  used: boolean;
}

type Scope = Map<string, Local>;
type Identifier = luaparse.Identifier;

/** Tables whose fields are known: reading another one would quietly be nil. */
export type KnownTables = ReadonlyMap<string, ReadonlySet<string>>;

/** Finds names that are not defined, locals that are never read, and fields that known tables do not have. */
class Linter {
  readonly problems: LuaProblem[] = [];
  private readonly scopes: Scope[] = [];

  constructor(
    private readonly globals: ReadonlySet<string>, private readonly tables: KnownTables, private readonly mayBeUnused: ReadonlySet<string>,
  ) {}

  private report(node: luaparse.Node, message: string): void {
    this.problems.push({ line: node.loc?.start.line ?? 0, message });
  }

  private inScope(work: () => void): void {
    this.scopes.push(new Map());
    work();
    for (const local of this.scopes.pop()?.values() ?? []) this.reportUnused(local);
  }

  private reportUnused(local: Local): void {
    if (local.used || local.isParameter || local.name.startsWith('_') || this.mayBeUnused.has(local.name)) return;
    this.problems.push({ line: local.line, message: `local ${local.name} is never read` });
  }

  private declare(identifier: Identifier, isParameter = false): void {
    const scope = this.scopes.at(-1);
    const shadowed = scope?.get(identifier.name);
    if (shadowed) this.reportUnused(shadowed);
    scope?.set(identifier.name, { name: identifier.name, line: identifier.loc?.start.line ?? 0, isParameter, used: false });
  }

  private find(name: string): Local | undefined {
    return this.scopes.findLast((scope) => scope.has(name))?.get(name);
  }

  /** Whether a name means what the chunk itself declares by it. */
  private isOutermost(name: string): boolean {
    return this.scopes.findLastIndex((scope) => scope.has(name)) <= 0;
  }

  private read(identifier: Identifier): void {
    const local = this.find(identifier.name);
    if (local) local.used = true;
    else if (!this.globals.has(identifier.name)) this.report(identifier, `${identifier.name} is not defined`);
  }

  private block(body: readonly luaparse.Statement[]): void {
    for (const statement of body) this.statement(statement);
  }

  chunk(chunk: luaparse.Chunk): void {
    this.inScope(() => this.block(chunk.body));
  }

  private functionBody(node: luaparse.FunctionDeclaration): void {
    this.inScope(() => {
      for (const parameter of node.parameters) if (parameter.type === 'Identifier') this.declare(parameter, true);
      this.block(node.body);
    });
  }

  private assign(target: luaparse.Expression): void {
    if (target.type !== 'Identifier') this.expression(target);
    else if (!this.find(target.name)) this.report(target, `${target.name} is assigned but not declared: a global`);
  }

  private statement(node: luaparse.Statement): void {
    switch (node.type) {
      case 'LocalStatement':
        node.init.forEach((init) => this.expression(init));
        node.variables.forEach((variable) => this.declare(variable));
        return;
      case 'AssignmentStatement':
        node.init.forEach((init) => this.expression(init));
        node.variables.forEach((variable) => this.assign(variable));
        return;
      case 'FunctionDeclaration':
        if (node.identifier?.type === 'Identifier' && node.isLocal) this.declare(node.identifier);
        else if (node.identifier) this.assign(node.identifier);
        this.functionBody(node);
        return;
      case 'ForNumericStatement':
        [node.start, node.end, node.step].forEach((value) => this.optional(value));
        this.inScope(() => {
          this.declare(node.variable, true);
          this.block(node.body);
        });
        return;
      case 'ForGenericStatement':
        node.iterators.forEach((iterator) => this.expression(iterator));
        this.inScope(() => {
          node.variables.forEach((variable) => this.declare(variable, true));
          this.block(node.body);
        });
        return;
      case 'IfStatement':
        for (const clause of node.clauses) {
          if (clause.type !== 'ElseClause') this.expression(clause.condition);
          this.inScope(() => this.block(clause.body));
        }
        return;
      case 'WhileStatement':
        this.expression(node.condition);
        this.inScope(() => this.block(node.body));
        return;
      case 'RepeatStatement':
        // The condition sees the body's locals.
        this.inScope(() => {
          this.block(node.body);
          this.expression(node.condition);
        });
        return;
      case 'DoStatement':
        this.inScope(() => this.block(node.body));
        return;
      case 'ReturnStatement':
        node.arguments.forEach((argument) => this.expression(argument));
        return;
      case 'CallStatement':
        this.expression(node.expression);
        return;
      default:
        return;
    }
  }

  private optional(node: luaparse.Expression | null): void {
    if (node !== null) this.expression(node);
  }

  private expression(node: luaparse.Expression): void {
    switch (node.type) {
      case 'Identifier':
        this.read(node);
        return;
      case 'FunctionDeclaration':
        this.functionBody(node);
        return;
      case 'MemberExpression':
        this.expression(node.base);
        this.field(node);
        return;
      case 'IndexExpression':
        this.expression(node.base);
        this.expression(node.index);
        return;
      case 'CallExpression':
        this.expression(node.base);
        node.arguments.forEach((argument) => this.expression(argument));
        return;
      case 'TableCallExpression':
        this.expression(node.base);
        this.expression(node.arguments);
        return;
      case 'StringCallExpression':
        this.expression(node.base);
        return;
      case 'BinaryExpression':
      case 'LogicalExpression':
        this.expression(node.left);
        this.expression(node.right);
        return;
      case 'UnaryExpression':
        this.expression(node.argument);
        return;
      case 'TableConstructorExpression':
        for (const field of node.fields) {
          if (field.type === 'TableKey') this.expression(field.key);
          this.expression(field.value);
        }
        return;
      default:
        return;
    }
  }

  private field(node: luaparse.MemberExpression): void {
    if (node.base.type !== 'Identifier') return;
    const fields = this.tables.get(node.base.name);
    // A local of the same name is not the table.
    if (fields && this.isOutermost(node.base.name) && !fields.has(node.identifier.name)) this.report(node, `${node.base.name}.${node.identifier.name} does not exist`);
  }
}

/** Field names of the tables that a piece of Lua declares as `local NAME = { key = … }`. */
export function declaredTables(source: string): KnownTables {
  const tables = new Map<string, ReadonlySet<string>>();
  for (const statement of luaparse.parse(source, { luaVersion: '5.1' }).body) {
    if (statement.type !== 'LocalStatement') continue;
    statement.variables.forEach((variable, index) => {
      const value = statement.init[index];
      if (value?.type !== 'TableConstructorExpression') return;
      tables.set(variable.name, new Set(value.fields.flatMap((field) => (field.type === 'TableKeyString' ? [field.key.name] : []))));
    });
  }
  return tables;
}

/** Fields of the modules of the library: tables that begin empty and are filled by `function module.name` or `module.name = …`. */
export function moduleTables(source: string): KnownTables {
  const modules = new Map<string, Set<string>>();
  for (const [, name] of source.matchAll(/^local (\w+) = \{\}\ndo$/gm)) modules.set(name as string, new Set());
  for (const [, module, field] of source.matchAll(/^function (\w+)\.(\w+)\(/gm)) modules.get(module as string)?.add(field as string);
  for (const [, targets] of source.matchAll(/^((?:\w+\.\w+, )*\w+\.\w+) = /gm)) {
    for (const target of (targets as string).split(', ')) {
      const [module, field] = target.split('.') as [string, string];
      modules.get(module)?.add(field);
    }
  }
  return modules;
}

/** @param mayBeUnused names of locals that need not be read */
export function lintLua(
  source: string, globals: ReadonlySet<string>, tables: KnownTables = new Map(), mayBeUnused: ReadonlySet<string> = new Set(),
): LuaProblem[] {
  const linter = new Linter(globals, tables, mayBeUnused);
  linter.chunk(luaparse.parse(source, { luaVersion: '5.1', locations: true }));
  return linter.problems;
}
